"""Small embedded clusters: one namespace in one mesh, services by name."""

from collections.abc import Iterable, Mapping
from typing import Any

from meshmig.adapters.store import MemoryStore
from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.units import Duration
from meshmig.ports import ClusterError, Store
from meshmig.sandbox.cluster import EmbeddedCluster, boot

SPACE = "shop"
APPMESH = "appmesh.k8s.aws/v1beta2"
INJECT = "appmesh.k8s.aws/sidecarInjectorWebhook"


def manifest(api_version: str, kind: str, name: str, namespace: str = SPACE, **parts: Any) -> Manifest:
    """Write an object; `metadata` adds to its name and namespace."""
    place = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **place, **parts.pop("metadata", {})}
    return Manifest({"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts})


def deployment(name: str, replicas: int = 2, *, template: Mapping[str, Any] | None = None, **spec: Any) -> Manifest:
    """Write a Deployment whose pods carry `app: NAME`."""
    said = template or {}
    metadata = {**said.get("metadata", {}), "labels": {"app": name, **said.get("metadata", {}).get("labels", {})}}
    containers = said.get("containers", [{"name": "app", "image": "app:1", "ports": [{"containerPort": 8080}]}])
    whole = {"metadata": metadata, "spec": {"containers": containers, **said.get("spec", {})}}
    selector = {"matchLabels": {"app": name}}
    return manifest(
        "apps/v1", "Deployment", name, spec={"replicas": replicas, "selector": selector, "template": whole, **spec}
    )


def service(name: str, **spec: Any) -> Manifest:
    """Write a Service in front of those pods."""
    ports = [{"port": 80, "targetPort": 8080}]
    return manifest("v1", "Service", name, spec={"selector": {"app": name}, "ports": ports, **spec})


def mesh(*names: str, label: str = "enabled") -> list[Manifest]:
    """Write a namespace in a mesh, and a virtual node for each name."""
    labels = {"mesh": SPACE} | ({INJECT: label} if label else {})
    selector = {"namespaceSelector": {"matchLabels": {"mesh": SPACE}}}
    listeners = [{"portMapping": {"port": 8080, "protocol": "http"}}]
    nodes = [
        manifest(
            APPMESH, "VirtualNode", name, spec={"podSelector": {"matchLabels": {"app": name}}, "listeners": listeners}
        )
        for name in names
    ]
    return [
        manifest("v1", "Namespace", SPACE, "", metadata={"labels": labels}),
        manifest(APPMESH, "Mesh", SPACE, "", spec=selector),
        *nodes,
    ]


def world(
    manifests: Iterable[Manifest], *, gone: bool = False, store: Store | None = None, seed: int = 0
) -> EmbeddedCluster:
    """Boot a cluster, in memory unless a store is given."""
    control_plane = ControlPlane.GONE if gone else ControlPlane.ALIVE
    return boot(store or MemoryStore(), list(manifests), control_plane=control_plane, seed=seed, name="small")


def plain_world() -> EmbeddedCluster:
    """Boot a cluster with one namespace and no mesh."""
    return world([manifest("v1", "Namespace", SPACE, "")])


def ref(api_version: str, kind: str, name: str, namespace: str = SPACE) -> ObjectRef:
    """Name an object."""
    return ObjectRef(api_version, kind, namespace, name)


def pods(cluster: EmbeddedCluster, app: str) -> list[Mapping[str, Any]]:
    """Return the pods of one app, those that are ending too."""
    return [pod for pod in cluster.of_kind("", "Pod") if (pod["metadata"].get("labels") or {}).get("app") == app]


def ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is ready."""
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def names(pod: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The names of a pod's containers and init containers."""
    spec = pod["spec"]
    return [one["name"] for one in spec["containers"]], [one["name"] for one in spec.get("initContainers", ())]


def settle(cluster: EmbeddedCluster, seconds: int = 60) -> None:
    """Let virtual time pass."""
    cluster.clock.wait(Duration.of(seconds=seconds))


def refusal(act: Any) -> tuple[int, str]:
    """Return the HTTP code and reason of what is refused; (0, "") where nothing is."""
    try:
        act()
    except ClusterError as error:
        return error.status, error.reason
    return 0, ""
