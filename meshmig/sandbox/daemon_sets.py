"""The DaemonSet controller: one pod a node, replaced one after the other or when somebody deletes them."""

from collections.abc import Mapping

from meshmig.model.objects import ObjectRef
from meshmig.sandbox.deployments import share_of, template_hash
from meshmig.sandbox.kubelet import NODES
from meshmig.sandbox.pods import is_active, is_ready
from meshmig.sandbox.replica_sets import pod_of
from meshmig.sandbox.revisions import REVISION_LABEL, remember_revision
from meshmig.sandbox.state import Body
from meshmig.sandbox.writing import Writer

_GONE = ("not-ready", "unreachable")
_EVERYWHERE = ("disk-pressure", "memory-pressure", "unschedulable", "pid-pressure")


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Make missing pods, replace outdated ones within bounds, then write the status."""
    found = writer.state.objects.get(ref)
    if found is None:
        return
    digest = template_hash(found["spec"]["template"])
    if not found["metadata"].get("deletionTimestamp"):
        remember_revision(writer, found, f"{found['metadata']['name']}-{digest}")
        _fill(writer, found, digest)
        _roll(writer, found, digest)
    _write_status(writer, found, digest)


def _by_node(writer: Writer, found: Body) -> dict[str, Body]:
    owned = writer.state.owned_by(found["metadata"]["uid"], "Pod")
    return {_node(pod): pod for pod in owned}


def _node(pod: Body) -> str:
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])


def _fill(writer: Writer, found: Body, digest: str) -> None:
    there = _by_node(writer, found)
    for node in NODES:
        if node not in there:
            writer.create(_pod(found, node, digest))


def _pod(found: Body, node: str, digest: str) -> Body:
    template = found["spec"]["template"]
    said = template.get("metadata") or {}
    labels = {**(said.get("labels") or {}), REVISION_LABEL: digest}
    fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": fields}]}}
    tolerations = [
        *(template["spec"].get("tolerations") or ()),
        *({"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute"} for why in _GONE),
        *({"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoSchedule"} for why in _EVERYWHERE),
    ]
    spec = {**template["spec"], "affinity": {"nodeAffinity": affinity}, "tolerations": tolerations}
    name = f"{found['metadata']['name']}-"
    return pod_of(found, {"metadata": {**said, "labels": labels}, "spec": spec}, generateName=name)


def _roll(writer: Writer, found: Body, digest: str) -> None:
    strategy = found["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return
    pods = [pod for pod in _by_node(writer, found).values() if is_active(pod)]
    most = share_of((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(NODES), up=True)
    outdated = [pod for pod in pods if not _is_current(pod, digest)]
    free = max(1, most) - (len(NODES) - sum(1 for pod in pods if is_ready(pod)))
    for pod in sorted(outdated, key=is_ready):
        if is_ready(pod):
            free -= 1
            if free < 0:
                return
        writer.delete(pod)


def _is_current(pod: Body, digest: str) -> bool:
    labels: Mapping[str, str] = pod["metadata"].get("labels") or {}
    return labels.get(REVISION_LABEL) == digest


def _write_status(writer: Writer, found: Body, digest: str) -> None:
    pods = [pod for pod in _by_node(writer, found).values() if is_active(pod)]
    ready = sum(1 for pod in pods if is_ready(pod))
    counts = {
        "updatedNumberScheduled": sum(1 for pod in pods if _is_current(pod, digest)),
        "numberAvailable": ready,
        "numberUnavailable": len(NODES) - ready,
    }
    status = {
        "currentNumberScheduled": len(pods),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": len(NODES),
        "numberReady": ready,
        "observedGeneration": found["metadata"]["generation"],
        **{key: value for key, value in counts.items() if value},
    }
    writer.set_status(found, status)
