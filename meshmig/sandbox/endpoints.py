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

_TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"

_Ports = tuple[tuple[tuple[str, Json], ...], ...]
_Content = tuple[_Ports, Sequence[Body]]


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Bring a Service's slices in line: one for each set of ports that its pods resolve to, an empty one without pods.

    A slice whose ports are no longer wanted becomes one that is missing, before any is deleted or made.
    """
    service = writer.state.objects.get(ref)
    if service is None or service["metadata"].get("deletionTimestamp"):
        return
    selector = service["spec"].get("selector")
    if not selector or service["spec"].get("type") == "ExternalName":
        return
    pods = [pod for pod in writer.state.pods_selected(ref.namespace, selector) if _has_endpoint(pod)]
    wanted: dict[_Ports, list[Body]] = {}
    for pod in pods:
        wanted.setdefault(_ports(service, pod), []).append(pod)
    wanted = wanted or {(): []}
    slices = _slices(writer, service)
    since = _changed_at(service, pods, slices)
    known = {_ports_of(one): one for one in slices}
    spare = [one for ports, one in known.items() if ports not in wanted]
    for ports, members in wanted.items():
        held = known.get(ports) or (spare.pop() if spare else None)
        _write(writer, service, held, (ports, members), since)
    for one in spare:
        writer.delete(one)


def _changed_at(service: Body, pods: Sequence[Body], slices: Sequence[Body]) -> str:
    """When what the slices say changed: the first of the pods that came or changed their readiness since the last pass.

    Empty where only pods went. After k8s.io/endpointslice: trackers of trigger times.
    """
    if not slices:
        return str(service["metadata"]["creationTimestamp"])
    said = {each["targetRef"]["name"]: each for one in slices for each in one.get("endpoints") or ()}
    moments = []
    for pod in pods:
        ready, known = condition(pod, READY), said.get(pod["metadata"]["name"])
        if ready and (known is None or known["conditions"]["serving"] != (ready["status"] == "True")):
            moments.append(str(ready["lastTransitionTime"]))
    return min(moments, default="")


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


def _write(writer: Writer, service: Body, held: Body | None, content: _Content, since: str) -> None:
    ports, members = content
    said = {
        "endpoints": [_endpoint(pod, service) for pod in members] or None,
        "ports": [dict(port) for port in ports] or None,
    }
    trigger = {_TRIGGER: since} if since else {}
    if held is not None:
        if any(held.get(key) != value for key, value in said.items()):
            writer.update(held, {**held, **said, "metadata": _annotated(held["metadata"], trigger)})
        return
    name, metadata = service["metadata"]["name"], service["metadata"]
    labels = {**(metadata.get("labels") or {}), _MANAGED_BY: _CONTROLLER, SERVICE_NAME: name}
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    place = {"generateName": f"{name}-", "namespace": metadata["namespace"], "labels": labels}
    whole = _annotated({**place, "ownerReferences": [owner_of(service)]}, trigger)
    kind = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice"}
    writer.create({**kind, "metadata": whole, "addressType": "IPv4", **said})


def _annotated(metadata: Body, trigger: Mapping[str, str]) -> Body:
    kept = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != _TRIGGER}
    annotations = {**kept, **trigger}
    plain = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**plain, "annotations": annotations} if annotations else plain


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
