"""App Mesh's objects of one mesh, found by reference, as raw manifests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meshmig.model.objects import Json, Manifest, Snapshot
from meshmig.proof.registry import Pods, Registry

GROUP = "appmesh.k8s.aws"
Id = str
"""`namespace/name`."""


@dataclass(frozen=True)
class Members:
    """One Mesh with its members; `answers` are those of the migration's file to what no manifest shows."""

    mesh: Manifest
    snapshot: Snapshot
    registry: Registry
    answers: Mapping[str, str]
    _taken: dict[int, tuple[Pods, ...]] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> Mapping[Id, Manifest]:
        """VirtualNodes."""
        return self._of("VirtualNode")

    @cached_property
    def services(self) -> Mapping[Id, Manifest]:
        """VirtualServices."""
        return self._of("VirtualService")

    @cached_property
    def routers(self) -> Mapping[Id, Manifest]:
        """VirtualRouters."""
        return self._of("VirtualRouter")

    @cached_property
    def gateways(self) -> Mapping[Id, Manifest]:
        """VirtualGateways."""
        return self._of("VirtualGateway")

    @cached_property
    def gateway_routes(self) -> Mapping[Id, Manifest]:
        """GatewayRoutes."""
        return self._of("GatewayRoute")

    @cached_property
    def backend_groups(self) -> Mapping[Id, Manifest]:
        """BackendGroups."""
        return self._of("BackendGroup")

    @property
    def is_open(self) -> bool:
        """Whether requests to unknown addresses pass; unset means that they do not."""
        return (self.mesh.spec.get("egressFilter") or {}).get("type") == "ALLOW_ALL"

    @cached_property
    def namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """The labels of every namespace."""
        return {m.ref.name: m.labels for m in self.snapshot.of_kind("", "Namespace")}

    @cached_property
    def callers(self) -> Mapping[Id, tuple[Id, ...]]:
        """The VirtualNodes that list each VirtualService as a backend."""
        found: dict[Id, list[Id]] = {}
        for name, node in self.nodes.items():
            for called in dict.fromkeys(self.backends(node)):
                found.setdefault(called, []).append(name)
        return {name: tuple(listed) for name, listed in found.items()}

    def pods(self, owner: Manifest) -> tuple[Pods, ...]:
        """Return the pods that a VirtualNode or VirtualGateway takes."""
        if id(owner) not in self._taken:
            self._taken[id(owner)] = tuple(self._pods(owner))
        return self._taken[id(owner)]

    def _pods(self, owner: Manifest) -> Iterator[Pods]:
        selector = owner.spec.get("podSelector")
        if selector is None:
            return
        home, labels = owner.ref.namespace, selector.get("matchLabels")
        near = self.registry.selected(home, labels) if labels else self.registry.inside(home)
        yield from (pods for pods in near if selects(selector, pods.labels))

    def host_name(self, service: Manifest) -> str:
        """Return the one spelling that callers' proxies know a VirtualService by."""
        return str(service.spec.get("awsName") or f"{service.ref.name}.{service.ref.namespace}")

    def _of(self, kind: str) -> Mapping[Id, Manifest]:
        return {m.ref.id: m for m in self.snapshot.of_kind(GROUP, kind) if self._is_member(m)}

    def _is_member(self, manifest: Manifest) -> bool:
        written = manifest.spec.get("meshRef")
        if written:
            return bool(written.get("name") == self.mesh.ref.name)
        labels = self.namespaces.get(manifest.ref.namespace, {})
        selector = self.mesh.spec.get("namespaceSelector")
        return selector is not None and selects(selector, labels)

    def backends(self, node: Manifest) -> Iterator[Id]:
        """Yield the VirtualServices that a VirtualNode lists, by itself or by groups."""
        home = node.ref.namespace
        for backend in node.spec.get("backends") or ():
            reference = (backend.get("virtualService") or {}).get("virtualServiceRef")
            if reference:
                yield reference_id(reference, home)
        for reference in node.spec.get("backendGroups") or ():
            yield from self._group(reference, home)

    def _group(self, reference: Mapping[str, Json], home: str) -> Iterator[Id]:
        if reference.get("name") == "*":
            space = reference.get("namespace") or home
            yield from (name for name, service in self.services.items() if service.ref.namespace == space)
            return
        group = self.backend_groups.get(reference_id(reference, home))
        for item in (group.spec.get("virtualservices") or ()) if group else ():
            yield reference_id(item, group.ref.namespace if group else home)


def members_of(snapshot: Snapshot, registry: Registry, mesh: str, answers: Mapping[str, str]) -> Members | None:
    """Return the members of a Mesh, the only one where no name is given."""
    meshes = [m for m in snapshot.of_kind(GROUP, "Mesh") if mesh in ("", m.ref.name, m.spec.get("awsName"))]
    return Members(meshes[0], snapshot, registry, answers) if meshes else None


def reference_id(reference: Mapping[str, Json], home: str) -> Id:
    """Return whom a reference names; without a namespace, somebody of the referrer's own."""
    return f"{reference.get('namespace') or home}/{reference.get('name', '')}"


def selects(selector: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    """Say whether a LabelSelector takes these labels; an empty one takes all."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_meets(expression, labels) for expression in selector.get("matchExpressions") or ())


def _meets(expression: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    key, values = expression.get("key", ""), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False


def milliseconds(duration: Mapping[str, Json] | None) -> int | None:
    """Read a Duration; None where it is not written."""
    if not duration or duration.get("value") is None:
        return None
    return int(duration["value"]) * (1 if duration.get("unit") == "ms" else 1000)
