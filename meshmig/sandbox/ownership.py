"""Sets of fields as `managedFields` writes them (FieldsV1), and which fields two states of an object differ in.

A set is a tree of path elements: `f:name` a field, `k:{…}` an item by its keys, `v:…` an item of a set. A node without
children, or with a child `.`, belongs to the set; any other is only on the way to one that does.
After sigs.k8s.io/structured-merge-diff: fieldpath/set.go, typed/tofieldset.go, typed/compare.go.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshmig.model.objects import Json
from meshmig.sandbox.schema import ANYTHING, Anything, ListOf, MapOf, Scalar, Shape, Struct, child

FieldSet = Mapping[str, "FieldSet"]
Tree = dict[str, FieldSet]

SELF = "."
LEAF: FieldSet = {}
_KEY_DEFAULTS = {"protocol": "TCP"}


class _Absent:
    """Stands for a value that is not there; JSON's null is there."""


ABSENT: Final = _Absent()


@dataclass(slots=True)
class Difference:
    """The fields that went, and those that came or changed."""

    removed: Tree = field(default_factory=dict)
    changed: Tree = field(default_factory=dict)


def is_member(node: FieldSet) -> bool:
    """Whether a node itself belongs to its set."""
    return not node or SELF in node


def union(first: FieldSet, second: FieldSet) -> FieldSet:
    """Return what is in either set."""
    merged = dict(first)
    for key, node in second.items():
        merged[key] = _joined(first[key], node) if key in first else node
    return merged


def _joined(first: FieldSet, second: FieldSet) -> FieldSet:
    if first is second:
        return first
    children = union(_children(first), _children(second))
    return _node(children, member=is_member(first) or is_member(second))


def difference(first: FieldSet, second: FieldSet) -> FieldSet:
    """Return what is in the first set only."""
    kept: Tree = {}
    for key, node in first.items():
        other = second.get(key)
        if other is None:
            kept[key] = node
            continue
        member = is_member(node) and not is_member(other)
        children = difference(_children(node), _children(other))
        if member or children:
            kept[key] = _node(children, member=member)
    return kept


def intersection(first: FieldSet, second: FieldSet) -> FieldSet:
    """Return what is in both sets."""
    kept: Tree = {}
    for key, node in first.items():
        other = second.get(key)
        if other is None:
            continue
        member = is_member(node) and is_member(other)
        children = intersection(_children(node), _children(other))
        if member or children:
            kept[key] = _node(children, member=member)
    return kept


def paths(fields: FieldSet, prefix: str = "") -> Iterator[str]:
    """Yield every member as an API server writes it in a conflict: `.spec.ports[port=80,protocol="TCP"].name`."""
    for key in sorted(fields):
        node, path = fields[key], prefix + written(key)
        if is_member(node):
            yield path
        yield from paths(_children(node), path)


def written(element: str) -> str:
    """Write one path element as messages do."""
    kind, _, name = element.partition(":")
    match kind:
        case "f":
            return f".{name}"
        case "k":
            keys = json.loads(name)
            return "[" + ",".join(f"{key}={json.dumps(keys[key])}" for key in sorted(keys)) + "]"
        case _:
            return f"[={name}]"


def without_paths(fields: FieldSet, dropped: Iterable[tuple[str, ...]]) -> FieldSet:
    """Return a set without some paths and all below them."""
    kept = dict(fields)
    for first, *rest in dropped:
        if first not in kept:
            continue
        below = without_paths(kept[first], [tuple(rest)]) if rest else {}
        if below:
            kept[first] = below
        else:
            del kept[first]
    return kept


def _children(node: FieldSet) -> FieldSet:
    if SELF not in node:
        return node
    return {key: inner for key, inner in node.items() if key != SELF}


def _node(children: FieldSet, *, member: bool) -> FieldSet:
    return {SELF: {}, **children} if member and children else children


