"""A run's events as log lines: moment, step, what happened; a line only for what a person wants to read."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from meshmig.execution.state import RunState, StepState, fold
from meshmig.model.plan import Bake, Confirm, Judge, Pause, Plan
from meshmig.model.run import (
    Approved,
    Event,
    Happening,
    PlanReplaced,
    Sampled,
    StageDone,
    StageRolledBack,
    StageUndoing,
    StepDone,
    StepHeld,
    StepStarted,
    StepUndone,
    StepWaiting,
    UnitFailing,
    UnitRolledBack,
    Verdict,
)
from meshmig.model.units import Instant

_WORDS = {Verdict.PASS: "passes", Verdict.HOLD: "holds", Verdict.ROLLBACK: "goes back", Verdict.FREEZE: "freezes"}
_MANY = 1_000
"""Odds above this are not told apart."""


def moment_text(at: Instant) -> str:
    """Write a moment's time of day, UTC."""
    return datetime.fromtimestamp(at.ms / 1000, UTC).strftime("%H:%M:%S")


def day_text(at: Instant) -> str:
    """Write a moment's day, UTC."""
    return datetime.fromtimestamp(at.ms / 1000, UTC).strftime("%Y-%m-%d")


class LogLines:
    """Writes one line an event worth reading, and a line where a new day begins."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._plan: Plan | None = None
        self._day = ""
        self._waits: set[str] = set()

    def begin(self, plan: Plan, before: Sequence[Event], back: int | None = None) -> None:
        """Say where the run goes on, or goes back, if it does."""
        self._plan = plan
        line = opening_line(plan, before, back)
        if line:
            self._write(line)

    def event(self, event: Event) -> None:
        """Write the event, if it says something to a person."""
        text = log_line(self._plan, event)
        if not text or self._is_told(event.happening):
            return
        day = day_text(event.at)
        if day != self._day:
            self._write(day)
            self._day = day
        self._write(f"{moment_text(event.at)}  {text}")

    def _is_told(self, happening: Happening) -> bool:
        """Whether another step waits for the same, as all do outside a window; an approval is told for each."""
        if not isinstance(happening, StepWaiting):
            return False
        step = self._plan.step.get(happening.step) if self._plan else None
        told = happening.reason in self._waits and step is not None and not isinstance(step.action, Confirm)
        self._waits.add(happening.reason)
        return told


def opening_line(plan: Plan, before: Sequence[Event], back: int | None = None) -> str:
    """Say where a run that was begun earlier goes on, or goes `back`; empty for a new one."""
    if not before:
        return ""
    state = fold(plan, before)
    back = min(state.undoing, default=back)
    if back is not None:
        return f"taking stage {back}{_title(plan, back)} back (journal entry {before[-1].number}, nothing lost)"
    place = current_step(plan, state)
    where = f"at step {place}" if place else "at its end"
    return f"continuing {where} (journal entry {before[-1].number}, nothing lost)"


def current_step(plan: Plan, state: RunState) -> str:
    """Return the step that is under way, else the next one; empty at the end."""
    steps = [step.id for stage in plan.stages for step in stage.steps]
    begun = [name for name in steps if state.step(name) in {StepState.STARTED, StepState.WRITTEN}]
    left = [name for name in steps if state.step(name) is not StepState.DONE]
    return next(iter([*begun, *left]), "")


def log_line(plan: Plan | None, event: Event) -> str:
    """Write one event; empty where it says nothing to a person."""
    return next(_said(plan, event.happening, event.at), "")


def _said(plan: Plan | None, happening: Happening, at: Instant) -> Iterator[str]:
    match happening:
        case StepStarted(step=name):
            yield from _passing_time(plan, name, at)
        case StepDone(step=name):
            yield from _done(plan, name)
        case Sampled() if happening.verdict is not Verdict.HOLD:
            yield f"{_titled(plan, happening.step)} {_WORDS[happening.verdict]}: {_evidence(happening)}"
        case StepWaiting(step=name, reason=reason):
            yield f"{_titled(plan, name)} waits: {reason}"
        case StepHeld(step=name, reason=reason):
            yield f"{_titled(plan, name)} is held: {reason}"
        case StepUndone(step=name, compensated=compensated):
            yield f"{_titled(plan, name)}: {'compensated' if compensated else 'taken back'}"
        case _:
            yield from _of_the_run(plan, happening)


def _of_the_run(plan: Plan | None, happening: Happening) -> Iterator[str]:
    match happening:
        case Approved(step=name, by=by, team=team, because=because):
            speaker = by if by == team else f"{by} for {team}"
            yield f"{_titled(plan, name)} approved by {speaker}: {because}"
        case UnitFailing(unit=unit, reason=reason):
            yield f"{unit} goes back: {reason}"
        case UnitRolledBack(unit=unit):
            yield f"{unit} is back on the old side"
        case StageDone(stage=number):
            yield f"stage {number}{_title(plan, number)} done"
        case StageUndoing(stage=number, reason=reason):
            yield f"stage {number}{_title(plan, number)} is taken back{f': {reason}' if reason else ''}"
        case StageRolledBack(stage=number):
            yield f"stage {number}{_title(plan, number)} rolled back"
        case PlanReplaced(digest=digest):
            yield f"the file changed: what remains was planned anew, digest {digest[:4]} {digest[4:8]}"
        case _:
            return


def _passing_time(plan: Plan | None, name: str, at: Instant) -> Iterator[str]:
    step = plan.step.get(name) if plan else None
    if step is not None and isinstance(step.action, Bake | Pause):
        until = at.plus(step.action.length)
        day = "" if day_text(until) == day_text(at) else f"{day_text(until)} "
        yield f"{_titled(plan, name)}, until {day}{moment_text(until)}"


def _done(plan: Plan | None, name: str) -> Iterator[str]:
    step = plan.step.get(name) if plan else None
    if step is None or not isinstance(step.action, Bake | Pause | Judge | Confirm):
        yield _titled(plan, name)


def _titled(plan: Plan | None, name: str) -> str:
    step = plan.step.get(name) if plan else None
    return f"{name:<6}{step.title}" if step else name


def _title(plan: Plan | None, number: int) -> str:
    stage = plan.stage(number) if plan else None
    return f" {stage.title}" if stage else ""


def _evidence(sampled: Sampled) -> str:
    return f"{sampled.reason}; harm {odds_text(sampled.harm)}, safe {odds_text(sampled.safe)}"


def odds_text(odds: float) -> str:
    """Write odds: `12:1`, and no more digits than they deserve."""
    return f"over {_MANY}:1" if odds > _MANY else f"{odds:.2g}:1"
