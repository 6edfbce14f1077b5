"""Field paths of an object as server-side apply sees them, and who owns them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from meshmig.model.objects import Json

Path = tuple[str, ...]

LIST_MAPS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "webhooks": ("name",),
}
ATOMIC = frozenset({"selector", "matchLabels", "nodeSelector"})
CUSTOM = ("istio.io", "appmesh.k8s.aws")


def merge_keys(field: str, items: Sequence[Json], *, custom: bool) -> tuple[str, ...]:
    """Return the keys of a list map; empty for an atomic list. Custom resources' lists are atomic."""
    if custom or not items or not isinstance(items[0], Mapping):
        return ()
    if field == "ports":
        return ("containerPort", "protocol") if "containerPort" in items[0] else ("port", "protocol")
    return LIST_MAPS.get(field, ())


def key_of(item: Mapping[str, Json], keys: tuple[str, ...]) -> str:
    """Return an item's key in managedFields' spelling."""
    values = {key: item.get(key, "TCP" if key == "protocol" else "") for key in keys}
    return "k:" + json.dumps(values, sort_keys=True, separators=(",", ":"))


def leaves(body: Mapping[str, Json]) -> Iterator[tuple[Path, Json]]:
    """Yield every owned leaf below metadata.labels, metadata.annotations, metadata.finalizers and the rest."""
    custom = any(word in str(body.get("apiVersion", "")) for word in CUSTOM)
    for name, value in body.items():
        if name == "metadata":
            for part in ("labels", "annotations", "finalizers"):
                if value.get(part):
                    yield from _leaves(value[part], ("f:metadata", f"f:{part}"), part, custom=custom)
        elif name not in {"apiVersion", "kind", "status"}:
            yield from _leaves(value, (f"f:{name}",), name, custom=custom)


def _leaves(value: Json, path: Path, field: str, *, custom: bool) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, Mapping) and value and field not in ATOMIC:
        for name, inner in value.items():
            yield from _leaves(inner, (*path, f"f:{name}"), name, custom=custom)
        return
    if isinstance(value, list):
        keys = merge_keys(field, value, custom=custom)
        if keys:
            for item in value:
                yield from _leaves(item, (*path, key_of(item, keys)), "", custom=custom)
            return
    yield path, value


def tree(paths: Iterable[Path]) -> dict[str, Json]:
    """Build managedFields' fieldsV1 from paths."""
    root: dict[str, Json] = {}
    for path in sorted(paths):
        node = root
        for word in path:
            node = node.setdefault(word, {})
    return root


def paths_of(fields: Mapping[str, Json], prefix: Path = ()) -> Iterator[Path]:
    """Read paths back out of fieldsV1."""
    for word, inner in fields.items():
        if inner:
            yield from paths_of(inner, (*prefix, word))
        else:
            yield (*prefix, word)


def merged(live: Json, applied: Json, field: str, *, custom: bool) -> Json:
    """Merge applied over live: maps by key, list maps by item, everything else replaced."""
    if isinstance(applied, Mapping) and isinstance(live, Mapping) and field not in ATOMIC:
        result = dict(live)
        for name, value in applied.items():
            result[name] = merged(live.get(name), value, name, custom=custom)
        return result
    if isinstance(applied, list) and isinstance(live, list):
        return _merged_list(live, applied, field, custom=custom)
    return applied


def _merged_list(live: list[Json], applied: list[Json], field: str, *, custom: bool) -> list[Json]:
    if field == "finalizers":
        return list(dict.fromkeys([*live, *applied]))
    keys = merge_keys(field, applied, custom=custom)
    if not keys:
        return list(applied)
    items = {key_of(item, keys): item for item in live}
    for item in applied:
        key = key_of(item, keys)
        items[key] = merged(items.get(key), item, "", custom=custom)
    return list(items.values())


def value_at(body: Json, path: Path) -> Json:
    """Return the value at a path, or None."""
    node = body
    for word in path:
        if word.startswith("f:"):
            node = node.get(word[2:]) if isinstance(node, Mapping) else None
        elif isinstance(node, list):
            wanted = json.loads(word[2:])
            node = next((item for item in node if key_of(item, tuple(wanted)) == word), None)
        if node is None:
            return None
    return node


def without(body: Mapping[str, Json], path: Path) -> dict[str, Json]:
    """Return the body without the leaf at a path; emptied maps go as well."""
    word, rest = path[0], path[1:]
    name = word[2:]
    result = dict(body)
    if not rest:
        result.pop(name, None)
        return result
    inner = result.get(name)
    if isinstance(inner, Mapping):
        left = without(inner, rest)
        if left or name in {"metadata", "spec"}:
            result[name] = left
        else:
            result.pop(name)
    elif isinstance(inner, list) and len(rest) > 1:
        result[name] = [
            without(item, rest[1:]) if key_of(item, tuple(json.loads(rest[0][2:]))) == rest[0] else item
            for item in inner
        ]
    return result


def json_merge(target: Json, patch: Mapping[str, Json]) -> dict[str, Json]:
    """Apply a JSON merge patch (RFC 7386)."""
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            result[name] = json_merge(result.get(name), value)
        else:
            result[name] = value
    return result
