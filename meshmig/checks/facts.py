"""Everything that the checks look at, read once and handed over as one value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meshmig.checks.dumps import PodDump
from meshmig.checks.metrics import Measured
from meshmig.checks.resources import RUNTIME_KINDS
from meshmig.checks.rights import Right
from meshmig.diagnostics import Diagnostic
from meshmig.model.intent import ControlPlane, Migration, Move, Strategy, Waves
from meshmig.model.mesh import Edge, Ledger, Mesh, Upstream, Workload
from meshmig.model.objects import Manifest, Snapshot
from meshmig.model.plan import World
from meshmig.sources.appmesh import is_meshed_pod
from meshmig.sources.appmesh.cluster import Cluster, Template
from meshmig.sources.appmesh.shape import items, mapping, text

APPMESH_GROUP = "appmesh.k8s.aws"


@dataclass(frozen=True, kw_only=True)
class Server:
    """What the API server says of itself and of our rights; `missing` are those that were refused."""

    version: str
    missing: tuple[Right, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One reading of everything; nothing in it changes.

    `live`: the snapshot is a running cluster's answer, not a folder. `unread`: kinds that could not be listed, with
    the reason. `units`: the workloads that move together, as the planner has it; `renamed`: the label keys that a
    workload's copy has with another value. `findings`: what reading the mesh reported.
    """

    snapshot: Snapshot
    mesh: Mesh
    ledger: Ledger
    world: World
    migration: Migration
    live: bool
    findings: tuple[Diagnostic, ...] = ()
    units: tuple[tuple[str, ...], ...] = ()
    renamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    server: Server | None = None
    measured: Measured | None = None
    unmeasured: str = ""
    dumps: tuple[PodDump, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def gone(self) -> bool:
        """Whether App Mesh's control plane no longer answers."""
        return self.world.control_plane is ControlPlane.GONE

    @cached_property
    def cluster(self) -> Cluster:
        """Indexes over Services and pod templates."""
        return Cluster(self.snapshot)

    @cached_property
    def meshed(self) -> tuple[tuple[Workload, Template], ...]:
        """Every workload of the mesh with its pod template."""
        templates = {template.ref: template for template in self.cluster.templates}
        return tuple((w, templates[w.ref]) for w in self.mesh.workloads if w.ref in templates)

    @cached_property
    def meshed_pods(self) -> tuple[Manifest, ...]:
        """Every live pod that carries App Mesh's proxy."""
        return tuple(pod for pod in self.snapshot.of_kind("", "Pod") if is_meshed_pod(pod))

    @cached_property
    def in_place(self) -> frozenset[str]:
        """The ids of the workloads that some stage may move in place; groups are taken whole."""
        places = [a for s in self.migration.stages for a in s.actions if isinstance(a, Move | Waves)]
        patterns = [
            pattern.text
            for action in places
            if action.profile.strategy is Strategy.IN_PLACE
            for pattern in action.selection.patterns
        ]
        return frozenset(w.id for w in self.mesh.workloads if any(_takes(text, w.id) for text in patterns))

    @cached_property
    def _first_pod(self) -> Mapping[str, str]:
        """The first live App Mesh pod of each workload, both as `namespace/name`."""
        found: dict[str, str] = {}
        for pod in self.meshed_pods:
            for workload in _possible_owners(pod.ref.id):
                found.setdefault(workload, pod.ref.id)
        return found

    def blind(self, kind: str, group: str = "") -> str:
        """Say why a kind was not seen at all; empty where it was."""
        if kind in self.unread:
            return self.unread[kind]
        if kind == "Node" and not self.snapshot.of_kind("", "Node"):
            return "needs the cluster's Node objects: none was seen"
        if not self.live and kind in RUNTIME_KINDS and not self.snapshot.of_kind(group, kind):
            return f"needs the cluster's {kind} objects: a folder of manifests has none"
        return ""

    def dumps_of(self, owner: Upstream | Edge) -> tuple[PodDump, ...]:
        """Return the dumps of a VirtualNode's or VirtualGateway's pods, by node id or by the pod's name."""
        names = tuple(workload.rpartition("/")[2] for workload in owner.workloads)
        return tuple(
            dump
            for dump in self.dumps
            if dump.node.rpartition("/")[2] == owner.source_name
            or (not dump.node and any(dump.is_of(name, owner.namespace) for name in names))
        )

    def pod_to_dump(self, owner: Upstream | Edge) -> str:
        """Name a pod whose dump would tell; its workload where pods are not known."""
        for workload in owner.workloads:
            if workload in self._first_pod:
                return self._first_pod[workload]
        return f"a pod of {owner.workloads[0]}" if owner.workloads else f"a pod of {owner.id}"

    def owners_with_pods(self) -> Iterator[Upstream | Edge]:
        """Yield every VirtualNode and VirtualGateway that has workloads."""
        yield from (upstream for upstream in self.mesh.upstreams if upstream.workloads)
        yield from (edge for edge in self.mesh.edges if edge.workloads)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        """Return a namespace's labels, its own name among them."""
        return self.cluster.namespaces.get(namespace, {"kubernetes.io/metadata.name": namespace})

    def reported(self, *codes: str) -> Iterator[Diagnostic]:
        """Yield what reading the mesh reported under these codes."""
        return (finding for finding in self.findings if finding.code in codes)


def _possible_owners(pod: str) -> Iterator[str]:
    """Yield the workloads that may give a pod such a name: it ends in one or two parts of their controllers'."""
    head, _, _ = pod.rpartition("-")
    yield from (name for name in (head.rpartition("-")[0], head) if "/" in name)


def containers(template: Template) -> tuple[Mapping[str, object], ...]:
    """Return the application's containers: not a gateway's own proxy, which is called `envoy`."""
    return tuple(container for container in template.containers if text(container.get("name")) != "envoy")


def proxy_containers(pod: Manifest) -> Iterator[Mapping[str, object]]:
    """Yield the statuses of a pod's App Mesh proxy."""
    statuses = map(mapping, items(pod.status.get("containerStatuses")))
    return (status for status in statuses if status.get("name") == "envoy")


def _takes(pattern: str, workload: str) -> bool:
    head, star, tail = pattern.partition("*")
    return workload == pattern if not star else workload.startswith(head) and workload.endswith(tail)
