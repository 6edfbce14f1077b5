"""An assessment as a person reads it: one table of features, then what each alternative asks, loses and changes."""

from collections.abc import Iterator
from textwrap import wrap

from meshmig.cli.views.fields import WIDTH
from meshmig.commands.result import AssessShown
from meshmig.model.fit import Fit, Use, Verdict

NAMED = 3
"""How many objects that use a feature are named before the rest is counted."""

_TITLE = 46
_COLUMN = 9
_SHORT = {
    "ecs_service_connect": "ECS SC",
    "vpc_lattice": "Lattice",
    "gateway_api": "Gateway",
    "istio_ambient": "ambient",
    "istio_sidecar": "sidecar",
}
_WORST_FIRST = (Verdict.LOSES, Verdict.ASKS, Verdict.DIFFERS)


def assess_text(shown: AssessShown, *, verbose: bool) -> str:
    """Write the whole; with `verbose` also what merely differs, and the page behind every statement."""
    lines = [
        f"App Mesh {shown.mesh} in {shown.cluster}: {len(shown.uses)} features, {len(shown.alternatives)} ways to go",
        "",
        *_table(shown),
    ]
    for place, _ in enumerate(shown.alternatives):
        lines += _alternative(shown, place, verbose=verbose)
    if not verbose:
        lines += ["", "Every statement has its public source: -v, or --json."]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _table(shown: AssessShown) -> Iterator[str]:
    names = [_SHORT[alternative.id] for alternative in shown.alternatives]
    yield f"{'feature':<{_TITLE}}{'objects':>8}  " + "".join(f"{name:<{_COLUMN}}" for name in names)
    for use in shown.uses:
        words = "".join(f"{fit.verdict.value:<{_COLUMN}}" for fit in use.fits)
        yield f"{use.title[: _TITLE - 1]:<{_TITLE}}{len(use.objects):>8}  {words}"
    for verdict in Verdict:
        counts = "".join(f"{_count(shown, place, verdict):<{_COLUMN}}" for place in range(len(names)))
        yield f"{verdict.value:>{_TITLE + 8}}  {counts}"


def _count(shown: AssessShown, place: int, verdict: Verdict) -> int:
    return sum(use.fits[place].verdict is verdict for use in shown.uses)


def _alternative(shown: AssessShown, place: int, *, verbose: bool) -> Iterator[str]:
    alternative = shown.alternatives[place]
    yield ""
    yield from wrap(f"{alternative.name}: asks {alternative.asks}", WIDTH, subsequent_indent="  ")
    if verbose:
        yield f"  {alternative.source}"
    for verdict in _WORST_FIRST if verbose else _WORST_FIRST[:2]:
        for use in shown.uses:
            fit = use.fits[place]
            if fit.verdict is verdict:
                yield from _line(use, fit, verbose=verbose)


def _line(use: Use, fit: Fit, *, verbose: bool) -> Iterator[str]:
    yield from wrap(
        f"{fit.verdict.value:<7} {use.title}: {fit.note}", WIDTH, initial_indent="  ", subsequent_indent=" " * 10
    )
    kept = use.objects if verbose else use.objects[:NAMED]
    more = f", … {len(use.objects) - len(kept)} more" if len(kept) < len(use.objects) else ""
    named = ", ".join(str(ref) for ref in kept)
    yield from wrap(f"{named}{more}", WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 10)
    if verbose:
        yield " " * 10 + fit.source
