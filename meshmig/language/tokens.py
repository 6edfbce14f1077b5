"""Words of a text with their places."""

from typing import NamedTuple


class Extent(NamedTuple):
    """A stretch of the text, by offsets of characters; `end` is exclusive."""

    start: int
    end: int


class Token(NamedTuple):
    """One word, literal or sign; `type` is its terminal in the grammar. A tuple is three times as fast to make.

    `param` is what is written where the text is the value of a `param`.
    """

    type: str
    text: str
    start: int
    param: str = ""

    @property
    def end(self) -> int:
        """The offset behind the last character."""
        return self.start + len(self.param or self.text)

    @property
    def at(self) -> Extent:
        """Where it stands."""
        return Extent(self.start, self.start + len(self.param or self.text))

    @property
    def inner(self) -> str:
        """What a text in quotes says."""
        return self.text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if self.text[:1] == '"' else self.text
