"""Positions as the protocol counts them, and changes that are given by them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshmig.lsp.documents import Change, Document, changed
from meshmig.lsp.positions import Lines, Position

TEXTS = st.text(alphabet=st.sampled_from(["a", "é", "漢", "🦔", "\n", "\r", "\u2028", "\f", " "]), max_size=30)
ENCODINGS = ["utf-8", "utf-16", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=TEXTS)
def test_there_and_back(encoding: str, text: str) -> None:
    """Every place between two characters has one position, except within a line's end."""
    lines = Lines(text, encoding)
    within = {place + 1 for place in range(len(text)) if text[place : place + 2] == "\r\n"}

    for offset in range(len(text) + 1):
        if offset not in within:
            assert lines.offset(lines.position(offset)) == offset


@pytest.mark.parametrize(
    ("encoding", "characters"), [("utf-8", [0, 1, 3, 7, 8]), ("utf-16", [0, 1, 2, 4, 5]), ("utf-32", [0, 1, 2, 3, 4])]
)
def test_columns_are_code_units(encoding: str, characters: list[int]) -> None:
    """One, two, four bytes; one unit or two; a character is a character."""
    lines = Lines("\naé🦔b", encoding)

    assert [lines.position(offset).character for offset in range(1, 6)] == characters


def test_lines_end_as_the_protocol_says() -> None:
    """Not where Python's own splitting would end them."""
    lines = Lines("a\r\nb\rc\nd\u2028e\ff", "utf-16")

    assert [lines.position(offset).line for offset in (0, 3, 5, 7, 9, 11)] == [0, 1, 2, 3, 3, 3]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_positions_out_of_reach_are_the_nearest(encoding: str) -> None:
    """Beyond the line, beyond the text, within one character."""
    lines = Lines("ab🦔\ncd", encoding)

    assert lines.offset(Position(0, 99)) == 3
    assert lines.offset(Position(99, 0)) == 6
    assert lines.offset(Position(0, 3)) in (2, 3)


@given(TEXTS, st.data())
def test_a_change_is_a_splice(text: str, data: st.DataObject) -> None:
    """What stands between two positions is replaced, whatever the characters are."""
    lines = Lines(text, "utf-16")
    whole = [offset for offset in range(len(text) + 1) if lines.offset(lines.position(offset)) == offset]
    start = data.draw(st.sampled_from(whole))
    end = data.draw(st.sampled_from([offset for offset in whole if offset >= start]))
    new = data.draw(TEXTS)
    before = Document(uri="file:///a", path="/a", version=1, text=text, encoding="utf-16")
    after = changed(before, [Change(start=lines.position(start), end=lines.position(end), text=new)], 2)

    assert after.text == text[:start] + new + text[end:]
    assert after.version == 2


def test_changes_follow_each_other() -> None:
    """Each is meant for what the one before left; one without positions is the whole text."""
    before = Document(uri="file:///a", path="/a", version=1, text="abc", encoding="utf-16")
    changes = [
        Change(start=Position(0, 1), end=Position(0, 2), text="\n"),
        Change(start=Position(1, 0), end=Position(1, 1), text="d"),
    ]

    assert changed(before, changes, 2).text == "a\nd"
    assert changed(before, [*changes, Change(text="new")], 3).text == "new"