def field_set(value: Json, shape: Shape) -> Tree:
    """Return the fields that an applied configuration names."""
    match shape, value:
        case ((Struct(atomic=False) | MapOf(atomic=False) | Anything()), dict()):
            return _named_fields(value, shape)
        case ListOf(relation="map" | "set"), list():
            return {path: _node(field_set(item, shape.element), member=True) for path, item in items(value, shape)}
        case _:
            return {}


def _named_fields(value: Mapping[str, Json], shape: Shape) -> Tree:
    named: Tree = {}
    for key, inner in value.items():
        inner_shape = child(shape, key) or ANYTHING
        below = field_set(inner, inner_shape)
        if below or not _is_granular_list(inner, inner_shape):
            named[f"f:{key}"] = below
    return named


def _is_granular_list(value: Json, shape: Shape) -> bool:
    return isinstance(value, list) and isinstance(shape, ListOf) and shape.relation != "atomic"


def items(value: Iterable[Json], shape: ListOf) -> Iterator[tuple[str, Json]]:
    """Yield the items of an associative list or a set, each with its path element."""
    for item in value:
        yield (key_of(item, shape.keys) if shape.relation == "map" else f"v:{json.dumps(item)}"), item


def key_of(item: Json, keys: tuple[str, ...]) -> str:
    """Return the path element of an item by its keys."""
    held = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in keys} if isinstance(item, dict) else {}
    named = {key: value for key, value in held.items() if value is not None}
    return "k:" + json.dumps(named, sort_keys=True, separators=(",", ":"))


def compare(old: Json, new: Json, shape: Shape) -> Difference:
    """Return which fields an object gained, changed and lost."""
    found = Difference()
    _compare_fields(_mapping(old), _mapping(new), shape, found)
    return found


def _compare_fields(old: Mapping[str, Json], new: Mapping[str, Json], shape: Shape, found: Difference) -> None:
    for key, value in new.items():
        before = old.get(key, ABSENT)
        if value is not before and value != before:
            _compare_at(f"f:{key}", (before, value), child(shape, key) or ANYTHING, found)
    for key, before in old.items():
        if key not in new:
            _compare_at(f"f:{key}", (before, ABSENT), child(shape, key) or ANYTHING, found)


def _compare_at(element: str, pair: tuple[Json, Json], shape: Shape, found: Difference) -> None:
    old, new = pair
    below = Difference()
    recursed = _compare_inside(old, new, shape, below)
    came = isinstance(old, _Absent) or not recursed
    went = isinstance(new, _Absent)
    if below.removed or went:
        found.removed[element] = _node(below.removed, member=went)
    if below.changed or (came and not went):
        found.changed[element] = _node(below.changed, member=came and not went)


def _compare_inside(old: Json, new: Json, shape: Shape, below: Difference) -> bool:
    """Compare what is inside two values; False where they are leaves and must be compared whole."""
    match shape:
        case Struct(atomic=False) | MapOf(atomic=False) | Anything():
            lhs, rhs = _mapping(old), _mapping(new)
            if not (lhs or rhs) or _is_other(old) or _is_other(new):
                return False
            _compare_fields(lhs, rhs, shape, below)
            return True
        case ListOf(relation="map" | "set"):
            listed = [side for side in (old, new) if isinstance(side, list)]
            if not any(listed):
                return False
            _compare_items(old, new, shape, below)
            return True
        case Struct() | MapOf() | ListOf() | Scalar():
            return False


def _is_other(value: Json) -> bool:
    return not isinstance(value, dict | _Absent | None)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _compare_items(old: Json, new: Json, shape: ListOf, below: Difference) -> None:
    lhs = dict(items(old, shape)) if isinstance(old, list) else {}
    rhs = dict(items(new, shape)) if isinstance(new, list) else {}
    for path, item in rhs.items():
        before = lhs.get(path, ABSENT)
        if item is not before and item != before:
            _compare_at(path, (before, item), shape.element, below)
    for path, before in lhs.items():
        if path not in rhs:
            _compare_at(path, (before, ABSENT), shape.element, below)
