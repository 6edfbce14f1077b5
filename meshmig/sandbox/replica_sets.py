"""The ReplicaSet controller: as many pods as asked for; unready and young ones go first."""

from collections.abc import Mapping, Sequence

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.units import Duration
from meshmig.ports import ClusterError
from meshmig.sandbox.pods import READY, condition, is_active, is_ready
from meshmig.sandbox.state import Body, State
from meshmig.sandbox.times import parsed, written
from meshmig.sandbox.writing import Writer

_FAILURE = "ReplicaFailure"
_LONGEST_WAIT_MS = 900_000


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Create or delete pods of a ReplicaSet, then write its status."""
    found = writer.state.objects.get(ref)
    if found is None:
        return
    failure = ""
    if not found["metadata"].get("deletionTimestamp"):
        failure = _scale(writer, found)
    _write_status(writer, found, failure)
    if failure:
        _try_again(writer.state, ref)


def owner_of(body: Body) -> Body:
    """Write the owner reference of a controller's dependents."""
    return {
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        "name": body["metadata"]["name"],
        "uid": body["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_of(owner: Body, template: Mapping[str, Json], **metadata: Json) -> Body:
    """Build a pod of a template, owned by a controller; `metadata` names it."""
    said = template.get("metadata") or {}
    copied = {key: dict(said[key]) for key in ("labels", "annotations") if said.get(key)}
    finalizers = {"finalizers": said["finalizers"]} if said.get("finalizers") else {}
    place = {"namespace": owner["metadata"]["namespace"], "ownerReferences": [owner_of(owner)]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**copied, **finalizers, **place, **metadata},
        "spec": template["spec"],
    }


def is_available(state: State, pod: Body, least_ready_seconds: int) -> bool:
    """Whether a pod has been ready for long enough."""
    ready = condition(pod, READY)
    if ready is None or not is_ready(pod):
        return False
    return state.now() >= parsed(ready["lastTransitionTime"]).plus(Duration.of(seconds=least_ready_seconds))


def doomed(pods: Sequence[Body], count: int) -> list[Body]:
    """Return the pods that go first: unstarted, then unready, then those ready or created last."""
    return sorted(pods, key=_worth, reverse=True)[:count]


def _worth(pod: Body) -> tuple[bool, bool, str, str, str]:
    ready = condition(pod, READY)
    since = str(ready["lastTransitionTime"]) if ready is not None else ""
    metadata = pod["metadata"]
    is_unstarted = not pod["spec"].get("nodeName")
    return (is_unstarted, not is_ready(pod), since, metadata["creationTimestamp"], metadata["name"])


def _scale(writer: Writer, found: Body) -> str:
    """Return why pods could not be made; empty where all is well."""
    uid = found["metadata"]["uid"]
    pods = [pod for pod in writer.state.owned_by(uid, "Pod") if is_active(pod)]
    missing = int(found["spec"].get("replicas", 1)) - len(pods)
    for pod in doomed(pods, -missing) if missing < 0 else ():
        writer.delete(pod)
    for _ in range(missing):
        try:
            writer.create(pod_of(found, found["spec"]["template"], generateName=f"{found['metadata']['name']}-"))
        except ClusterError as error:
            return str(error)
    return ""


def _write_status(writer: Writer, found: Body, failure: str) -> None:
    state = writer.state
    owned = state.owned_by(found["metadata"]["uid"], "Pod")
    pods = [pod for pod in owned if is_active(pod)]
    ready = [pod for pod in pods if is_ready(pod)]
    least = int(found["spec"].get("minReadySeconds", 0))
    available = [pod for pod in ready if is_available(state, pod, least)]
    counts = {
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": len(ready),
        "availableReplicas": len(available),
    }
    status = {
        "replicas": len(pods),
        **{key: value for key, value in counts.items() if value},
        "terminatingReplicas": sum(1 for pod in owned if pod["metadata"].get("deletionTimestamp")),
        "observedGeneration": found["metadata"]["generation"],
    }
    if failure:
        status["conditions"] = [_failed(found, failure, written(state.now()))]
    writer.set_status(found, status)
    if len(available) < len(ready):
        state.later("replicaset", _ref(found), least * 1_000)


def _failed(found: Body, failure: str, now: str) -> Body:
    known = condition(found, _FAILURE)
    since = known["lastTransitionTime"] if known is not None else now
    return {
        "type": _FAILURE,
        "status": "True",
        "lastTransitionTime": since,
        "reason": "FailedCreate",
        "message": failure,
    }


def _try_again(state: State, ref: ObjectRef) -> None:
    """Try again after as long as it has failed already: each wait doubles, as the controller's do."""
    failed = condition(state.objects[ref], _FAILURE)
    since = parsed(failed["lastTransitionTime"]) if failed is not None else state.now()
    state.later("replicaset", ref, min(_LONGEST_WAIT_MS, max(1_000, state.now().since(since).ms)))


def _ref(body: Body) -> ObjectRef:
    metadata = body["metadata"]
    return ObjectRef(body["apiVersion"], body["kind"], metadata["namespace"], metadata["name"])
