"""The text of one file: bytes decoded at the border, offsets turned into lines and columns."""

import re
from bisect import bisect_right
from functools import cached_property

from meshmig.diagnostics import Diagnostic, Severity, Span
from meshmig.language.tree import Extent

MAX_BYTES = 10_000_000
HIDDEN = re.compile(
    "[\0-\b\v\f\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|\r(?!\n)"
)
"""Control characters, and what Unicode calls ignorable: signs that change what a reader sees without being seen.

Variation selectors are left alone, since an emoji may have one.
"""

_BLANKS = re.compile(r"[ \t]*")


class Source:
    """The text of a file, without its byte order mark."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text

    @cached_property
    def starts(self) -> list[int]:
        """The offset at which each line begins."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def line(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        return bisect_right(self.starts, offset)

    def span(self, at: Extent) -> Span:
        """Turn offsets into lines and columns."""
        line, end_line = self.line(at.start), self.line(at.end)
        columns = at.start - self.starts[line - 1] + 1, at.end - self.starts[end_line - 1] + 1
        return Span(self.file, line, columns[0], end_line, columns[1])

    def column(self, offset: int) -> int:
        """Return the column of an offset, from 1."""
        return offset - self.starts[self.line(offset) - 1] + 1

    def is_first(self, offset: int) -> bool:
        """Say whether only blanks stand before the offset on its line."""
        blanks = _BLANKS.match(self.text, self.starts[self.line(offset) - 1])
        return blanks is not None and blanks.end() >= offset


def decode(data: bytes, file: str) -> Source | Diagnostic:
    """Read bytes as the text that a `.mig` file must be; what is none is refused with one finding."""
    if len(data) > MAX_BYTES:
        return _refusal("MIG103", file, f"{file} has more than a .mig file's 10 MB", "name the right file")
    if b"\0" in data:
        return _refusal("MIG102", file, f"{file} is no text: it holds bytes of zero", "name a .mig file")
    try:
        return Source(file, data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        place = f"byte {column} of line {before.count(10) + 1} is {data[error.start]:#04x}"
        return _refusal("MIG102", file, f"{file} is no UTF-8 text: {place}", "save the file as UTF-8")


def _refusal(code: str, file: str, message: str, help_text: str) -> Diagnostic:
    start = Span(file, 1, 1, 1, 1)
    return Diagnostic(code=code, severity=Severity.ERROR, message=message, help=help_text, span=start)
