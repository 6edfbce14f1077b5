"""What the API server's own admission adds to a pod: the service account's token, tolerations, its class."""

from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json, ObjectRef
from meshmig.sandbox.refusals import forbidden
from meshmig.sandbox.state import Body, State
from meshmig.sandbox.strategies import suffix

_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_SUFFIX_LENGTH = 5
_SOURCES = (
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
        }
    },
)
_TOLERATIONS = tuple(
    {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for why in ("not-ready", "unreachable")
)


def admitted_pod(state: State, ref: ObjectRef, pod: Body) -> Body:
    """Return the pod with what every pod gets.

    Raises:
        ForbiddenError: its service account does not exist.
    """
    spec = dict(pod["spec"])
    account = str(spec.get("serviceAccountName") or "default")
    found = state.get("v1", "ServiceAccount", ref.namespace, account)
    if found is None:
        why = f'error looking up service account {ref.namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden(ref, why)
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    if spec.get("automountServiceAccountToken", found.get("automountServiceAccountToken")) is not False:
        spec = _with_token(state, spec)
    spec["tolerations"] = [*(spec.get("tolerations") or ()), *_missing_tolerations(spec)]
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    return pod | {"spec": spec, "status": {"phase": "Pending", "qosClass": _quality(spec)}}


def _with_token(state: State, spec: Body) -> Body:
    name = f"kube-api-access-{suffix(state.chance('token', state.version), _SUFFIX_LENGTH)}"
    mount = {"name": name, "readOnly": True, "mountPath": _MOUNT}
    volume = {"name": name, "projected": {"sources": list(_SOURCES), "defaultMode": 420}}
    mounted = {
        key: [_mounting(one, mount) for one in spec[key]] for key in ("initContainers", "containers") if spec.get(key)
    }
    return {**spec, **mounted, "volumes": [*(spec.get("volumes") or ()), volume]}


def _mounting(container: Mapping[str, Json], mount: Mapping[str, Json]) -> Body:
    mounts = container.get("volumeMounts") or []
    if any(one.get("mountPath") == _MOUNT for one in mounts):
        return dict(container)
    return {**container, "volumeMounts": [*mounts, mount]}


def _missing_tolerations(spec: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    tolerated = {one.get("key") for one in spec.get("tolerations") or ()}
    return (one for one in _TOLERATIONS if one["key"] not in tolerated)


def _quality(spec: Mapping[str, Json]) -> str:
    """Burstable where a container asks for or is limited to anything, Guaranteed where all limits are requests."""
    resources = [one.get("resources") or {} for key in ("containers", "initContainers") for one in spec.get(key) or ()]
    if not any(one.get("requests") or one.get("limits") for one in resources):
        return "BestEffort"
    return "Guaranteed" if all(_is_guaranteed(one) for one in resources) else "Burstable"


def _is_guaranteed(resources: Mapping[str, Json]) -> bool:
    limits = resources.get("limits") or {}
    return {"cpu", "memory"} <= limits.keys() and (resources.get("requests") or limits) == limits
