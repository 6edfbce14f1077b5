"""The StatefulSet controller: pods with fixed names, made and replaced in their order."""

from collections.abc import Mapping

from meshmig.model.objects import Json, ObjectRef
from meshmig.sandbox.deployments import template_hash
from meshmig.sandbox.pods import is_active, is_ready
from meshmig.sandbox.replica_sets import is_available, pod_of
from meshmig.sandbox.revisions import REVISION_LABEL, remember_revision, template_at
from meshmig.sandbox.state import Body
from meshmig.sandbox.writing import Writer


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Make, replace or delete the next pod, then write the status."""
    found = writer.state.objects.get(ref)
    if found is None:
        return
    revision = f"{found['metadata']['name']}-{template_hash(found['spec']['template'])}"
    current = str(found.get("status", {}).get("currentRevision") or revision)
    if not found["metadata"].get("deletionTimestamp"):
        remember_revision(writer, found, revision)
        _step(writer, found, current, revision)
    _write_status(writer, found, current, revision)


def _pods(writer: Writer, found: Body) -> dict[int, Body]:
    owned = writer.state.owned_by(found["metadata"]["uid"], "Pod")
    return {int(pod["metadata"]["name"].rpartition("-")[2]): pod for pod in owned}


def _step(writer: Writer, found: Body, current: str, revision: str) -> None:
    pods, spec = _pods(writer, found), found["spec"]
    wanted, in_order = int(spec.get("replicas", 1)), spec.get("podManagementPolicy") != "Parallel"
    partition = _partition(spec)
    for ordinal in range(wanted):
        pod = pods.get(ordinal)
        if pod is None:
            writer.create(_pod(writer, found, ordinal, revision if ordinal >= partition else current))
        if in_order and (pod is None or not is_ready(pod)):
            _replace_stuck(writer, spec, pod, revision)
            return
    for ordinal in sorted((number for number in pods if number >= wanted), reverse=True):
        if is_active(pods[ordinal]):
            writer.delete(pods[ordinal])
        if in_order:
            return
    _update(writer, spec, {number: pod for number, pod in pods.items() if number < wanted}, revision)


def _partition(spec: Mapping[str, Json]) -> int:
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return 0
    return int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def _replace_stuck(writer: Writer, spec: Mapping[str, Json], pod: Body | None, revision: str) -> None:
    """An unready pod of an older revision is replaced, not waited for."""
    if pod is None or not is_active(pod) or pod["metadata"]["labels"].get(REVISION_LABEL) == revision:
        return
    ordinal = int(pod["metadata"]["name"].rpartition("-")[2])
    if (spec.get("updateStrategy") or {}).get("type") != "OnDelete" and ordinal >= _partition(spec):
        writer.delete(pod)


def _update(writer: Writer, spec: Mapping[str, Json], pods: Mapping[int, Body], revision: str) -> None:
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        return
    for ordinal in sorted((number for number in pods if number >= _partition(spec)), reverse=True):
        pod = pods[ordinal]
        if pod["metadata"]["labels"].get(REVISION_LABEL) != revision:
            if is_active(pod):
                writer.delete(pod)
            return
        if not is_ready(pod):
            return


def _pod(writer: Writer, found: Body, ordinal: int, revision: str) -> Body:
    name = f"{found['metadata']['name']}-{ordinal}"
    template = template_at(writer.state, found, revision)
    said = template.get("metadata") or {}
    labels = {
        **(said.get("labels") or {}),
        "apps.kubernetes.io/pod-index": str(ordinal),
        REVISION_LABEL: revision,
        "statefulset.kubernetes.io/pod-name": name,
    }
    spec = {**template["spec"], "hostname": name}
    claims = [str(one["metadata"]["name"]) for one in found["spec"].get("volumeClaimTemplates") or ()]
    if claims:
        claimed = [{"name": one, "persistentVolumeClaim": {"claimName": f"{one}-{name}"}} for one in claims]
        spec["volumes"] = [*claimed, *(spec.get("volumes") or ())]
    if found["spec"].get("serviceName"):
        spec["subdomain"] = found["spec"]["serviceName"]
    names = {"name": name, "generateName": f"{found['metadata']['name']}-"}
    return pod_of(found, {"metadata": {**said, "labels": labels}, "spec": spec}, **names)


def _write_status(writer: Writer, found: Body, current: str, revision: str) -> None:
    state, least = writer.state, int(found["spec"].get("minReadySeconds", 0))
    pods = [pod for pod in _pods(writer, found).values() if is_active(pod)]
    updated = [pod for pod in pods if pod["metadata"]["labels"].get(REVISION_LABEL) == revision]
    ready = [pod for pod in pods if is_ready(pod)]
    wanted = int(found["spec"].get("replicas", 1))
    is_whole = len(updated) == len(ready) == wanted
    counts = {
        "readyReplicas": len(ready),
        "currentReplicas": len(updated) if is_whole else len(pods) - len(updated) or len(updated),
        "updatedReplicas": len(updated),
    }
    status = {
        "observedGeneration": found["metadata"]["generation"],
        "replicas": len(pods),
        **{key: value for key, value in counts.items() if value},
        "currentRevision": revision if is_whole else current,
        "updateRevision": revision,
        "collisionCount": 0,
        "availableReplicas": sum(1 for pod in ready if is_available(state, pod, least)),
    }
    writer.set_status(found, status)
