"""The embedded cluster: an API server in this process, with both meshes' injectors and a dead control plane."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Json, Manifest, ObjectRef, Snapshot
from meshmig.model.resources import ResourceType
from meshmig.model.units import Duration, Instant
from meshmig.ports import (
    ANY,
    FIELD_MANAGER,
    ConflictError,
    InvalidError,
    NotFoundError,
    Page,
    Precondition,
    Store,
    WatchEvent,
)
from meshmig.sandbox import fields
from meshmig.sandbox.clock import VirtualClock
from meshmig.sandbox.controllers import reconcile
from meshmig.sandbox.installing import control_plane_objects
from meshmig.sandbox.seeding import GROUP
from meshmig.sandbox.seeding import seed as seed_table
from meshmig.sandbox.table import FORMAT, LOG, Table, moment, ref_of

_TICK = Duration(1_000)
_FIRST_OWNER = "kubectl-client-side-apply"
_SETTLE = Duration(30_000)


def is_booted(store: Store) -> bool:
    """Whether a store already holds an embedded cluster."""
    return store.read(LOG) is not None


def boot(  # noqa: PLR0913 - a cluster is made of all of these, once
    store: Store,
    manifests: Iterable[Manifest],
    *,
    clock: VirtualClock,
    control_plane: ControlPlane,
    seed: int = 0,
    name: str = "",
) -> "EmbeddedCluster":
    """Make a cluster in which these objects have lived with App Mesh; then its control plane goes, if it is gone."""
    table = Table(store, seed)
    table.remember(format=FORMAT, name=name, seed=seed, now_ms=clock.now().ms)
    seed_table(table, manifests, clock.now())
    cluster = EmbeddedCluster(table, clock)
    clock.wait(_SETTLE)
    if control_plane is ControlPlane.GONE:
        cluster.switch_off()
    return cluster


def open_cluster(store: Store, *, clock: VirtualClock) -> "EmbeddedCluster":
    """Open the cluster that an earlier process left.

    Raises:
        RejectedError: the store holds something else.
    """
    table = Table(store, 0)
    table.load()
    clock.set(Instant(int(table.facts["now_ms"])))
    return EmbeddedCluster(table, clock)


class EmbeddedCluster:
    """The `Cluster` port over a table of objects; controllers act while virtual time passes."""

    def __init__(self, table: Table, clock: VirtualClock) -> None:
        self._table = table
        self.clock = clock
        self._moving = True
        self._history: list[tuple[int, str, Manifest]] = []
        clock.attach(self._next_event)
        clock.subscribe(self._tick)

    @property
    def name(self) -> str:
        """The folder that the cluster is made of."""
        return str(self._table.facts.get("name", ""))

    @property
    def objects(self) -> Mapping[ObjectRef, Mapping[str, Json]]:
        """Every live object; read only."""
        return self._table.objects

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._table.version

    @property
    def frozen(self) -> tuple[Manifest, ...]:
        """App Mesh's objects as running proxies know them."""
        kept = self._table.facts.get("frozen")
        if kept is not None:
            return tuple(Manifest(body) for body in kept)
        return tuple(Manifest(body) for ref, body in sorted(self.objects.items()) if ref.group == GROUP)

    def of_kind(self, group: str, kind: str) -> tuple[Mapping[str, Json], ...]:
        """Return every live object of a kind, in order."""
        return self._table.of_kind(group, kind)

    def on_change(self, callback: Callable[[ObjectRef], None]) -> None:
        """Call back after every change, with the object that changed."""
        self._table.changed.append(callback)

    def snapshot(self) -> Snapshot:
        """Return every object as one reading."""
        return Snapshot.of((Manifest(body) for body in self.objects.values()), self.name)

    def switch_off(self) -> None:
        """End App Mesh's control plane: what runs is frozen, what starts from now on never becomes ready."""
        frozen = [dict(manifest.body) for manifest in self.frozen]
        self._table.remember(gone_since_ms=self.clock.now().ms, frozen=frozen)

    def _next_event(self) -> Duration | None:
        return _TICK if self._moving else None

    def _tick(self, _before: Instant, now: Instant) -> None:
        if self._moving:
            self._moving = reconcile(self._table, now)
        self._table.facts["now_ms"] = now.ms

    def _written(self, stored: Mapping[str, Json]) -> Manifest:
        self._moving = True
        self._table.remember(now_ms=self.clock.now().ms)
        return Manifest(stored)

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the live object."""
        return Manifest(self._live(ref))

    def _live(self, ref: ObjectRef) -> Mapping[str, Json]:
        live = self.objects.get(ref)
        if live is None:
            raise NotFoundError(404, "NotFound", f"{ref} not found")
        return live

    def list_page(self, resource: ResourceType, namespace: str = "", *, limit: int = 0, token: str = "") -> Page:
        """Return one page of a kind."""
        items = [
            Manifest(body)
            for body in self._table.of_kind(resource.group, resource.kind)
            if not namespace or body["metadata"].get("namespace") == namespace
        ]
        start = int(token or 0)
        end = start + limit if limit else len(items)
        following = str(end) if end < len(items) else ""
        return Page(tuple(items[start:end]), str(self.version), following)

    def watch(
        self, resource: ResourceType, namespace: str = "", *, resource_version: str, timeout: Duration
    ) -> Iterator[WatchEvent]:
        """Yield the objects that change while the timeout passes."""
        seen = {
            manifest.ref: manifest
            for manifest in self.list_page(resource, namespace).items
            if int(manifest.metadata["resourceVersion"]) <= int(resource_version)
        }
        self.clock.wait(timeout)
        live = {manifest.ref: manifest for manifest in self.list_page(resource, namespace).items}
        for ref, manifest in sorted(live.items()):
            if ref not in seen:
                yield WatchEvent("ADDED", manifest)
            elif seen[ref].body != manifest.body:
                yield WatchEvent("MODIFIED", manifest)
        for ref in sorted(seen.keys() - live.keys()):
            yield WatchEvent("DELETED", seen[ref])

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object."""
        if manifest.ref in self.objects:
            raise ConflictError(409, "AlreadyExists", f"{manifest.ref} already exists")
        self._require_namespace(manifest.ref)
        return self._written(self._table.put(self._managed(manifest.body, FIELD_MANAGER, "Update"), self.clock.now()))

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object."""
        live = self._live(manifest.ref)
        _require(live, Precondition(resource_version=str(manifest.metadata.get("resourceVersion", ""))))
        return self._written(self._table.put(manifest.body, self.clock.now()))

    def _require_namespace(self, ref: ObjectRef) -> None:
        if ref.namespace and ObjectRef("v1", "Namespace", "", ref.namespace) not in self.objects:
            raise NotFoundError(404, "NotFound", f'namespaces "{ref.namespace}" not found')

    def apply(self, manifest: Manifest, *, force: bool = False) -> Manifest:
        """Server-side apply."""
        ref = manifest.ref
        if not ref.name or not ref.kind:
            raise InvalidError(422, "Invalid", "an object needs a kind and a name")
        self._require_namespace(ref)
        live = self.objects.get(ref)
        applied = dict(fields.leaves(manifest.body))
        if live is None:
            body = {k: v for k, v in manifest.body.items() if k != "status"}
            return self._written(self._table.put(self._managed(body, FIELD_MANAGER, "Apply"), self.clock.now()))
        _require(live, Precondition(uid=str(manifest.metadata.get("uid", ""))))
        owners = _owners(live)
        self._conflicts(live, applied, owners, force=force)
        custom = any(word in ref.api_version for word in fields.CUSTOM)
        merged = _merged(live, manifest.body, custom=custom)
        for path in owners.get(FIELD_MANAGER, set()) - applied.keys():
            if not any(path in paths for manager, paths in owners.items() if manager != FIELD_MANAGER):
                merged = fields.without(merged, path)
        kept = {m: p - applied.keys() if force else p for m, p in owners.items() if m != FIELD_MANAGER}
        return self._written(self._table.put(_owned(merged, kept | {FIELD_MANAGER: set(applied)}), self.clock.now()))

    def _conflicts(
        self,
        live: Mapping[str, Json],
        applied: Mapping[fields.Path, Json],
        owners: Mapping[str, set[fields.Path]],
        *,
        force: bool,
    ) -> None:
        causes = [
            {"reason": "FieldManagerConflict", "message": f'conflict with "{manager}"', "field": _dotted(path)}
            for manager, paths in sorted(owners.items())
            if manager != FIELD_MANAGER
            for path in sorted(paths & applied.keys())
            if fields.value_at(live, path) != applied[path]
        ]
        if causes and not force:
            text = f"Apply failed with {len(causes)} conflict: {causes[0]['message']}: {causes[0]['field']}"
            raise ConflictError(409, "Conflict", text, {"causes": causes})

    def _managed(self, body: Mapping[str, Json], manager: str, operation: str) -> dict[str, Json]:
        del operation
        return _owned(body, {manager: {path for path, _ in fields.leaves(body)}})

    def patch(
        self, ref: ObjectRef, body: Mapping[str, Json], *, require: Precondition = ANY, status: bool = False
    ) -> Manifest:
        """JSON merge patch."""
        live = self._live(ref)
        _require(live, require)
        patched = dict(live) | {"status": fields.json_merge(live.get("status"), body.get("status") or {})}
        if not status:
            patched = fields.json_merge(live, {k: v for k, v in body.items() if k != "status"})
        if patched["metadata"].get("deletionTimestamp") and not patched["metadata"].get("finalizers"):
            self._table.delete(ref)
            return self._written(patched)
        return self._written(self._table.put(patched, self.clock.now()))

    def delete(self, ref: ObjectRef, *, require: Precondition = ANY) -> None:
        """Delete, or mark for deletion while finalizers hold the object."""
        live = self._live(ref)
        _require(live, require)
        if live["metadata"].get("finalizers"):
            metadata = dict(live["metadata"])
            metadata.setdefault("deletionTimestamp", moment(self.clock.now()))
            self._written(self._table.put(dict(live) | {"metadata": metadata}, self.clock.now()))
            return
        self._table.delete(ref)
        self._written(live)

    def whoami(self) -> str:
        """Nobody: a folder knows no users."""
        return ""

    def ensure_control_plane(self, revision: str) -> None:
        """Make Istio's namespace, istiod and its injection webhook."""
        for body in control_plane_objects(revision):
            if ref_of(body) not in self.objects:
                self._written(self._table.put(body, self.clock.now()))


