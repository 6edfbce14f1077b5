"""Which Mesh is meant, which objects are its members, and how they refer to each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from meshmig.model.mesh import Injector, Origin
from meshmig.model.objects import Json, Manifest, ObjectRef, Snapshot
from meshmig.model.resources import APPMESH
from meshmig.sources.appmesh.cluster import NAMESPACE_NAME, Cluster
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.injector import injector_of
from meshmig.sources.appmesh.schema import (
    KIND_OF,
    BackendGroupSpec,
    GatewayRouteSpec,
    MeshSpec,
    Part,
    Reference,
    VirtualGatewaySpec,
    VirtualNodeSpec,
    VirtualRouterSpec,
    VirtualServiceSpec,
    read,
)
from meshmig.sources.appmesh.selectors import selects
from meshmig.sources.appmesh.shape import at, text, texts

GROUP = APPMESH.partition("/")[0]
S = TypeVar("S", bound=Part)
S_co = TypeVar("S_co", bound=Part, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[S_co]):
    """One App Mesh object: its spec by schema, and `raw`, the same as JSON without what an API server drops."""

    ref: ObjectRef
    spec: S_co
    raw: Mapping[str, Json]
    labels: Mapping[str, str]
    uid: str

    @property
    def id(self) -> str:
        """`namespace/name`."""
        return self.ref.id

    def origin(self, path: str = "") -> Origin:
        """Return a field of the object as a place."""
        return Origin(self.ref, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A Mesh and its members by id, each kind in order; `unreadable` are (kind, id) that break the schema."""

    cluster: Cluster
    mesh: Source[MeshSpec]
    nodes: Mapping[str, Source[VirtualNodeSpec]]
    services: Mapping[str, Source[VirtualServiceSpec]]
    routers: Mapping[str, Source[VirtualRouterSpec]]
    gateways: Mapping[str, Source[VirtualGatewaySpec]]
    gateway_routes: Mapping[str, Source[GatewayRouteSpec]]
    groups: Mapping[str, Source[BackendGroupSpec]]
    unreadable: frozenset[tuple[str, str]]
    injector: Injector

    def members(self) -> Iterator[Source[Part]]:
        """Yield every member, kind by kind."""
        for kind in (self.nodes, self.services, self.routers, self.gateways, self.gateway_routes, self.groups):
            yield from kind.values()

    def service_name(self, service: Source[VirtualServiceSpec]) -> str:
        """Return the name that callers use: awsName, by default `name.namespace`."""
        return service.spec.aws_name or f"{service.ref.name}.{service.ref.namespace}"


def full_id(reference: Reference, namespace: str) -> str:
    """Return `namespace/name` of a reference that stands in an object of that namespace."""
    return f"{reference.namespace or namespace}/{reference.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A reference to an object of a kind, and the place where it is written."""

    kind: str
    reference: Reference
    place: Origin

    @property
    def id(self) -> str:
        """`namespace/name`; the namespace is the referrer's where it is unset."""
        return full_id(self.reference, self.place.ref.namespace)


def resolve(inventory: Inventory, found: Mapping[str, Source[S]], wanted: Wanted, report: Report) -> Source[S] | None:
    """Follow a reference; a dangling one is reported."""
    target = found.get(wanted.id)
    if target is None and (wanted.kind, wanted.id) not in inventory.unreadable:
        report.warning(
            "MIG315",
            wanted.place,
            f"{wanted.kind} {wanted.id} does not exist in this mesh: what leads there is dead",
            "remove the reference, or add the manifest that it names",
        )
    return target


def take_stock(snapshot: Snapshot, mesh_name: str, report: Report) -> Inventory | None:
    """Choose the Mesh and gather its members; None, with errors reported, where no Mesh can be chosen."""
    refuse_old_versions(snapshot, report)
    meshes = {mesh.ref.name: mesh for mesh in _read_all(snapshot, MeshSpec, set(), report)}
    chosen = _choose(snapshot, meshes, mesh_name, report)
    return None if chosen is None else _Census(Cluster(snapshot), meshes, chosen, report).inventory()


def refuse_old_versions(snapshot: Snapshot, report: Report) -> None:
    """Report every object of the group whose version is not v1beta2."""
    for manifest in snapshot:
        ref = manifest.ref
        if ref.group == GROUP and ref.api_version != APPMESH:
            report.error(
                "MIG304",
                Origin(ref),
                f"{ref} is of {ref.api_version}, which differs from {APPMESH} in shape and in how it joins a mesh",
                "rewrite it as v1beta2 (App Mesh's guide to upgrading the controller), or read it from the cluster",
            )


def default_name(ref: ObjectRef) -> str:
    """Return the awsName that the webhook writes for every kind but Mesh and VirtualService."""
    return f"{ref.name}_{ref.namespace}"


def _choose(
    snapshot: Snapshot, meshes: Mapping[str, Source[MeshSpec]], mesh_name: str, report: Report
) -> Source[MeshSpec] | None:
    names = ", ".join(sorted(meshes))
    if not meshes and not snapshot.of_kind(GROUP, "Mesh"):
        _refuse_fragment(snapshot, report)
        return None
    if mesh_name:
        by_aws_name = {mesh.spec.aws_name: mesh for mesh in meshes.values()}
        chosen = meshes.get(mesh_name) or by_aws_name.get(mesh_name)
        if chosen is None:
            report.error("MIG303", None, f"there is no Mesh {mesh_name}", f"choose one of: {names or 'none was found'}")
        return chosen
    if len(meshes) > 1:
        report.error("MIG302", None, f"there are several Meshes: {names}", "choose one of them by its name")
    return next(iter(meshes.values())) if len(meshes) == 1 else None


