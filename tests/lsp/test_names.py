"""Names followed over the real protocol: definition, references, rename, symbols, folding."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsp.client import Editor, Json, applied, editor
from tests.lsp.test_session import GATES, SITE

OTHER = """mig 1

use "gates.mig"

migration other {
  cluster  files "shop"
  from     appmesh "shop"
  to       istio
}

group front {
  workloads shop/front
}

profile quick {
  check    healthy
}

stage 1 "all" {
  protect
  move front using quick with { check healthy }
  check healthy for 10m
}
"""


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor with one of two migrations open that share a file of gates."""
    folder = tmp_path_factory.mktemp("site")
    for name, text in {"gates.mig": GATES, "site.mig": SITE, "other.mig": OTHER}.items():
        (folder / name).write_text(text)
    with editor(folder) as begun:
        begun.open("site.mig")
        yield begun


def _place(text: str, word: str, nth: int = 0) -> tuple[int, int]:
    """The line and character of the nth occurrence of a word."""
    offset = -1
    for _ in range(nth + 1):
        offset = text.index(word, offset + 1)
    before = text[:offset]
    return before.count("\n"), offset - (before.rfind("\n") + 1)


def _spots(locations: list[Json]) -> list[tuple[str, int, int]]:
    return [
        (Path(each["uri"]).name, each["range"]["start"]["line"], each["range"]["start"]["character"])
        for each in locations
    ]


def test_definition_across_files(at: Editor) -> None:
    """A gate that a profile checks is defined in the used file; a profile in its own."""
    gate = at.request("textDocument/definition", at.at("site.mig", _place(SITE, "healthy")))
    profile = at.request("textDocument/definition", at.at("site.mig", _place(SITE, "gentle", 1)))

    assert _spots(gate) == [("gates.mig", *_place(GATES, "healthy"))]
    assert _spots(profile) == [("site.mig", *_place(SITE, "gentle"))]


def test_definition_of_a_use_is_the_file(at: Editor) -> None:
    """On the path of a `use` the editor opens that file."""
    found = at.request("textDocument/definition", at.at("site.mig", _place(SITE, "gates.mig")))

    assert _spots(found) == [("gates.mig", 0, 0)]


def test_nothing_is_defined_at_a_word(at: Editor) -> None:
    """A word of the language has no definition."""
    assert at.request("textDocument/definition", at.at("site.mig", _place(SITE, "profile"))) == []


@pytest.mark.parametrize("name", ["site.mig", "gates.mig", "other.mig"])
def test_references_in_every_file_that_knows_the_name(at: Editor, name: str) -> None:
    """Also in a migration that is not open: asked from whichever file."""
    text = {"site.mig": SITE, "gates.mig": GATES, "other.mig": OTHER}[name]
    params = at.at(name, _place(text, "healthy")) | {"context": {"includeDeclaration": True}}
    found = at.request("textDocument/references", params)
    without = at.request("textDocument/references", params | {"context": {"includeDeclaration": False}})

    uses = [("other.mig", *_place(OTHER, "healthy", nth)) for nth in range(3)]
    uses.append(("site.mig", *_place(SITE, "healthy")))
    assert _spots(found) == [("gates.mig", *_place(GATES, "healthy")), *uses]
    assert _spots(without) == uses


def test_rename_across_files(at: Editor) -> None:
    """Every file that knows the gate is edited, and checks without errors afterwards."""
    params = at.at("site.mig", _place(SITE, "healthy"))
    asked = at.request("textDocument/prepareRename", params)
    edit = at.request("textDocument/rename", params | {"newName": "fit"})

    texts = {"gates.mig": GATES, "site.mig": SITE, "other.mig": OTHER}
    renamed = {name: applied(text, edit["changes"][at.uri(name)]) for name, text in texts.items()}
    assert asked["placeholder"] == "healthy"
    assert renamed == {name: text.replace("healthy", "fit") for name, text in texts.items()}


@pytest.mark.parametrize(
    ("word", "nth", "new", "why"),
    [
        ("healthy", 0, "two words", "two words"),
        ("healthy", 0, "5", "5"),
        ("healthy", 0, "", "no name"),
        ("healthy", 0, "fit # ", "no name"),
        ("healthy", 0, "fit\n", "no name"),
        ("healthy", 0, "a} gate b {", "a} gate b {"),
        ("front", 2, "rest", "rest"),
        ("protect", 0, "x", "no name"),
    ],
)
def test_rename_refuses_what_would_break_the_files(at: Editor, word: str, nth: int, new: str, why: str) -> None:
    """A name that is none, or that is taken, is refused with the reason."""
    answer = at.ask("textDocument/rename", at.at("other.mig", _place(OTHER, word, nth)) | {"newName": new})

    assert answer["error"]["code"] == -32803
    assert why in answer["error"]["message"]


def test_rename_refuses_a_name_that_is_taken_elsewhere(at: Editor) -> None:
    """Another migration that uses the file has that name already: found although it is not open."""
    (at.folder / "third.mig").write_text(
        OTHER.replace("profile quick", "gate fit { require errors <= 1% over 5m }\n\nprofile quick")
    )
    at.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": at.uri("third.mig"), "type": 1}]})
    answer = at.ask("textDocument/rename", at.at("site.mig", _place(SITE, "healthy")) | {"newName": "fit"})
    (at.folder / "third.mig").unlink()
    at.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": at.uri("third.mig"), "type": 3}]})

    assert "defined twice" in answer["error"]["message"]


def test_symbols_and_folds(at: Editor) -> None:
    """The outline names every item, stages with their actions; blocks of several lines fold."""
    document = {"textDocument": {"uri": at.uri("other.mig")}}
    outline = at.request("textDocument/documentSymbol", document)
    folding = at.request("textDocument/foldingRange", document)

    assert [each["name"] for each in outline] == ["gates.mig", "other", "front", "quick", 'stage 1 "all"']
    assert [each["name"] for each in outline[-1]["children"]] == [
        "protect",
        "move front using quick with",
        "check healthy for 10m",
    ]
    assert {"startLine": 4, "endLine": 7} in folding
    assert len(folding) == 4
