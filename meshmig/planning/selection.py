"""Which workloads a selection means, and what is wrong with it."""

from fnmatch import fnmatchcase

from meshmig.diagnostics import Severity
from meshmig.model.intent import Move, Selection, Waves
from meshmig.model.mesh import Workload
from meshmig.model.plan import Selected
from meshmig.planning.journey import Journey

MOST = 2_000
"""So many workloads one selection may stand for."""


def select(journey: Journey, selection: Selection) -> tuple[str, ...]:
    """Return the workloads of a selection in the order of the calls; what is wrong becomes a finding."""
    if selection.rest:
        chosen = _rest(journey)
    else:
        chosen = {w.id for w in journey.mesh.workloads if takes(selection, w)}
        _check(journey, selection, chosen)
    order = [name for group in journey.order for name in group]
    twice = sorted(name for name in chosen if name in journey.moved)
    for name in twice:
        help_text = "name it in one stage only, or exclude it here with `except`"
        journey.find("MIG413", Severity.ERROR, f"{name} is moved twice", help=help_text, span=selection.span)
    found = tuple(name for name in order if name in chosen and name not in journey.moved)
    journey.selected.append(Selected(stage=journey.stage, text=_text(selection), workloads=found))
    return _bounded(journey, selection, found)


def _text(selection: Selection) -> str:
    if selection.rest:
        return "rest"
    return selection.group or ", ".join(pattern.text for pattern in selection.patterns)


def _bounded(journey: Journey, selection: Selection, found: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what nobody can review; the rest of the plan is made without it."""
    if len(found) <= MOST:
        return found
    message = f"`{_text(selection)}` stands for {len(found)} workloads, more than the {MOST} that one selection may"
    help_text = "narrow the patterns, or move them in several stages"
    journey.find("MIG418", Severity.ERROR, message, help=help_text, span=selection.span)
    return ()


def takes(selection: Selection, workload: Workload) -> bool:
    """Say whether a selection of patterns means a workload."""
    named = any(fnmatchcase(workload.id, pattern.text) for pattern in selection.patterns)
    excepted = any(fnmatchcase(workload.id, pattern.text) for pattern in selection.excepts)
    return named and not excepted and _meets(selection, workload)


def _meets(selection: Selection, workload: Workload) -> bool:
    return all((workload.labels.get(c.key) == c.value) == c.equal for c in selection.conditions)


def _check(journey: Journey, selection: Selection, chosen: set[str]) -> None:
    known = ", ".join(workload.id for workload in journey.mesh.workloads[:5])
    for pattern in selection.patterns:
        if not any(fnmatchcase(workload.id, pattern.text) for workload in journey.mesh.workloads):
            help_text = f"the mesh's workloads are {known}, …" if known else "the mesh has no workload"
            message = f"`{pattern.text}` selects no workload of the mesh"
            journey.find("MIG410", Severity.ERROR, message, help=help_text, span=pattern.span or selection.span)
    if selection.expect is not None and not selection.expect[0] <= len(chosen) <= selection.expect[1]:
        low, high = selection.expect
        message = f"{len(chosen)} workloads are selected where {low}..{high} are expected: {', '.join(sorted(chosen))}"
        journey.find("MIG411", Severity.ERROR, message, help="change `expect` or the patterns", span=selection.span)


def _rest(journey: Journey) -> set[str]:
    """All that no other selection of the migration names."""
    named: set[str] = set(journey.moved)
    for stage in journey.request.migration.stages:
        for action in stage.actions:
            if isinstance(action, Move | Waves) and not action.selection.rest:
                named |= {w.id for w in journey.mesh.workloads if takes(action.selection, w)}
    return {workload.id for workload in journey.mesh.workloads} - named
