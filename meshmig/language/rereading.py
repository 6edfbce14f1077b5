"""Reading a text again after a change, as an editor does: blocks that are as they were are not read anew.

The result is the same as that of `parse`. A text is cut where a line begins with a word of the top level. A block that
can be read by itself without a mistake is kept by its text; the others are read where they stand, with what follows,
until every item is finished at the beginning of a block that was kept.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain, pairwise
from typing import Any

from meshmig.language import tree
from meshmig.language.collecting import no_collection
from meshmig.language.lexer import Tokens, split
from meshmig.language.machine import Machine, params_of
from meshmig.language.parser import Parsed, begin, begin_report, parsed, read
from meshmig.language.report import Report
from meshmig.language.source import Source
from meshmig.language.tree import Extent, Token
from meshmig.language.wording import ITEM_WORDS

_CUT = re.compile(rf"^(?:{'|'.join(sorted(ITEM_WORDS))})(?![A-Za-z0-9_])", re.MULTILINE)


_Key = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A block. `items` is None where it cannot be read by itself; `starts` count from its first token."""

    tokens: tuple[Token, ...]
    comments: tuple[Token, ...]
    items: tuple[tree.Item, ...] | None
    starts: tuple[int, ...]


class Rereader:
    """Reads one file again and again, and remembers the blocks of the last time.

    `_split`: tokens by text. `_known`: blocks by text and the names of the file's params, which decide what a name may
    stand for. `_placed`: blocks by that and where they stand.
    """

    def __init__(self) -> None:
        self._split: dict[str, Tokens] = {}
        self._known: dict[_Key, _Block] = {}
        self._placed: dict[tuple[int, _Key], _Block] = {}

    def parse(self, source: Source) -> Parsed:
        """Read a text; the mistakes are in the report, as `parse` has it."""
        report = begin_report(source)
        with no_collection():
            blocks, params = self._blocks(source)
            machine = Machine(tuple(chain.from_iterable(block.tokens for block in blocks)), report, params)
            file = _Joiner(blocks, machine).file() if begin(machine) else None
        return parsed(machine, file, tuple(chain.from_iterable(block.comments for block in blocks)))

    def _blocks(self, source: Source) -> tuple[list[_Block], frozenset[str]]:
        text = source.text
        cuts = [0, *(match.start() for match in _CUT.finditer(text) if match.start()), len(text)]
        pieces = [(start, text[start:end]) for start, end in pairwise(cuts)]
        self._split = {piece: self._split.get(piece) or split(piece) for _, piece in pieces}
        params = params_of(chain.from_iterable(self._split[piece].tokens for _, piece in pieces))
        keys = [(start, (piece, params)) for start, piece in pieces]
        known = {key: self._known.get(key) or _block(self._split[key[0]], key) for _, key in keys}
        placed = {place: self._placed.get(place) or _placed(known[place[1]], place[0]) for place in keys}
        self._known, self._placed = known, placed
        return [placed[place] for place in keys], params


class _Joiner:
    """Puts a file together from the blocks that were kept, and what the machine reads between them."""

    def __init__(self, blocks: Sequence[_Block], machine: Machine) -> None:
        self._blocks, self._machine = blocks, machine
        self._firsts = list(accumulate((len(block.tokens) for block in blocks), initial=0))
        self._stops = [
            first for first, block in zip(self._firsts, blocks, strict=False) if block.items and block.tokens
        ]

    def file(self) -> tree.File | None:
        """Return the tree of the whole file; None where there are too many mistakes to go on."""
        items: list[tree.Item] = []
        machine = self._machine
        while True:
            file = read(machine, self._stops)
            if file is None:
                return None
            items += file.items
            if machine.at >= len(machine.tokens):
                return tree.File(items=tuple(items))
            items += self._kept()
            machine.renew()

    def _kept(self) -> list[tree.Item]:
        """Take over the blocks from the machine's place on that can be read by themselves."""
        machine, items = self._machine, list[tree.Item]()
        place = bisect_left(self._firsts, machine.at)
        while place < len(self._blocks):
            block = self._blocks[place]
            if block.items is None:
                break
            items += block.items
            first = self._firsts[place]
            machine.starts += [first + start for start in block.starts]
            place += 1
        machine.at = self._firsts[place]
        return items


def _block(pieces: Tokens, key: _Key) -> _Block:
    """Read a block by itself."""
    text, params = key
    machine = Machine(pieces.tokens, Report(Source("", text)), params)
    machine.begin()
    machine.run()
    file = machine.finish()
    return _Block(
        tokens=pieces.tokens,
        comments=pieces.comments,
        items=file.items if file else None,
        starts=tuple(machine.starts),
    )


def _placed(block: _Block, start: int) -> _Block:
    """Return a block as it stands in the text from an offset on."""
    return _Block(
        tokens=_moved(block.tokens, start),
        comments=_moved(block.comments, start),
        items=_moved(block.items, start),
        starts=block.starts,
    )


def _moved(value: Any, by: int) -> Any:  # noqa: ANN401 - any part of the tree
    """Return a part of the tree so much further on in the text."""
    kind: Any = type(value)
    if kind is Token:
        return Token(value.type, value.text, value.start + by, value.param)
    if kind is tuple:
        return tuple([_moved(part, by) for part in value])
    if kind is Extent:
        return Extent(value.start + by, value.end + by)
    if value is None:
        return None
    moved = object.__new__(kind)
    for get, put in _slots(kind):
        put(moved, _moved(get(value), by))
    return moved


@cache
def _slots(kind: type) -> tuple[tuple[Callable[[object], object], Callable[[object, object], None]], ...]:
    """Return how each field of a node is read and written: past the frozen class, which costs twice the time."""
    fields = (getattr(kind, name) for name in kind.__slots__)  # type: ignore[attr-defined]
    return tuple((field.__get__, field.__set__) for field in fields)
