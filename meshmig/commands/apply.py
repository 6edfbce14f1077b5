"""`meshmig apply` and `rollback`: the loop with the ports of the migration's cluster."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from meshmig.adapters.notifying import Messenger
from meshmig.adapters.process import holder_name, is_gone
from meshmig.commands.following import approvals_in_force, next_command
from meshmig.commands.opening import Place, World, open_world, require_migration
from meshmig.commands.plan import plan_now
from meshmig.commands.recorded import Recorded, read_recorded
from meshmig.commands.result import BackAhead, Moved, Result, RollbackShown, RunShown
from meshmig.commands.show import is_plan, read_plan
from meshmig.commands.telling import Telling
from meshmig.diagnostics import Diagnostic, RejectedError, Severity, has_errors, in_order, reject
from meshmig.execution.decide import Scope
from meshmig.execution.engine import Run, RunResult, execute
from meshmig.execution.journal import Journal
from meshmig.execution.lock import RENEW_AFTER, Lock
from meshmig.execution.state import StepState, new_percents, plain_units, stage_states
from meshmig.model.intent import Migration
from meshmig.model.plan import Plan, Stage
from meshmig.model.run import Event, Outcome
from meshmig.model.units import Duration
from meshmig.ports import Observer

_ANY_LENGTH = Duration.of(days=3650)
"""Virtual time passes at once: nobody else can take the lock meanwhile."""


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """Which stage (None: all that remain), who hears of the events, and the digest that a person agreed to."""

    observer: Observer
    stage: int | None = None
    agreed: str = ""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A run's end with what it was made of."""

    result: RunResult
    journal: Journal


class _Staged:
    """Tells planted faults which stage runs, and hands events on."""

    def __init__(self, world: World, observer: Observer) -> None:
        self._world, self._observer = world, observer

    def begin(self, plan: Plan, before: Sequence[Event], back: int | None = None) -> None:
        """Hand the plan on."""
        self._observer.begin(plan, before, back)

    def event(self, event: Event) -> None:
        """Take one event."""
        step = getattr(event.happening, "step", "")
        if step and self._world.faults is not None:
            self._world.faults.stage = int(step.partition(".")[0])
        self._observer.event(event)


def apply(file: str, place: Place, options: ApplyOptions) -> Result:
    """Carry out a file's plan, or a saved plan, from wherever its run stands."""
    saved = read_plan(file) if is_plan(file) else None
    source = str(Path(file).parent / saved.file) if saved else file
    place = _as_planned(place, saved) if saved else place
    migration, loaded = require_migration(source, place)
    world = open_world(migration, place, writes=True)
    plan, findings = _plan_to_apply(migration, world, saved)
    _require_stage(plan, options.stage)
    if options.agreed and options.agreed != plan.digest:
        raise reject("MIG528", "the cluster or the file changed while the plan was read", "look again: meshmig plan")
    _require_earlier(plan, read_recorded(world, migration.name), options.stage)
    messenger = Messenger()
    carried = carry_out(plan, world, Telling(plan, options.observer, messenger), Scope(stage=options.stage))
    pass_time(world, carried.result)
    shown = replace(run_shown(plan, carried), next_command=_following(source, plan, carried.result))
    findings = in_order((*findings, *map(_untold, messenger.failures())))
    return Result(outcome=carried.result.outcome, findings=findings, shown=shown, sources=loaded.sources)


def _untold(failure: str) -> Diagnostic:
    message, help_text = f"a notification did not arrive: {failure}", "the run went on; mend the target of `notify`"
    return Diagnostic(code="MIG661", severity=Severity.WARNING, message=message, help=help_text)


def _as_planned(place: Place, saved: Plan) -> Place:
    """Return the place with the params that the saved plan was made with."""
    return replace(place, params={param.name: param.value for param in saved.terms.params})


def _plan_to_apply(migration: Migration, world: World, saved: Plan | None) -> tuple[Plan, tuple[Diagnostic, ...]]:
    if saved is None:
        planned = plan_now(migration, world)
        if planned.plan is None or has_errors(planned.findings):
            raise RejectedError(planned.findings)
        return planned.plan, planned.findings
    if has_errors(saved.findings):
        raise RejectedError(saved.findings)
    recorded = read_recorded(world, migration.name)
    if recorded is not None and recorded.plan.digest != saved.digest:
        text = f"another plan of {migration.name} is being applied: digest {recorded.plan.digest[:8]}"
        raise reject("MIG521", text, "apply the .mig file to go on with that run, or roll it back first")
    return saved, saved.findings


def _require_stage(plan: Plan, number: int | None) -> None:
    if number is not None and plan.stage(number) is None:
        numbers = ", ".join(str(stage.number) for stage in plan.stages)
        raise reject("MIG006", f"there is no stage {number}", f"the stages are: {numbers}")


