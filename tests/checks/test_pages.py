"""The examples of the checks' pages are run: the wrong one fires its check, the right one does not."""

import pytest

from meshmig.adapters.yaml_text import documents
from meshmig.catalogue import page
from meshmig.checks import CHECKS, CODES, Facts, look
from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Manifest
from tests.checks.world import accepted, facts, front, node
from tests.language.snippets import blocks, sections
from tests.sources import builders as make


def example(part: str) -> str:
    """The first YAML block of a part, empty where there is none."""
    return next((block.text for block in blocks(part) if block.language == "yaml"), "")


def shown(code: str) -> tuple[str, str]:
    """The wrong and the right example of a page."""
    found = page(code)
    assert found is not None
    parts = sections(found.text)
    return example(parts["Wrong"]), example(parts["Right"])


RUN = [code for code in CODES if all(shown(code))]


def world(text: str) -> Facts:
    """The small sound shop with an example's objects in the place of its own."""
    added, wrong = documents(text.encode(), "page.md")
    assert not wrong
    names = {manifest.ref for manifest in added}
    base = accepted([make.namespace(), make.mesh(), *front(), node()])
    kept = [body for body in base if Manifest(body).ref not in names]
    return facts([*kept, *(dict(manifest.body) for manifest in added)], framed=False, world=ControlPlane.GONE)


def fired(code: str, text: str) -> bool:
    looked = {one.code: one for one in look(world(text), CHECKS)}
    return bool(looked[code].fired)


@pytest.mark.parametrize("code", RUN)
def test_the_examples_of_a_page_are_as_it_says(code: str) -> None:
    """Put into the sound shop, the wrong example fires the page's check, and the right one does not."""
    wrong, right = shown(code)

    assert fired(code, wrong)
    assert not fired(code, right)


def test_most_pages_show_an_example_that_runs() -> None:
    """Only what no manifest shows (rights, dumps, routes, files) has a page without one."""
    assert len(RUN) >= len(CODES) * 3 // 4
