"""Whether a live object is still as a plan saw it, and who wrote what is not."""

from collections.abc import Iterator, Mapping
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
    """Return the field manager that owns a path, from the object's managedFields; empty where none does."""
    words = [word.partition("[")[0] for word in path.replace("]", "").split(".")]
    for entry in live.metadata.get("managedFields") or ():
        node: Json = entry.get("fieldsV1") or {}
        for word in words:
            node = node.get(f"f:{word}") if isinstance(node, Mapping) else None
            if node is None:
                break
        else:
            return str(entry.get("manager", ""))
    return ""