def _require_earlier(plan: Plan, recorded: Recorded | None, number: int | None) -> None:
    done = recorded.state.stages_done if recorded else set()
    earlier = [stage.number for stage in plan.stages if number and stage.number < number and stage.number not in done]
    if earlier:
        text = f"stage {number} stands on stage {earlier[0]}, which is not done"
        raise reject("MIG527", text, f"first: meshmig apply --stage {earlier[0]}, or all that remain: meshmig apply")


def carry_out(plan: Plan, world: World, observer: Observer, scope: Scope | None = None) -> Carried:
    """Run the loop over a world's ports."""
    journal = Journal(world.cluster, plan.migration)
    holder = holder_name() if world.embedded is None else "embedded"
    run = Run(
        plan=plan,
        cluster=world.cluster,
        clock=world.clock,
        metrics=world.metrics,
        observer=_Staged(world, observer),
        journal=journal,
        lock=Lock(world.cluster, plan.migration, holder, world.clock, is_gone),
        holder=holder,
        scope=scope or Scope(),
        tick=plan.metrics.scrape if plan.metrics else Duration(15_000),
        longest_wait=RENEW_AFTER if world.embedded is None else _ANY_LENGTH,
    )
    return Carried(result=execute(run), journal=journal)


def run_shown(plan: Plan, carried: Carried) -> RunShown:
    """Return where a run stands, as it is shown."""
    result = carried.result
    return RunShown(
        name=plan.migration,
        digest=plan.digest,
        stages=stage_states(plan, result.state),
        writes=result.writes,
        titles=tuple(stage.title for stage in plan.stages),
        traffic=new_percents(plan, result.state),
        plain=plain_units(plan, result.state),
        reason=result.reason,
        approvals=approvals_in_force(plan, result.state),
        moved=tuple(
            Moved(object=f.object, path=f.path, planned=f.planned, live=f.live, manager=f.manager) for f in result.moved
        ),
    )


def _following(file: str, plan: Plan, result: RunResult) -> str:
    return f"meshmig plan {file}" if result.outcome is Outcome.STALE else next_command(file, plan, result.state)


def pass_time(world: World, result: RunResult) -> bool:
    """Let an embedded cluster's time pass till writes may start again; says whether there was such a moment.

    Nothing else would move its clock: the next run would wait for the same moment for ever.
    """
    moments = result.state.until.values()
    if world.embedded is None or result.outcome is not Outcome.WAITING or not moments:
        return False
    world.clock.wait(min(moments).since(world.clock.now()))
    return True


def back_ahead(file: str, place: Place, number: int | None) -> BackAhead:
    """Say what a rollback would take back; reads only.

    Raises:
        RejectedError: there is nothing to take back, or another stage must go back first.
    """
    migration, _ = require_migration(file, place)
    recorded, stage = _going_back(open_world(migration, place, writes=False), migration, file, number)
    standing = [s for s in stage.steps if recorded.state.step(s.id) not in {StepState.PENDING, StepState.UNDONE}]
    final = tuple(f"{step.id} {step.title}: {step.irreversible}" for step in standing if step.irreversible)
    return BackAhead(number=stage.number, title=stage.title, steps=len(standing), irreversible=final)


def rollback(file: str, place: Place, options: ApplyOptions) -> Result:
    """Take a stage back: the one asked for, or the last one that was begun."""
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=True)
    recorded, stage = _going_back(world, migration, file, options.stage)
    carried = carry_out(recorded.plan, world, options.observer, Scope(stage=stage.number, undo=True))
    final = tuple(f"{step.id} {step.irreversible}" for step in stage.steps if step.irreversible)
    shown = RollbackShown(
        run=run_shown(recorded.plan, carried),
        restored=carried.result.undone,
        compensated=carried.result.compensated,
        irreversible=final if carried.result.compensated else (),
    )
    return Result(outcome=carried.result.outcome, shown=shown, sources=loaded.sources)


def _going_back(world: World, migration: Migration, file: str, asked: int | None) -> tuple[Recorded, Stage]:
    """Return the stage that may go back now: the last one that was begun."""
    recorded = read_recorded(world, migration.name)
    if recorded is None:
        raise reject("MIG522", "there is nothing to take back: no apply was started", f"look at: meshmig status {file}")
    begun = [stage.number for stage in recorded.plan.stages if recorded.stands(stage)]
    number = asked if asked is not None else max(begun, default=0)
    _require_stage(recorded.plan, asked)
    later = [stage for stage in begun if stage > number]
    stage = recorded.plan.stage(number)
    if number not in begun or stage is None:
        raise reject("MIG525", f"nothing of stage {number} stands", "nothing is to be taken back")
    if later:
        text = f"stage {max(later)} stands on stage {number}"
        raise reject("MIG526", text, f"first: meshmig rollback {file} --stage {max(later)}")
    return recorded, stage
