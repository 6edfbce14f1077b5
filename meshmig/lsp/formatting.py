"""The canonical layout as the fewest edits of lines, so that an editor's cursor and marks stay where they are."""

from difflib import SequenceMatcher
from itertools import accumulate

from meshmig.language import format_text
from meshmig.language.tree import Extent

TextEdit = tuple[Extent, str]
"""A stretch of the text, and what stands there instead."""


def format_edits(text: str, file: str) -> tuple[TextEdit, ...]:
    """Return the edits that make a text what `meshmig fmt` writes; none where the file has mistakes."""
    formatted = format_text(text.encode("utf-8", "replace"), file).text
    return () if formatted is None else line_edits(text, formatted)


def line_edits(before: str, after: str) -> tuple[TextEdit, ...]:
    """Return the edits of whole lines that make one text the other, from the first line to the last."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, old))]
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return tuple(
        (Extent(starts[low], starts[high]), "".join(new[begin:end]))
        for kind, low, high, begin, end in blocks
        if kind != "equal"
    )
