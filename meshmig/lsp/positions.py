"""Offsets of characters and the protocol's positions: zero-based lines, columns in the code units agreed on."""

import re
from bisect import bisect_right
from typing import NamedTuple

_LINE_END = re.compile("\r\n|\r|\n")
_ASTRAL = 0xFFFF
"""Characters beyond this are two units of UTF-16."""


class Position(NamedTuple):
    """A place between two characters, as the protocol counts: `character` in code units of the encoding."""

    line: int
    character: int


class Lines:
    r"""A text by its lines, ended as the protocol has it: by `\n`, `\r\n` or a lone `\r`.

    `encoding` is `utf-8`, `utf-16` or `utf-32`.
    """

    def __init__(self, text: str, encoding: str) -> None:
        self._text, self._encoding = text, encoding
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        """Return the position of an offset; one beyond the text is taken for its end."""
        line = bisect_right(self._starts, offset) - 1
        return Position(line, self._units(self._text[self._starts[line] : offset]))

    def offset(self, position: Position) -> int:
        """Return the offset of a position; one beyond its line or the text is taken for the end of that."""
        if position.line >= len(self._starts):
            return len(self._text)
        start = self._starts[position.line]
        behind = self._starts[position.line + 1] if position.line + 1 < len(self._starts) else len(self._text)
        line = self._text[start:behind].rstrip("\r\n")
        if line.isascii():
            return start + min(position.character, len(line))
        return start + _characters(line, position.character, self._encoding)

    def _units(self, piece: str) -> int:
        return len(piece) if piece.isascii() else sum(_size(sign, self._encoding) for sign in piece)


def _characters(line: str, units: int, encoding: str) -> int:
    """Count the characters that so many code units hold; one that is cut counts as not held."""
    for count, sign in enumerate(line):
        units -= _size(sign, encoding)
        if units < 0:
            return count
    return len(line)


def _size(sign: str, encoding: str) -> int:
    match encoding:
        case "utf-8":
            return len(sign.encode("utf-8", "surrogatepass"))
        case "utf-16":
            return 2 if ord(sign) > _ASTRAL else 1
        case _:
            return 1
