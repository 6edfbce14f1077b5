"""Scheduler and kubelet: pods are bound, start, become ready, finish, restart and end."""

from collections.abc import Mapping
from ipaddress import IPv4Address

from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Json, ObjectRef
from meshmig.model.units import Duration, Instant
from meshmig.sandbox.pods import CLOUD_MAP_GATE, READY, appmesh_container, broken_containers, condition, istio_container
from meshmig.sandbox.state import Body, State, ref_of
from meshmig.sandbox.times import parsed, written
from meshmig.sandbox.writing import Writer

NODES = ("node-1", "node-2", "node-3")
KUBELET = "kubelet"
_POD_NETWORK = IPv4Address("10.128.0.0")
_POD_ADDRESSES = 1 << 22
_START_MS = 300
_LEAST_MS = 1_000
_SPREAD_MS = 2_000
"""A pod is ready, and a deleted one gone, one to three seconds after it started or was deleted."""

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Bring a pod one step on, if its moment has come."""
    state = writer.state
    pod = state.objects.get(ref)
    if pod is None:
        return
    moment = _next_moment(state, pod)
    if moment is None:
        return
    if state.now() < moment:
        state.later("kubelet", ref, moment.since(state.now()).ms)
        return
    _step(writer, pod)


def restart(writer: Writer, pod: Body) -> None:
    """Restart every container of a running pod in place."""
    now = written(writer.state.now())
    status = dict(pod["status"])
    for key in ("containerStatuses",):
        status[key] = [_restarted(one, now) for one in status.get(key) or ()]
    status["conditions"] = _conditions(pod, {READY: False, "ContainersReady": False}, now)
    writer.set_status(pod, status, KUBELET)
    writer.state.later("kubelet", ref_of(pod), 0)


def _restarted(status: Mapping[str, Json], now: str) -> Body:
    count = int(status.get("restartCount", 0)) + 1
    return {**status, "ready": False, "restartCount": count, "state": {"running": {"startedAt": now}}}


def _next_moment(state: State, pod: Body) -> Instant | None:
    metadata = pod["metadata"]
    delay = Duration(_LEAST_MS + state.chance("pod", metadata["uid"]) % _SPREAD_MS)
    status = pod.get("status", {})
    if metadata.get("deletionTimestamp"):
        return parsed(metadata["deletionTimestamp"]).plus(delay)
    if not status.get("podIP"):
        return parsed(metadata["creationTimestamp"]).plus(Duration(_START_MS))
    if status.get("phase") != "Running":
        return None
    started = parsed(_started(status)).plus(delay)
    if _runs_to_an_end(pod):
        return started.plus(delay)
    is_settled = all(one.get("ready") for one in status.get("containerStatuses") or ())
    ready = condition(pod, READY)
    if (is_settled and ready and ready["status"] == "True") or _is_hopeless(state, pod):
        return None
    return started


def _started(status: Mapping[str, Json]) -> str:
    running = [one["state"]["running"]["startedAt"] for one in status["containerStatuses"] if "running" in one["state"]]
    return str(max(running, default=status["startTime"]))


def _is_hopeless(state: State, pod: Body) -> bool:
    """Whether all that can be ready of the pod is, and the rest never will be."""
    broken = broken_containers(pod, control_plane_gone=is_gone(state))
    waiting = [one for one in pod["status"].get("containerStatuses") or () if not one.get("ready")]
    return all(one["name"] in broken for one in waiting) and (bool(broken) or not _gates_pass(pod))


def is_gone(state: State) -> bool:
    """Whether App Mesh's control plane has been switched off."""
    return state.facts.get("control_plane") == ControlPlane.GONE.value


def _runs_to_an_end(pod: Body) -> bool:
    """Whether the pod's containers finish by themselves; a proxy beside them never does."""
    meshed = appmesh_container(pod) is not None or istio_container(pod) is not None
    return pod["spec"].get("restartPolicy") != "Always" and not meshed


def _step(writer: Writer, pod: Body) -> None:
    if pod["metadata"].get("deletionTimestamp"):
        _end(writer, pod)
    elif not pod["status"].get("podIP"):
        _start(writer, pod)
    elif _runs_to_an_end(pod):
        _finish(writer, pod)
    else:
        _settle(writer, pod)


def _start(writer: Writer, pod: Body) -> None:
    state, now = writer.state, written(writer.state.now())
    address = _free_address(state)
    spec = {**pod["spec"], "nodeName": _node(state, pod)}
    bound = pod | {"spec": spec}
    status = {
        "phase": "Running",
        "conditions": _conditions(bound, {READY: False, "ContainersReady": False}, now),
        "hostIP": f"192.0.2.{NODES.index(spec['nodeName']) + 1}",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "initContainerStatuses": [_initialized(one, now) for one in spec.get("initContainers") or ()],
        "containerStatuses": [_running(one, now) for one in spec["containers"]],
        "qosClass": pod["status"].get("qosClass", "BestEffort"),
    }
    writer.set_status(bound, {key: value for key, value in status.items() if value != []}, KUBELET)


