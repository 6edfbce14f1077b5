"""The object after a write, as the API server will answer it, but for what it fills in."""

from collections.abc import Mapping, Sequence

from meshmig.diffs.difference import is_whole
from meshmig.diffs.keys import ATOMIC, key_of, list_keys
from meshmig.model.objects import Json, Manifest
from meshmig.model.plan import ApplyObject, DeleteObject, PatchObject, PatchPods, Write


def predict(live: Manifest | None, write: Write) -> Manifest | None:
    """Return the object after the write; None where it is gone, or where a patch finds nothing."""
    match write:
        case ApplyObject(manifest=manifest):
            if live is None:
                return manifest
            merged = _merged(live.body, manifest.body, "", manifest.ref.kind)
            return Manifest(merged | {"spec": manifest.spec} if is_whole(manifest) else merged)
        case PatchObject(body=body):
            return None if live is None else Manifest(json_merge(live.body, body))
        case PatchPods():
            return live
        case DeleteObject():
            return None


def json_merge(target: Json, patch: Mapping[str, Json]) -> dict[str, Json]:
    """Apply a JSON merge patch (RFC 7386): null removes, maps merge, everything else replaces."""
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            merged[name] = json_merge(merged.get(name), value)
        else:
            merged[name] = value
    return merged


def _merged(before: Mapping[str, Json], after: Mapping[str, Json], field: str, kind: str) -> dict[str, Json]:
    if field in ATOMIC:
        return dict(after)
    merged = dict(before)
    for name, value in after.items():
        merged[name] = _value(before.get(name), value, name, kind)
    return merged


def _value(before: Json, after: Json, field: str, kind: str) -> Json:
    if isinstance(after, Mapping) and isinstance(before, Mapping):
        return _merged(before, after, field, kind)
    if isinstance(after, list) and isinstance(before, list):
        return _list(before, after, field, kind)
    return after


def _list(before: Sequence[Json], after: Sequence[Json], field: str, kind: str) -> list[Json]:
    keys = list_keys(field, kind, after)
    if field == "finalizers":
        return list(dict.fromkeys([*before, *after]))
    if not keys:
        return list(after)
    items = {key_of(item, keys): item for item in before}
    for item in after:
        key = key_of(item, keys)
        items[key] = _merged(items[key], item, "", kind) if key in items else item
    return list(items.values())
