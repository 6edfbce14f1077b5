"""What a manifest of owned fields changes in an object, field by field."""

from collections.abc import Iterator, Mapping, Sequence

from meshmig.diffs.canonical import same
from meshmig.diffs.keys import ATOMIC, key_of, list_keys
from meshmig.model.objects import Json, Manifest
from meshmig.model.plan import Change, ChangeAction, FieldChange

_IDENTITY = {"apiVersion", "kind"}
_NAMES = {"name", "namespace", "uid", "resourceVersion"}


def difference(before: Manifest | None, after: Manifest) -> Change:
    """Compare only the fields that `after` holds; `before` None means that the object is to be created."""
    if before is None:
        fields = tuple(FieldChange(path=path, after=value) for path, value in leaves(after))
        return Change(action=ChangeAction.CREATE, fields=fields)
    fields = tuple(_changes(before.body, after.body, "", after.ref.kind))
    if is_whole(after):
        fields += tuple(_vanished(before.spec, after.spec, "spec"))
    return Change(action=ChangeAction.UPDATE if fields else ChangeAction.NONE, fields=fields)


def is_whole(manifest: Manifest) -> bool:
    """Whether an apply holds all of an object: Istio's objects are ours alone, and servers default nothing in them."""
    return "istio.io" in manifest.ref.api_version


def removal(before: Manifest | None) -> Change:
    """Return the change that a deletion makes."""
    if before is None:
        return Change(action=ChangeAction.NONE)
    return Change(action=ChangeAction.DELETE)


def leaves(manifest: Manifest) -> Iterator[tuple[str, Json]]:
    """Yield every owned leaf of a manifest with its path; lists without keys are leaves of their items."""
    for name, value in in_order(manifest.body):
        if name not in _IDENTITY:
            yield from _leaves(value, name, manifest.ref.kind)


def _leaves(value: Json, path: str, kind: str) -> Iterator[tuple[str, Json]]:
    field = path.rpartition(".")[2]
    if isinstance(value, Mapping) and value:
        for name, inner in in_order(value):
            if not (path == "metadata" and name in _NAMES):
                yield from _leaves(inner, join(path, name), kind)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for label, item in labelled(field, kind, value):
            yield from _leaves(item, f"{path}[{label}]", kind)
    else:
        yield path, value


def in_order(value: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield a map's entries, the name first: how a manifest was written must not change what is planned."""
    return iter(sorted(value.items(), key=lambda entry: (entry[0] != "name", entry[0])))


def join(path: str, name: str) -> str:
    """Append a field to a path; names with dots or slashes stand in brackets."""
    if any(mark in name for mark in "./[]"):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def labelled(field: str, kind: str, items: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """Yield a list's items under the label that a path shows: `name=app`, or the index."""
    keys = list_keys(field, kind, items)
    for index, item in enumerate(items):
        if keys and isinstance(item, Mapping):
            yield ",".join(f"{key}={value}" for key, value in zip(keys, key_of(item, keys), strict=True)), item
        else:
            yield str(index), item


def _changes(before: Json, after: Json, path: str, kind: str) -> Iterator[FieldChange]:
    if isinstance(after, Mapping):
        yield from _map_changes(before if isinstance(before, Mapping) else {}, after, path, kind)
    elif isinstance(after, list) and after and isinstance(after[0], Mapping):
        yield from _list_changes(before if isinstance(before, list) else [], after, path, kind)
    elif not same(_field(path), before, after):
        yield FieldChange(path=path, before=before, after=after)


def _field(path: str) -> str:
    return path.rpartition(".")[2].partition("[")[0]


def _map_changes(before: Mapping[str, Json], after: Mapping[str, Json], path: str, kind: str) -> Iterator[FieldChange]:
    for name, value in in_order(after):
        if (not path and name in _IDENTITY) or (path == "metadata" and name in _NAMES):
            continue
        if isinstance(value, Mapping) and not value and name in before:
            continue
        if isinstance(value, Mapping) and not value:
            yield FieldChange(path=join(path, name), after={})
            continue
        yield from _changes(before.get(name), value, join(path, name), kind)
    if _field(path) in ATOMIC:
        for name in sorted(before.keys() - after.keys()):
            yield FieldChange(path=join(path, name), before=before[name])


def _list_changes(before: Sequence[Json], after: Sequence[Json], path: str, kind: str) -> Iterator[FieldChange]:
    keyed = bool(list_keys(_field(path), kind, after))
    olds = dict(labelled(_field(path), kind, before))
    for label, item in labelled(_field(path), kind, after):
        if not keyed and label in olds:
            yield from _whole(olds[label], item, f"{path}[{label}]", kind)
        else:
            yield from _changes(olds.get(label), item, f"{path}[{label}]", kind)
    if not keyed:
        for label in list(olds)[len(after) :]:
            yield FieldChange(path=f"{path}[{label}]", before=olds[label])


def _whole(before: Json, after: Json, path: str, kind: str) -> Iterator[FieldChange]:
    """Compare an item of an atomic list: what `after` lacks goes away."""
    yield from _changes(before, after, path, kind)
    yield from _vanished(before, after, path)


def _vanished(before: Json, after: Json, path: str) -> Iterator[FieldChange]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return
    for name, value in in_order(before):
        if name not in after:
            yield FieldChange(path=join(path, name), before=value)
        elif isinstance(value, Mapping):
            yield from _vanished(value, after[name], join(path, name))
