"""Merging an applied configuration into the live object, and taking back what is no longer applied.

After sigs.k8s.io/structured-merge-diff: typed/merge.go, typed/remove.go, merge/update.go. JSON merge patch is RFC 7386.
"""

from collections.abc import Mapping, Sequence

from meshmig.model.objects import Json
from meshmig.sandbox.ownership import FieldSet, is_member, items
from meshmig.sandbox.schema import ANYTHING, Anything, ListOf, MapOf, Shape, Struct, child


def merge(live: Json, applied: Json, shape: Shape) -> Json:
    """Lay an applied configuration over a live value: what it does not name stays."""
    match shape, live, applied:
        case ((Struct(atomic=False) | MapOf(atomic=False) | Anything()), dict(), dict()):
            merged = dict(live)
            for key, value in applied.items():
                merged[key] = merge(live[key], value, child(shape, key) or ANYTHING) if key in live else value
            return merged
        case ListOf(relation="map" | "set"), list(), list():
            return _merge_lists(dict(items(live, shape)), dict(items(applied, shape)), shape)
        case _:
            return applied


def _merge_lists(live: Mapping[str, Json], applied: Mapping[str, Json], shape: ListOf) -> list[Json]:
    """Keep the applied order, live-only items where they stood before the next shared one."""
    shared = [path for path in applied if path in live]
    left, right = list(live), list(applied)
    merged: list[Json] = []
    at = turn = 0
    while at < len(left) or turn < len(right):
        if at < len(left) and left[at] not in applied:
            merged.append(live[left[at]])
            at += 1
        elif at < len(left) and (turn >= len(right) or not shared or left[at] != shared[0]):
            at += 1
        else:
            path = right[turn]
            merged.append(merge(live[path], applied[path], shape.element) if path in live else applied[path])
            turn += 1
            if shared and path == shared[0]:
                shared.pop(0)
                at += at < len(left) and left[at] == path
    return merged


def prune(value: Json, dropped: FieldSet, owned: FieldSet, shape: Shape) -> Json:
    """Remove what was applied before (`dropped`) and nobody owns any more (`owned`).

    A map or list of which nothing is left becomes null, as it does in the server.
    """
    match shape, value:
        case ((Struct(atomic=False) | MapOf(atomic=False) | Anything()), dict()):
            kept = {key: value[key] for key in value if not _goes(f"f:{key}", dropped, owned)}
            for key in tuple(kept):
                path = f"f:{key}"
                if path in dropped:
                    kept[key] = prune(kept[key], dropped[path], owned.get(path, {}), child(shape, key) or ANYTHING)
            return kept or (None if value else value)
        case ListOf(relation="map" | "set"), list():
            return _prune_list(value, dropped, owned, shape)
        case _:
            return value


def _goes(path: str, dropped: FieldSet, owned: FieldSet) -> bool:
    """A named field goes with all in it once nobody owns a part of it; an item once nobody owns the item."""
    if path not in dropped:
        return False
    if path.startswith("f:"):
        return path not in owned
    return is_member(dropped[path]) and not (path in owned and is_member(owned[path]))


def _prune_list(value: Sequence[Json], dropped: FieldSet, owned: FieldSet, shape: ListOf) -> Json:
    kept = [
        prune(item, dropped[path], owned.get(path, {}), shape.element) if path in dropped else item
        for path, item in items(value, shape)
        if not _goes(path, dropped, owned)
    ]
    return kept or None


def json_merge(value: Json, patch: Json) -> Json:
    """Apply a JSON merge patch: null deletes, objects merge, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(value) if isinstance(value, Mapping) else {}
    for key, wanted in patch.items():
        if wanted is None:
            merged.pop(key, None)
        else:
            merged[key] = json_merge(merged.get(key), wanted)
    return merged
