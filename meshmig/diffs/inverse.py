"""The writes that take a write back exactly."""

from collections.abc import Mapping

from meshmig.diffs.difference import is_whole
from meshmig.diffs.normalise import without_server_fields
from meshmig.model.objects import Json, Manifest
from meshmig.model.plan import ApplyObject, DeleteObject, PatchObject, PatchPods, Write


def inverse(live: Manifest | None, write: Write) -> tuple[Write, ...]:
    """Return what restores the owned fields to what `live` holds; `live` is the object before the write."""
    match write:
        case ApplyObject(manifest=manifest):
            if live is None:
                return (DeleteObject(ref=manifest.ref),)
            if is_whole(manifest):
                return (ApplyObject(manifest=without_server_fields(live), force=True),)
            return _patch(manifest, _restoring(live.body, manifest.body))
        case PatchObject(body=body, ref=ref):
            if live is None:
                return ()
            restored = _restoring(live.body, body)
            return (PatchObject(ref=ref, body=restored),) if restored else ()
        case PatchPods(workload=workload, body=body):
            return (PatchPods(workload=workload, body=_nulled(body)),)
        case DeleteObject():
            return () if live is None else (ApplyObject(manifest=without_server_fields(live), force=True),)


def _patch(manifest: Manifest, restored: Mapping[str, Json]) -> tuple[Write, ...]:
    return (PatchObject(ref=manifest.ref, body=restored),) if restored else ()


def _restoring(before: Json, after: Mapping[str, Json]) -> dict[str, Json]:
    """Return the merge patch that undoes `after` over `before`: old values, and null for what was not there."""
    patch: dict[str, Json] = {}
    old = before if isinstance(before, Mapping) else {}
    for name, value in after.items():
        if name in {"apiVersion", "kind"}:
            continue
        if isinstance(value, Mapping) and isinstance(old.get(name), Mapping):
            inner = _restoring(old[name], value)
            if name == "selector":
                inner |= {key: text for key, text in old[name].items() if key not in value}
            if inner:
                patch[name] = inner
        elif old.get(name) != value:
            patch[name] = old.get(name)
    return patch


def _nulled(body: Mapping[str, Json]) -> dict[str, Json]:
    return {name: _nulled(value) if isinstance(value, Mapping) else None for name, value in body.items()}
