"""What a pod's state says, and what decides whether it can ever be ready."""

from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json

READY = "Ready"
CLOUD_MAP_GATE = "conditions.appmesh.k8s.aws/aws-cloudmap-healthy"
_NAMES = {"APPMESH_RESOURCE_ARN", "APPMESH_VIRTUAL_NODE_NAME"}
_UNPULLABLE = "auto"
"""The image name that Istio's gateway injection replaces; no registry has it."""


def is_ready(pod: Mapping[str, Json]) -> bool:
    """Whether the pod's Ready condition is true and it is not being deleted."""
    ready = condition(pod, READY)
    return ready is not None and ready["status"] == "True" and not pod["metadata"].get("deletionTimestamp")


def condition(body: Mapping[str, Json], kind: str) -> Mapping[str, Json] | None:
    """Return the status condition of that type, if there is one."""
    return next((one for one in body.get("status", {}).get("conditions") or () if one["type"] == kind), None)


def is_active(pod: Mapping[str, Json]) -> bool:
    """Whether the pod counts for its controller: neither finished nor being deleted."""
    finished = pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}
    return not finished and not pod["metadata"].get("deletionTimestamp")


def containers(pod: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """Yield the containers that run beside each other."""
    yield from pod["spec"].get("containers") or ()
    yield from (one for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always")


def appmesh_container(pod: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """Return the App Mesh Envoy of a pod, if it has one."""
    for one in containers(pod):
        if one["name"] == "envoy" and any(variable.get("name") in _NAMES for variable in one.get("env") or ()):
            return one
    return None


def istio_container(pod: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """Return the Istio proxy of a pod, if it has one."""
    return next((one for one in containers(pod) if one["name"] == "istio-proxy"), None)


def broken_containers(pod: Mapping[str, Json], *, control_plane_gone: bool) -> frozenset[str]:
    """Return the containers of a pod, started now, that will never be ready.

    An App Mesh Envoy waits for its first configuration for ever; two proxies take each other's ports.
    """
    appmesh, istio = appmesh_container(pod), istio_container(pod)
    broken = {str(one["name"]) for one in containers(pod) if one.get("image") == _UNPULLABLE}
    if appmesh is not None and istio is not None:
        broken |= {"envoy", "istio-proxy"}
    if appmesh is not None and control_plane_gone:
        broken.add("envoy")
    return frozenset(broken)
