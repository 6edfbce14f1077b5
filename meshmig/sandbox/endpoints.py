"""EndpointSlices: the pods that a Service selects, with their readiness."""

from collections.abc import Mapping, Sequence

from meshmig.model.objects import Json, ObjectRef
from meshmig.sandbox.pods import READY, condition
from meshmig.sandbox.replica_sets import owner_of
from meshmig.sandbox.state import Body
from meshmig.sandbox.writing import Writer

SERVICE_NAME = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLER = "endpointslice-controller.k8s.io"

_Ports = tuple[tuple[tuple[str, Json], ...], ...]


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Bring a Service's slices in line: one for each set of ports that its pods resolve to."""
    service = writer.state.objects.get(ref)
    if service is None or service["metadata"].get("deletionTimestamp"):
        return
    selector = service["spec"].get("selector")
    if not selector or service["spec"].get("type") == "ExternalName":
        return
    pods = [pod for pod in writer.state.pods_selected(ref.namespace, selector) if _has_endpoint(pod)]
    groups: dict[_Ports, list[Body]] = {}
    for pod in pods:
        groups.setdefault(_ports(service, pod), []).append(pod)
    known = {_ports_of(one): one for one in _slices(writer, service)}
    for ports, one in known.items():
        if ports not in groups and (groups or len(known) > 1):
            writer.delete(one)
    for ports, members in groups.items() or [(next(iter(known), ()), [])]:
        _write(writer, service, known.get(ports), (ports, members))


def _slices(writer: Writer, service: Body) -> Sequence[Body]:
    owned = writer.state.owned_by(service["metadata"]["uid"], "EndpointSlice")
    return [one for one in owned if one["metadata"].get("labels", {}).get(_MANAGED_BY) == _CONTROLLER]


def _has_endpoint(pod: Body) -> bool:
    status = pod.get("status", {})
    return bool(status.get("podIP")) and status.get("phase") not in {"Succeeded", "Failed"}


def _ports(service: Body, pod: Body) -> _Ports:
    resolved = (_resolved(port, pod) for port in service["spec"].get("ports") or ())
    return tuple(tuple(port.items()) for port in resolved if port is not None)


def _ports_of(one: Body) -> _Ports:
    return tuple(tuple(port.items()) for port in one.get("ports") or ())


def _resolved(port: Mapping[str, Json], pod: Body) -> Body | None:
    target = port.get("targetPort") or port["port"]
    if isinstance(target, str):
        named = (one for container in pod["spec"]["containers"] for one in container.get("ports") or ())
        target = next((one["containerPort"] for one in named if one.get("name") == target), None)
    if target is None:
        return None
    kept = {"appProtocol": port["appProtocol"]} if port.get("appProtocol") else {}
    return {"name": port.get("name", ""), "protocol": port.get("protocol", "TCP"), "port": target, **kept}


def _write(writer: Writer, service: Body, known: Body | None, content: tuple[_Ports, Sequence[Body]]) -> None:
    ports, members = content
    said = [dict(port) for port in ports]
    endpoints = [_endpoint(pod, service) for pod in members]
    if known is not None:
        if known.get("endpoints") != endpoints:
            writer.update(known, {**known, "endpoints": endpoints})
        return
    name, metadata = service["metadata"]["name"], service["metadata"]
    labels = {**(metadata.get("labels") or {}), _MANAGED_BY: _CONTROLLER, SERVICE_NAME: name}
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    place = {"generateName": f"{name}-", "namespace": metadata["namespace"]}
    writer.create(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**place, "labels": labels, "ownerReferences": [owner_of(service)]},
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": said,
        }
    )


def _endpoint(pod: Body, service: Body) -> Body:
    ready = condition(pod, READY)
    serving = ready is not None and ready["status"] == "True"
    ending = bool(pod["metadata"].get("deletionTimestamp"))
    always = bool(service["spec"].get("publishNotReadyAddresses"))
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": always or (serving and not ending), "serving": serving, "terminating": ending},
        "targetRef": {
            "kind": "Pod",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        },
        "nodeName": pod["spec"].get("nodeName", ""),
    }
