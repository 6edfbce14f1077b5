"""Bytes by name, whole or not at all."""

from pathlib import Path

import pytest

from meshmig.adapters.store import FolderStore, MemoryStore
from meshmig.diagnostics import RejectedError


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_both_stores_do_the_same(kind: str, tmp_path: Path) -> None:
    """Nothing, then what was written, then what was appended, then replaced."""
    store = FolderStore(tmp_path / "deep" / "er") if kind == "folder" else MemoryStore()
    seen = [store.read("a"), store.names()]
    store.append("a", b"1\n")
    store.append("a", b"2\n")
    store.write("b", b"x")
    seen += [store.read("a"), store.names()]
    store.write("a", b"new\n")
    store.append("a", b"3\n")

    assert seen == [None, (), b"1\n2\n", ("a", "b")]
    assert store.read("a") == b"new\n3\n"


def test_a_torn_line_is_cut_off_by_the_next_process(tmp_path: Path) -> None:
    """What comes after it must not be glued to it."""
    (tmp_path / "a").write_bytes(b"whole\nto")

    FolderStore(tmp_path).append("a", b"next\n")

    assert (tmp_path / "a").read_bytes() == b"whole\nnext\n"


def test_a_write_that_was_killed_leaves_the_old(tmp_path: Path) -> None:
    """The new bytes lie beside until they are whole, and are no name."""
    store = FolderStore(tmp_path)
    store.write("a", b"old")
    (tmp_path / "a.part").write_bytes(b"ne")

    assert store.read("a") == b"old"
    assert store.names() == ("a",)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """With the path and the reason, not a traceback."""
    (tmp_path / "file").write_text("x")
    store = FolderStore(tmp_path / "file" / "state")

    for act in (lambda: store.write("a", b""), lambda: store.append("a", b"")):
        with pytest.raises(RejectedError) as refused:
            act()
        assert refused.value.findings[0].code == "MIG615"
