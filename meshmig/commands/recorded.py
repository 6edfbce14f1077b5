"""A recorded run: its plan and where it stands; and the plan anew when the file changed on the way."""

from dataclasses import dataclass, replace

from meshmig.codec import from_json
from meshmig.commands.building import Built, plan_snapshot, redigested
from meshmig.commands.opening import World
from meshmig.diagnostics import reject
from meshmig.diffs import predict
from meshmig.execution.journal import Journal
from meshmig.execution.state import RunState, StepState, fold, stands
from meshmig.model.intent import Migration
from meshmig.model.objects import Manifest, ObjectRef, Snapshot
from meshmig.model.plan import Plan, Stage, Step
from meshmig.model.run import Event, PlanReplaced, RunStarted


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The plan in force, every event, and what they add up to."""

    plan: Plan
    events: tuple[Event, ...]
    state: RunState

    @property
    def done(self) -> frozenset[str]:
        """The steps that lie behind the run."""
        return frozenset(step for step in self.plan.step if self.state.step(step) is StepState.DONE)

    def stands(self, stage: Stage) -> bool:
        """Whether a step of the stage was begun and not taken back."""
        return stands(stage, self.state)


def read_recorded(world: World, name: str) -> Recorded | None:
    """Read the migration's journal from the cluster; None where no apply ran yet."""
    events = Journal(world.cluster, name).read()
    plan = recorded_plan(events)
    return Recorded(plan=plan, events=events, state=fold(plan, events)) if plan else None


def recorded_plan(events: tuple[Event, ...]) -> Plan | None:
    """Return the newest plan that the journal holds."""
    for event in reversed(events):
        if isinstance(event.happening, RunStarted | PlanReplaced):
            return from_json(Plan, dict(event.happening.plan), "the journal's plan")
    return None


def replanned(recorded: Recorded, migration: Migration, world: World) -> Built:
    """Plan a changed file anew: what is done stays, what remains comes from the new file.

    The cluster as it was before the run is found by taking every done step back in thought.

    Raises:
        RejectedError: a stage that was begun reads otherwise now.
    """
    from meshmig.adapters.reading import read_snapshot

    before = before_the_run(recorded, read_snapshot(world.cluster))
    built = plan_snapshot(migration, before, world.findings)
    if built.plan is None:
        return built
    stages = tuple(_stage(recorded, stage) for stage in built.plan.stages)
    missing = {step.stage for step in _begun(recorded)} - {stage.number for stage in stages}
    if missing:
        number = min(missing)
        raise _changed(number)
    return replace(built, plan=redigested(replace(built.plan, stages=stages)))


def _begun(recorded: Recorded) -> tuple[Step, ...]:
    return tuple(step for step in recorded.plan.step.values() if recorded.state.step(step.id) is not StepState.PENDING)


def _stage(recorded: Recorded, new: Stage) -> Stage:
    """Keep a begun stage as it was recorded; it must still read the same."""
    old = recorded.plan.stage(new.number)
    if old is None or all(step.stage != new.number for step in _begun(recorded)):
        return new
    if [_shape(step) for step in old.steps] != [_shape(step) for step in new.steps]:
        raise _changed(new.number)
    return old


def _shape(step: Step) -> tuple[str, str, str]:
    return (step.id, step.unit, step.title)


def _changed(number: int) -> Exception:
    return reject(
        "MIG520",
        f"stage {number} was begun and reads otherwise in the changed file",
        f"take the change back, or first: meshmig rollback --stage {number}",
    )


def before_the_run(recorded: Recorded, live: Snapshot) -> Snapshot:
    """Return the cluster as it was before the run: every begun step taken back in thought."""
    objects: dict[ObjectRef, Manifest] = dict(live.by_ref)
    for step in reversed(_begun(recorded)):
        for write in step.undo:
            was = predict(objects.get(write.ref), write)
            if was is None:
                objects.pop(write.ref, None)
            else:
                objects[write.ref] = was
    return Snapshot.of(objects.values(), live.cluster)
