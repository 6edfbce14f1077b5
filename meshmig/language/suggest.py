"""The nearest valid word."""

from collections.abc import Iterable, Mapping

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "shift": ("move",),
    "cutover": ("move",),
    "delete": ("retire",),
    "remove": ("retire",),
    "uninstall": ("retire",),
    "deploy": ("install",),
    "revert": ("rollback",),
    "undo": ("rollback",),
    "abort": ("rollback", "pause"),
    "hold": ("pause", "bake", "wait"),
    "stop": ("pause",),
    "sleep": ("wait",),
    "on_failure": ("fail",),
    "on_fail": ("fail",),
    "latency": ("slower_than",),
    "duration": ("slower_than",),
    **dict.fromkeys(("p50", "p90", "p95", "p99", "p999"), ("slower_than",)),
    "error_rate": ("errors",),
    "success": ("success_rate",),
    "availability": ("success_rate",),
    "threshold": ("require",),
    "assert": ("require",),
    "need": ("advance",),
    **dict.fromkeys(("baseline", "control", "stable", "current", "previous", "before"), ("old",)),
    "interval": ("bake",),
    "weight": ("steps",),
    "weights": ("steps",),
    "setweight": ("steps",),
    **dict.fromkeys(("select", "services", "pods", "deployments"), ("workloads",)),
    "selector": ("where",),
    "exclude": ("except",),
    "phase": ("stage",),
    "step": ("stage", "steps"),
    "test": ("run", "check"),
    "verify": ("check",),
    "import": ("use",),
    "include": ("use",),
    **dict.fromkeys(("variable", "var", "let", "const", "locals"), ("param",)),
    "ignore": ("allow",),
    "accept": ("allow",),
    "disabled": ("permissive",),
    "tls": ("mtls",),
    "inplace": ("in_place",),
    "bluegreen": ("blue_green",),
    "freeze": ("blackout", "protect"),
    "slack": ("webhook",),
    "email": ("command",),
    **{day: (day[:3],) for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")},
}
"""Words of other tools for what a word of the language says; the first one that is valid at the place is meant."""

_PREFIX = 4
"""So many letters of a word stand for the whole of it."""


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return the valid word that is most likely meant, or nothing: one slip in three letters is the limit.

    Of equally near words the first in alphabetical order is taken.
    """
    choices = sorted(set(valid))
    lowered = word.lower()
    known = meant(lowered, choices)
    if known:
        return known
    limit = max(1, min(3, len(word) // 3)) if len(word) > 1 else 0
    short = (choice for choice in choices if abs(len(choice) - len(word)) <= limit)
    ranked = sorted((distance(lowered, choice.lower()), choice) for choice in short)
    if ranked and ranked[0][0] <= limit:
        return ranked[0][1]
    begun = [choice for choice in choices if choice.startswith(lowered)] if len(word) >= _PREFIX else []
    return begun[0] if len(begun) == 1 else ""


def meant(lowered: str, valid: Iterable[str]) -> str:
    """Return the valid word that is surely meant: the same in other letters, or what another tool's word says."""
    choices = tuple(valid)
    return next((choice for choice in (lowered, *SYNONYMS.get(lowered, ())) if choice in choices), "")


def distance(one: str, other: str) -> int:
    """Count the slips between two words: letters added, left out, replaced, or swapped with a neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        last, row, older = row, [i], before
        for j, right in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]
