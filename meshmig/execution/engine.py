"""The loop: decide, do, journal, until there is nothing more to do or something stops it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meshmig.codec import to_json
from meshmig.execution.calendar import spoken_where
from meshmig.execution.conditions import holds
from meshmig.execution.decide import (
    Begin,
    Look,
    Next,
    Scope,
    Shut,
    StageIsBack,
    StageIsDone,
    Undo,
    UnitIsBack,
    decide,
    wake_after,
)
from meshmig.execution.journal import NAMESPACE, Journal, ensure_namespace
from meshmig.execution.judging import Judging
from meshmig.execution.lock import RENEW_AFTER, Lock
from meshmig.execution.looking import Looked, View, look
from meshmig.execution.staleness import StaleField, stale_fields
from meshmig.execution.state import RunState, StepState, fold
from meshmig.execution.writing import carry_out
from meshmig.model.plan import Plan, Step, WorkloadDrained, WorkloadReady
from meshmig.model.run import (
    Event,
    Happening,
    Outcome,
    PlanReplaced,
    RunContinued,
    RunStarted,
    StageDone,
    StageRolledBack,
    StageUndoing,
    StepHeld,
    StepStarted,
    StepUndone,
    StepWaiting,
    StepWritten,
    UnitRolledBack,
)
from meshmig.model.units import Duration
from meshmig.ports import (
    Clock,
    Cluster,
    ClusterError,
    ConflictError,
    LockedError,
    MetricsSource,
    Observer,
    StoppedError,
)

CODES: Mapping[str, str] = {
    "MIG501": "The journal is not as meshmig wrote it",
    "MIG510": "Another run holds the lock",
    "MIG520": "A stage that was begun reads otherwise in the changed file",
}


_POLL = Duration(1_000)
"""How often it is looked whether drained pods are back."""
_NAMED = 3
"""How many of the steps that wait for the same are named."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run is given; `judging` holds the bets of its gates."""

    plan: Plan
    cluster: Cluster
    clock: Clock
    metrics: MetricsSource | None
    observer: Observer
    journal: Journal
    lock: Lock
    holder: str
    scope: Scope = field(default_factory=Scope)
    tick: Duration = Duration(15_000)
    longest_wait: Duration = RENEW_AFTER
    """How long may be waited in one go: in between, the lock is renewed."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended, and where it stands."""

    outcome: Outcome
    state: RunState
    writes: int
    events: int
    reason: str = ""
    moved: tuple[StaleField, ...] = ()
    undone: tuple[str, ...] = ()
    compensated: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Loop:
    run: Run
    state: RunState
    length: int
    judging: Judging
    writes: int = 0
    checked: set[int] = field(default_factory=set)
    undone: list[str] = field(default_factory=list)
    compensated: list[str] = field(default_factory=list)
    moved: tuple[StaleField, ...] = ()
    stopped: str = ""
    """Why the run ends here although there is more to do; empty where it need not."""


def execute(run: Run) -> RunResult:
    """Carry the plan out within the scope, from wherever the journal says that it stands.

    Raises:
        LockedError: another run holds the lock, or took it.
        UnavailableError: the API server cannot be reached; running again goes on.
    """
    ensure_namespace(run.cluster, NAMESPACE)
    token = run.lock.acquire()
    try:
        events = run.journal.read()
        run.observer.begin(run.plan, events, run.scope.stage if run.scope.undo else None)
        state = fold(run.plan, events)
        judging = Judging(plan=run.plan, cluster=run.cluster, metrics=run.metrics, known=state.evidence)
        loop = _Loop(run=run, state=state, length=len(events), judging=judging)
        _opening(loop, events, token)
        try:
            _go(loop)
        except StoppedError:
            loop.stopped = "stopped by hand: the write in flight was finished, nothing was lost"
        return _result(loop)
    finally:
        run.lock.release()


def _opening(loop: _Loop, events: tuple[Event, ...], token: int) -> None:
    run = loop.run
    known = next((e.happening for e in reversed(events) if isinstance(e.happening, RunStarted | PlanReplaced)), None)
    if known is None:
        _record(loop, RunStarted(digest=run.plan.digest, plan=_stored(run.plan)))
    elif known.digest != run.plan.digest:
        _record(loop, PlanReplaced(digest=run.plan.digest, plan=_stored(run.plan)))
    _record(loop, RunContinued(holder=run.holder, token=token))
    if run.scope.undo and run.scope.stage is not None:
        _record(loop, StageUndoing(stage=run.scope.stage))


