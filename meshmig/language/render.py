"""A finding as plain text: what is wrong, the line it stands on, a caret, and the next act."""

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from meshmig.diagnostics import Diagnostic, Span
from meshmig.language.source import HIDDEN

WIDTH = 100
_JOINING = {"Mn", "Me"}
"""Categories of signs that are drawn over the one before them: accents, vowel signs, variation selectors."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A stretch to underline on one line: `^` for the finding itself, `-` for further places."""

    span: Span
    sign: str
    text: str


def render_finding(finding: Diagnostic, sources: Mapping[str, str], width: int = WIDTH) -> str:
    """Write a finding with its source lines; `sources` holds each file's text, a missing one shows no lines.

    The text has no final newline, no colour, and lines of at most `width` columns where words allow it.
    """
    marks = _marks(finding)
    gutter = max([2, *(len(str(mark.span.line)) for mark in marks)])
    title = f"{finding.severity.value} {finding.code}: {finding.message}"
    lines = [*_wrapped(title, "", "  ", width)]
    if finding.span is not None:
        lines += _places(finding.span, marks, sources, (gutter, width))
    elif finding.object is not None:
        lines.append(f"{' ' * gutter}┌─ {finding.object}{f' {finding.path}' if finding.path else ''}")
    if finding.help:
        lines += _wrapped(finding.help, f"{' ' * gutter}= ", f"{' ' * gutter}  ", width)
    return "\n".join([*lines, f"{' ' * gutter}more: meshmig explain {finding.code}"])


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    return textwrap.wrap(
        _visible(text),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _marks(finding: Diagnostic) -> list[_Mark]:
    """Return every stretch to show; the label that lies on the finding's own place is said beside its caret."""
    if finding.span is None:
        return []
    own = next((label.text for label in finding.labels if label.span == finding.span), "")
    others = [_Mark(label.span, "-", label.text) for label in finding.labels if label.span != finding.span]
    return [_Mark(finding.span, "^", own), *others]


def _places(span: Span, marks: list[_Mark], sources: Mapping[str, str], room: tuple[int, int]) -> Iterator[str]:
    """Write the finding's file first; lines of one file rise, another file gets its own heading."""
    files = dict.fromkeys([span.file, *(mark.span.file for mark in marks)])
    for file in files:
        chosen = sorted((mark for mark in marks if mark.span.file == file), key=lambda mark: mark.span)
        head = chosen[0].span if file != span.file else span
        yield f"{' ' * room[0]}┌─ {_visible(file)}:{head.line}:{head.column}"
        yield from _lines(chosen, sources.get(file, "").split("\n"), *room)


def _lines(marks: list[_Mark], text: list[str], gutter: int, width: int) -> Iterator[str]:
    shown = 0
    for number, on_line in groupby(marks, lambda mark: mark.span.line):
        if number > len(text) or not text[number - 1].strip():
            continue
        room = _Room(text[number - 1].rstrip("\r"), tuple(on_line), width - gutter - 2)
        yield from [f"{' ' * gutter}·"] if shown and number > shown + 1 else []
        yield f"{number:>{gutter}}│ {room.line}"
        yield from (f"{' ' * gutter}│ {line}" for line in room.underlines)
        shown = number


class _Room:
    """One source line in the room there is: cut to the part around its marks, each mark beneath it."""

    def __init__(self, line: str, marks: tuple[_Mark, ...], width: int) -> None:
        self._width, self._marks = width, marks
        self._places = [_place(line, mark.span) for mark in marks]
        shown = _visible(line)
        self._left = self._first_column(_columns(shown))
        self.line = _window(shown, self._left, width)

    @property
    def underlines(self) -> Iterator[str]:
        """The carets of each mark that is in sight, its text beside them or, where it does not fit, beneath."""
        for mark, (start, length) in zip(self._marks, self._places, strict=True):
            indent = start - self._left
            if not 0 <= indent < self._width:
                continue
            carets = " " * indent + mark.sign * min(length, self._width - indent)
            if len(carets) + 1 + _columns(mark.text) <= self._width:
                yield f"{carets} {mark.text}".rstrip()
            else:
                yield carets
                yield " " * max(0, min(indent, self._width - _columns(mark.text))) + mark.text

    def _first_column(self, total: int) -> int:
        """Return the first column shown: all marks are in sight where they fit, else the finding's own place."""
        if total <= self._width:
            return 0
        low, high = self._places[0][0], max(start + length for start, length in self._places)
        if high - low > self._width - 2:
            own = next((place for mark, place in zip(self._marks, self._places, strict=True) if mark.sign == "^"), None)
            low, length = own or self._places[0]
            high = low + min(length, self._width - 2)
        left = max(0, low - (self._width - (high - low)) // 2)
        return min(left, total - self._width)


def _place(line: str, span: Span) -> tuple[int, int]:
    """Return the first column of a span on its first line, and how many columns it takes there, at least one."""
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    return _columns(_visible(line[:start])), max(1, _columns(_visible(line[start:end])))


def _window(text: str, left: int, width: int) -> str:
    """Return the columns of a text from `left` on, with `…` where it goes on outside."""
    column, kept = 0, ""
    for sign in text if not text.isascii() else text[left : left + width + 1]:
        column += _columns(sign)
        kept += sign if text.isascii() or column > left else ""
        if _columns(kept) > width:
            break
    if left:
        kept = "…" + kept[1:]
    while _columns(kept) > width:
        kept = kept[:-2] + "…"
    return kept


def _visible(text: str) -> str:
    """Show what a terminal would obey or hide as a sign of its own; a tab is one column wide."""
    return HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\t", " "))


def _columns(text: str) -> int:
    """Return how many columns a terminal gives a text: wide characters take two, those that join another one none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(sign) in _JOINING else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )
