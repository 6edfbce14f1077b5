"""`meshmig status`, `drift` and `lock`: where a migration stands."""

from meshmig.adapters.process import holder_name
from meshmig.commands.following import approvals_in_force, next_command
from meshmig.commands.opening import Place, World, open_world, require_migration
from meshmig.commands.recorded import Recorded, read_recorded
from meshmig.commands.result import DriftShown, LockShown, Moved, Result, RunShown, StatusShown
from meshmig.diagnostics import reject
from meshmig.diffs import moved, owner_of
from meshmig.execution.conditions import live
from meshmig.execution.lock import Lock
from meshmig.execution.state import StepState, new_percents, plain_units, stage_states
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import DeleteObject, PatchPods, Step
from meshmig.model.run import Outcome


def status(file: str, place: Place, *, objects: bool) -> Result:
    """Say where the run stands; before the first apply there is nothing but the cluster."""
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=False)
    recorded = read_recorded(world, migration.name)
    run = _nothing(migration.name, file) if recorded is None else _run(recorded, file)
    shown = StatusShown(
        run=run,
        plan=recorded.plan if recorded else None,
        lock=_lock(world, migration.name).show(),
        journal=len(recorded.events) if recorded else 0,
        objects=_objects(world) if objects else None,
    )
    return Result(outcome=Outcome.OK, shown=shown, sources=loaded.sources)


def _objects(world: World) -> tuple[Manifest, ...]:
    from meshmig.adapters.reading import read_snapshot

    return world.embedded.snapshot().manifests if world.embedded else read_snapshot(world.cluster).manifests


def _nothing(name: str, file: str) -> RunShown:
    following = f"meshmig apply {file} --stage 1"
    return RunShown(name=name, digest="", stages=(), writes=0, traffic=(), reason="not begun", next_command=following)


def _run(recorded: Recorded, file: str) -> RunShown:
    stages = stage_states(recorded.plan, recorded.state)
    reasons = [*recorded.state.held.values(), *recorded.state.waiting.values(), *recorded.state.back.values()]
    return RunShown(
        name=recorded.plan.migration,
        digest=recorded.plan.digest,
        stages=stages,
        titles=tuple(stage.title for stage in recorded.plan.stages),
        writes=sum(recorded.state.step(name) in _WRITTEN for name, s in recorded.plan.step.items() if s.write),
        traffic=new_percents(recorded.plan, recorded.state),
        plain=plain_units(recorded.plan, recorded.state),
        reason="; ".join(dict.fromkeys(reasons)),
        next_command=next_command(file, recorded.plan, recorded.state),
        approvals=approvals_in_force(recorded.plan, recorded.state),
    )


_WRITTEN = {StepState.WRITTEN, StepState.DONE}


def drift(file: str, place: Place) -> Result:
    """List the fields that others changed since meshmig wrote them."""
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=False)
    recorded = read_recorded(world, migration.name)
    last: dict[ObjectRef, Step] = {}
    for step in recorded.plan.step.values() if recorded else ():
        if step.write is not None and recorded is not None and recorded.state.step(step.id) in _WRITTEN:
            last[step.write.ref] = step
    found = tuple(item for step in last.values() for item in _drifted(world, step))
    return Result(outcome=Outcome.OK, shown=DriftShown(moved=found), sources=loaded.sources)


def _drifted(world: World, step: Step) -> tuple[Moved, ...]:
    if step.write is None or step.change is None or isinstance(step.write, PatchPods | DeleteObject):
        return ()
    manifest = live(world.cluster, step.write.ref)
    return tuple(
        Moved(
            object=step.write.ref,
            path=item.path,
            planned=next(field.after for field in step.change.fields if field.path == item.path),
            live=item.live,
            manager=owner_of(manifest, item.path) if manifest else "",
        )
        for item in moved(step.change, manifest)
    )


def _lock(world: World, name: str) -> Lock:
    return Lock(world.cluster, name, holder_name(), world.clock)


def show_lock(file: str, place: Place) -> Result:
    """Say who holds the lock."""
    migration, _ = require_migration(file, place)
    world = open_world(migration, place, writes=False)
    return Result(outcome=Outcome.OK, shown=LockShown(lock=_lock(world, migration.name).show()))


def break_lock(file: str, place: Place, because: str) -> Result:
    """Take the lock from its holder; their next write is refused.

    Raises:
        RejectedError: no reason was given.
    """
    if not because:
        raise reject("MIG008", "a lock is broken for a reason", "say it: --because TEXT")
    migration, _ = require_migration(file, place)
    world = open_world(migration, place, writes=True)
    lock = _lock(world, migration.name)
    before = lock.show()
    lock.break_()
    return Result(outcome=Outcome.OK, shown=LockShown(lock=before, broken=bool(before)))
