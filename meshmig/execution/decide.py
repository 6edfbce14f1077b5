"""What is next: a pure function of the plan, where the run stands, and the moment."""

from collections.abc import Iterator
from dataclasses import dataclass

from meshmig.execution.calendar import shut
from meshmig.execution.state import RunState, StepState
from meshmig.model.plan import Bake, Confirm, Judge, Pause, Plan, Stage, Step
from meshmig.model.units import Duration, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which stages a run may touch: one, or all (None); `undo` asks for the way back."""

    stage: int | None = None
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a step: journal the intent, then write."""

    step: Step


@dataclass(frozen=True, slots=True)
class Look:
    """See whether a begun step is done: its conditions, its time, its gate, its approval."""

    step: Step


@dataclass(frozen=True, slots=True)
class Undo:
    """Take a step back; `reason` is shown."""

    step: Step


@dataclass(frozen=True, slots=True)
class UnitIsBack:
    """Every step of a failing unit was taken back."""

    unit: str


@dataclass(frozen=True, slots=True)
class StageIsBack:
    """Every step of a stage was taken back."""

    stage: int


@dataclass(frozen=True, slots=True)
class StageIsDone:
    """Every step of a stage is done."""

    stage: int


@dataclass(frozen=True, slots=True)
class Shut:
    """A step's write may not start now; `until` is when it may, None where never."""

    step: Step
    reason: str
    until: Instant | None


Next = Begin | Look | Undo | UnitIsBack | StageIsBack | StageIsDone | Shut

_BEGUN = {StepState.STARTED, StepState.WRITTEN}
_POLL = Duration(1_000)


def decide(plan: Plan, state: RunState, now: Instant, scope: Scope) -> tuple[Next, ...]:
    """Return everything that may be done now; nothing where the run must stop or is at its end."""
    if state.undoing:
        return tuple(_stage_back(plan, state, min(state.undoing)))
    if state.failing:
        return tuple(_unit_back(plan, state, min(state.failing)))
    if state.back or state.held or state.broken:
        return ()
    stage = _current(plan, state, scope)
    return tuple(_forward(plan, state, stage, now)) if stage is not None else ()


def _current(plan: Plan, state: RunState, scope: Scope) -> Stage | None:
    """The first stage that is not done; a later one is never begun before it."""
    stage = next((stage for stage in plan.stages if stage.number not in state.stages_done), None)
    if stage is None or (scope.stage is not None and stage.number > scope.stage):
        return None
    return stage


def _forward(plan: Plan, state: RunState, stage: Stage, now: Instant) -> Iterator[Next]:
    if all(state.step(step.id) is StepState.DONE for step in stage.steps):
        yield StageIsDone(stage.number)
        return
    for step in stage.steps:
        if state.step(step.id) in _BEGUN:
            yield Look(step)
        elif state.step(step.id) is StepState.PENDING and _ready(state, step):
            why, until = shut(plan, stage, now) if step.write is not None else ("", None)
            yield Shut(step, why, until) if why else Begin(step)


def _ready(state: RunState, step: Step) -> bool:
    return all(state.step(name) is StepState.DONE for name in step.after)


def _unit_back(plan: Plan, state: RunState, unit: str) -> Iterator[Next]:
    stage = next(step.stage for step in plan.step.values() if step.unit == unit)
    known = plan.stage(stage)
    steps = [step for step in known.steps if step.unit == unit] if known else []
    touched = [step for step in steps if state.step(step.id) in _BEGUN | {StepState.DONE}]
    if touched:
        yield Undo(touched[-1])
    else:
        yield UnitIsBack(unit)


def _stage_back(plan: Plan, state: RunState, number: int) -> Iterator[Next]:
    stage = plan.stage(number)
    steps = stage.steps if stage else ()
    touched = [step for step in steps if state.step(step.id) in _BEGUN | {StepState.DONE}]
    if touched:
        yield Undo(touched[-1])
    else:
        yield StageIsBack(number)


def wake_after(nexts: tuple[Next, ...], state: RunState, now: Instant, tick: Duration) -> Duration:
    """Return how long nothing can change that is not looked at: the shortest of what is waited for."""
    waits = [_wake(item.step, state, now, tick) for item in nexts if isinstance(item, Look)]
    waits += [item.until.since(now) for item in nexts if isinstance(item, Shut) and item.until is not None]
    return min(waits, default=_POLL)


def _wake(step: Step, state: RunState, now: Instant, tick: Duration) -> Duration:
    match step.action:
        case Bake(length=length) | Pause(length=length):
            left = length.ms - now.since(state.started[step.id]).ms
            return Duration(max(1, left))
        case Judge():
            return tick
        case Confirm():
            return Duration(60_000)
        case _:
            return _POLL
