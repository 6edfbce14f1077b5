"""A gate's own queries: one number, on the right side of its bound; nothing, several and NaN are never healthy."""

import math

import pytest

from meshmig.gates import Answer, Asked, ask, judge
from meshmig.model.intent import Gate, Measure, QueryRequirement, RelativeRequirement
from meshmig.model.plan import JudgeMode
from meshmig.model.run import DataState, Verdict
from meshmig.model.units import Instant, Percent
from meshmig.ports import Matcher, Series, UnavailableError
from meshmig.sandbox.traffic.promql import answer
from tests.gates.readings import Stored, at, reading

NOW = Instant(1_000_000)
QUERY = QueryRequirement(query="queue_length", bound=64.0, bound_text="64", at_least=False)
ERRORS = RelativeRequirement(measure=Measure.ERRORS, ratio=1.25, slack=Percent(500))
GATE = Gate(name="g", requirements=(ERRORS, QUERY), advance_after=10)


def _asked(*values: float) -> Answer:
    source = Stored()
    for place, value in enumerate(values):
        source.add("queue_length", value, NOW, pod=f"p{place}")
    (found,) = ask(source, GATE, NOW)
    return found


@pytest.mark.parametrize(
    ("values", "problem"),
    [((), "no series"), ((1.0, 2.0), "2 series, where one number is asked for"), ((math.nan,), "not a number")],
)
def test_what_is_no_number_is_a_problem(values, problem: str) -> None:
    """And so never kept, never missed."""
    found = _asked(*values)

    assert (found.problem, found.is_missed) == (problem, False)


def test_a_source_that_cannot_answer_is_a_problem() -> None:
    """What it says is the reason."""
    (found,) = ask(Stored(error=UnavailableError("Prometheus refused: parse error")), GATE, NOW)

    assert "parse error" in found.problem


@pytest.mark.parametrize(("value", "missed"), [(64.0, False), (64.1, True), (math.inf, True), (-math.inf, False)])
def test_the_bound_counts(value: float, missed: bool) -> None:
    """`<=` holds at the bound itself."""
    assert _asked(value).is_missed is missed


def _verdicts(answers: tuple[Answer, ...]) -> tuple[Verdict, DataState, str]:
    asked = Asked(gate=GATE, mode=JudgeMode.ADVANCE, has_old=True)
    for tick in range(1, 6):
        found = judge(asked, reading(1_000 * tick), reading(1_000 * tick), at(15 * tick), answers)
        asked = found.asked
    return found.verdict, found.state, found.reason


def test_a_query_that_is_kept_changes_nothing() -> None:
    """Healthy traffic passes."""
    assert _verdicts((Answer(requirement=QUERY, value=1.0),))[0] is Verdict.PASS


def test_a_query_that_is_broken_holds() -> None:
    """A broken absolute bound is nobody's rollback, and never a pass."""
    verdict, state, reason = _verdicts((Answer(requirement=QUERY, value=99.0),))

    assert (verdict, state) == (Verdict.FREEZE, DataState.COUNTING)
    assert reason == "query queue_length ≤ 64: 99 is broken"


def test_a_query_without_an_answer_is_blind() -> None:
    """It waits as for missing pods, then holds."""
    verdict, state, reason = _verdicts((Answer(requirement=QUERY, problem="no series"),))

    assert (verdict, state) == (Verdict.FREEZE, DataState.BLIND)
    assert "no series" in reason


def test_the_embedded_metrics_answer_simple_expressions_alone() -> None:
    """A selector, its sum, its count; anything else is no answer instead of a guess."""
    asked: list[tuple[str, tuple[Matcher, ...]]] = []

    def select(metric, matchers):
        asked.append((metric, tuple(matchers)))
        return (Series({"pod": "a"}, 2.0, NOW), Series({"pod": "b"}, 3.0, NOW))

    said = [
        [series.value for series in answer(query, select, NOW)]
        for query in ('up{pod="a",namespace!="x"}', "sum(up)", 'count(up{pod=~"a.*"})', "rate(up[5m])", "1", "sum(up")
    ]

    assert said == [[2.0, 3.0], [5.0], [2.0], [], [], []]
    assert asked[0] == ("up", (Matcher("pod", "=", "a"), Matcher("namespace", "!=", "x")))
