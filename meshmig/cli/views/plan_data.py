"""A plan in the shape of the command line's contract."""

from collections.abc import Mapping

from meshmig.cli.views.plan_terms import terms_data, window_data
from meshmig.cli.views.proof_views import calls_data, routing_data
from meshmig.commands.result import PlanShown
from meshmig.model.mesh import Fate, Ledger, LedgerRow, Question
from meshmig.model.objects import Json, ObjectRef
from meshmig.model.plan import (
    Await,
    Bake,
    Change,
    ChangeAction,
    Condition,
    Confirm,
    ControlPlaneReady,
    DeleteObject,
    EndpointsReady,
    JobComplete,
    Judge,
    NoMeshedPods,
    ObjectGone,
    PatchObject,
    PatchPods,
    Pause,
    Plan,
    Proof,
    Shift,
    Stage,
    Step,
    Unit,
    WorkloadDrained,
    WorkloadReady,
    Write,
    WriteStep,
)


def plan_data(shown: PlanShown) -> dict[str, Json]:
    """Return `plan --json`'s data: the digest, the world, the stages that remain, the ledger, a summary."""
    plan = shown.plan
    stages = [stage for stage in plan.stages if shown.stage in (None, stage.number)]
    return {
        "migration": plan.migration,
        "digest": plan.digest,
        "world": {"control_plane": plan.world.control_plane.value, "evidence": list(plan.world.evidence)},
        "stages": [_stage_data(stage, shown) for stage in stages],
        "units": [_unit_data(unit) for unit in plan.units],
        "terms": terms_data(plan),
        "ledger": ledger_data(plan.ledger),
        "questions": [question_data(question) for question in plan.questions],
        "proof": _proof_data(plan.proof),
        "summary": summary_data(plan, shown.done, frozenset(shown.approved)),
        "file": shown.saved,
    }


def summary_data(
    plan: Plan, done: frozenset[str] = frozenset(), approved: frozenset[str] = frozenset()
) -> dict[str, Json]:
    """Count what is still to be written, waited for and approved."""
    steps = [step for stage in plan.stages for step in stage.steps if step.id not in done]
    writes = [step.change.action for step in steps if step.change is not None]
    return {
        "stages": len({step.stage for step in steps}),
        "steps": len(steps),
        "create": writes.count(ChangeAction.CREATE),
        "update": writes.count(ChangeAction.UPDATE),
        "delete": writes.count(ChangeAction.DELETE),
        "approvals": sum(isinstance(step.action, Confirm) and step.id not in approved for step in steps),
        "workloads": sum(len(unit.workloads) for unit in plan.units),
        "questions": len(plan.questions),
    }


def _stage_data(stage: Stage, shown: PlanShown) -> Json:
    steps = [step for step in stage.steps if step.id not in shown.done]
    wanted = [step for step in steps if shown.step in ("", step.id)]
    return {
        "number": stage.number,
        "title": stage.title,
        "point_of_no_return": stage.point_of_no_return or None,
        "at_once": stage.at_once,
        "windows": [window_data(window) for window in stage.windows],
        "steps": [step_data(step) | _approval(step, shown) for step in wanted],
    }


def _approval(step: Step, shown: PlanShown) -> dict[str, Json]:
    given = shown.approved.get(step.id)
    return {"approved": {"by": given.by, "because": given.because}} if given else {}


def step_data(step: Step) -> dict[str, Json]:
    """Return one step in the contract's shape."""
    target = _object_of(step)
    return {
        "id": step.id,
        "title": step.title,
        "unit": step.unit or None,
        "action": action_name(step),
        "object": target and _ref(target),
        "changes": _changes(step.change),
        "after": list(step.after),
        "waits": [condition_text(condition) for condition in step.waits],
        "gate": step.action.gate or None if isinstance(step.action, Judge) else None,
        "undo": [write_text(write) for write in step.undo],
        "irreversible": step.irreversible or None,
        "note": step.note,
    } | _extra(step)


