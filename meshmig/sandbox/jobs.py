"""The Job controller: pods that run to an end; one that holds a proxy never does."""

from meshmig.model.objects import ObjectRef
from meshmig.sandbox.pods import is_active, is_ready
from meshmig.sandbox.replica_sets import pod_of
from meshmig.sandbox.state import Body
from meshmig.sandbox.times import written
from meshmig.sandbox.writing import Writer


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Make the pods that are missing, then write the status."""
    found = writer.state.objects.get(ref)
    if found is None or found["metadata"].get("deletionTimestamp") or found.get("status", {}).get("completionTime"):
        return
    pods = writer.state.owned_by(found["metadata"]["uid"], "Pod")
    done = [pod for pod in pods if pod.get("status", {}).get("phase") == "Succeeded"]
    active = [pod for pod in pods if is_active(pod)]
    wanted = int(found["spec"].get("completions") or found["spec"].get("parallelism", 1))
    if not found["spec"].get("suspend"):
        for _ in range(min(int(found["spec"].get("parallelism", 1)), wanted - len(done)) - len(active)):
            writer.create(_pod(found))
    _write_status(writer, found, len(done) >= wanted)


def _pod(found: Body) -> Body:
    return pod_of(found, found["spec"]["template"], generateName=f"{found['metadata']['name']}-")


def _write_status(writer: Writer, found: Body, is_done: bool) -> None:  # noqa: FBT001 - a state, not a switch
    now = written(writer.state.now())
    pods = writer.state.owned_by(found["metadata"]["uid"], "Pod")
    active = [pod for pod in pods if is_active(pod)]
    succeeded = sum(1 for pod in pods if pod.get("status", {}).get("phase") == "Succeeded")
    counts = {"active": len(active), "succeeded": succeeded}
    status = {
        "startTime": found.get("status", {}).get("startTime", now),
        **{key: value for key, value in counts.items() if value},
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "ready": sum(1 for pod in active if is_ready(pod)),
    }
    if is_done:
        status["completionTime"] = now
        status["conditions"] = [_condition(kind, now) for kind in ("SuccessCriteriaMet", "Complete")]
    writer.set_status(found, status)


def _condition(kind: str, now: str) -> Body:
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": "CompletionsReached",
        "message": "Reached expected number of succeeded pods",
    }
