"""What the file decides for a whole plan: params, what is adopted and taken over, and what its words came to."""

from collections.abc import Iterator

from meshmig.cli.views.fields import wrapped
from meshmig.model.intent import Window
from meshmig.model.objects import Json, ObjectRef
from meshmig.model.plan import Claim, Plan


def terms_lines(plan: Plan) -> Iterator[str]:
    """Say each decision in a line of its own."""
    terms = plan.terms
    for param in terms.params:
        yield f"param        {param.name} = {param.value}   (of {', '.join(param.choices)})"
    for window in terms.windows:
        yield from wrapped("writes       ", window_text(window))
    for notify in terms.notifications:
        yield from wrapped("told         ", f"{notify.channel} {notify.target}, on {', '.join(notify.occasions)}")
    for item in terms.selected:
        if [item.text] != list(item.workloads):
            names = ", ".join(item.workloads) or "nothing"
            yield from wrapped("selected     ", f"stage {item.stage} {item.text} ({len(item.workloads)}): {names}")
    for ref in terms.raw:
        yield f"raw          {ref}, as it stands in the file"
    yield from _claim_lines(terms.claims)


def window_text(window: Window) -> str:
    """Say when writes may start, or may not."""
    return f"{'never start' if window.blackout else 'start only'} {window.text}"


def window_data(window: Window) -> Json:
    """Return a window in the contract's shape."""
    return {"blackout": window.blackout, "text": window.text}


def _claim_lines(claims: tuple[Claim, ...]) -> Iterator[str]:
    for claim in claims:
        if not claim.field:
            by = f", which {' and '.join(claim.managers)} wrote" if claim.managers else ""
            yield from wrapped("adopted      " if claim.said else "not adopted  ", f"{claim.ref}{by}")
    groups: dict[tuple[str, str, str], list[str]] = {}
    for claim in (claim for claim in claims if claim.field):
        key = (claim.field, claim.ref.kind, " and ".join(claim.managers))
        groups.setdefault(key, []).append(claim.ref.id)
    for (field, kind, managers), names in groups.items():
        yield from wrapped("taken over   ", f"{field} from {managers}: {kind} {', '.join(names)}")


def terms_data(plan: Plan) -> dict[str, Json]:
    """Return the same in the contract's shape."""
    terms = plan.terms
    return {
        "params": [{"name": p.name, "choices": list(p.choices), "value": p.value} for p in terms.params],
        "windows": [window_data(window) for window in terms.windows],
        "notifications": [
            {"channel": item.channel.value, "target": item.target, "occasions": [o.value for o in item.occasions]}
            for item in terms.notifications
        ],
        "selected": [
            {"stage": item.stage, "selection": item.text, "workloads": list(item.workloads)} for item in terms.selected
        ],
        "raw": [_ref_data(ref) for ref in terms.raw],
        "adopted": [_claim_data(claim) for claim in terms.claims if not claim.field],
        "taken_over": [_claim_data(claim) for claim in terms.claims if claim.field],
    }


def _claim_data(claim: Claim) -> Json:
    return {
        "object": _ref_data(claim.ref),
        "field": claim.field or None,
        "managers": list(claim.managers),
        "said": claim.said,
    }


def _ref_data(ref: ObjectRef) -> Json:
    return {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
