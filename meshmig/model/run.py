"""A run: what happened, as events; and what that adds up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.units import Instant


class DataState(StrEnum):
    """What a gate could see in one tick (reference: four data states)."""

    BLIND = "blind"
    IDLE = "idle"
    COUNTING = "counting"


class Verdict(StrEnum):
    """What a gate says."""

    PASS = "pass"
    HOLD = "hold"
    ROLLBACK = "rollback"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideCount:
    """Requests and bad ones of one side since the judge began; `seen` of `expected` pods were scraped and fresh."""

    requests: int
    bad: int
    seen: int
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A first apply recorded its plan."""

    digest: str
    plan: Mapping[str, Json]
    kind: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReplaced:
    """The file changed: the stages that remain were planned anew; approvals of the old digest lapse."""

    digest: str
    plan: Mapping[str, Json]
    kind: Literal["plan_replaced"] = "plan_replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContinued:
    """A later process took the run up again, under this lock token."""

    holder: str
    token: int
    kind: Literal["run_continued"] = "run_continued"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """Written before a step's first write: the intent, with the object as it was (None: not there).

    `before` is what an exact undo needs where the plan could not know it.
    """

    step: str
    before: Mapping[str, Json] | None = None
    kind: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWritten:
    """The write was answered: the object's uid and resourceVersion afterwards."""

    step: str
    ref: ObjectRef
    uid: str = ""
    resource_version: str = ""
    kind: Literal["step_written"] = "step_written"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """Every condition of the step held."""

    step: str
    kind: Literal["step_done"] = "step_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One tick of a judge: the counts, the odds of both accounts, what could be seen."""

    step: str
    state: DataState
    old: SideCount
    new: SideCount
    harm: float
    safe: float
    verdict: Verdict
    reason: str
    account: Mapping[str, Json] = field(default_factory=dict)
    """The judge's own state, so that a resumed run goes on with the same bet."""
    kind: Literal["sampled"] = "sampled"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHeld:
    """The run stopped at this step and stands; going on asks the same question again."""

    step: str
    reason: str
    kind: Literal["step_held"] = "step_held"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaiting:
    """The run ended while this step waits for a person or a moment (`until`, where it is known)."""

    step: str
    reason: str
    until: Instant | None = None
    kind: Literal["step_waiting"] = "step_waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFailing:
    """A gate spoke against a unit: its steps are taken back, from the last one on."""

    unit: str
    step: str
    reason: str
    kind: Literal["unit_failing"] = "unit_failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageUndoing:
    """A person asked for a stage's rollback, or a failed job of the stage did: then `reason` says why."""

    stage: int
    reason: str = ""
    kind: Literal["stage_undoing"] = "stage_undoing"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUndone:
    """A step's undo was carried out, or there was nothing to undo; `compensated` where an exact undo is impossible."""

    step: str
    compensated: bool = False
    kind: Literal["step_undone"] = "step_undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRolledBack:
    """A unit is back at 0 % new."""

    unit: str
    reason: str
    kind: Literal["unit_rolled_back"] = "unit_rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRolledBack:
    """A stage's asked-for rollback is complete."""

    stage: int
    kind: Literal["stage_rolled_back"] = "stage_rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A person approved a step of a plan: bound to that plan's digest."""

    step: str
    digest: str
    by: str
    team: str
    because: str
    kind: Literal["approved"] = "approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDone:
    """Every step of a stage is done."""

    stage: int
    kind: Literal["stage_done"] = "stage_done"


Happening = (
    RunStarted
    | PlanReplaced
    | RunContinued
    | StepStarted
    | StepWritten
    | StepDone
    | Sampled
    | StepHeld
    | StepWaiting
    | UnitFailing
    | StageUndoing
    | StepUndone
    | UnitRolledBack
    | StageRolledBack
    | Approved
    | StageDone
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One journal entry: its number (from 1, without gaps), its moment, and what happened."""

    number: int
    at: Instant
    happening: Happening


class StageState(StrEnum):
    """Where a stage stands."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    HELD = "held"
    ROLLED_BACK = "rolled_back"
    DONE = "done"


class Outcome(StrEnum):
    """How a command ended; its exit code stands in `cli`."""

    OK = "ok"
    CHANGES = "changes"
    REFUSED = "refused"
    FINISHED = "finished"
    HELD = "held"
    ROLLED_BACK = "rolled_back"
    WAITING = "waiting"
    STALE = "stale"
    LOCKED = "locked"
    UNREACHABLE = "unreachable"
    USAGE = "usage"
    BUG = "bug"
