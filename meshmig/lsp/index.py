"""Where the names of gates, profiles, groups and params are defined and used, in one file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum

from meshmig.language import tree
from meshmig.language.parser import Parsed
from meshmig.language.tree import Extent, Token


class Kind(StrEnum):
    """What a name stands for."""

    GATE = "gate"
    PROFILE = "profile"
    GROUP = "group"
    PARAM = "param"


DEFINED = {tree.Gate: Kind.GATE, tree.Profile: Kind.PROFILE, tree.Group: Kind.GROUP, tree.Param: Kind.PARAM}
"""The items that define a name, which stands in their field `name`."""

_USED: Mapping[tuple[type, str], Kind] = {
    (tree.Move, "profile"): Kind.PROFILE,
    (tree.Waves, "profile"): Kind.PROFILE,
    (tree.Selection, "items"): Kind.GROUP,
    (tree.Check, "gate"): Kind.GATE,
}
"""The fields in which a name is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A name at its place; `definition` is the item that defines it, None where the name is only used."""

    kind: Kind
    name: str
    file: str
    at: Extent
    definition: tree.Item | None = None


def occurrences(parsed: Parsed) -> Iterator[Occurrence]:
    """Yield every name of a file, in the order written as far as the file could be understood."""
    items = parsed.file.items if parsed.file else ()
    params = {item.name.text for item in items if isinstance(item, tree.Param)}
    for kind, token, definition in (name for item in items for name in _names(item)):
        if token.text and token.type.startswith(("NAME", "NAMED_")):
            # `move` takes a group's name or that of a param whose value is a workload.
            meant = Kind.PARAM if kind is Kind.GROUP and definition is None and token.text in params else kind
            file = parsed.source.file
            yield Occurrence(kind=meant, name=token.text, file=file, at=token.at, definition=definition)


def occurrence_at(parsed: Parsed, offset: int) -> Occurrence | None:
    """Return the name that stands at an offset, or ends there."""
    return next((found for found in occurrences(parsed) if found.at.start <= offset <= found.at.end), None)


def token_at(parsed: Parsed, offset: int) -> Token | None:
    """Return the token that an offset lies in; of two that touch there, the one behind it."""
    touching = [token for token in parsed.tokens if token.start <= offset <= token.end]
    return touching[-1] if touching else None


def _names(node: object) -> Iterator[tuple[Kind, Token, tree.Item | None]]:
    if not is_dataclass(node):
        return
    if isinstance(node, tree.Gate | tree.Profile | tree.Group | tree.Param):
        yield DEFINED[type(node)], node.name, node
    if isinstance(node, tree.Setting) and node.key.type == "CHECK":
        yield Kind.GATE, node.value, None
    for field in fields(node):
        kind = _USED.get((type(node), field.name))
        for part in _parts(getattr(node, field.name)):
            if not isinstance(part, Token):
                yield from _names(part)
            elif part.type.startswith("NAMED_"):
                yield Kind.PARAM, part, None
            elif kind is not None:
                yield kind, part, None


def _parts(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) and not isinstance(value, Token | Extent) else (value,)
