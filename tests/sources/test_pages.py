"""The examples of the explain pages about manifests are run: the wrong one gives the code, the right one does not."""

import pytest

from meshmig.catalogue import page
from meshmig.sources.appmesh import CODES, lift
from tests.language.snippets import sections
from tests.sources.builders import codes, lifted
from tests.sources.pages import base, snapshots

_CHOICES = {"MIG302": {"Right": "shop"}, "MIG303": {"Wrong": "shopping", "Right": "shop"}}
"""Which Mesh is asked for, where the page is about that choice."""


def test_the_mesh_of_the_examples_is_in_order() -> None:
    """What an example adds is the only cause of its finding."""
    assert codes(lifted(base())) == []


@pytest.mark.parametrize("code", CODES)
def test_the_examples_of_a_page_are_as_it_says(code: str) -> None:
    """Each YAML example under Wrong gives the page's code and no other, each under Right gives nothing."""
    found = page(code)
    assert found is not None
    wrong, right = _found(code, found.text, "Wrong"), _found(code, found.text, "Right")

    assert wrong == [{code}] * len(wrong)
    assert right == [set()] * len(right)
    assert wrong
    assert right


def _found(code: str, text: str, heading: str) -> list[set[str]]:
    mesh = _CHOICES.get(code, {}).get(heading, "")
    return [set(codes(lift(snapshot, mesh))) for snapshot in snapshots(sections(text)[heading])]
