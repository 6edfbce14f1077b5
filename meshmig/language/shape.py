"""A file as the printer sees it: items, the statements of their blocks, and the comments that belong to each."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from meshmig.language.parser import Parsed
from meshmig.language.tree import Token

Above = tuple[tuple[str, bool], ...]
"""Comments on lines of their own; each says whether an empty line stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement with its comments: those above it, and all others in it as one beside it."""

    tokens: tuple[Token, ...]
    above: Above
    beside: str
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An item with braces. `tokens` are those before the brace; `end` are comments before the closing brace.

    `beside` is the comment at the opening brace, `behind` the one at the closing brace.
    """

    tokens: tuple[Token, ...]
    body: tuple[Statement, ...]
    above: Above
    end: Above
    beside: str
    behind: str
    blank: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A whole file; `starts` are the offsets of all tokens that begin a statement, `end` the last comments."""

    items: tuple[Block | Statement, ...]
    end: Above
    starts: frozenset[int]


@dataclass
class _Comments:
    """Comments by the index of the token they belong to."""

    above: dict[int, list[tuple[str, bool]]] = field(default_factory=dict)
    beside: dict[int, list[str]] = field(default_factory=dict)


def shape_of(parsed: Parsed) -> Shape:
    """Cut a file without mistakes into items and statements."""
    tokens = parsed.tokens
    depths = _depths(tokens)
    begins = [index for index in parsed.starts if depths[index] <= 1]
    comments = _assigned(parsed, depths, frozenset(begins))
    items = [index for index in begins if not depths[index]]
    ends = [*items[1:], len(tokens)]
    return Shape(
        items=tuple(_item(parsed, (start, end), begins, comments) for start, end in zip(items, ends, strict=True)),
        end=tuple(comments.above.get(len(tokens), ())),
        starts=frozenset(tokens[index].start for index in parsed.starts),
    )


def _depths(tokens: Sequence[Token]) -> list[int]:
    """Return how many braces are open before each token; a closing brace counts as within."""
    depth, depths = 0, []
    for token in tokens:
        depths.append(depth)
        depth += {"LBRACE": 1, "RBRACE": -1}.get(token.type, 0)
    return depths


def _assigned(parsed: Parsed, depths: list[int], begins: frozenset[int]) -> _Comments:
    """Give each comment to a token: above what it precedes, else beside what it is in or behind."""
    found = _Comments()
    starts = [token.start for token in parsed.tokens]
    for comment in parsed.comments:
        index = bisect_left(starts, comment.start)
        closes = index < len(starts) and parsed.tokens[index].type == "RBRACE" and depths[index] == 1
        leads = index == len(starts) or index in begins or closes
        if parsed.source.is_first(comment.start) and leads:
            found.above.setdefault(index, []).append((comment.text, _is_blank_before(parsed, comment.start)))
        else:
            found.beside.setdefault(index - 1, []).append(comment.text)
    return found


def _is_blank_before(parsed: Parsed, offset: int) -> bool:
    """Say whether the token or comment is the first on its line, and the line before is empty."""
    source = parsed.source
    line = source.line(offset)
    if line < 2 or not source.is_first(offset):  # noqa: PLR2004 - the first line has none before it
        return False
    return not source.text[source.starts[line - 2] : source.starts[line - 1]].strip()


def _item(parsed: Parsed, reach: tuple[int, int], begins: list[int], comments: _Comments) -> Block | Statement:
    start, end = reach
    tokens = parsed.tokens[start:end]
    brace = next((place for place, token in enumerate(tokens, start) if token.type == "LBRACE"), None)
    if brace is None:
        return _statement(parsed, reach, comments)
    inner = begins[bisect_left(begins, brace) : bisect_left(begins, end)]
    reaches = zip(inner, [*inner[1:], end - 1], strict=True) if inner else ()
    return Block(
        tokens=parsed.tokens[start:brace],
        body=tuple(_statement(parsed, each, comments) for each in reaches),
        above=tuple(comments.above.get(start, ())),
        end=tuple(comments.above.get(end - 1, ())),
        beside=_beside(comments, range(start, brace + 1)),
        behind=_beside(comments, range(end - 1, end)),
        blank=_is_blank_before(parsed, parsed.tokens[start].start),
    )


def _statement(parsed: Parsed, reach: tuple[int, int], comments: _Comments) -> Statement:
    return Statement(
        tokens=parsed.tokens[slice(*reach)],
        above=tuple(comments.above.get(reach[0], ())),
        beside=_beside(comments, range(*reach)),
        blank=_is_blank_before(parsed, parsed.tokens[reach[0]].start),
    )


def _beside(comments: _Comments, indices: range) -> str:
    return " ".join(_texts(comments, indices))


def _texts(comments: _Comments, indices: range) -> Iterator[str]:
    for index in indices:
        yield from comments.beside.get(index, ())
