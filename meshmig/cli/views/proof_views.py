"""A proof for people and for machines: what was compared, what differs, which calls break."""

from collections.abc import Iterator

from meshmig.cli.views.fields import counted
from meshmig.commands.result import ProofShown
from meshmig.model.objects import Json
from meshmig.model.plan import Proof, RoutingProof
from meshmig.proof import (
    PATH,
    Announced,
    Cause,
    Class,
    Proved,
    curl_of,
    outcome_data,
    outcome_text,
    request_data,
    request_text,
)

SHOWN = 20
"""How many differences and broken calls the text names before it counts the rest."""


def proof_lines(shown: ProofShown, *, verbose: bool) -> Iterator[str]:
    """Write a proof; the differences come with both outcomes and the command that shows them."""
    proved = shown.proved
    entries = dict.fromkeys(item.entry for item in proved.classes)
    gateways = sum(entry.gateway for entry in entries)
    inside = len(entries) - gateways
    yield f"{shown.name}: App Mesh against {shown.of} · {inside} hosts and ports, {gateways} gateway ports"
    yield from summary_lines(proved.proof)
    limit = len(proved.classes) if verbose else SHOWN
    differing = _differing(proved)
    for item in differing[:limit]:
        yield ""
        yield from _difference_lines(item, proved.announced)
    if len(differing) > limit:
        yield f"\n{len(differing) - limit} more differences   (-v opens them)"
    if shown.witnesses:
        yield f"\nWrote a request of each of the {len(proved.classes)} classes to {shown.witnesses}."


def summary_lines(proof: Proof) -> Iterator[str]:
    """Write the two lines that stand for a whole proof."""
    yield f"proof   routing: {_routing(proof.routing)}"
    unsafe = proof.unsafe
    said = f"{len(unsafe)} calls break" if unsafe else "safe"
    yield f"        calls:   {proof.states:,} states of {proof.pairs:,} caller-callee pairs {said}"
    for call in unsafe[:SHOWN]:
        yield f"        {call.state}: {call.caller} cannot reach {call.callee}: {call.reason}"


def _routing(routing: RoutingProof) -> str:
    parts = [f"{counted(routing.equal, 'request class')} equal"]
    parts += [f"{routing.announced:,} differ as announced"] if routing.announced else []
    parts += [f"{routing.unannounced:,} DIFFER UNANNOUNCED"] if routing.unannounced else []
    return ", ".join([*parts, f"{routing.undecided:,} undecided"])


def _differing(proved: Proved) -> list[Class]:
    """The classes that are not equal, one for each pair of rules; what nobody announced comes first."""
    found = {
        (i.entry, i.causes_before, i.causes_after, i.aspects, i.undecided): i
        for i in reversed(proved.classes)
        if not i.is_equal
    }
    in_order = list(reversed(found.values()))
    return sorted(in_order, key=lambda item: bool(not item.undecided and proved.announced.of(item)))


def _difference_lines(item: Class, announced: Announced) -> Iterator[str]:
    path = (item.request or {}).get(PATH) or "/"
    said = announced.of(item)
    word = "undecided" if item.undecided else "announced" if said else "UNANNOUNCED"
    aspects = ", ".join(str(aspect) for aspect in item.aspects) or item.undecided
    yield f"{word} difference in {aspects}: {request_text(item)}"
    yield f"  App Mesh  {outcome_text(item.before, path)}"
    yield f"            by {_by(item.causes_before)}"
    yield f"  Istio     {outcome_text(item.after, path)}"
    yield f"            by {_by(item.causes_after)}"
    if said:
        yield f"  said by   {said}"
    yield f"  see it    {curl_of(item)}"


def _by(causes: tuple[Cause, ...]) -> str:
    return ", ".join(dict.fromkeys(f"{cause.ref} {cause.path}".strip() for cause in causes)) or "no object"


def verify_data(shown: ProofShown) -> dict[str, Json]:
    """Return `verify --json`'s data."""
    proved = shown.proved
    routing = proved.proof.routing
    return {
        "classes": routing_data(routing),
        "differences": [_difference_data(item, proved.announced) for item in _differing(proved)],
        "calls": calls_data(proved.proof),
        "witnesses": shown.witnesses or None,
    }


def routing_data(routing: RoutingProof) -> dict[str, Json]:
    """Return the counts of classes."""
    return {
        "compared": routing.compared,
        "equal": routing.equal,
        "different": routing.announced + routing.unannounced,
        "announced": routing.announced,
        "unannounced": routing.unannounced,
        "undecided": routing.undecided,
    }


def calls_data(proof: Proof) -> dict[str, Json]:
    """Return what was proved of the calls."""
    unsafe = [
        {"state": call.state, "caller": call.caller, "callee": call.callee, "reason": call.reason}
        for call in proof.unsafe
    ]
    return {"states": proof.states, "pairs": proof.pairs, "unsafe": unsafe}


def _difference_data(item: Class, announced: Announced) -> dict[str, Json]:
    path = (item.request or {}).get(PATH) or "/"
    said = announced.of(item)
    refs = dict.fromkeys(cause.ref for cause in (*item.causes_before, *item.causes_after))
    return {
        "request": request_data(item),
        "curl": curl_of(item),
        "before": outcome_data(item.before, path),
        "after": outcome_data(item.after, path),
        "aspects": [str(aspect) for aspect in item.aspects],
        "undecided": item.undecided or None,
        "announced": bool(said),
        "announcement": said or None,
        "objects": [
            {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
            for ref in refs
        ],
    }
