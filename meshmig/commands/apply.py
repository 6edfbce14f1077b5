"""`meshmig apply`, `approve` and `rollback`: the loop with the ports of the migration's cluster."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from meshmig.adapters.notifying import Messenger
from meshmig.adapters.process import holder_name, is_gone
from meshmig.commands.opening import Place, World, open_world, require_migration
from meshmig.commands.plan import plan_now
from meshmig.commands.recorded import Recorded, read_recorded
from meshmig.commands.result import Moved, Result, RollbackShown, RunShown
from meshmig.commands.show import is_plan, read_plan
from meshmig.commands.telling import Telling
from meshmig.diagnostics import Diagnostic, RejectedError, Severity, has_errors, in_order, reject
from meshmig.execution.decide import Scope
from meshmig.execution.engine import Run, RunResult, execute
from meshmig.execution.journal import Journal
from meshmig.execution.lock import RENEW_AFTER, Lock
from meshmig.execution.state import new_percents, stage_states
from meshmig.model.intent import Migration
from meshmig.model.plan import Confirm, Plan, Step
from meshmig.model.run import Approved, Event, Outcome, StageState
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
class ApproveOptions:
    """What is approved, why, and by whom where the cluster knows no users."""

    stage: int
    because: str
    step: str = ""
    team: str = ""


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
    shown = _with_next(run_shown(plan, carried), source, carried.result)
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
        reason=result.reason,
        moved=tuple(
            Moved(object=f.object, path=f.path, planned=f.planned, live=f.live, manager=f.manager) for f in result.moved
        ),
    )


def pass_time(world: World, result: RunResult) -> bool:
    """Let an embedded cluster's time pass till writes may start again; says whether there was such a moment.

    Nothing else would move its clock: the next run would wait for the same moment for ever.
    """
    moments = result.state.until.values()
    if world.embedded is None or result.outcome is not Outcome.WAITING or not moments:
        return False
    world.clock.wait(min(moments).since(world.clock.now()))
    return True


def _with_next(run: RunShown, file: str, result: RunResult) -> RunShown:
    open_stages = [number for number, state in run.stages if state is not StageState.DONE]
    if not open_stages:
        return run
    stage = open_stages[0]
    following = f"meshmig apply {file} --stage {stage}"
    match result.outcome:
        case Outcome.WAITING if result.state.waiting.keys() - result.state.until.keys():
            following = f'meshmig approve {file} --stage {stage} --because "…"'
        case Outcome.STALE:
            following = f"meshmig plan {file}"
        case Outcome.HELD | Outcome.ROLLED_BACK:
            following = f"meshmig apply {file} --stage {stage}   back: meshmig rollback {file} --stage {stage}"
        case _:
            pass
    return replace(run, next_command=following)


def approve(file: str, place: Place, options: ApproveOptions) -> Result:
    """Record a person's yes, bound to the recorded plan's digest."""
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=True)
    recorded = read_recorded(world, migration.name)
    if recorded is None:
        raise reject("MIG522", "nothing waits: no apply was started", f"first: meshmig apply {file}")
    by = world.cluster.whoami()
    if not by and not options.team:
        raise reject("MIG523", "a folder knows no users", "say who approves: --as TEAM")
    steps = _asked(recorded.plan, options)
    happenings = [
        Approved(
            step=step.id,
            digest=recorded.plan.digest,
            by=by or options.team,
            team=options.team or _team(step),
            because=options.because,
        )
        for step in steps
    ]
    recorded_journal = Journal(world.cluster, migration.name)
    recorded_journal.read()
    for event in recorded_journal.append(world.clock.now(), happenings):
        recorded.state.add(event)
    shown = RunShown(
        name=migration.name,
        digest=recorded.plan.digest,
        stages=stage_states(recorded.plan, recorded.state),
        writes=0,
        titles=tuple(stage.title for stage in recorded.plan.stages),
        traffic=new_percents(recorded.plan, recorded.state),
        next_command=f"meshmig apply {file} --stage {options.stage}",
    )
    return Result(outcome=Outcome.OK, shown=shown, sources=loaded.sources)


def _asked(plan: Plan, options: ApproveOptions) -> tuple[Step, ...]:
    stage = plan.stage(options.stage)
    found = [step for step in (stage.steps if stage else ()) if isinstance(step.action, Confirm)]
    steps = tuple(step for step in found if options.step in ("", step.id))
    if not steps:
        known = ", ".join(step.id for step in found) or "none"
        what = f"stage {options.stage} asks for no approval" + (f" at {options.step}" if options.step else "")
        raise reject("MIG524", what, f"approvals of that stage: {known}")
    return steps


def _team(step: Step) -> str:
    return step.action.team if isinstance(step.action, Confirm) else ""


def approve_all(plan: Plan, world: World, carried: Carried, who: str) -> bool:
    """Approve every step that waits; returns whether there was one."""
    waiting = [name for name in carried.result.state.waiting if isinstance(plan.step[name].action, Confirm)]
    happenings = [
        Approved(step=name, digest=plan.digest, by=who, team=_team(plan.step[name]), because="rehearsal")
        for name in waiting
    ]
    carried.journal.append(world.clock.now(), happenings)
    return bool(waiting)


def rollback(file: str, place: Place, options: ApplyOptions) -> Result:
    """Take a stage back: the one asked for, or the last one that was begun."""
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=True)
    recorded = read_recorded(world, migration.name)
    if recorded is None:
        raise reject("MIG522", "there is nothing to take back: no apply was started", f"look at: meshmig status {file}")
    plan = recorded.plan
    begun = [stage.number for stage in plan.stages if recorded.stands(stage)]
    number = options.stage if options.stage is not None else max(begun, default=0)
    _require_stage(plan, number if options.stage is not None else None)
    later = [stage for stage in begun if stage > number]
    if number not in begun:
        raise reject("MIG525", f"nothing of stage {number} stands", "nothing is to be taken back")
    if later:
        text = f"stage {max(later)} stands on stage {number}"
        raise reject("MIG526", text, f"first: meshmig rollback {file} --stage {max(later)}")
    carried = carry_out(plan, world, options.observer, Scope(stage=number, undo=True))
    stage = plan.stage(number)
    final = tuple(f"{step.id} {step.irreversible}" for step in (stage.steps if stage else ()) if step.irreversible)
    shown = RollbackShown(
        run=run_shown(plan, carried),
        restored=carried.result.undone,
        compensated=carried.result.compensated,
        irreversible=final if carried.result.compensated else (),
    )
    return Result(outcome=carried.result.outcome, shown=shown, sources=loaded.sources)
