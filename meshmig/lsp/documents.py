"""One open document: the text as the editor shows it, and what a change makes of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from meshmig.lsp.positions import Lines, Position

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`text` in place of what stands between two positions; without them, in place of everything."""

    start: Position | None = None
    end: Position | None = None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An open document. `path` is where it lies, or its address where it lies nowhere; `encoding` counts columns."""

    uri: str
    path: str
    version: int | None
    text: str
    encoding: str

    @property
    def data(self) -> bytes:
        """The text as bytes; half a surrogate pair becomes a question mark, which keeps every place."""
        return self.text.encode("utf-8", "replace")


def changed(document: Document, changes: Iterable[Change], version: int | None) -> Document:
    """Return the document after some changes, each to what the one before left."""
    text = document.text
    for change in changes:
        text = _applied(text, change, document.encoding)
    return replace(document, text=text, version=version)


def _applied(text: str, change: Change, encoding: str) -> str:
    if change.start is None or change.end is None:
        return change.text
    lines = Lines(text, encoding)
    start = lines.offset(change.start)
    end = max(start, lines.offset(change.end))
    return text[:start] + change.text + text[end:]
