"""Housekeeping controllers: namespaces, garbage collection, disruption budgets."""

from meshmig.model.objects import ObjectRef
from meshmig.sandbox.pods import is_active, is_ready
from meshmig.sandbox.selectors import selects
from meshmig.sandbox.state import Body, State, ref_of
from meshmig.sandbox.times import written
from meshmig.sandbox.writing import Writer

_ROOT = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nembedded\n-----END CERTIFICATE-----\n"
_LOOK_AGAIN_MS = 2_000


def namespace(writer: Writer, ref: ObjectRef) -> None:
    """Give a namespace its service account and root certificate; empty and remove one that is to go."""
    found = writer.state.objects.get(ref)
    if found is None:
        return
    if found["metadata"].get("deletionTimestamp"):
        _clear(writer, found)
        return
    if writer.state.get("v1", "ServiceAccount", ref.name, "default") is None:
        names = {"name": "default", "namespace": ref.name}
        writer.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": names})
    if writer.state.get("v1", "ConfigMap", ref.name, _ROOT) is None:
        place: Body = {"name": _ROOT, "namespace": ref.name, "annotations": {"kubernetes.io/description": _DESCRIPTION}}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": {"ca.crt": _CERTIFICATE}}
        writer.create(body)


def _clear(writer: Writer, found: Body) -> None:
    name = found["metadata"]["name"]
    held = [body for ref, body in sorted(writer.state.objects.items()) if ref.namespace == name]
    for body in held:
        if not body["metadata"].get("deletionTimestamp"):
            writer.delete(body)
    if any(ref.namespace == name for ref in writer.state.objects):
        writer.state.later("namespace", ref_of(found), _LOOK_AGAIN_MS)
    else:
        writer.remove(found)


def garbage(writer: Writer, ref: ObjectRef) -> None:
    """Delete an object all of whose owners are gone."""
    found = writer.state.objects.get(ref)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return
    owners = found["metadata"].get("ownerReferences") or ()
    if owners and not any(_is_there(writer.state, ref.namespace, owner) for owner in owners):
        writer.delete(found)


def _is_there(state: State, place: str, owner: Body) -> bool:
    for around in (place, ""):
        live = state.get(owner["apiVersion"], owner["kind"], around, owner["name"])
        if live is not None and live["metadata"]["uid"] == owner["uid"]:
            return True
    return False


def disruption_budget(writer: Writer, ref: ObjectRef) -> None:
    """Count how many of a budget's pods may be evicted."""
    found = writer.state.objects.get(ref)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return
    pods = [
        pod
        for pod in writer.state.of_kind("", "Pod", ref.namespace)
        if is_active(pod) and selects(found["spec"].get("selector"), pod["metadata"].get("labels") or {})
    ]
    healthy = sum(1 for pod in pods if is_ready(pod))
    wanted = _wanted(found, len(pods))
    allowed = max(0, healthy - wanted)
    generation = found["metadata"]["generation"]
    known = (found.get("status", {}).get("conditions") or [{}])[0]
    said = {"type": "DisruptionAllowed", "status": "True" if allowed else "False", "observedGeneration": generation}
    moved = known.get("lastTransitionTime") if known.get("status") == said["status"] else None
    reason = "SufficientPods" if allowed else "InsufficientPods"
    since = moved or written(writer.state.now())
    status = {
        "observedGeneration": generation,
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": wanted,
        "expectedPods": len(pods),
        "conditions": [{**said, "lastTransitionTime": since, "reason": reason, "message": ""}],
    }
    writer.set_status(found, status)


def _wanted(found: Body, count: int) -> int:
    spec = found["spec"]
    if spec.get("minAvailable") is not None:
        return _share(spec["minAvailable"], count)
    return max(0, count - _share(spec.get("maxUnavailable", 0), count))


def _share(value: int | str, whole: int) -> int:
    return value if isinstance(value, int) else -(-whole * int(value.rstrip("%")) // 100)