def _stored(plan: Plan) -> Mapping[str, object]:
    data: dict[str, object] = to_json(Plan, plan)
    return data


def _record(loop: _Loop, *happenings: Happening) -> None:
    loop.run.lock.check()
    try:
        events = loop.run.journal.append(loop.run.clock.now(), happenings)
    except ConflictError as error:
        raise LockedError("another run wrote to the journal: nothing more is written here") from error
    for event in events:
        loop.length = event.number
        loop.state.add(event)
        loop.run.observer.event(event)


def _go(loop: _Loop) -> None:
    run = loop.run
    while True:
        nexts = decide(run.plan, loop.state, run.clock.now(), run.scope)
        if not nexts or _ends(loop):
            return
        progressed = False
        for item in nexts:
            run.clock.check()
            progressed = _do(loop, item) or progressed
            if _ends(loop) or loop.state.held or loop.state.failing:
                break
        if run.scope.undo and not loop.state.undoing:
            return
        if progressed:
            continue
        if all(isinstance(item, Look | Shut) and item.step.id in loop.state.waiting for item in nexts):
            return
        _wait(loop, wake_after(nexts, loop.state, run.clock.now(), run.tick))


def _ends(loop: _Loop) -> bool:
    return bool(loop.moved or loop.stopped)


def _wait(loop: _Loop, length: Duration) -> None:
    """Let time pass in slices, so that a long bake does not lose the lock."""
    run, left = loop.run, length.ms
    while left > 0:
        piece = min(left, run.longest_wait.ms)
        run.clock.wait(Duration(piece))
        run.lock.check()
        left -= piece


def _do(loop: _Loop, item: Next) -> bool:
    """Do one thing; returns whether anything happened."""
    match item:
        case Begin(step=step):
            return _begin(loop, step)
        case Shut():
            _wait_outside(loop, item)
            return False
        case Look(step=step):
            return _look(loop, step)
        case Undo(step=step):
            _undo(loop, step)
        case UnitIsBack(unit=unit):
            _record(loop, UnitRolledBack(unit=unit, reason=loop.state.failing[unit]))
        case StageIsBack(stage=stage):
            _record(loop, StageRolledBack(stage=stage))
        case StageIsDone(stage=stage):
            _record(loop, StageDone(stage=stage))
    return True


def _wait_outside(loop: _Loop, item: Shut) -> None:
    """Say once till when a write may not start."""
    stage = loop.run.plan.stage(item.step.stage)
    till = "and never opens within a year"
    if item.until is not None and stage is not None:
        till = f"till {spoken_where(loop.run.plan, stage, item.until)}"
    waiting = StepWaiting(step=item.step.id, reason=f"{item.reason}: writes may not start {till}", until=item.until)
    if not _known(loop.state, waiting):
        _record(loop, waiting)


def _begin(loop: _Loop, step: Step) -> bool:
    if not (_stage_as_planned(loop, step) and _object_as_planned(loop, step)):
        return True
    _record(loop, StepStarted(step=step.id))
    if step.write is not None:
        _write(loop, step)
    return True


def _stage_as_planned(loop: _Loop, step: Step) -> bool:
    """Before a stage's first write its objects are read again; a moved field stops the run."""
    if step.stage in loop.checked or step.write is None:
        return True
    loop.checked.add(step.stage)
    stage = loop.run.plan.stage(step.stage)
    steps = stage.steps if stage else ()
    if any(loop.state.step(s.id) is not StepState.PENDING for s in steps if s.write is not None):
        return True
    loop.moved = stale_fields(loop.run.cluster, steps)
    return not loop.moved


def _object_as_planned(loop: _Loop, step: Step) -> bool:
    """Before every write its object is read again: what somebody else took meanwhile holds the run."""
    found = stale_fields(loop.run.cluster, (step,))
    if found:
        _record(loop, StepHeld(step=step.id, reason="; ".join(map(str, found))))
    return not found


