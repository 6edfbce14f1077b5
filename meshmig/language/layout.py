"""Rows of code and comments into text: what stands in columns, and how lines break."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

WIDTH = 120
"""Code is broken beyond this column, comments not counted."""

_ALIGNED = 72
"""Comments behind longer code stand two blanks behind it, and move no other comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line, or a broken one, with its comment. `head` is the part of a one-line block before its brace.

    `blank`: an empty line stands before it. A row without code is a comment of its own.
    """

    code: str = ""
    head: str = ""
    comment: str = ""
    indent: int = 0
    blank: bool = False


def write(rows: Iterable[Row]) -> str:
    """Write rows as text, heads and comments of neighbours in columns; the text ends with one newline."""
    lines: list[str] = []
    for run in _runs(rows):
        for row in _in_columns(run):
            lines += ["", _line(row)] if row.blank and lines else [_line(row)]
    return "\n".join([*lines, ""])


def fill(pieces: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Put pieces, each with the blanks before it, into lines.

    A line breaks only before pieces whose blanks begin with a newline sign, and only where it would be too long.
    """
    lines = [""]
    for gap, piece in _unbreakable(pieces):
        blanks = gap.lstrip("\n")
        if gap.startswith("\n") and lines[-1] and len(lines[-1]) + len(blanks) + len(piece) > width:
            lines.append(piece)
        else:
            lines[-1] += (blanks if lines[-1] else "") + piece
    return lines


def _unbreakable(pieces: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Join each piece with those behind it that may not begin a line."""
    gap, text = "", ""
    for next_gap, piece in pieces:
        if next_gap.startswith("\n") and text:
            yield gap, text
            gap, text = next_gap, piece
        else:
            text += (next_gap if text else "") + piece
    yield gap, text


def _runs(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows where a blank line, a comment of its own, or another depth begins."""
    run: list[Row] = []
    for row in rows:
        if run and (row.blank or not row.code or not run[-1].code or row.indent != run[-1].indent):
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _in_columns(run: list[Row]) -> Iterator[Row]:
    headed = [_with_heads(list(rows)) if is_headed else list(rows) for is_headed, rows in groupby(run, _is_headed)]
    rows = [row for part in headed for row in part]
    widths = [len(row.code) for row in rows if row.comment and _is_short(row)]
    column = max(widths, default=0)
    for row in rows:
        yield replace(row, code=row.code.ljust(column)) if row.comment and _is_short(row) else row


def _is_headed(row: Row) -> bool:
    return bool(row.head)


def _with_heads(rows: list[Row]) -> list[Row]:
    width = max(len(row.head) for row in rows)
    return [replace(row, code=f"{row.head.ljust(width)} {row.code}") for row in rows]


def _is_short(row: Row) -> bool:
    return bool(row.code) and "\n" not in row.code and len(row.code) <= _ALIGNED


def _line(row: Row) -> str:
    margin = " " * row.indent
    code = row.code.replace("\n", f"\n{margin}")
    return f"{margin}{code}{'  ' if code and row.comment else ''}{row.comment}"
