"""Where a run stands: the journal's events, added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from meshmig.model.objects import Json
from meshmig.model.plan import Plan, Shift, Stage, Step, WorkloadDrained
from meshmig.model.run import (
    Approved,
    Event,
    Happening,
    PlanReplaced,
    RunContinued,
    RunStarted,
    Sampled,
    StageDone,
    StageRolledBack,
    StageState,
    StageUndoing,
    StepDone,
    StepHeld,
    StepStarted,
    StepUndone,
    StepWaiting,
    StepWritten,
    UnitFailing,
    UnitRolledBack,
)
from meshmig.model.units import Instant


class StepState(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    STARTED = "started"
    WRITTEN = "written"
    DONE = "done"
    UNDONE = "undone"


@dataclass(kw_only=True)
class RunState:
    """The sum of a journal; made by `fold`, and moved on one event at a time by `add`."""

    digest: str = ""
    steps: dict[str, StepState] = field(default_factory=dict)
    started: dict[str, Instant] = field(default_factory=dict)
    approved: dict[str, Approved] = field(default_factory=dict)
    """The approvals in force, by step."""
    resumed: dict[str, Instant] = field(default_factory=dict)
    """When a step that was held was asked again: what it may wait for begins anew then."""
    held: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    until: dict[str, Instant] = field(default_factory=dict)
    """When a waiting step may go on, where that is known."""
    failing: dict[str, str] = field(default_factory=dict)
    """Units on their way back, with the reason."""
    back: dict[str, str] = field(default_factory=dict)
    """Units that are back at 0 % new, with the reason."""
    broken: dict[int, str] = field(default_factory=dict)
    """Stages that a failed job takes back, with the reason."""
    undoing: set[int] = field(default_factory=set)
    undone: set[int] = field(default_factory=set)
    stages_done: set[int] = field(default_factory=set)
    compensated: set[str] = field(default_factory=set)
    """Steps that could not be taken back, with something else in their place until they are done again."""
    evidence: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    """What each gate had seen when it was journalled last."""

    def step(self, name: str) -> StepState:
        """Return where a step stands."""
        return self.steps.get(name, StepState.PENDING)

    def add(self, event: Event) -> None:
        """Take one more event in."""
        if isinstance(event.happening, RunContinued):
            self.resumed |= dict.fromkeys(self.held, event.at)
        self._step_event(event.happening, event.at)
        self._run_event(event.happening)

    def _step_event(self, happening: Happening, at: Instant) -> None:
        match happening:
            case StepStarted(step=step):
                self.steps[step] = StepState.STARTED
                self.started[step] = at
                self.resumed.pop(step, None)
                self.waiting.pop(step, None)
                self.until.pop(step, None)
            case StepWritten(step=step):
                self.steps[step] = StepState.WRITTEN
            case StepDone(step=step):
                self.steps[step] = StepState.DONE
                self.compensated.discard(step)
                self.held.pop(step, None)
                self.waiting.pop(step, None)
            case StepUndone(step=step, compensated=compensated):
                self.steps[step] = StepState.UNDONE
                if compensated:
                    self.compensated.add(step)
                self.evidence.pop(step, None)
            case StepHeld(step=step, reason=reason):
                self.held[step] = reason
            case StepWaiting(step=step, reason=reason, until=until):
                self.waiting[step] = reason
                if until is not None:
                    self.until[step] = until
            case Sampled(step=step, account=account):
                self.evidence[step] = account
            case _:
                pass

    def _run_event(self, happening: Happening) -> None:
        match happening:
            case RunStarted(digest=digest):
                self.digest = digest
            case PlanReplaced(digest=digest):
                self.digest = digest
                self.approved.clear()
            case Approved(step=step, digest=digest) as approved if digest == self.digest:
                self.approved[step] = approved
                self.waiting.pop(step, None)
            case UnitFailing(unit=unit, reason=reason):
                self.failing[unit] = reason
            case UnitRolledBack(unit=unit, reason=reason):
                self.failing.pop(unit, None)
                self.back[unit] = reason
            case StageUndoing(stage=stage, reason=reason):
                self.undoing.add(stage)
                if reason:
                    self.broken[stage] = reason
            case StageRolledBack(stage=stage):
                self.undoing.discard(stage)
                self.undone.add(stage)
                self.stages_done.discard(stage)
            case StageDone(stage=stage):
                self.stages_done.add(stage)
            case RunContinued():
                self._ask_again()
            case _:
                pass

    def _ask_again(self) -> None:
        """A new run asks what stopped the last one again, and begins anew what was taken back."""
        self.held.clear()
        self.waiting.clear()
        self.until.clear()
        self.back.clear()
        self.broken.clear()
        self.undone.clear()
        for step in [name for name, found in self.steps.items() if found is StepState.UNDONE]:
            del self.steps[step]
            self.started.pop(step, None)


def fold(plan: Plan, events: Sequence[Event]) -> RunState:
    """Add up a journal, from its first event to its last."""
    state = RunState(digest=plan.digest)
    for event in events:
        state.add(event)
    return state


def stands(stage: Stage, state: RunState) -> bool:
    """Whether a step of the stage was begun and not taken back."""
    known = {state.step(step.id) for step in stage.steps}
    return bool(known - {StepState.PENDING, StepState.UNDONE}) or stage.number in state.stages_done


def stage_states(plan: Plan, state: RunState) -> tuple[tuple[int, StageState], ...]:
    """Return where every stage stands."""
    return tuple((stage.number, _stage_state(stage.steps, stage.number, state)) for stage in plan.stages)


def _stage_state(steps: Sequence[Step], number: int, state: RunState) -> StageState:
    if number in state.stages_done:
        return StageState.DONE
    names = [step.id for step in steps]
    if number in state.undone and all(state.step(name) in {StepState.PENDING, StepState.UNDONE} for name in names):
        return StageState.ROLLED_BACK
    if any(step.unit in state.back for step in steps):
        return StageState.ROLLED_BACK
    for known, found in ((state.held, StageState.HELD), (state.waiting, StageState.WAITING)):
        if any(name in known for name in names):
            return found
    begun = any(state.step(name) is not StepState.PENDING for name in names)
    return StageState.RUNNING if begun else StageState.PENDING


def plain_units(plan: Plan, state: RunState) -> tuple[str, ...]:
    """Return the units whose old pods came back without a mesh."""
    steps = [step for step in plan.step.values() if step.id in state.compensated]
    return tuple(sorted({step.unit for step in steps if any(isinstance(w, WorkloadDrained) for w in step.waits)}))


def new_percents(plan: Plan, state: RunState) -> tuple[tuple[str, int], ...]:
    """Return each unit's share of the new side, as its done shifts left it."""
    found: dict[str, int] = {unit.id: 0 for unit in plan.units}
    in_place: Mapping[str, tuple[str, ...]] = {unit.id: unit.workloads for unit in plan.units}
    for step in plan.step.values():
        if step.unit not in in_place or state.step(step.id) not in {StepState.WRITTEN, StepState.DONE}:
            continue
        if isinstance(step.action, Shift):
            found[step.unit] = max(found[step.unit], step.action.percent_to)
    for unit in plan.units:
        steps = [step for step in plan.step.values() if step.unit == unit.id]
        shifts = any(isinstance(step.action, Shift) for step in steps)
        if not shifts and steps and all(state.step(step.id) is StepState.DONE for step in steps):
            found[unit.id] = 100
    return tuple(sorted(found.items()))