def _write(loop: _Loop, step: Step) -> None:
    run, write = loop.run, step.write
    if write is None:
        return
    run.lock.check()
    try:
        written = carry_out(run.cluster, write, run.clock)
    except ClusterError as error:
        _record(loop, StepHeld(step=step.id, reason=f"{write.ref}: {error}"))
        return
    loop.writes += 1
    metadata = written.metadata if written is not None else {}
    uid, version = str(metadata.get("uid", "")), str(metadata.get("resourceVersion", ""))
    _record(loop, StepWritten(step=step.id, ref=write.ref, uid=uid, resource_version=version))


def _look(loop: _Loop, step: Step) -> bool:
    if step.write is not None and loop.state.step(step.id) is StepState.STARTED:
        # Killed between the intent and the answer: the write is made again, which changes nothing where it was made.
        if _object_as_planned(loop, step):
            _write(loop, step)
        return True
    looked: Looked = look(_view(loop.run), loop.state, loop.judging, step)
    fresh = [item for item in looked.happenings if not _known(loop.state, item)]
    if fresh:
        _record(loop, *fresh)
    return bool(fresh)


def _view(run: Run) -> View:
    return View(plan=run.plan, cluster=run.cluster, clock=run.clock)


def _known(state: RunState, happening: Happening) -> bool:
    return isinstance(happening, StepWaiting) and happening.step in state.waiting


def _undo(loop: _Loop, step: Step) -> None:
    run = loop.run
    for write in step.undo:
        run.lock.check()
        try:
            carry_out(run.cluster, write, run.clock)
        except ClusterError as error:
            loop.stopped = f"{step.id} cannot be taken back: {write.ref}: {error}"
            _record(loop, StepHeld(step=step.id, reason=loop.stopped))
            return
        loop.writes += 1
    if missing := _not_back(loop, step):
        loop.stopped = f"{step.id} is not back within {step.deadline}, so callers stay where they are: {missing}"
        _record(loop, StepHeld(step=step.id, reason=loop.stopped))
        return
    if step.undo:
        (loop.compensated if step.irreversible else loop.undone).append(f"{step.id} {step.title}")
    _record(loop, StepUndone(step=step.id, compensated=bool(step.irreversible)))


def _not_back(loop: _Loop, step: Step) -> str:
    """Wait for drained pods to be ready again, before callers are led back to them; return what is missing then."""
    run, begun = loop.run, loop.run.clock.now()
    if not (step.undo and step.unit):
        return ""
    drained = [WorkloadReady(ref=found.ref) for found in step.waits if isinstance(found, WorkloadDrained)]
    while missing := next((text for one in drained if (text := holds(run.cluster, one))), ""):
        if run.clock.now().since(begun) >= step.deadline:
            return missing
        run.clock.check()
        _wait(loop, _POLL)
    return ""


def _result(loop: _Loop) -> RunResult:
    outcome, reason = _ending(loop)
    return RunResult(
        outcome=outcome,
        state=loop.state,
        writes=loop.writes,
        events=loop.length,
        reason=reason,
        moved=loop.moved,
        undone=tuple(loop.undone),
        compensated=tuple(loop.compensated),
    )


def _ending(loop: _Loop) -> tuple[Outcome, str]:
    state, plan = loop.state, loop.run.plan
    if loop.moved:
        return Outcome.STALE, "stopped: the cluster moved since this plan; nothing was written"
    if loop.stopped:
        return (Outcome.HELD if state.held else Outcome.WAITING), loop.stopped
    if loop.run.scope.undo:
        return Outcome.OK, ""
    if state.broken:
        return Outcome.ROLLED_BACK, "; ".join(f"stage {stage} went back: {why}" for stage, why in state.broken.items())
    if state.back:
        return Outcome.ROLLED_BACK, "; ".join(f"{unit} went back: {reason}" for unit, reason in state.back.items())
    if state.held:
        return Outcome.HELD, "; ".join(f"held at {step}: {reason}" for step, reason in state.held.items())
    if state.waiting:
        return Outcome.WAITING, "; ".join(_waits(state.waiting))
    finished = all(stage.number in state.stages_done for stage in plan.stages)
    return (Outcome.FINISHED if finished else Outcome.OK), ""


def _waits(waiting: Mapping[str, str]) -> Iterator[str]:
    """Say each reason once, with the first of the steps that wait for it."""
    steps: dict[str, list[str]] = {}
    for step, reason in waiting.items():
        steps.setdefault(reason, []).append(step)
    for reason, names in steps.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{', '.join(names[:_NAMED])}{more} {'wait' if len(names) > 1 else 'waits'}: {reason}"
