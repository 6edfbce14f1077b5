"""A precheck as a person reads it: what blocks, what to know, what is clear, what was not looked at, and why."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from meshmig.cli.views.fields import WIDTH, clip
from meshmig.commands.result import PrecheckShown
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.precheck import Evidence, Looked, State

PLACES_SHOWN = 4
"""How many places of equal findings are shown before the rest is counted."""
NAMES_SHOWN = 12
"""The same, where the places differ in the object only."""

_HEADS = {
    Severity.ERROR: "a move now would break something, or cannot be made",
    Severity.WARNING: "a person should decide",
    Severity.INFO: "to know; no act needed",
}


def precheck_text(shown: PrecheckShown, *, verbose: bool) -> str:
    """Write the whole; equal findings are folded unless `verbose`."""
    lines = [_head(shown)]
    for severity in _HEADS:
        lines += _section(shown, severity, verbose=verbose)
    lines += [*_accepted(shown), *_clear(shown), *_gaps(shown, verbose=verbose), "", _next(shown)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(shown: PrecheckShown) -> str:
    results = shown.results
    unseen = sum(result.state is State.NOT_LOOKED_AT for result in results)
    part = sum(bool(result.gaps) and result.state is not State.NOT_LOOKED_AT for result in results)
    fired = sum(result.state is State.FIRED for result in results)
    return (
        f"{shown.name}: App Mesh {shown.mesh} in {shown.cluster} · {len(results)} checks: "
        f"{len(results) - unseen} looked at ({part} in part), {fired} fired, {unseen} not looked at"
    )


def _section(shown: PrecheckShown, severity: Severity, *, verbose: bool) -> Iterator[str]:
    chosen = [result for result in shown.results if not result.accepted and _of(result, severity)]
    if chosen:
        count = sum(len(_of(result, severity)) for result in chosen)
        yield from (
            "",
            f"{severity.value}: {_count(count, 'finding')} of {_count(len(chosen), 'check')} ({_HEADS[severity]})",
        )
    for result in chosen:
        yield f"  {result.code} {result.title}"
        pairs = [pair for pair in zip(result.findings, result.fired, strict=True) if pair[0].severity is severity]
        pairs.sort(key=lambda pair: (pair[0].message, pair[0].help))
        for _, group in groupby(pairs, key=lambda pair: (pair[0].message, pair[0].help)):
            alike = list(group)
            yield from _group(alike[0][0], [fired.evidence for _, fired in alike], verbose=verbose)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _of(result: Looked, severity: Severity) -> list[Diagnostic]:
    return [finding for finding in result.findings if finding.severity is severity]


def _group(finding: Diagnostic, places: Sequence[Evidence], *, verbose: bool) -> Iterator[str]:
    yield from _wrapped(finding.message, "    ", "    ")
    if len({(place.path, place.value) for place in places}) == 1 and len(places) > 1:
        yield from _same_field(places, verbose=verbose)
    else:
        kept = places if verbose or len(places) <= PLACES_SHOWN + 1 else places[:PLACES_SHOWN]
        yield from (_place(place, verbose=verbose) for place in kept)
        yield from _more(len(places) - len(kept))
    if finding.help:
        yield from _wrapped(finding.help, "      = ", "        ")


def _same_field(places: Sequence[Evidence], *, verbose: bool) -> Iterator[str]:
    """Many objects with one value of one field: the field once, then the objects."""
    yield _place(Evidence(None, places[0].path, places[0].value), verbose=verbose)
    kept = places if verbose or len(places) <= NAMES_SHOWN + 1 else places[:NAMES_SHOWN]
    by_kind = groupby((place.ref for place in kept if place.ref), key=lambda ref: ref.kind)
    for kind, refs in by_kind:
        yield from _wrapped(", ".join(ref.id for ref in refs), f"      {kind} ", "        ")
    yield from _more(len(places) - len(kept))


def _more(count: int) -> Iterator[str]:
    if count:
        yield f"      … and {count} more (-v)"


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)


def _place(evidence: Evidence, *, verbose: bool) -> str:
    parts = [str(evidence.ref)] if evidence.ref else []
    parts += [
        f"{evidence.path} = {evidence.value}" if evidence.path and evidence.value else evidence.path or evidence.value
    ]
    line = f"      {'  '.join(parts)}"
    return line if verbose else clip(line)


def _accepted(shown: PrecheckShown) -> Iterator[str]:
    accepted = [result for result in shown.results if result.accepted]
    if accepted:
        yield from ("", "accepted by the file")
    for result in accepted:
        yield f"  {result.code} {result.title}: {_count(len(result.fired), 'finding')}, because {result.accepted}"


def _clear(shown: PrecheckShown) -> Iterator[str]:
    clear = [result.code for result in shown.results if result.state is State.CLEAR]
    if clear:
        yield from ("", f"clear: {' '.join(clear)}")


def _gaps(shown: PrecheckShown, *, verbose: bool) -> Iterator[str]:
    for heading, partly in (("not looked at", False), ("looked at in part", True)):
        lines = list(_gap_lines(shown, partly=partly, verbose=verbose))
        if lines:
            yield from ("", heading, *lines)


def _gap_lines(shown: PrecheckShown, *, partly: bool, verbose: bool) -> Iterator[str]:
    """Reasons that differ only in the pod are one line that names the first pod and counts the rest."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for result in shown.results:
        for gap in result.gaps:
            if gap.partly is partly:
                shape = gap.reason if verbose or not gap.pod else gap.reason.replace(gap.pod, "{}")
                codes, pods = found.setdefault(shape, ({}, {}))
                codes[result.code] = None
                pods[gap.pod] = None
    for shape, (codes, pods) in found.items():
        first, *others = pods
        named = f"{first} and {len(others)} more (-v)" if others else first
        yield from _wrapped(shape.replace("{}", named), f"  {' '.join(codes)}  ", "      ")


def _next(shown: PrecheckShown) -> str:
    stops = any(result.severity is Severity.ERROR for result in shown.results)
    if stops or any(finding.severity is Severity.ERROR for finding in shown.beside):
        return 'Nothing was changed. Mend the errors, or accept one in the file: allow CODE because "…"'
    return "Nothing was changed. Next: meshmig plan"
