"""The Deployment controller: a ReplicaSet a template, rolled over within surge and unavailability."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.units import Duration
from meshmig.sandbox.deployment_status import status_of
from meshmig.sandbox.replica_sets import owner_of
from meshmig.sandbox.state import Body, ref_of
from meshmig.sandbox.strategies import suffix
from meshmig.sandbox.times import parsed
from meshmig.sandbox.writing import Writer

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MOST = "deployment.kubernetes.io/max-replicas"
_HASH_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many pods a rollout may have at most, and must have available at least."""

    desired: int
    surge: int
    unavailable: int


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Bring a Deployment's rollout one step on and write its status."""
    found = writer.state.objects.get(ref)
    if found is None:
        return
    if not found["metadata"].get("deletionTimestamp"):
        _roll(writer, found)
    sets = _sets(writer, found)
    new = _current(found, sets)
    annotations = {REVISION: str(_revision(new))} if new is not None else None
    bounds = bounds_of(found["spec"])
    status = status_of(writer.state, found, (new, sets), least=bounds.desired - bounds.unavailable)
    changed = writer.set_status(found, status, annotations=annotations)
    _watch_deadline(writer, changed)


def bounds_of(spec: Mapping[str, Json]) -> Bounds:
    """Resolve a Deployment's surge and unavailability, given as numbers or percents."""
    desired = int(spec.get("replicas", 1))
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    if (spec.get("strategy") or {}).get("type") == "Recreate":
        return Bounds(desired, 0, desired)
    surge = share_of(rolling.get("maxSurge", "25%"), desired, up=True)
    unavailable = share_of(rolling.get("maxUnavailable", "25%"), desired, up=False)
    return Bounds(desired, surge, unavailable if surge or unavailable else 1)


def share_of(value: int | str, whole: int, *, up: bool) -> int:
    """Resolve a number or a percent of a whole."""
    if isinstance(value, int):
        return value
    scaled = whole * int(value.rstrip("%"))
    return -(-scaled // 100) if up else scaled // 100


def _sets(writer: Writer, found: Body) -> tuple[Body, ...]:
    return writer.state.owned_by(found["metadata"]["uid"], "ReplicaSet")


def _current(found: Body, sets: Sequence[Body]) -> Body | None:
    wanted = template_hash(found["spec"]["template"])
    return next((one for one in sets if one["metadata"].get("labels", {}).get(HASH) == wanted), None)


def template_hash(template: Mapping[str, Json]) -> str:
    """Return the hash that names a template's ReplicaSet and labels its pods."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return suffix(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"), _HASH_LENGTH)


def _revision(found: Body) -> int:
    return int(found["metadata"].get("annotations", {}).get(REVISION, 0))


def _roll(writer: Writer, found: Body) -> None:
    sets = _sets(writer, found)
    new, bounds = _current(found, sets), bounds_of(found["spec"])
    if found["spec"].get("paused"):
        if new is not None:
            _resize(writer, new, bounds.desired, bounds)
        return
    old = [one for one in sets if one is not new]
    if (found["spec"].get("strategy") or {}).get("type") == "Recreate":
        if _stop_old(writer, old, bounds):
            _start(writer, found, new, bounds.desired, bounds)
        return
    room = bounds.desired + bounds.surge - sum(_size(one) for one in sets)
    size = _size(new) if new is not None else 0
    wanted = bounds.desired if size >= bounds.desired else min(bounds.desired, size + max(0, room))
    if not _start(writer, found, new, wanted, bounds):
        _shrink_old(writer, (new, old), bounds)
    _forget(writer, found, old)


def _size(one: Body) -> int:
    return int(one["spec"].get("replicas", 1))


def _available(one: Body) -> int:
    return int(one.get("status", {}).get("availableReplicas", 0))


def _start(writer: Writer, found: Body, new: Body | None, wanted: int, bounds: Bounds) -> bool:
    """Make or resize the template's ReplicaSet; whether anything was written."""
    revision = 1 + max((_revision(one) for one in _sets(writer, found) if one is not new), default=0)
    if new is None:
        writer.create(_new_set(found, wanted, revision, bounds))
        return True
    return _resize(writer, new, wanted, bounds, max(revision, _revision(new)))


def _new_set(found: Body, size: int, revision: int, bounds: Bounds) -> Body:
    spec, metadata = found["spec"], found["metadata"]
    digest = template_hash(spec["template"])
    said = spec["template"].get("metadata") or {}
    labels = {**(said.get("labels") or {}), HASH: digest}
    selector = dict(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: digest}
    least = {"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": {**_copied(metadata), **_marks(bounds, revision)},
            "ownerReferences": [owner_of(found)],
        },
        "spec": {
            "replicas": size,
            **least,
            "selector": selector,
            "template": {**spec["template"], "metadata": {**said, "labels": labels}},
        },
    }


