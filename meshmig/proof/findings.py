"""What the proof reports, with its codes."""

from collections.abc import Iterable, Iterator

from meshmig.diagnostics import Diagnostic, ObjectName, Severity
from meshmig.model.objects import ObjectRef
from meshmig.model.plan import RoutingProof, UnsafeCall
from meshmig.proof.announcing import Announced
from meshmig.proof.calls import CallsProved
from meshmig.proof.comparing import Class
from meshmig.proof.describing import curl_of, outcome_text, request_text
from meshmig.proof.model import PATH

CODES = {
    "MIG701": "Istio treats a class of requests in another way than App Mesh, and nothing announced it",
    "MIG702": "A class of requests could not be compared",
    "MIG703": "A caller cannot reach its callee in a state that the plan passes through",
    "MIG704": "The states that a call passes through are too many to look at",
    "MIG705": "A folder holds no Istio objects to judge",
}


def counts(classes: Iterable[Class], announced: Announced) -> RoutingProof:
    """Count the classes by what was proved of them."""
    listed = tuple(classes)
    undecided = sum(bool(item.undecided) for item in listed)
    equal = sum(item.is_equal for item in listed)
    differing = [item for item in listed if item.aspects and not item.undecided]
    said = sum(bool(announced.of(item)) for item in differing)
    return RoutingProof(
        compared=len(listed), equal=equal, announced=said, unannounced=len(differing) - said, undecided=undecided
    )


def routing_findings(classes: Iterable[Class], announced: Announced) -> Iterator[Diagnostic]:
    """Yield an error for each pair of rules that differ with nothing announcing it, or that could not be compared."""
    seen = set()
    for item in classes:
        key = (item.entry, item.causes_before, item.causes_after, item.aspects, item.undecided)
        if item.is_equal or key in seen or (not item.undecided and announced.of(item)):
            continue
        seen.add(key)
        yield _undecided(item) if item.undecided else _unannounced(item)


def _unannounced(item: Class) -> Diagnostic:
    path = (item.request or {}).get(PATH) or "/"
    before, after = outcome_text(item.before, path), outcome_text(item.after, path)
    named = ", ".join(str(aspect) for aspect in item.aspects)
    causes = ", ".join(dict.fromkeys(f"{cause.ref} {cause.path}".strip() for cause in item.causes_after)) or "no object"
    return Diagnostic(
        code="MIG701",
        severity=Severity.ERROR,
        message=f"{request_text(item)} differs in {named}. App Mesh: {before}. Istio: {after}, by {causes}",
        help=f"see it with: {curl_of(item)}",
        object=_object(item),
        path=next((cause.path for cause in item.causes_before), ""),
    )


def _undecided(item: Class) -> Diagnostic:
    return Diagnostic(
        code="MIG702",
        severity=Severity.ERROR,
        message=f"{request_text(item)} could not be compared: {item.undecided}",
        help="write the condition or rewrite with prefixes, exact texts or RE2 expressions without assertions",
        object=_object(item),
        path=next((cause.path for cause in item.causes_before), ""),
    )


def _object(item: Class) -> ObjectName | None:
    causes = (*item.causes_before, *item.causes_after)
    return causes[0].ref.object_name if causes else None


def call_findings(calls: CallsProved) -> Iterator[Diagnostic]:
    """Yield an error for every call that breaks, once a pair and reason, and for every call that was not walked."""
    seen = set()
    for call in calls.unsafe:
        key = (call.caller, call.callee, call.reason)
        if key not in seen:
            seen.add(key)
            yield _unsafe(call)
    for name in calls.unwalked:
        yield Diagnostic(
            code="MIG704",
            severity=Severity.ERROR,
            message=f"the calls of {name} pass through more states than are looked at",
            help="move fewer workloads side by side: `at_once` or smaller waves",
        )


def _unsafe(call: UnsafeCall) -> Diagnostic:
    namespace, _, name = call.callee.partition("/")
    return Diagnostic(
        code="MIG703",
        severity=Severity.ERROR,
        message=f"{call.state}: {call.caller} cannot reach {call.callee}: {call.reason}",
        help="move callers before callees, keep old pods until nothing is sent to them, make STRICT the last step",
        object=ObjectRef("apps/v1", "Deployment", namespace, name).object_name,
    )
