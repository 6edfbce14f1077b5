"""A field that is carried has an effect: each leaf is changed alone, and what is emitted changes."""

from collections import defaultdict
from functools import cache

import pytest

from meshmig.diagnostics import Severity
from meshmig.model.mesh import Fate
from meshmig.sources.appmesh.fates import FATES, FateRow
from meshmig.sources.appmesh.questions import WORDINGS
from meshmig.sources.appmesh.schema import KINDS, leaf_paths
from tests.targets.emitted import emitted, read
from tests.targets.mutations import Occurrence, occurrences
from tests.targets.whole_mesh import refused_mesh, whole_mesh

BODIES = whole_mesh()
PLACES = 3
"""At how many places a silent leaf is changed."""

ANSWERS = ({}, {question: wording.choices[1] for question, wording in WORDINGS.items()})


@cache
def base(number: int) -> dict[str, str]:
    return emitted(BODIES, ANSWERS[number])


def has_effect(occurrence: Occurrence, row: FateRow) -> bool:
    """An asked leaf may need the other answers to show."""
    changed = occurrence.applied(BODIES)
    numbers = (0, 1) if row.fate is Fate.ASKED else (0,)
    return any(emitted(changed, ANSWERS[number]) != base(number) for number in numbers)


@cache
def by_leaf() -> dict[tuple[str, str], list[Occurrence]]:
    found = defaultdict(list)
    for occurrence in occurrences(BODIES):
        found[occurrence.kind, occurrence.leaf].append(occurrence)
    return found


def rows() -> dict[tuple[str, str], FateRow]:
    return {(kind, leaf): FATES[kind][leaf] for kind in KINDS for leaf in sorted(leaf_paths(kind))}


def test_the_mesh_of_all_leaves_is_whole_and_lifts() -> None:
    """No leaf is forgotten, and nothing in the mesh is an error, so that every effect can be seen."""
    wanted = {key for key, row in rows().items() if row.fate is not Fate.REFUSED}
    findings = read(BODIES)[1].findings

    assert set(by_leaf()) == wanted
    assert [f"{f.code} {f.message}" for f in findings if f.severity is Severity.ERROR] == []


def test_no_leaf_that_has_a_target_is_inert() -> None:
    """Carried, approximated and asked leaves change what is emitted; silent ones say why they do not, and do not."""
    counted: dict[str, int] = defaultdict(int)
    inert, loud = [], []
    for key, row in rows().items():
        counted["silent" if row.silent else row.fate.value] += 1
        if row.fate is Fate.REFUSED:
            continue
        places = by_leaf()[key][: PLACES if row.silent else None]
        effect = any(has_effect(occurrence, row) for occurrence in places)
        if not effect and not row.silent:
            inert.append(key)
        if effect and row.silent:
            loud.append(key)
    parts = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
    print(f"\n{sum(counted.values())} leaves, {parts}, {len(inert)} inert")

    assert inert == []
    assert loud == []


def test_every_refused_leaf_is_an_error_at_its_place() -> None:
    """A refusal stops the plan, and names the field."""
    bodies = refused_mesh()
    findings = [f for f in read(bodies)[1].findings if f.severity is Severity.ERROR]
    told = {(f.object.kind, f.object.name, f.path) for f in findings if f.object}
    refused = {key for key, row in rows().items() if row.fate is Fate.REFUSED}
    silent = []
    for occurrence in occurrences(bodies):
        key = (occurrence.kind, occurrence.leaf)
        body = bodies[occurrence.number]
        path = _written(occurrence)
        if key in refused:
            refused.discard(key) if _is_told(told, body, path) else silent.append((key, path))

    assert refused == set()
    assert silent == []


def _written(occurrence: Occurrence) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in occurrence.steps)
    return "".join(steps).removeprefix(".")


def _is_told(told: set[tuple[str, str, str]], body: dict, path: str) -> bool:
    kind, name = body["kind"], body["metadata"]["name"]
    return any(k == kind and n == name and p and path.startswith(p) for k, n, p in told)


@pytest.mark.parametrize("question", sorted(WORDINGS))
def test_every_question_that_is_asked_changes_what_is_emitted(question: str) -> None:
    """An answer without an effect would be no choice."""
    first, *others = WORDINGS[question].choices

    assert emitted(BODIES, {question: first}) == base(0)
    assert all(emitted(BODIES, {question: other}) != base(0) for other in others)
