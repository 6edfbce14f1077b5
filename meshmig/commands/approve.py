"""`meshmig approve`: a person's yes for the team that a stage asks, bound to the recorded plan's digest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshmig.commands.apply import Carried
from meshmig.commands.following import next_command, yes_of
from meshmig.commands.opening import Place, World, open_world, require_migration
from meshmig.commands.recorded import Recorded, read_recorded
from meshmig.commands.result import Result, RunShown
from meshmig.diagnostics import reject
from meshmig.execution.journal import Journal
from meshmig.execution.state import StepState, new_percents, plain_units, stage_states
from meshmig.model.plan import Confirm, Plan
from meshmig.model.run import Approved, Outcome


@dataclass(frozen=True, kw_only=True)
class ApproveOptions:
    """Which stage, of it one step where named; why; for which team (empty: the only one that is asked)."""

    stage: int
    because: str
    step: str = ""
    team: str = ""


def approve(file: str, place: Place, options: ApproveOptions) -> Result:
    """Record a person's yes to what one team is asked in a stage.

    Raises:
        RejectedError: nothing is asked, another team is, or it is not said for which team.
    """
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=True)
    return Result(outcome=Outcome.OK, shown=give(world, migration.name, file, options), sources=loaded.sources)


def give(world: World, name: str, file: str, options: ApproveOptions) -> RunShown:
    """Record the yes in a world; what was approved before stays as it was.

    Raises:
        RejectedError: as `approve` does.
    """
    recorded = read_recorded(world, name)
    if recorded is None:
        raise reject("MIG522", "nothing waits: no apply was started", f"first: meshmig apply {file}")
    asked = _asked(recorded, options)
    user = world.cluster.whoami()
    team = _spoken_for(asked, recorded, options, user)
    steps = [step for step, wanted in asked.items() if wanted == team]
    fresh = [step for step in steps if step not in recorded.state.approved]
    digest = recorded.plan.digest
    happenings = [
        Approved(step=step, digest=digest, by=user or team, team=team, because=options.because) for step in fresh
    ]
    _record(world, recorded, happenings)
    return RunShown(
        name=name,
        digest=digest,
        stages=stage_states(recorded.plan, recorded.state),
        writes=0,
        titles=tuple(stage.title for stage in recorded.plan.stages),
        traffic=new_percents(recorded.plan, recorded.state),
        plain=plain_units(recorded.plan, recorded.state),
        approvals=tuple(yes_of(recorded.plan, recorded.state, step, again=step not in fresh) for step in steps),
        next_command=next_command(file, recorded.plan, recorded.state),
    )


def _record(world: World, recorded: Recorded, happenings: list[Approved]) -> None:
    journal = Journal(world.cluster, recorded.plan.migration)
    journal.read()
    for event in journal.append(world.clock.now(), happenings) if happenings else ():
        recorded.state.add(event)


def _asked(recorded: Recorded, options: ApproveOptions) -> Mapping[str, str]:
    """Return the team by step; a step that went on by an approval that lapsed since asks nobody any more."""
    stage, state = recorded.plan.stage(options.stage), recorded.state
    found = {
        step.id: step.action.team
        for step in (stage.steps if stage else ())
        if isinstance(step.action, Confirm) and (step.id in state.approved or state.step(step.id) is not StepState.DONE)
    }
    asked = {step: team for step, team in found.items() if options.step in ("", step)}
    if not asked:
        what = f"stage {options.stage} asks for no approval" + (f" at {options.step}" if options.step else "")
        raise reject("MIG524", what, f"approvals of that stage: {', '.join(found) or 'none'}")
    return asked


def _spoken_for(asked: Mapping[str, str], recorded: Recorded, options: ApproveOptions, user: str) -> str:
    """Return the team that the yes is given for."""
    where = f"step {options.step}" if options.step else f"stage {options.stage}"
    if options.team:
        if options.team not in asked.values():
            text = f'{where} asks {_named(asked.values())}, not "{options.team}"'
            raise reject("MIG529", text, f"only the team that is asked can approve: --as {_named(asked.values())}")
        return options.team
    waiting = {step: team for step, team in asked.items() if step not in recorded.state.approved} or asked
    choice = f"say for which team: --as {_named(waiting.values())}"
    if not user:
        raise reject("MIG523", "a folder knows no users, nor does an API server before 1.28 name them", choice)
    if len(set(waiting.values())) > 1:
        raise reject("MIG530", f"{where} asks several teams: {_named(waiting.values())}", choice)
    return next(iter(waiting.values()))


def _named(teams: Iterable[str]) -> str:
    return " or ".join(f'"{team}"' for team in dict.fromkeys(teams))


def approve_all(plan: Plan, world: World, carried: Carried, who: str) -> bool:
    """Approve every step that waits, each for the team that it asks; returns whether there was one."""
    asked = {
        step: action.team
        for step in carried.result.state.waiting
        if isinstance(action := plan.step[step].action, Confirm)
    }
    happenings = [
        Approved(step=step, digest=plan.digest, by=who, team=team, because="rehearsal") for step, team in asked.items()
    ]
    carried.journal.append(world.clock.now(), happenings)
    return bool(asked)
