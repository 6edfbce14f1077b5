"""A file's outline: its items as symbols, and what an editor can fold."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from meshmig.language import tree
from meshmig.language.parser import Parsed
from meshmig.language.tree import Extent, Token


class SymbolKind(StrEnum):
    """What a symbol is, as an editor draws it."""

    USE = "use"
    MIGRATION = "migration"
    GATE = "gate"
    PROFILE = "profile"
    GROUP = "group"
    PARAM = "param"
    STAGE = "stage"
    ACTION = "action"
    DECISION = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One line of the outline: `at` is the whole of it, `name_at` what is selected when it is chosen."""

    name: str
    kind: SymbolKind
    at: Extent
    name_at: Extent
    detail: str = ""
    children: tuple["Symbol", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Lines that fold into their first, counted from 1; a block's last line, with its brace, stays."""

    first: int
    last: int
    is_comment: bool = False


def symbols(parsed: Parsed) -> tuple[Symbol, ...]:
    """Return the outline of a file, in the order written."""
    items = parsed.file.items if parsed.file else ()
    return tuple(_symbol(item, parsed.source.text) for item in items)


def folds(parsed: Parsed) -> tuple[Fold, ...]:
    """Return what can be folded: blocks of several lines, and runs of comments."""
    return tuple(sorted((*_blocks(parsed), *_comments(parsed)), key=lambda fold: (fold.first, -fold.last)))


def _symbol(item: tree.Item, text: str) -> Symbol:
    match item:
        case tree.Stage():
            children = tuple(_action(action, text) for action in item.actions)
            name = f"stage {item.number.text} {item.title.text}"
            return Symbol(name=name, kind=SymbolKind.STAGE, at=item.at, name_at=item.number.at, children=children)
        case tree.Migration() | tree.Gate() | tree.Profile() | tree.Group() | tree.Param():
            word = type(item).__name__.lower()
            name = item.name.text or word
            return Symbol(
                name=name, kind=SymbolKind(word), at=item.at, name_at=_within(item.name, item.at), detail=word
            )
        case tree.Use():
            return Symbol(name=item.path.inner or "use", kind=SymbolKind.USE, at=item.at, name_at=item.at, detail="use")
        case _:
            return Symbol(name=_line(item.at, text), kind=SymbolKind.DECISION, at=item.at, name_at=item.at)


def _action(action: tree.Action, text: str) -> Symbol:
    return Symbol(name=_line(action.at, text), kind=SymbolKind.ACTION, at=action.at, name_at=action.at)


def _line(at: Extent, text: str) -> str:
    """Return what a statement says on one line, without its braces."""
    return " ".join(text[at.start : at.end].partition("{")[0].split()) or "…"


def _within(name: Token, at: Extent) -> Extent:
    """Return the name's place; what was put in for a missing one may lie outside."""
    return name.at if at.start <= name.start and name.end <= at.end else at


def _blocks(parsed: Parsed) -> Iterator[Fold]:
    opened: list[int] = []
    for token in parsed.tokens:
        if token.type == "MANIFESTS":
            yield Fold(first=parsed.source.line(token.start), last=parsed.source.line(token.end) - 1)
        elif token.type == "LBRACE":
            opened.append(parsed.source.line(token.start))
        elif token.type == "RBRACE" and opened:
            first, last = opened.pop(), parsed.source.line(token.start) - 1
            if last > first:
                yield Fold(first=first, last=last)


def _comments(parsed: Parsed) -> Iterator[Fold]:
    lines = [parsed.source.line(comment.start) for comment in _alone(parsed)]
    first = lines[0] if lines else 0
    for line, following in pairwise([*lines, 0]):
        if following != line + 1:
            if line > first:
                yield Fold(first=first, last=line, is_comment=True)
            first = following


def _alone(parsed: Parsed) -> Iterable[Token]:
    return (comment for comment in parsed.comments if parsed.source.is_first(comment.start))
