"""Both proofs put together, with what they report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from meshmig.diagnostics import Diagnostic, in_order
from meshmig.diffs import predict
from meshmig.model.mesh import Ledger
from meshmig.model.objects import Manifest, ObjectRef, Snapshot
from meshmig.model.plan import PatchPods, Plan, Proof
from meshmig.proof.announcing import Announced
from meshmig.proof.calls import CallsProved, judge_calls, prove_calls
from meshmig.proof.comparing import Class
from meshmig.proof.findings import call_findings, counts, routing_findings
from meshmig.proof.routing import Sides, classes_of


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is to be proved: a source as it was read, what was said about it, and the target's objects.

    `target` is every object of the target's cluster, Services and workloads too; `plan` is what leads there, None where
    somebody's cluster is judged as it stands.
    """

    source: Snapshot
    target: Sequence[Manifest]
    mesh: str
    answers: Mapping[str, str]
    ledger: Ledger
    findings: Sequence[Diagnostic] = ()
    plan: Plan | None = None


@dataclass(frozen=True, kw_only=True)
class Proved:
    """A proof with every class that it compared, and what is wrong."""

    proof: Proof
    classes: tuple[Class, ...]
    announced: Announced
    findings: tuple[Diagnostic, ...]


def prove(case: Case) -> Proved:
    """Prove the routing of a target, and the calls in every place on the way to it."""
    sides = Sides(source=case.source, target=case.target, mesh=case.mesh, answers=case.answers)
    classes, calls = classes_of(sides), _calls(case, sides)
    announced = Announced(ledger=case.ledger, findings=case.findings, answers=case.answers, source=case.source)
    return Proved(
        proof=Proof(routing=counts(classes, announced), states=calls.states, pairs=calls.pairs, unsafe=calls.unsafe),
        classes=classes,
        announced=announced,
        findings=in_order((*routing_findings(classes, announced), *call_findings(calls))),
    )


def _calls(case: Case, sides: Sides) -> CallsProved:
    if sides.members is None:
        return CallsProved(states=0, pairs=0, unsafe=())
    if case.plan is None:
        return judge_calls(sides.members, Snapshot.of(case.target))
    return prove_calls(sides.members, case.source, case.plan)


def journeys_end(source: Snapshot, plan: Plan, done: Iterable[str] = ()) -> tuple[Manifest, ...]:
    """Predict every object after the steps of a plan that are not done yet."""
    behind = frozenset(done)
    objects: dict[ObjectRef, Manifest] = dict(source.by_ref)
    for stage in plan.stages:
        for step in stage.steps:
            write = step.write
            if write is None or step.id in behind or isinstance(write, PatchPods):
                continue
            after = predict(objects.get(write.ref), write)
            if after is None:
                objects.pop(write.ref, None)
            else:
                objects[write.ref] = after
    return tuple(objects[ref] for ref in sorted(objects))