def _require(live: Mapping[str, Json], require: Precondition) -> None:
    metadata = live["metadata"]
    if require.uid and require.uid != metadata.get("uid"):
        raise ConflictError(409, "Conflict", f"the UID in the precondition is not {metadata.get('uid')}")
    if require.resource_version and require.resource_version != metadata.get("resourceVersion"):
        raise ConflictError(409, "Conflict", "the object has been modified; apply your changes to the latest version")


def _owners(live: Mapping[str, Json]) -> dict[str, set[fields.Path]]:
    entries = live["metadata"].get("managedFields")
    if entries is None:
        return {_FIRST_OWNER: {path for path, _ in fields.leaves(live)}}
    return {entry["manager"]: set(fields.paths_of(entry.get("fieldsV1") or {})) for entry in entries}


def _owned(body: Mapping[str, Json], owners: Mapping[str, set[fields.Path]]) -> dict[str, Json]:
    entries = [
        {"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields.tree(paths)}
        for manager, paths in sorted(owners.items())
        if paths
    ]
    return dict(body) | {"metadata": dict(body["metadata"]) | {"managedFields": entries}}


def _merged(live: Mapping[str, Json], applied: Mapping[str, Json], *, custom: bool) -> dict[str, Json]:
    body = {k: v for k, v in applied.items() if k not in {"status", "apiVersion", "kind"}}
    merged: dict[str, Json] = fields.merged(live, body, "", custom=custom)
    return merged


def _dotted(path: fields.Path) -> str:
    text = ""
    for word in path:
        text += f".{word[2:]}" if word.startswith("f:") else f"[{word[2:]}]"
    return text
