"""A gate's own queries: one number each, or nothing that could be called healthy."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from meshmig.model.intent import Gate, QueryRequirement
from meshmig.model.units import Instant
from meshmig.ports import MetricsSource, UnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query said: a number, or the `problem` that kept it from saying one."""

    requirement: QueryRequirement
    value: float = math.nan
    problem: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether the number is on the wrong side of its bound."""
        bound = self.requirement.bound
        return not self.problem and (self.value < bound if self.requirement.at_least else self.value > bound)

    def __str__(self) -> str:
        """Write what was asked and what was answered."""
        asked = self.requirement
        said = self.problem or f"{self.value:g}"
        return f"query {asked.query} {'≥' if asked.at_least else '≤'} {asked.bound_text}: {said}"


def ask(metrics: MetricsSource, gate: Gate, at: Instant) -> tuple[Answer, ...]:
    """Ask every query of a gate at one moment."""
    return tuple(_answers(metrics, gate, at))


def _answers(metrics: MetricsSource, gate: Gate, at: Instant) -> Iterator[Answer]:
    for requirement in gate.requirements:
        if isinstance(requirement, QueryRequirement):
            yield _answer(metrics, requirement, at)


def _answer(metrics: MetricsSource, requirement: QueryRequirement, at: Instant) -> Answer:
    try:
        found = metrics.query(requirement.query, at)
    except UnavailableError as error:
        return Answer(requirement=requirement, problem=str(error))
    if len(found) != 1:
        problem = f"{len(found)} series, where one number is asked for" if found else "no series"
        return Answer(requirement=requirement, problem=problem)
    value = found[0].value
    if math.isnan(value):
        return Answer(requirement=requirement, problem="not a number")
    return Answer(requirement=requirement, value=value)
