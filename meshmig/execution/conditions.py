"""Asking the cluster whether a plan's conditions hold."""

from collections.abc import Iterable

from meshmig.execution.readiness import (
    containers,
    is_meshed,
    is_ready,
    job_end,
    owned_pods,
    ready_endpoints,
    rolled_out,
)
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import (
    Condition,
    ControlPlaneReady,
    EndpointsReady,
    JobComplete,
    NoMeshedPods,
    ObjectGone,
    WorkloadDrained,
    WorkloadReady,
)
from meshmig.model.resources import ResourceType, resource_of
from meshmig.ports import Cluster, GoneError, NotFoundError

_POD = ObjectRef("v1", "Pod", "", "")
_REPLICA_SET = ObjectRef("apps/v1", "ReplicaSet", "", "")
_SLICE = ObjectRef("discovery.k8s.io/v1", "EndpointSlice", "", "")
_WEBHOOK = ObjectRef("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", "")
_TRIES = 3
"""How often a list is begun whose token expired."""


def holds(cluster: Cluster, condition: Condition) -> str:
    """Return empty where a condition holds, else what is missing."""
    match condition:
        case WorkloadReady():
            return _workload_ready(cluster, condition)
        case WorkloadDrained(ref=ref):
            left = pods_of(cluster, ref)
            return f"{len(left)} pods of {ref} are left" if left else ""
        case EndpointsReady(ref=ref, minimum=minimum):
            found = ready_endpoints(listed(cluster, _SLICE, ref.namespace), ref.name)
            return "" if found >= minimum else f"{ref} has {found} of {minimum} ready endpoints"
        case JobComplete(ref=ref):
            job = live(cluster, ref)
            ended, failed = job_end(job) if job is not None else (False, f"{ref} is not there")
            return failed or ("" if ended else f"{ref} has not ended")
        case ObjectGone(ref=ref):
            return f"{ref} is still there" if live(cluster, ref) is not None else ""
        case ControlPlaneReady(revision=revision):
            return _control_plane(cluster, revision)
        case NoMeshedPods(namespaces=namespaces):
            meshed = [pod.ref.id for name in namespaces for pod in listed(cluster, _POD, name) if is_meshed(pod)]
            return f"{len(meshed)} pods carry App Mesh's envoy: {', '.join(meshed[:3])}" if meshed else ""


def failed(cluster: Cluster, condition: JobComplete) -> bool:
    """Whether a Job ended in failure."""
    job = live(cluster, condition.ref)
    return job is not None and bool(job_end(job)[1])


def live(cluster: Cluster, ref: ObjectRef) -> Manifest | None:
    """Return the live object, or None."""
    try:
        return cluster.get(ref)
    except NotFoundError:
        return None


def listed(cluster: Cluster, kind: ObjectRef, namespace: str = "") -> tuple[Manifest, ...]:
    """List a kind of a namespace, whole; a list whose token expires on the way is begun anew."""
    resource = resource_of(kind)
    if resource is None:
        return ()
    for _ in range(_TRIES - 1):
        try:
            return tuple(_pages(cluster, resource, namespace))
        except GoneError:
            continue
    return tuple(_pages(cluster, resource, namespace))


def _pages(cluster: Cluster, resource: ResourceType, namespace: str) -> Iterable[Manifest]:
    token = ""
    while True:
        page = cluster.list_page(resource, namespace, limit=500, token=token)
        yield from page.items
        token = page.next_token
        if not token:
            return


def pods_of(cluster: Cluster, ref: ObjectRef) -> tuple[Manifest, ...]:
    """Return a workload's live pods."""
    workload = live(cluster, ref)
    if workload is None:
        return ()
    sets = listed(cluster, _REPLICA_SET, ref.namespace) if ref.kind == "Deployment" else ()
    return owned_pods(workload, sets, listed(cluster, _POD, ref.namespace))


def _workload_ready(cluster: Cluster, condition: WorkloadReady) -> str:
    workload = live(cluster, condition.ref)
    if workload is None:
        return f"{condition.ref} is not there"
    if not rolled_out(workload):
        ready = workload.status.get("readyReplicas", 0)
        return f"{condition.ref}: {ready} of {workload.spec.get('replicas', 1)} pods are ready"
    for pod in pods_of(cluster, condition.ref):
        names = containers(pod)
        if condition.container and condition.container not in names:
            return f"{pod.ref} has no container {condition.container}: did Istio's injector see it?"
        if condition.without and condition.without in names:
            return f"{pod.ref} still has container {condition.without}"
    return ""


def _control_plane(cluster: Cluster, revision: str) -> str:
    cluster.ensure_control_plane(revision)
    hooks = [m for m in listed(cluster, _WEBHOOK) if m.ref.name.startswith("istio-sidecar-injector")]
    if not any(hook.labels.get("istio.io/rev", "default") == revision for hook in hooks):
        return f"Istio's injection webhook of revision {revision} is not there"
    pods = [pod for pod in listed(cluster, _POD, "istio-system") if pod.labels.get("app") == "istiod"]
    return "" if any(map(is_ready, pods)) else "no istiod pod is ready"