def _refuse_fragment(snapshot: Snapshot, report: Report) -> None:
    fragment = [manifest.ref for manifest in snapshot if manifest.ref.group == GROUP]
    objects = ", ".join(map(str, fragment))
    found = f"only {objects}" if objects else "and no other App Mesh object either"
    report.error(
        "MIG301",
        Origin(fragment[0]) if fragment else None,
        f"there is no Mesh, {found}: a Mesh decides which namespaces and pods belong together",
        "add the manifests of the Mesh, its namespaces and its workloads, or look at another cluster or namespace",
    )


def _read_all(
    snapshot: Snapshot, schema: type[S], unreadable: set[tuple[str, str]], report: Report
) -> Iterator[Source[S]]:
    kind = KIND_OF[schema]
    for manifest in snapshot.of_kind(GROUP, kind):
        if manifest.ref.api_version == APPMESH:
            source = _read(manifest, schema, report)
            if source is None:
                unreadable.add((kind, manifest.ref.id))
            else:
                yield source


def _read(manifest: Manifest, schema: type[S], report: Report) -> Source[S] | None:
    reading = read(schema, manifest.body.get("spec"))
    ref = manifest.ref
    for path in reading.unknown:
        report.warning(
            "MIG311",
            Origin(ref, path),
            f"{ref} has {path}, which is not in the schema: the API server drops it, so it never had effect",
            "remove it, or put what was meant where the schema has it",
        )
    for path, message in reading.violations:
        report.error(
            "MIG310",
            Origin(ref, path),
            f"{ref} breaks the schema at {path}: {message}",
            "correct the manifest; App Mesh's API server would have refused it",
        )
    if reading.value is None:
        return None
    labels, uid = texts(at(manifest.body, "metadata", "labels")), text(at(manifest.body, "metadata", "uid"))
    return Source(ref=ref, spec=reading.value, raw=reading.raw, labels=labels, uid=uid)


class _Census:
    """Gathers the members of one Mesh."""

    def __init__(
        self, cluster: Cluster, meshes: Mapping[str, Source[MeshSpec]], mesh: Source[MeshSpec], report: Report
    ) -> None:
        self._cluster, self._meshes, self._mesh, self._report = cluster, meshes, mesh, report
        self._unreadable: set[tuple[str, str]] = set()
        self._designated: dict[str, str | None] = {}

    def inventory(self) -> Inventory:
        """Read every kind; a Mesh that nothing belongs to is an error."""
        stock = Inventory(
            cluster=self._cluster,
            mesh=self._mesh,
            nodes=self._members(VirtualNodeSpec),
            services=self._members(VirtualServiceSpec),
            routers=self._members(VirtualRouterSpec),
            gateways=self._members(VirtualGatewaySpec),
            gateway_routes=self._members(GatewayRouteSpec),
            groups=self._members(BackendGroupSpec),
            unreadable=frozenset(self._unreadable),
            injector=injector_of(self._cluster.snapshot),
        )
        if next(stock.members(), None) is None:
            self._report.error(
                "MIG305",
                self._mesh.origin("spec.namespaceSelector"),
                f"nothing belongs to Mesh {self._mesh.ref.name}: there is nothing to move",
                "add the manifests of its namespaces (their labels decide) and of its VirtualNodes",
            )
        return stock

    def _members(self, schema: type[S]) -> dict[str, Source[S]]:
        read_ones = _read_all(self._cluster.snapshot, schema, self._unreadable, self._report)
        return {source.id: source for source in read_ones if self._belongs(source)}

    def _belongs(self, source: Source[S]) -> bool:
        written = getattr(source.spec, "mesh_ref", None)
        if written is None:
            return self._designate(source.ref.namespace, source) == self._mesh.ref.name
        if written.name != self._mesh.ref.name:
            return False
        if written.uid and self._mesh.uid and written.uid != self._mesh.uid:
            self._report.warning(
                "MIG307",
                source.origin("spec.meshRef.uid"),
                f"{source.ref} was made for an earlier Mesh {written.name}: the controller no longer reconciled it",
                "compare it with what the running proxies do before you rely on it",
            )
        return True

    def _designate(self, namespace: str, source: Source[S]) -> str | None:
        if namespace not in self._designated:
            labels = self._cluster.namespaces.get(namespace, {NAMESPACE_NAME: namespace})
            takers = [name for name, mesh in self._meshes.items() if selects(mesh.spec.namespace_selector, labels)]
            self._designated[namespace] = takers[0] if len(takers) == 1 else None
        designated = self._designated[namespace]
        if designated is None:
            known = namespace in self._cluster.namespaces
            self._report.warning(
                "MIG306" if known else "MIG308",
                source.origin(),
                f"{source.ref} belongs to no Mesh: no single Mesh selects "
                f"{'its namespace' if known else f'namespace {namespace}, whose manifest was not read'}",
                "add the namespace's manifest with its labels, or correct the Mesh's namespaceSelector",
            )
        return designated