def action_name(step: Step) -> str:
    """Return the one word for what a step does."""
    match step.action:
        case WriteStep(write=write):
            return write.kind
        case Shift() | Await() | Bake() | Judge() | Confirm() | Pause():
            return step.action.kind


def _extra(step: Step) -> dict[str, Json]:
    match step.action:
        case Shift() as shift:
            return {
                "mechanism": shift.mechanism.value,
                "percent_from": shift.percent_from,
                "percent_to": shift.percent_to,
                "requested_percent": shift.requested_percent,
            }
        case Bake(length=length) | Pause(length=length):
            return {"seconds": length.seconds}
        case Judge() as judge:
            return {"mode": judge.mode.value, "new_percent": judge.percent_new}
        case Confirm() as confirm:
            return {"team": confirm.team, "reason": confirm.reason}
        case Await() as waiting:
            return {"advice": waiting.advice}
        case WriteStep():
            return {}


def _object_of(step: Step) -> ObjectRef | None:
    return step.write.ref if step.write is not None else None


def _ref(ref: ObjectRef) -> Json:
    return {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _changes(change: Change | None) -> Json:
    if change is None:
        return []
    return [
        {"path": item.path, "before": item.before, "after": item.after, "note": item.note} for item in change.fields
    ]


def condition_text(condition: Condition) -> str:
    """Say a condition in words."""
    match condition:
        case WorkloadReady() as ready:
            inside = f", each pod with {ready.container}" if ready.container else ""
            outside = f", none with {ready.without}" if ready.without else ""
            return f"{ready.ref} is rolled out and ready{inside}{outside}"
        case WorkloadDrained(ref=ref):
            return f"{ref} has no pod left"
        case EndpointsReady() as endpoints:
            return f"{endpoints.ref} has {endpoints.minimum} ready endpoints"
        case ObjectGone(ref=ref):
            return f"{ref} is gone"
        case JobComplete(ref=ref):
            return f"{ref} is complete"
        case ControlPlaneReady(revision=revision):
            return f"Istio's control plane of revision {revision} is ready"
        case NoMeshedPods(namespaces=namespaces):
            return f"no pod carries App Mesh's envoy in {', '.join(namespaces)}"


def write_text(write: Write) -> str:
    """Say a write in words."""
    match write:
        case DeleteObject(ref=ref):
            return f"delete {ref}"
        case PatchObject(ref=ref):
            return f"patch {ref}"
        case PatchPods(workload=workload):
            return f"patch the live pods of {workload}"
        case _:
            return f"apply {write.ref}"


def _unit_data(unit: Unit) -> Json:
    return {
        "id": unit.id,
        "stage": unit.stage,
        "wave": unit.wave,
        "workloads": list(unit.workloads),
        "strategy": unit.strategy.value,
        "mechanisms": [mechanism.value for mechanism in unit.mechanisms],
        "callers": list(unit.callers),
        "notes": list(unit.notes),
    }


def ledger_data(ledger: Ledger) -> Mapping[str, Json]:
    """Return the ledger: counts by fate, and every row."""
    return {
        "counts": {fate.value: ledger.count(fate) for fate in Fate},
        "rows": [_row_data(row) for row in ledger.rows],
    }


def _row_data(row: LedgerRow) -> Json:
    return {
        "object": _ref(row.object),
        "path": row.path,
        "value": row.value,
        "fate": row.fate.value,
        "targets": list(row.targets),
        "note": row.note,
    }


def question_data(question: Question) -> Json:
    """Return a question in the contract's shape."""
    return {
        "id": question.id,
        "object": _ref(question.origin.ref),
        "path": question.origin.path,
        "text": question.text,
        "choices": list(question.choices),
        "default": question.default,
        "answer": question.answer or None,
    }


def _proof_data(proof: Proof | None) -> Json:
    return proof and {"routing": routing_data(proof.routing), "calls": calls_data(proof)}
