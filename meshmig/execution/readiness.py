"""Whether a condition holds: pure functions of the objects that it is about."""

from collections.abc import Iterable, Sequence

from meshmig.model.objects import Manifest


def rolled_out(workload: Manifest) -> bool:
    """Judge a rollout as `kubectl rollout status` does: observed, all replicas updated, available, none left over."""
    spec, status = workload.spec, workload.status
    if status.get("observedGeneration", 0) < workload.metadata.get("generation", 1):
        return False
    if workload.ref.kind == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("updatedNumberScheduled", 0) == wanted == status.get("numberReady", 0))
    wanted = spec.get("replicas", 1)
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    return all(count == wanted for count in counts)


def containers(pod: Manifest) -> set[str]:
    """Return the names of a pod's containers, native sidecars among them."""
    spec = pod.spec
    return {item["name"] for item in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))}


def is_ready(pod: Manifest) -> bool:
    """Whether a pod's Ready condition is True."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.status.get("conditions") or ())


def owned_pods(workload: Manifest, replica_sets: Iterable[Manifest], pods: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return a workload's live pods, by owner references, through its ReplicaSets where it has them."""
    owners = {workload.metadata.get("uid")}
    owners |= {rs.metadata.get("uid") for rs in replica_sets if _owned(rs, owners)}
    return tuple(pod for pod in pods if _owned(pod, owners) and not pod.metadata.get("deletionTimestamp"))


def _owned(manifest: Manifest, owners: set[str | None]) -> bool:
    return any(owner.get("uid") in owners for owner in manifest.metadata.get("ownerReferences") or ())


def ready_endpoints(slices: Sequence[Manifest], service: str) -> int:
    """Count the ready endpoints of a Service."""
    return sum(
        bool((endpoint.get("conditions") or {}).get("ready", True))
        for slice_ in slices
        if slice_.labels.get("kubernetes.io/service-name") == service
        for endpoint in slice_.body.get("endpoints") or ()
    )


def job_end(job: Manifest) -> tuple[bool, str]:
    """Return whether a Job ended, and why it failed; empty where it did not."""
    for condition in job.status.get("conditions") or ():
        if condition.get("status") == "True" and condition.get("type") in ("Complete", "Failed"):
            why = condition.get("message") or condition.get("reason") or "no reason given"
            return True, "" if condition["type"] == "Complete" else f"{job.ref} failed: {why}"
    return False, ""


def is_meshed(pod: Manifest) -> bool:
    """Whether a pod carries App Mesh's proxy."""
    for container in pod.spec.get("containers") or ():
        names = {item.get("name") for item in container.get("env") or ()}
        known = {"APPMESH_RESOURCE_ARN", "APPMESH_VIRTUAL_NODE_NAME"} & names
        if container["name"] == "envoy" and (known or "appmesh" in container.get("image", "")):
            return True
    return False
