"""What the API server sets by itself when an object is made or changed, after its fields have found their owners."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address

from meshmig.model.objects import Json
from meshmig.sandbox.schema import has_generation
from meshmig.sandbox.state import Body, State
from meshmig.sandbox.times import written

_SERVICE_NETWORK = IPv4Address("10.96.0.0")
_SERVICE_ADDRESSES = 1 << 20
_RESERVED = 16
_NODE_PORTS = range(30_000, 32_768)
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_KEPT = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName")
_SET_BY_SERVER: tuple[str, ...] = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "selfLink",
)
_SET_BY_SERVER += ("deletionGracePeriodSeconds",)
_GENERATED_LENGTH = 5


def named(state: State, body: Body) -> Body:
    """Return the body with a name, generated where only `generateName` is given, and without what the server sets."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in _SET_BY_SERVER}
    prefix = metadata.get("generateName")
    if prefix and not metadata.get("name"):
        metadata["name"] = prefix + suffix(state.chance("name", prefix, state.version), _GENERATED_LENGTH)
    return body | {"metadata": metadata}


def suffix(number: int, length: int) -> str:
    """Write a number in the letters of generated names."""
    text = ""
    for _ in range(length):
        number, rest = divmod(number, len(_LETTERS))
        text += _LETTERS[rest]
    return text


def made(state: State, body: Body) -> Body:
    """Return a new object as it is stored: uid, creation time, generation, and what its kind gets."""
    metadata = dict(body["metadata"])
    version = state.next_version()
    metadata["uid"] = _uid(state.chance("uid", version), state.chance("uid2", version))
    metadata["resourceVersion"] = str(version)
    metadata["creationTimestamp"] = written(state.now())
    if has_generation(str(body["apiVersion"]), str(body["kind"])):
        metadata["generation"] = 1
    body = body | {"metadata": metadata}
    match body["kind"]:
        case "Service" if body["apiVersion"] == "v1":
            body["spec"] = _addressed(state, body)
        case "Namespace":
            body["spec"] = {"finalizers": ["kubernetes"], **(body.get("spec") or {})}
        case "Job":
            body = _labelled_job(body)
        case _:
            pass
    return body


def carried(live: Body, new: Body) -> Body:
    """Return a changed object with the live one's system metadata, and its status, which only its subresource sets."""
    metadata = {key: value for key, value in new["metadata"].items() if key not in _SET_BY_SERVER}
    for key in (*_KEPT, "resourceVersion"):
        if key in live["metadata"]:
            metadata[key] = live["metadata"][key]
    body = {key: value for key, value in new.items() if key != "status"} | {"metadata": metadata}
    if "status" in live:
        body["status"] = live["status"]
    if body["kind"] == "Service" and body["apiVersion"] == "v1":
        body["spec"] = _readdressed(live["spec"], body["spec"])
    return body


def numbered(live: Body, new: Body) -> Body:
    """Return the changed object with its generation: one more where anything beside metadata and status changed."""
    generation = live["metadata"].get("generation")
    if generation is None or not _is_respecified(live, new):
        return new
    return new | {"metadata": new["metadata"] | {"generation": generation + 1}}


def _is_respecified(live: Body, new: Body) -> bool:
    if live["kind"] == "Deployment" and _annotations(live) != _annotations(new):
        return True
    return {**live, "metadata": None, "status": None} != {**new, "metadata": None, "status": None}


def _annotations(body: Body) -> Mapping[str, str]:
    return body["metadata"].get("annotations") or {}


def _uid(high: int, low: int) -> str:
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _addressed(state: State, body: Body) -> Body:
    spec = dict(body["spec"])
    if spec["type"] == "ExternalName":
        return spec
    if not spec.get("clusterIP"):
        spec["clusterIP"] = _free_address(state, body)
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in {"NodePort", "LoadBalancer"} and spec.get("allocateLoadBalancerNodePorts", True):
        used = set(_node_ports(state))
        spec["ports"] = [_with_node_port(state, port, used) for port in spec.get("ports") or ()]
    return spec


def _readdressed(old: Mapping[str, Json], new: Body) -> Body:
    """A replacement that leaves out what was allocated keeps it."""
    if new.get("type") == "ExternalName":
        return new
    kept = {key: old[key] for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy") if key in old}
    return {**kept, **new}


def _free_address(state: State, body: Body) -> str:
    at = state.chance("address", body["metadata"].get("namespace"), body["metadata"].get("name"))
    while True:
        address = str(_SERVICE_NETWORK + _RESERVED + at % (_SERVICE_ADDRESSES - _RESERVED))
        if not state.is_used_address(address):
            return address
        at += 1


def _node_ports(state: State) -> Iterator[int]:
    for service in state.of_kind("", "Service"):
        for port in service["spec"].get("ports") or ():
            if port.get("nodePort"):
                yield port["nodePort"]


def _with_node_port(state: State, port: Mapping[str, Json], used: set[int]) -> Body:
    if port.get("nodePort"):
        return dict(port)
    at = state.chance("node port", state.version, port.get("port"))
    while _NODE_PORTS[at % len(_NODE_PORTS)] in used:
        at += 1
    chosen = _NODE_PORTS[at % len(_NODE_PORTS)]
    used.add(chosen)
    return {**port, "nodePort": chosen}


def _labelled_job(body: Body) -> Body:
    uid, name = body["metadata"]["uid"], body["metadata"]["name"]
    spec = dict(body["spec"])
    if spec.get("manualSelector") or spec.get("selector"):
        return body
    prefix = "batch.kubernetes.io/"
    labels = {f"{prefix}controller-uid": uid, f"{prefix}job-name": name, "controller-uid": uid, "job-name": name}
    template = dict(spec["template"])
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
    spec["template"] = template | {"metadata": metadata}
    spec["selector"] = {"matchLabels": {f"{prefix}controller-uid": uid}}
    whole = body["metadata"] | {"labels": {**(body["metadata"].get("labels") or {}), **labels}}
    return body | {"spec": spec, "metadata": whole}