def _copied(metadata: Mapping[str, Json]) -> dict[str, str]:
    skipped = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, _DESIRED, _MOST}
    return {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in skipped}


def _marks(bounds: Bounds, revision: int) -> dict[str, str]:
    return {_DESIRED: str(bounds.desired), _MOST: str(bounds.desired + bounds.surge), REVISION: str(revision)}


def _resize(writer: Writer, one: Body, size: int, bounds: Bounds, revision: int = 0) -> bool:
    marks = _marks(bounds, revision or _revision(one))
    annotations = {**(one["metadata"].get("annotations") or {}), **marks}
    changed = {
        **one,
        "metadata": {**one["metadata"], "annotations": annotations},
        "spec": {**one["spec"], "replicas": size},
    }
    return writer.update(one, changed) is not one and _size(one) != size


def _stop_old(writer: Writer, old: Sequence[Body], bounds: Bounds) -> bool:
    """Recreate: end every old pod; whether all are gone."""
    for one in old:
        if _size(one):
            _resize(writer, one, 0, bounds)
    return not any(writer.state.owned_by(one["metadata"]["uid"], "Pod") for one in old)


def _shrink_old(writer: Writer, sets: tuple[Body | None, Sequence[Body]], bounds: Bounds) -> None:
    """Scale old ReplicaSets down: what is unhealthy first, then as far as availability allows."""
    new, old = sets
    if new is None or not any(_size(one) for one in old):
        return
    least = bounds.desired - bounds.unavailable
    missing = _size(new) - _available(new)
    spare = _size(new) + sum(_size(one) for one in old) - least - missing
    wanted = {ref_of(one): _size(one) for one in old}
    for one in _oldest_first(old):
        unhealthy = max(0, min(spare, _size(one) - _available(one)))
        wanted[ref_of(one)] -= unhealthy
        spare -= unhealthy
    free = min(spare, _available(new) + sum(_available(one) for one in old) - least)
    for one in _oldest_first(old):
        healthy = max(0, min(free, wanted[ref_of(one)]))
        wanted[ref_of(one)] -= healthy
        free -= healthy
    for one in old:
        if wanted[ref_of(one)] != _size(one):
            _resize(writer, one, wanted[ref_of(one)], bounds)


def _oldest_first(sets: Sequence[Body]) -> list[Body]:
    return sorted(sets, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))


def _forget(writer: Writer, found: Body, old: Sequence[Body]) -> None:
    """Delete the oldest empty ReplicaSets beyond the history's limit."""
    empty = [one for one in old if not _size(one) and not one.get("status", {}).get("replicas")]
    limit = int(found["spec"].get("revisionHistoryLimit", 10))
    surplus = len(empty) - limit
    for one in sorted(empty, key=_revision)[: max(0, surplus)]:
        writer.delete(one)


def _watch_deadline(writer: Writer, found: Body) -> None:
    progressing = next((c for c in found["status"]["conditions"] if c["type"] == "Progressing"), None)
    if progressing is None or progressing["reason"] in {"NewReplicaSetAvailable", "ProgressDeadlineExceeded"}:
        return
    length = Duration.of(seconds=int(found["spec"].get("progressDeadlineSeconds", 600)))
    end = parsed(progressing["lastUpdateTime"]).plus(length)
    writer.state.later("deployment", ref_of(found), end.since(writer.state.now()).ms + 1)
