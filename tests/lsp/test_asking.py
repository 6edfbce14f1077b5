"""Hover and completion over the real protocol, with a folder of manifests beside the file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsp.client import Editor, applied, editor
from tests.program import example


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """An editor with the worked example open."""
    file = example("shop", tmp_path_factory.mktemp("plans"))
    with editor(file.parent) as begun:
        begun.open("shop.mig")
        yield begun


def _place(file: Path, word: str) -> tuple[int, int]:
    text = file.read_text()
    before = text[: text.index(word)]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def test_hover_over_a_name_a_word_and_a_group(at: Editor) -> None:
    """Markdown about the very stretch that the cursor is in."""
    file = at.folder / "shop.mig"
    group = at.request("textDocument/hover", at.at("shop.mig", _place(file, "read_path using")))
    gate = at.request("textDocument/hover", at.at("shop.mig", _place(file, "healthy")))
    word = at.request("textDocument/hover", at.at("shop.mig", _place(file, "keep")))

    assert "2 of 6 workloads: `shop/catalog-v1`, `shop/catalog-v2`" in group["contents"]["value"]
    assert group["range"]["end"]["character"] - group["range"]["start"]["character"] == len("read_path")
    assert "envoy_cluster_upstream_rq" in gate["contents"]["value"]
    assert gate["contents"]["kind"] == "markdown"
    assert word["contents"]["value"].startswith("**keep**: ")


def test_completion_while_typing(at: Editor) -> None:
    """A workload of the folder is offered and put in place of what is begun; the file then checks."""
    text = (at.folder / "shop.mig").read_text()
    begun = text.replace("workloads shop/catalog-*", "workloads shop/cat").replace("expect    2..2", "expect    1..2")
    at.change("shop.mig", begun)
    line, character = _place(at.folder / "shop.mig", "shop/catalog-*")
    params = at.at("shop.mig", (line, character + len("shop/cat")))
    items = at.request("textDocument/completion", params)
    chosen = next(item for item in items if item["label"] == "shop/catalog-v2")
    at.diagnostics("shop.mig")
    at.change("shop.mig", applied(begun, [chosen["textEdit"]]))

    assert chosen["detail"] == "Deployment"
    assert at.diagnostics("shop.mig") == []
    assert "workloads shop/catalog-v2\n" in applied(begun, [chosen["textEdit"]])


def test_completion_of_codes_says_what_they_mean(at: Editor) -> None:
    """`allow` offers the findings of plan and precheck, with the titles of their pages."""
    at.change("shop.mig", "mig 1\nallow ")
    items = at.request("textDocument/completion", at.at("shop.mig", (1, 6)))

    details = {item["label"]: item["detail"] for item in items}
    assert "in place" in details["MIG401"]
    assert details["P01"]
    assert not [label for label in details if label.startswith(("MIG1", "MIG2"))]
