"""Whether a live object is still as a plan saw it, and who wrote what is not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from meshmig.diffs.canonical import same
from meshmig.diffs.difference import join, labelled
from meshmig.model.objects import Json, Manifest
from meshmig.model.plan import Change, ChangeAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A field whose live value is neither what the plan saw nor what it wants."""

    path: str
    planned: Json
    live: Json


def moved(change: Change, live: Manifest | None) -> tuple[Moved, ...]:
    """Return the fields of a change that somebody moved since the plan was made."""
    if change.action is ChangeAction.CREATE and live is None:
        return ()
    if live is None:
        return tuple(Moved(path=item.path, planned=item.before, live=None) for item in change.fields if item.before)
    values = dict(_values(live.body, "", live.ref.kind))
    return tuple(
        Moved(path=item.path, planned=item.before, live=values.get(item.path))
        for item in change.fields
        if not _stands(item.path, values.get(item.path), (item.before, item.after))
    )


def _stands(path: str, live: Json, wanted: tuple[Json, Json]) -> bool:
    field = path.rpartition(".")[2].partition("[")[0]
    return any(same(field, live, value) for value in wanted)


def _values(value: Json, path: str, kind: str) -> Iterator[tuple[str, Json]]:
    if path:
        yield path, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, join(path, name), kind)
    elif isinstance(value, list):
        field = path.rpartition(".")[2].partition("[")[0]
        for label, item in labelled(field, kind, value):
            yield from _values(item, f"{path}[{label}]", kind)


def owner_of(live: Manifest, path: str) -> str:
    """Return the first field manager that owns a path; empty where none does."""
    return next(iter(owners_of(live, path)), "")


def owners_of(live: Manifest, path: str) -> tuple[str, ...]:
    """Return the field managers that own a path, from the object's managedFields.

    A list without keys (every list of a custom resource) is owned whole, and so is what stands in it.
    """
    words = path.replace("]", "").replace("[", ".").split(".")
    entries = live.metadata.get("managedFields") or ()
    found = (str(entry.get("manager", "")) for entry in entries if _owns(entry.get("fieldsV1") or {}, words))
    return tuple(dict.fromkeys(found))


def _owns(fields: Mapping[str, Json], words: Sequence[str]) -> bool:
    node = fields
    for word in words:
        inner = node[f"f:{word}"] if f"f:{word}" in node else _keyed(node, word)
        if inner is None:
            return node is not fields and not _fields(node)
        node = inner
    return True


def _keyed(node: Mapping[str, Json], word: str) -> Mapping[str, Json] | None:
    """Return a keyed list's item that one of its keys names."""
    found = (inner for key, inner in node.items() if key.startswith("k:") and word in _values_of(key))
    return next(found, None)


def _values_of(key: str) -> set[str]:
    return {str(value) for value in json.loads(key.removeprefix("k:")).values()}


def _fields(node: Mapping[str, Json]) -> set[str]:
    return {key for key in node if key != "."}
