"""What Kubernetes knows of names and pods: which workloads stand behind a Service and a port."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.proof.model import NOBODY, Target

DOMAIN = "cluster.local"
ORIGIN = "meshmig.io/origin"
WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of a workload: whose they count as, their labels, their named container ports."""

    ref: ObjectRef
    counts_as: str
    labels: Mapping[str, str]
    ports: Mapping[str, int]
    replicas: int


@dataclass(frozen=True)
class Registry:
    """Services and workloads of one moment, by name and by selector."""

    manifests: tuple[Manifest, ...]

    @cached_property
    def services(self) -> Mapping[tuple[str, str], Manifest]:
        """Services by namespace and name."""
        return {(m.ref.namespace, m.ref.name): m for m in self.manifests if m.ref.kind == "Service" and not m.ref.group}

    @cached_property
    def pods(self) -> tuple[Pods, ...]:
        """The pods of every workload, in the order of the workloads."""
        found = (m for m in self.manifests if m.ref.group == "apps" and m.ref.kind in WORKLOAD_KINDS)
        return tuple(_pods(manifest) for manifest in sorted(found, key=lambda m: m.ref))

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str, str], tuple[Pods, ...]]:
        found: dict[tuple[str, str, str], list[Pods]] = {}
        for pods in self.pods:
            for key, value in pods.labels.items():
                found.setdefault((pods.ref.namespace, key, value), []).append(pods)
        return {key: tuple(listed) for key, listed in found.items()}

    def inside(self, namespace: str) -> tuple[Pods, ...]:
        """Return all pods of a namespace."""
        return tuple(pods for pods in self.pods if pods.ref.namespace == namespace)

    def resolve(self, name: str, namespace: str) -> Manifest | None:
        """Return the Service that a DNS name means to a pod of a namespace."""
        labels = name.removesuffix(".").split(".")
        match labels:
            case [service]:
                return self.services.get((namespace, service))
            case [service, home] | [service, home, "svc"] | [service, home, "svc", "cluster", "local"]:
                return self.services.get((home, service))
            case _:
                return None

    def selected(self, namespace: str, selector: Mapping[str, Json]) -> tuple[Pods, ...]:
        """Return the pods with all these labels; an empty selector takes none."""
        wanted = [(str(key), str(value)) for key, value in sorted(selector.items())]
        if not wanted:
            return ()
        # The rarest label leaves few to look at.
        near = min((self._by_label.get((namespace, *pair), ()) for pair in wanted), key=len)
        return tuple(pods for pods in near if all(pods.labels.get(key) == value for key, value in wanted))

    def behind(self, service: Manifest, port: int, subset: Mapping[str, Json] | None = None) -> Target:
        """Return who gets a connection to a Service's port; nobody where it does not offer that port."""
        offered = next((item for item in ports_of(service) if item.get("port") == port), None)
        if offered is None:
            return NOBODY
        selector = dict(service.spec.get("selector") or {})
        taken = self.selected(service.ref.namespace, selector | dict(subset or {})) if selector else ()
        return target_of(taken, offered.get("targetPort") or port)


def target_of(pods: Iterable[Pods], target_port: Json) -> Target:
    """Name the workloads of some pods, at a container port given by number or name."""
    listed = tuple(pods)
    if not listed:
        return NOBODY
    port = target_port if isinstance(target_port, int) else _named_port(listed, str(target_port))
    return Target(tuple(sorted({item.counts_as for item in listed})), port)


def _named_port(pods: Iterable[Pods], name: str) -> int:
    if name.isdecimal():
        return int(name)
    return next((item.ports[name] for item in pods if name in item.ports), 0)


def ports_of(service: Manifest) -> tuple[Mapping[str, Json], ...]:
    """Return a Service's ports."""
    return tuple(service.spec.get("ports") or ())


def _pods(manifest: Manifest) -> Pods:
    template = manifest.spec.get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or ()
    named = {
        str(port["name"]): int(port["containerPort"])
        for container in containers
        for port in container.get("ports") or ()
        if port.get("name") and port.get("containerPort")
    }
    kind, _, origin = str(manifest.annotations.get(ORIGIN, "")).partition(" ")
    counts_as = origin if kind in WORKLOAD_KINDS else manifest.ref.id
    replicas = manifest.spec.get("replicas", 1)
    labels = (template.get("metadata") or {}).get("labels") or {}
    return Pods(manifest.ref, counts_as, labels, named, 1 if replicas is None else int(replicas))


def fqdn(service: Manifest) -> str:
    """Return a Service's full name."""
    return f"{service.ref.name}.{service.ref.namespace}.svc.{DOMAIN}"
