"""App Mesh's controller for custom resources: finalizers as long as it runs; status and cleanup while AWS answers."""

from meshmig.model.objects import ObjectRef
from meshmig.model.resources import APPMESH
from meshmig.sandbox.appmesh_webhook import GROUP
from meshmig.sandbox.kubelet import is_gone
from meshmig.sandbox.pods import is_ready
from meshmig.sandbox.state import Body, State
from meshmig.sandbox.times import written
from meshmig.sandbox.writing import Writer

NAMESPACE = "appmesh-system"
NAME = "appmesh-controller"
LABELS = {"app.kubernetes.io/instance": NAME, "app.kubernetes.io/name": NAME}
_PREFIX = "finalizers.appmesh.k8s.aws"
_RESOURCES = f"{_PREFIX}/aws-appmesh-resources"
_CLOUD_MAP = f"{_PREFIX}/aws-cloudmap-resources"
_MEMBERS = {"Mesh": f"{_PREFIX}/mesh-members", "VirtualGateway": f"{_PREFIX}/virtualgateway-members"}
_ARN = "arn:aws:appmesh:us-west-2:111122223333:mesh"
_WORDS = {
    "Mesh": "mesh",
    "VirtualNode": "virtualNode",
    "VirtualService": "virtualService",
    "VirtualRouter": "virtualRouter",
    "VirtualGateway": "virtualGateway",
    "GatewayRoute": "gatewayRoute",
}
_LOOK_AGAIN_MS = 10_000


def reconcile(writer: Writer, ref: ObjectRef) -> None:
    """Hold a live object by finalizers and report it active; let a deleted one go once AWS has let it go."""
    found = writer.state.objects.get(ref)
    if found is None or ref.kind == "BackendGroup" or not is_running(writer.state):
        return
    if found["metadata"].get("deletionTimestamp"):
        _let_go(writer, found, ref)
        return
    wanted = _finalizers(found)
    held = found["metadata"].get("finalizers") or []
    if not set(wanted) <= set(held):
        finalizers = [*held, *(one for one in wanted if one not in held)]
        found = writer.update(found, {**found, "metadata": {**found["metadata"], "finalizers": finalizers}}, NAME)
    if not is_gone(writer.state):
        _report(writer, found)


def is_running(state: State) -> bool:
    """Whether a pod of the controller is ready."""
    return any(is_ready(pod) for pod in state.pods_selected(NAMESPACE, {"app.kubernetes.io/name": NAME}))


def _finalizers(found: Body) -> list[str]:
    kind = found["kind"]
    members = [_MEMBERS[kind]] if kind in _MEMBERS else []
    discovery = (found.get("spec") or {}).get("serviceDiscovery") or {}
    cloud = [_CLOUD_MAP] if kind == "VirtualNode" and "awsCloudMap" in discovery else []
    return [*members, _RESOURCES, *cloud]


def _report(writer: Writer, found: Body) -> None:
    kind, spec = found["kind"], found.get("spec") or {}
    mesh = (spec.get("meshRef") or {}).get("name")
    arn = f"{_ARN}/{mesh}/{_WORDS[kind]}/{spec.get('awsName')}" if mesh else f"{_ARN}/{spec.get('awsName')}"
    known = found.get("status", {}).get("conditions") or [{}]
    since = known[0].get("lastTransitionTime") or written(writer.state.now())
    status = {
        **found.get("status", {}),
        f"{_WORDS[kind]}ARN": arn,
        "conditions": [{"lastTransitionTime": since, "status": "True", "type": f"{kind}Active"}],
        "observedGeneration": found["metadata"]["generation"],
    }
    writer.set_status(found, status, NAME)


def _let_go(writer: Writer, found: Body, ref: ObjectRef) -> None:
    """AWS must confirm that the resource is gone; a mesh and a gateway wait for their members."""
    if is_gone(writer.state):
        return
    if _has_members(writer.state, found):
        writer.state.later("appmesh", ref, _LOOK_AGAIN_MS)
        return
    held = [one for one in found["metadata"].get("finalizers") or () if not one.startswith(_PREFIX)]
    metadata = {**found["metadata"], "finalizers": held}
    writer.update(found, {**found, "metadata": metadata}, NAME)


def _has_members(state: State, found: Body) -> bool:
    field = {"Mesh": "meshRef", "VirtualGateway": "virtualGatewayRef"}.get(found["kind"])
    if field is None:
        return False
    uid = found["metadata"]["uid"]
    members = (body for ref, body in state.objects.items() if ref.group == GROUP)
    return any(((body.get("spec") or {}).get(field) or {}).get("uid") == uid for body in members)


def resources(state: State) -> tuple[ObjectRef, ...]:
    """Every App Mesh object's reference, in order."""
    return tuple(sorted(ref for ref in state.objects if ref.api_version == APPMESH))
