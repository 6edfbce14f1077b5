"""A plan as a person reads it: which world, what happens, how it is undone, what stops it, what needs you."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from meshmig.cli.views.fields import counted, wrapped
from meshmig.cli.views.ledger_text import ledger_lines, question_lines
from meshmig.cli.views.plan_data import summary_data
from meshmig.cli.views.plan_steps import in_full, stage_lines
from meshmig.cli.views.plan_terms import terms_lines, window_text
from meshmig.cli.views.proof_views import summary_lines
from meshmig.commands.result import PlanShown
from meshmig.model.intent import (
    AbsoluteRequirement,
    ControlPlane,
    Gate,
    Measure,
    QueryRequirement,
    RelativeRequirement,
    Requirement,
)
from meshmig.model.plan import Bake, Confirm, Judge, JudgeMode, Pause, Plan, Stage, Step
from meshmig.model.units import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePart:
    """One stage that remains: its line of the journey, and what happens in it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanParts:
    """A plan's text in parts, for whoever lays them out."""

    head: tuple[str, ...]
    journey: tuple[str, ...]
    stages: tuple[StagePart, ...]
    tail: tuple[str, ...]


def plan_text(shown: PlanShown, *, verbose: bool) -> str:
    """Write the plan; without `verbose`, equal changes are folded and long ones cut short."""
    parts = plan_parts(shown, verbose=verbose)
    lines = [*parts.head, *(("", *parts.journey) if parts.journey else ())]
    for stage in parts.stages:
        lines += ["", stage.title, *stage.lines]
    return "\n".join([*lines, "", *parts.tail]) + "\n"


def plan_parts(shown: PlanShown, *, verbose: bool) -> PlanParts:
    """Write the plan's parts."""
    plan = shown.plan
    stages = [stage for stage in plan.stages if shown.stage in (None, stage.number)]
    told: set[str] = set()
    return PlanParts(
        head=(*_head(plan), *terms_lines(plan)),
        journey=tuple(line.rstrip() for line in _journey(stages, shown)),
        stages=tuple(part for stage in stages for part in _stage_part(stage, shown, told, verbose=verbose)),
        tail=(
            *(summary_lines(plan.proof) if plan.proof else ()),
            *ledger_lines(plan.ledger, is_full=shown.full_ledger),
            *question_lines(plan.questions),
            "",
            *_summary(shown),
        ),
    )


def step_text(step: Step) -> str:
    """Write one step in full."""
    return "\n".join(line.rstrip() for line in in_full(step)) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    workloads = sum(len(unit.workloads) for unit in plan.units)
    yield (
        f"{plan.migration}: App Mesh {plan.mesh} to Istio · {workloads} workloads in {len(plan.units)} units · "
        f"cluster {plan.cluster_name}"
    )
    gone = plan.world.control_plane is ControlPlane.GONE
    evidence = "; ".join(plan.world.evidence)
    yield from wrapped("world: ", f"App Mesh's control plane is {plan.world.control_plane.value} ({evidence})")
    if gone:
        yield "       what follows: no App Mesh pod may restart; once its old pods are gone, a workload's"
        yield "       way back is plain pods, never App Mesh"


def _remaining(stage: Stage, shown: PlanShown) -> list[Step]:
    steps = [step for step in stage.steps if step.id not in shown.done and shown.step in ("", step.id)]
    return [_with_approval(step, shown) for step in steps]


def _with_approval(step: Step, shown: PlanShown) -> Step:
    """Note who said yes already."""
    given = shown.approved.get(step.id)
    return replace(step, note=f"approved by {given.by}: {given.because}") if given else step


def _journey(stages: Sequence[Stage], shown: PlanShown) -> Iterator[str]:
    """One line a stage: what it costs, whom it asks, how far it can be taken back."""
    if len(stages) < 2:  # noqa: PLR2004 - a table of one row says nothing new
        return
    rows = [_journey_row(stage, _remaining(stage, shown), shown) for stage in stages]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def _journey_row(stage: Stage, steps: Sequence[Step], shown: PlanShown) -> tuple[str, ...]:
    title = f"stage {stage.number}  {stage.title}"
    if not steps:
        return (title, "done" if stage.steps else "nothing to do", "", "", "")
    passing = least_time(steps)
    turn = next((step.id for step in steps if step.irreversible), "")
    return (
        title,
        counted(sum(step.write is not None for step in steps), "write"),
        f"waits {Duration(passing)} at least" if passing else "",
        f"undo: exact until {turn} ▲" if turn else "undo: exact",
        _asks([step for step in steps if step.id not in shown.approved]),
    )


