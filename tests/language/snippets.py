"""Fenced blocks of Markdown pages, and pieces of `.mig` made whole so that they can be loaded.

The word behind the fence is the block's language, the one behind it a file's name: ```` ```mig gates.mig ````. A block
of `.mig` is a piece: what it uses and does not define, `mig 1` and a migration are added, unless it says `whole`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from meshmig.language import Loaded
from tests.language.reading import load_text

_FENCE = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STOCK = {
    "gate healthy": "gate healthy { require errors <= old * 1.25 + 0.05% }",
    "profile gentle": "profile gentle { strategy canary  steps 1%, 50%, 100%  bake 10m  keep old 24h }",
    "profile hasty": "profile hasty { strategy in_place }",
    "group read_path": "group read_path { workloads shop/catalog-* }",
}
_MIGRATION = 'migration shop { cluster files "shop"  from appmesh "shop"  to istio }'
_STAGE = 'stage 1 "ground" { protect }'


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, the words behind that, its text."""

    language: str
    note: str
    text: str


def blocks(markdown: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page or of a part of one."""
    for match in _FENCE.finditer(markdown):
        yield Block(language=match[1], note=match[2] or "", text=match[3])


def sections(markdown: str) -> Mapping[str, str]:
    """Return the parts of a page by their headings."""
    parts = re.split(r"^## ", markdown, flags=re.MULTILINE)
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}


def examples(part: str) -> Iterator[Loaded]:
    """Load each `.mig` example of a part; blocks with a file's name belong to the one before them."""
    found = [block for block in blocks(part) if block.language == "mig"]
    begins = [place for place, block in enumerate(found) if not block.note.endswith(".mig")]
    for begin, end in pairwise([*begins, len(found)]):
        used = {block.note: f"mig 1\n{block.text}" for block in found[begin + 1 : end]}
        block = found[begin]
        text = block.text if block.note == "whole" else whole(block.text, " ".join(used.values()))
        yield load_text(text, used)


def whole(piece: str, elsewhere: str = "") -> str:
    """Make a piece a file that can be loaded: with its version, a migration, and the names that it uses."""
    if re.match(r"\s*(#.*\s+)*mig\b", piece):
        return piece
    added = []
    for head, text in _STOCK.items():
        is_used = re.search(rf"\b{head.split()[1]}\b", piece) is not None
        if is_used and head not in piece + elsewhere:
            added.append(text)
    if not re.search(r"^migration\b", piece, re.MULTILINE):
        added.append(_MIGRATION)
    if not re.search(r"^stage\b", piece, re.MULTILINE):
        added.append(_STAGE)
    # Behind the piece, so that a block which is not closed, or a line's number, is as it would be in a person's file.
    return f"mig 1\n{piece}\n" + "\n".join(added) + "\n"
