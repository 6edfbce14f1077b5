"""A plan as a person reads it: which world, what happens, how it is undone, what stops it, what needs you."""

from collections.abc import Iterator, Sequence

from meshmig.cli.views.fields import change_lines, shape_of
from meshmig.cli.views.plan_data import condition_text, summary_data, write_text
from meshmig.commands.result import PlanShown
from meshmig.model.intent import AbsoluteRequirement, ControlPlane, Gate, Measure, RelativeRequirement
from meshmig.model.mesh import Fate
from meshmig.model.plan import (
    Await,
    Bake,
    ChangeAction,
    Confirm,
    Judge,
    JudgeMode,
    Pause,
    Plan,
    Shift,
    Stage,
    Step,
    Unit,
    WriteStep,
)
from meshmig.model.units import Duration

SIGN = {
    ChangeAction.CREATE: "+",
    ChangeAction.UPDATE: "~",
    ChangeAction.DELETE: "-",
    ChangeAction.NONE: " ",
}
FIELDS_SHOWN = 8
NAMED = 3
"""How many folded objects a summary names."""


def plan_text(shown: PlanShown, *, verbose: bool) -> str:
    """Write the plan; without `verbose`, equal changes are folded and long ones cut short."""
    plan = shown.plan
    lines = [*_head(plan)]
    for stage in plan.stages:
        if shown.stage in (None, stage.number):
            lines += _stage_lines(plan, stage, shown, verbose=verbose)
    lines += ["", *_proof_lines(plan), *_ledger_lines(shown), *_question_lines(plan), "", *_summary(shown)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def step_text(step: Step) -> str:
    """Write one step in full."""
    return "\n".join(line.rstrip() for line in _step_in_full(step)) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    workloads = sum(len(unit.workloads) for unit in plan.units)
    yield (
        f"{plan.migration}: App Mesh {plan.mesh} to Istio · {workloads} workloads in {len(plan.units)} units · "
        f"cluster {plan.cluster_name}"
    )
    gone = plan.world.control_plane is ControlPlane.GONE
    evidence = "; ".join(plan.world.evidence)
    yield f"world: App Mesh's control plane is {plan.world.control_plane.value} ({evidence})"
    if gone:
        yield "       what follows: no App Mesh pod may restart; once its old pods are gone, a workload's"
        yield "       way back is plain pods, never App Mesh"


def _stage_lines(plan: Plan, stage: Stage, shown: PlanShown, *, verbose: bool) -> Iterator[str]:
    steps = [step for step in stage.steps if step.id not in shown.done and shown.step in ("", step.id)]
    yield ""
    state = "done" if not steps and stage.steps else _weight_of(steps)
    yield f"stage {stage.number} {stage.title}   {state}"
    yield from (f"  ## {line}" for line in stage.doc.splitlines())
    units = {unit.id: unit for unit in plan.units if unit.stage == stage.number}
    yield from _unit_lines(units, steps)
    yield from _step_lines(steps, verbose=verbose)
    yield from _gate_lines(plan, steps)
    if stage.point_of_no_return and any(step.id == stage.point_of_no_return for step in steps):
        step = plan.step[stage.point_of_no_return]
        yield f"  ▲ point of no return: step {step.id} {step.title}: {step.irreversible}"


def _weight_of(steps: Sequence[Step]) -> str:
    writes = sum(step.write is not None for step in steps)
    passing = sum(_least_time(step) for step in steps)
    parts = [f"{writes} writes"]
    if passing:
        parts.append(f"at least {Duration(passing)} of waiting")
    asks = list(dict.fromkeys(step.action.team for step in steps if isinstance(step.action, Confirm)))
    parts += [f"asks {team}" for team in asks]
    return " · ".join(parts)


def _least_time(step: Step) -> int:
    match step.action:
        case Bake(length=length) | Pause(length=length):
            return length.ms
        case _:
            return 0


def _unit_lines(units: dict[str, Unit], steps: Sequence[Step]) -> Iterator[str]:
    remaining = {step.unit for step in steps}
    for unit in units.values():
        if unit.id not in remaining:
            continue
        mechanisms = ", ".join(mechanism.value.replace("_", " ") for mechanism in unit.mechanisms)
        wave = f"wave {unit.wave}  " if unit.wave else ""
        callers = f"called by {', '.join(unit.callers)}" if unit.callers else "no declared caller"
        yield f"  {wave}{unit.id}: {unit.strategy.value.replace('_', ' ')} by {mechanisms}; {callers}"
        yield from (f"      {note}" for note in unit.notes)


def _step_lines(steps: Sequence[Step], *, verbose: bool) -> Iterator[str]:
    folded: dict[tuple[str, ...], list[Step]] = {}
    for step in steps:
        folded.setdefault((step.id,) if verbose else shape_of(step), []).append(step)
    for alike in folded.values():
        yield from _step_summary(alike[0], verbose=verbose)
        if len(alike) > 1:
            others = ", ".join(step.write.ref.id if step.write else step.id for step in alike[1 : 1 + NAMED])
            more = f" and {len(alike) - 1 - NAMED} more" if len(alike) > 1 + NAMED else ""
            yield f"       = {len(alike) - 1} like this: {others}{more}   (-v opens them)"


def _step_summary(step: Step, *, verbose: bool) -> Iterator[str]:
    sign = SIGN[step.change.action] if step.change else _mark(step)
    turn = "" if not step.irreversible else " ▲"
    yield f"  {sign} {step.id:<6}{step.title}{turn}"
    if step.note:
        yield f"           {step.note}"
    if step.change is not None:
        yield from change_lines(step.change, indent=11, limit=0 if verbose else FIELDS_SHOWN)
    if verbose:
        yield from (f"           waits: {condition_text(condition)}" for condition in step.waits)
        yield from (f"           undo:  {write_text(write)}" for write in step.undo)


def _mark(step: Step) -> str:
    match step.action:
        case Confirm():
            return "?"
        case Judge():
            return "="
        case Await() | Bake() | Pause():
            return "."
        case WriteStep() | Shift():
            return " "


def _step_in_full(step: Step) -> Iterator[str]:
    yield from _step_summary(step, verbose=True)
    if step.after:
        yield f"           after: {', '.join(step.after)}"
    if step.irreversible:
        yield f"           cannot be taken back: {step.irreversible}"
    if isinstance(step.action, Await) and step.action.advice:
        yield from (f"           {line}" for line in step.action.advice.splitlines())


def _gate_lines(plan: Plan, steps: Sequence[Step]) -> Iterator[str]:
    judges = [step.action for step in steps if isinstance(step.action, Judge)]
    for name in dict.fromkeys(judge.gate for judge in judges if judge.gate):
        yield from gate_lines(plan.gate(name))
    if any(judge.mode is JudgeMode.UNCALLED for judge in judges):
        yield "  not judged   a unit that nobody calls: its pods must be scraped, zero requests are no fault"


def gate_lines(gate: Gate) -> Iterator[str]:
    """Say what a gate asks, and what stops it."""
    asked = ", ".join(_requirement(requirement) for requirement in gate.requirements)
    finish = f", proved within {gate.finish_within} before the old side goes" if gate.finish_within else ""
    yield f"  gate {gate.name}   {asked}; goes on after {gate.advance_after} requests without harm{finish}"
    yield f"  stops at     no data {gate.no_data_wait}: pause   harm: {gate.on_failure.value}"


def _requirement(requirement: RelativeRequirement | AbsoluteRequirement) -> str:
    threshold = f" {requirement.threshold}" if requirement.threshold else ""
    name = f"{requirement.measure.value.replace('_', ' ')}{threshold}"
    match requirement:
        case RelativeRequirement():
            return f"{name} ≤ old × {requirement.ratio:g} + {requirement.slack}"
        case AbsoluteRequirement():
            sign = "≥" if requirement.at_least or requirement.measure is Measure.SUCCESS_RATE else "≤"
            return f"{name} {sign} {requirement.bound} over {requirement.window}"


def _proof_lines(plan: Plan) -> Iterator[str]:
    if plan.proof is None:
        return
    unsafe = plan.proof.unsafe
    said = "every call safe" if not unsafe else f"{len(unsafe)} calls break"
    yield f"proof   calls: {plan.proof.states} states × {plan.proof.pairs} pairs, {said}"
    for call in unsafe[:5]:
        yield f"        {call.state}: {call.caller} cannot reach {call.callee}: {call.reason}"


def _ledger_lines(shown: PlanShown) -> Iterator[str]:
    ledger = shown.plan.ledger
    counts = ", ".join(f"{ledger.count(fate)} {fate.value}" for fate in Fate if ledger.count(fate))
    hint = "" if shown.full_ledger else "   (--ledger shows them)"
    yield f"ledger  {len(ledger.rows)} fields: {counts or 'none'}{hint}"
    if not shown.full_ledger:
        return
    for row in ledger.rows:
        to = f" → {', '.join(row.targets)}" if row.targets else ""
        note = f"  {row.note}" if row.note else ""
        yield f"  {row.fate.value:<13}{row.object} {row.path} = {row.value}{to}{note}"


def _question_lines(plan: Plan) -> Iterator[str]:
    if plan.questions:
        yield f"asked   {len(plan.questions)} questions, answered by their safest default:"
    for question in plan.questions:
        yield f"        {question.id}: {question.text} (taken: {question.default}; else {_others(question.choices)})"


def _others(choices: Sequence[str]) -> str:
    return " or ".join(choices[1:]) if len(choices) > 1 else "none"


def _summary(shown: PlanShown) -> Iterator[str]:
    plan = shown.plan
    counts = summary_data(plan, shown.done)
    yield (
        f"{counts['stages']} stages · {counts['create']} objects to add, {counts['update']} changes, "
        f"{counts['delete']} to delete · {counts['approvals']} approvals · digest {plan.digest[:4]} {plan.digest[4:8]}"
    )
    if shown.saved:
        yield f"Saved to {shown.saved}."
    remaining = [stage.number for stage in plan.stages if any(step.id not in shown.done for step in stage.steps)]
    target = shown.saved or plan.file
    following = f"Next: meshmig apply {target} --stage {remaining[0]}" if remaining else "Nothing is left to do."
    yield f"Nothing was changed. {following}"