def _node(state: State, pod: Body) -> str:
    given = str(pod["spec"].get("nodeName") or _wanted_node(pod))
    return given if given in NODES else NODES[state.chance("node", pod["metadata"]["uid"]) % len(NODES)]


def _wanted_node(pod: Body) -> str:
    """The node that a DaemonSet's pod names in its affinity."""
    affinity = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution", {}
    )
    for term in affinity.get("nodeSelectorTerms") or ():
        for one in term.get("matchFields") or ():
            return str(one["values"][0])
    return ""


def _free_address(state: State) -> str:
    at = state.version
    while state.is_used_address(address := str(_POD_NETWORK + 2 + at % (_POD_ADDRESSES - 2))):
        at += 1
    return address


def _settle(writer: Writer, pod: Body) -> None:
    state, now = writer.state, written(writer.state.now())
    broken = broken_containers(pod, control_plane_gone=is_gone(state))
    gates = _gated(state, pod, now)
    gated = pod | {"status": {**pod["status"], "conditions": [*pod["status"]["conditions"], *gates]}} if gates else pod
    statuses = [{**one, "ready": one["name"] not in broken} for one in pod["status"]["containerStatuses"]]
    running = all(one["ready"] for one in statuses)
    conditions = _conditions(gated, {"ContainersReady": running, READY: running and _gates_pass(gated)}, now)
    status = {**pod["status"], "containerStatuses": statuses, "conditions": conditions}
    writer.set_status(pod, status, KUBELET)


def _gates_pass(pod: Body) -> bool:
    wanted = {one["conditionType"] for one in pod["spec"].get("readinessGates") or ()}
    return all((found := condition(pod, gate)) is not None and found["status"] == "True" for gate in wanted)


def _gated(state: State, pod: Body, now: str) -> list[Body]:
    """The Cloud Map gate, which App Mesh's controller passes while AWS answers."""
    gates = [one["conditionType"] for one in pod["spec"].get("readinessGates") or ()]
    if CLOUD_MAP_GATE not in gates or is_gone(state) or condition(pod, CLOUD_MAP_GATE) is not None:
        return []
    return [{"type": CLOUD_MAP_GATE, "status": "True", "lastProbeTime": None, "lastTransitionTime": now}]


def _finish(writer: Writer, pod: Body) -> None:
    now = written(writer.state.now())
    ended = {"exitCode": 0, "reason": "Completed", "finishedAt": now}
    statuses = [{**one, "ready": False, "state": {"terminated": ended}} for one in pod["status"]["containerStatuses"]]
    conditions = _conditions(pod, {READY: False, "ContainersReady": False}, now)
    status = {**pod["status"], "phase": "Succeeded", "containerStatuses": statuses, "conditions": conditions}
    writer.set_status(pod, status, KUBELET)


def _end(writer: Writer, pod: Body) -> None:
    if not pod["metadata"].get("finalizers"):
        writer.remove(pod)


def _running(container: Mapping[str, Json], now: str) -> Body:
    return _container_status(container, {"running": {"startedAt": now}}, ready=False)


def _initialized(container: Mapping[str, Json], now: str) -> Body:
    if container.get("restartPolicy") == "Always":
        return _container_status(container, {"running": {"startedAt": now}}, ready=True)
    done = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    return _container_status(container, {"terminated": done}, ready=True)


def _container_status(container: Mapping[str, Json], state: Mapping[str, Json], *, ready: bool) -> Body:
    return {
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": ready,
        "restartCount": 0,
        "image": container.get("image", ""),
        "imageID": "",
    }


def _conditions(pod: Body, wanted: Mapping[str, bool], now: str) -> list[Body]:
    """The pod's conditions with some of them set; one keeps its time while it keeps its status."""
    others = [one for one in pod["status"].get("conditions") or () if one["type"] not in _CONDITIONS]
    return [_condition(pod, kind, wanted.get(kind, True), now) for kind in _CONDITIONS] + others


def _condition(pod: Body, kind: str, value: bool, now: str) -> Body:  # noqa: FBT001 - a status, not a switch
    status = "True" if value else "False"
    known = condition(pod, kind)
    since = known["lastTransitionTime"] if known is not None and known["status"] == status else now
    made = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since}
    return made if value else made | {"reason": "ContainersNotReady", "message": "containers with unready status"}