def _asks(steps: Sequence[Step]) -> str:
    asks = dict.fromkeys(step.action.team for step in steps if isinstance(step.action, Confirm))
    return f"asks {', '.join(asks)}" if asks else ""


def least_time(steps: Sequence[Step]) -> int:
    """Return the milliseconds that must pass at least: along the longest chain of steps that wait for each other."""
    done: dict[str, int] = {}
    for step in steps:
        length = step.action.length.ms if isinstance(step.action, Bake | Pause) else 0
        done[step.id] = length + max((done.get(name, 0) for name in step.after), default=0)
    return max(done.values(), default=0)


def _stage_part(stage: Stage, shown: PlanShown, told: set[str], *, verbose: bool) -> Iterator[StagePart]:
    steps = _remaining(stage, shown)
    if steps:
        title = " · ".join(cell for cell in _journey_row(stage, steps, shown) if cell)
        body = _stage_lines(shown.plan, stage, steps, verbose=verbose)
        lines = (*body, *_gate_lines(shown.plan, steps, told), *_turn_lines(steps))
        yield StagePart(title=title, lines=tuple(line.rstrip() for line in lines))


def _stage_lines(plan: Plan, stage: Stage, steps: Sequence[Step], *, verbose: bool) -> Iterator[str]:
    yield from (f"  ## {line}" for line in stage.doc.splitlines())
    yield from (f"  writes {window_text(window)}" for window in stage.windows)
    units = [unit for unit in plan.units if unit.stage == stage.number]
    yield from stage_lines(units, steps, verbose=verbose)


def _turn_lines(steps: Sequence[Step]) -> Iterator[str]:
    turn = next((step for step in steps if step.irreversible), None)
    if turn is not None:
        yield from wrapped("  ▲ ", f"point of no return: step {turn.id} {turn.title}: {turn.irreversible}")


def _gate_lines(plan: Plan, steps: Sequence[Step], told: set[str]) -> Iterator[str]:
    """Say what a stage's gates ask; a gate that an earlier stage asked is only named."""
    judges = [step.action for step in steps if isinstance(step.action, Judge)]
    for name in dict.fromkeys(judge.gate for judge in judges if judge.gate):
        yield from [f"  gate {name}   as above"] if name in told else gate_lines(plan.gate(name))
        told.add(name)
    if any(judge.mode is JudgeMode.UNCALLED for judge in judges):
        yield "  not judged   a unit that nobody calls: its pods must be scraped, zero requests are no fault"


def gate_lines(gate: Gate) -> Iterator[str]:
    """Say what a gate asks, and what stops it."""
    asked = ", ".join(_requirement(requirement) for requirement in gate.requirements)
    finish = f", proved within {gate.finish_within} before the old side goes" if gate.finish_within else ""
    yield from wrapped(
        f"  gate {gate.name}   ", f"{asked}; goes on after {gate.advance_after} requests unharmed{finish}"
    )
    yield f"  stops at     no data {gate.no_data_wait}: pause   harm: {gate.on_failure.value}"


def _requirement(requirement: Requirement) -> str:
    if isinstance(requirement, QueryRequirement):
        return f"query {requirement.query} {'≥' if requirement.at_least else '≤'} {requirement.bound_text}"
    threshold = f" {requirement.threshold}" if requirement.threshold else ""
    name = f"{requirement.measure.value.replace('_', ' ')}{threshold}"
    match requirement:
        case RelativeRequirement():
            return f"{name} ≤ old × {requirement.ratio:g} + {requirement.slack}"
        case AbsoluteRequirement():
            sign = "≥" if requirement.at_least or requirement.measure is Measure.SUCCESS_RATE else "≤"
            return f"{name} {sign} {requirement.bound} over {requirement.window}"


def _summary(shown: PlanShown) -> Iterator[str]:
    plan = shown.plan
    counts = summary_data(plan, shown.done, frozenset(shown.approved))
    yield (
        f"{counts['stages']} stages · {counts['create']} objects to add, {counts['update']} changes, "
        f"{counts['delete']} to delete · {counted(counts['approvals'], 'approval')} · "
        f"digest {plan.digest[:4]} {plan.digest[4:8]}"
    )
    if shown.saved:
        yield f"Saved to {shown.saved}."
    if shown.errors:
        many = "s" if shown.errors > 1 else ""
        yield f"Nothing was changed. Refused: {shown.errors} error{many}; mend, then: meshmig plan {plan.file}"
        return
    remaining = [stage.number for stage in plan.stages if any(step.id not in shown.done for step in stage.steps)]
    target = shown.saved or plan.file
    following = f"Next: meshmig apply {target} --stage {remaining[0]}" if remaining else "Nothing is left to do."
    yield f"Nothing was changed. {following}"
