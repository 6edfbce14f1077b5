"""What a run's state says to a person: which approvals are in force, and which command comes next."""

from meshmig.commands.result import Yes
from meshmig.execution.state import RunState, stands
from meshmig.model.plan import Confirm, Plan


def approvals_in_force(plan: Plan, state: RunState) -> tuple[Yes, ...]:
    """Return the approvals of the stages that are not done, in the plan's order."""
    open_steps = [s.id for stage in plan.stages if stage.number not in state.stages_done for s in stage.steps]
    return tuple(yes_of(plan, state, step) for step in open_steps if step in state.approved)


def yes_of(plan: Plan, state: RunState, step: str, *, again: bool = False) -> Yes:
    """Return the approval that is in force for a step."""
    given = state.approved[step]
    title = plan.step[step].title
    return Yes(step=step, title=title, team=given.team, by=given.by, because=given.because, again=again)


def next_command(file: str, plan: Plan, state: RunState) -> str:
    """Return the command that takes the run on; empty at its end. Where it was stopped, the way back stands beside."""
    stage = next((stage for stage in plan.stages if stage.number not in state.stages_done), None)
    if stage is None:
        return ""
    apply = f"meshmig apply {file} --stage {stage.number}"
    if state.held or state.back or state.broken:
        back = f"   back: meshmig rollback {file} --stage {stage.number}" if stands(stage, state) else ""
        return apply + back
    for step in state.waiting:
        asking = plan.step[step]
        if isinstance(asking.action, Confirm):
            return f'meshmig approve {file} --stage {asking.stage} --as "{asking.action.team}" --because "…"'
    return apply
