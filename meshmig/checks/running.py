"""Every check carried out, and the file's `allow` applied: an accepted finding is shown with its reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from meshmig.checks.check import Check
from meshmig.checks.facts import Facts
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.intent import Allow
from meshmig.model.precheck import Fired, Gap, Looked

CODES: dict[str, str] = {"MIG754": "an `allow` of a precheck silences nothing"}


def look(facts: Facts, checks: Iterable[Check]) -> tuple[Looked, ...]:
    """Carry the checks out, in the order given."""
    reasons = {allow.code: allow.because for allow in facts.migration.allows}
    return tuple(_looked(check, facts, reasons) for check in checks)


def _looked(check: Check, facts: Facts, reasons: Mapping[str, str]) -> Looked:
    seen = tuple(check.look(facts))
    fired = tuple(dict.fromkeys(one for one in seen if isinstance(one, Fired)))
    gaps = tuple(dict.fromkeys(one for one in seen if isinstance(one, Gap)))
    because = reasons.get(check.code, "") if fired else ""
    findings = tuple(_diagnostic(check, one, because) for one in fired)
    return Looked(code=check.code, title=check.title, fired=fired, gaps=gaps, findings=findings, accepted=because)


def _diagnostic(check: Check, fired: Fired, because: str) -> Diagnostic:
    ref = fired.evidence.ref
    found = Diagnostic(
        code=check.code,
        severity=fired.severity or check.severity,
        message=fired.message,
        help=fired.remedy or check.remedy,
        object=ref.object_name if ref else None,
        path=fired.evidence.path,
    )
    return replace(found, severity=Severity.INFO, help=f"accepted: {because}") if because else found


def idle_allows(allows: Sequence[Allow], results: Sequence[Looked]) -> tuple[Diagnostic, ...]:
    """Tell of an `allow P…` that accepted nothing, so that files do not collect dead ones."""
    fired = {result.code for result in results if result.fired}
    return tuple(
        Diagnostic(
            code="MIG754",
            severity=Severity.WARNING,
            message=f"`allow {allow.code}` silences nothing: that check did not fire",
            help="take it out",
            span=allow.span,
        )
        for allow in allows
        if allow.code.startswith("P") and allow.code not in fired
    )


def unknown_pods(facts: Facts) -> tuple[Diagnostic, ...]:
    """Tell of dumps that belong to no VirtualNode or VirtualGateway of the mesh: nothing looks at them."""
    known = {dump.name for owner in facts.owners_with_pods() for dump in facts.dumps_of(owner)}
    return tuple(
        Diagnostic(
            code="MIG753",
            severity=Severity.WARNING,
            message=f"the dump of {dump.name} is of no pod of this mesh: it tells nothing here",
            help="name the file by the pod, or put it in a folder of the namespace's name",
        )
        for dump in facts.dumps
        if dump.name not in known
    )
