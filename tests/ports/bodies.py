"""The objects that the cluster contract's script makes."""

from typing import Any

from meshmig.model.objects import ObjectRef
from meshmig.model.resources import RESOURCES, ResourceType

PLACE = "contract"
OTHER = "elsewhere"
APPMESH = "appmesh.k8s.aws/v1beta2"
NETWORKING = "networking.istio.io/v1"


def kind(name: str, group: str = "") -> ResourceType:
    """A kind as it is served."""
    return next(each for each in RESOURCES if each.kind == name and each.group == group)


NAMESPACES, PODS, SERVICES = kind("Namespace"), kind("Pod"), kind("Service")
CONFIG_MAPS, ACCOUNTS = kind("ConfigMap"), kind("ServiceAccount")
DEPLOYMENTS, REPLICA_SETS = kind("Deployment", "apps"), kind("ReplicaSet", "apps")
STATEFUL_SETS, DAEMON_SETS = kind("StatefulSet", "apps"), kind("DaemonSet", "apps")
SLICES, LEASES = kind("EndpointSlice", "discovery.k8s.io"), kind("Lease", "coordination.k8s.io")
BUDGETS = kind("PodDisruptionBudget", "policy")
AUTOSCALERS = kind("HorizontalPodAutoscaler", "autoscaling")
MESHES, NODES = kind("Mesh", "appmesh.k8s.aws"), kind("VirtualNode", "appmesh.k8s.aws")
ROUTES = kind("VirtualService", "networking.istio.io")


def ref(resource: ResourceType, name: str, namespace: str = PLACE) -> ObjectRef:
    """A reference to an object of a kind."""
    return ObjectRef(resource.api_version, resource.kind, namespace if resource.namespaced else "", name)


def body(resource: ResourceType, name: str, namespace: str = PLACE, /, **fields: Any) -> dict[str, Any]:
    """An object; `labels`, `annotations` and `finalizers` go into its metadata."""
    metadata: dict[str, Any] = {"name": name} | ({"namespace": namespace} if resource.namespaced else {})
    for word in ("labels", "annotations", "finalizers", "ownerReferences"):
        if word in fields:
            metadata[word] = fields.pop(word)
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **fields}


def config(name: str, namespace: str = PLACE, /, **data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return body(CONFIG_MAPS, name, namespace, data=data)


def container(name: str = "app", image: str = "registry.example/app:1", **fields: Any) -> dict[str, Any]:
    """A container."""
    return {"name": name, "image": image, **fields}


def template(app: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A pod template whose pods are labelled with their application."""
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": list(containers or [container()]), **spec}}


def deployment(name: str, replicas: int, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Deployment that selects its pods by `app`."""
    selector = {"matchLabels": {"app": name}}
    spec = {"replicas": replicas, "selector": selector, "template": template(name, *containers), **spec}
    return body(DEPLOYMENTS, name, spec=spec)


def service(name: str, **spec: Any) -> dict[str, Any]:
    """A Service of the pods with its name."""
    return body(SERVICES, name, spec={"selector": {"app": name}, "ports": [{"name": "http", "port": 80}], **spec})


def lease(name: str, namespace: str = PLACE, /, **spec: Any) -> dict[str, Any]:
    """A Lease."""
    return body(LEASES, name, namespace, spec=spec)


def route(name: str, *destinations: tuple[str, int]) -> dict[str, Any]:
    """An Istio VirtualService with weights."""
    listed = [{"destination": {"host": host}, "weight": weight} for host, weight in destinations]
    return body(ROUTES, name, spec={"hosts": [name], "http": [{"route": listed}]})


def node(name: str, **spec: Any) -> dict[str, Any]:
    """An App Mesh VirtualNode of a mesh without a controller."""
    selector = {"matchLabels": {"app": name}}
    return body(NODES, name, spec={"awsName": f"{name}_{PLACE}", "podSelector": selector, **spec})
