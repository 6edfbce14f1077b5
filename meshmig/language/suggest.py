"""The nearest valid word."""

from collections.abc import Iterable

SYNONYMS = {
    "shift": "move",
    "delete": "retire",
    "revert": "rollback",
    "hold": "pause",
    "latency": "slower_than",
    "error_rate": "errors",
    "success": "success_rate",
    "need": "advance",
    "select": "workloads",
    "exclude": "except",
    "phase": "stage",
    "import": "use",
    "include": "use",
    "ignore": "allow",
    "disabled": "permissive",
    "inplace": "in_place",
}
"""Words that other tools use for what a word of the language says."""


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return the valid word that is most likely meant, or nothing: one slip in three letters is the limit.

    Of equally near words the first in alphabetical order is taken.
    """
    choices = sorted(set(valid))
    lowered = word.lower()
    if SYNONYMS.get(lowered) in choices:
        return SYNONYMS[lowered]
    limit = max(1, min(3, len(word) // 3)) if len(word) > 1 else 0
    short = (choice for choice in choices if abs(len(choice) - len(word)) <= limit)
    ranked = sorted((distance(lowered, choice.lower()), choice) for choice in short)
    return ranked[0][1] if ranked and ranked[0][0] <= limit else ""


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
