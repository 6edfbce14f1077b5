"""From a cluster and a migration to a plan: read once, lift, judge the world, plan all stages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from meshmig.adapters.reading import read_snapshot
from meshmig.commands.raw import read_raw
from meshmig.diagnostics import Diagnostic, has_errors, in_order, reject
from meshmig.model.intent import Answer, ClusterKind, ControlPlane, Migration
from meshmig.model.mesh import Question
from meshmig.model.objects import Snapshot
from meshmig.model.plan import Plan, World
from meshmig.planning import PlanRequest, digest_of, make_plan
from meshmig.ports import Cluster
from meshmig.proof import CODES as PROOF_CODES
from meshmig.proof import Case, Proved, journeys_end, prove
from meshmig.sources.appmesh import Lifted, judge_world, lift


@dataclass(frozen=True, kw_only=True)
class Built:
    """A plan with everything that was found on the way; no plan where the source could not be lifted."""

    plan: Plan | None
    findings: tuple[Diagnostic, ...]


def build_plan(migration: Migration, cluster: Cluster, findings: Sequence[Diagnostic] = ()) -> Built:
    """Read the cluster and plan the whole journey; errors stand in the findings."""
    return plan_snapshot(migration, read_snapshot(cluster), findings)


def plan_snapshot(migration: Migration, snapshot: Snapshot, findings: Sequence[Diagnostic] = ()) -> Built:
    """Plan the whole journey from one reading of the cluster."""
    lifted = read_source(migration, snapshot)
    raw, wrong = read_raw(migration)
    found = (*findings, *lifted.findings, *answer_findings(migration.answers, lifted), *wrong)
    if lifted.mesh is None:
        return Built(plan=None, findings=in_order(found))
    request = PlanRequest(
        migration=migration,
        mesh=lifted.mesh,
        ledger=lifted.ledger,
        snapshot=snapshot,
        world=world_of(migration, snapshot),
        raw=raw,
        findings=found,
    )
    plan = make_plan(request)
    proved = prove_plan(migration, snapshot, Built(plan=plan, findings=plan.findings))
    # What is refused already is not refused once more for what follows from it; `verify` tells all of it.
    findings = plan.findings if has_errors(plan.findings) else in_order((*plan.findings, *proved.findings))
    return Built(plan=redigested(replace(plan, proof=proved.proof, findings=findings)), findings=findings)


def read_source(migration: Migration, snapshot: Snapshot) -> Lifted:
    """Lift the migration's mesh with the file's answers."""
    return lift(snapshot, migration.mesh, {answer.id: answer.choice for answer in migration.answers})


def prove_plan(migration: Migration, snapshot: Snapshot, built: Built) -> Proved:
    """Prove what a plan leads to from the cluster as it was before it."""
    if built.plan is None:
        raise AssertionError("only a plan can be proved")
    case = Case(
        source=snapshot,
        target=journeys_end(snapshot, built.plan),
        mesh=migration.mesh,
        answers={answer.id: answer.choice for answer in migration.answers},
        ledger=built.plan.ledger,
        findings=[finding for finding in built.findings if finding.code not in PROOF_CODES],
        plan=built.plan,
    )
    return prove(case)


def world_of(migration: Migration, snapshot: Snapshot) -> World:
    """Judge the world; a folder cannot show it, so it counts as gone unless the file says otherwise."""
    choice = migration.cluster
    if choice.kind is ClusterKind.FILES and choice.control_plane is None:
        why = "a folder cannot show it: gone by default; say { control_plane alive } if it still answers"
        return World(control_plane=ControlPlane.GONE, evidence=(why,))
    return judge_world(snapshot, choice.control_plane)


def require_plan(built: Built) -> Plan:
    """Return the plan of a reading without errors.

    Raises:
        RejectedError: with every finding.
    """
    from meshmig.diagnostics import RejectedError

    if built.plan is None or has_errors(built.findings):
        raise RejectedError(built.findings)
    return built.plan


def redigested(plan: Plan) -> Plan:
    """Return the plan with the digest of its present content."""
    return replace(plan, digest=digest_of(plan))


def answer_findings(answers: Sequence[Answer], lifted: Lifted) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the file's answers: to nothing that is asked, or no choice."""
    if lifted.mesh is None:
        return ()
    asked = {question.id: question for question in lifted.mesh.questions}
    wrong = (_answer_finding(answer, asked.get(answer.id), asked) for answer in answers)
    return tuple(finding for finding in wrong if finding is not None)


def _answer_finding(answer: Answer, question: Question | None, asked: dict[str, Question]) -> Diagnostic | None:
    if question is None:
        known = ", ".join(sorted(asked)) or "none"
        error = reject("MIG430", f"nothing asks `{answer.id}`", f"this mesh asks: {known}", answer.span)
        return error.findings[0]
    if answer.choice not in question.choices:
        choices = ", ".join(question.choices)
        text = f"`{answer.choice}` is no answer to `{answer.id}`: {question.text}"
        return reject("MIG431", text, f"choose one of: {choices}", answer.span).findings[0]
    return None
