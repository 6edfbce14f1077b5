"""The first state of an embedded cluster: a folder's objects, as if App Mesh had lived with them for a while."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.resources import APPMESH, resource_of
from meshmig.model.units import Duration
from meshmig.ports import ClusterError
from meshmig.sandbox import installing
from meshmig.sandbox.appmesh_controller import NAME, NAMESPACE
from meshmig.sandbox.defaults import defaulted
from meshmig.sandbox.managers import Manager, blank_of, updated
from meshmig.sandbox.pods import appmesh_container
from meshmig.sandbox.state import Body, ref_of, served
from meshmig.sandbox.strategies import made
from meshmig.sandbox.times import written
from meshmig.sandbox.writing import Writer

OWNER = "kubectl"
"""Who owns the fields of a folder's objects: the field manager of `kubectl apply --server-side`."""

LIFE = Duration.of(minutes=10)
"""How long App Mesh has lived in the cluster before anybody looks."""

_START = Duration.of(seconds=10)
_MADE_BY_CONTROLLERS = {"ReplicaSet", "EndpointSlice", "Endpoints", "Event", "ControllerRevision", "Node"}
_API_SERVICE: Body = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "kubernetes",
        "namespace": "default",
        "labels": {"component": "apiserver", "provider": "kubernetes"},
    },
    "spec": {
        "clusterIP": "10.96.0.1",
        "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
    },
}
_ALWAYS = ("default", "kube-node-lease", "kube-public", "kube-system")
_BOOTSTRAPS = (
    "Namespace",
    "ServiceAccount",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "Mesh",
    "VirtualGateway",
    "VirtualNode",
    "VirtualRouter",
    "VirtualService",
)
_SET_BY_SERVER: tuple[str, ...] = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "selfLink",
    "ownerReferences",
)
_SET_BY_SERVER += ("deletionTimestamp", "deletionGracePeriodSeconds")
_CLUSTER_WIDE = ("Mesh", "Namespace", "Node", "PersistentVolume", "StorageClass", "PriorityClass", "IngressClass")


def seed(writer: Writer, manifests: Iterable[Manifest], wait: Callable[[Duration], None]) -> None:
    """Put the objects in, let App Mesh's controller start first, and let everything become ready.

    `wait` lets time pass, `LIFE` in all.
    """
    bodies = [_plain(manifest) for manifest in manifests if _is_wanted(manifest)]
    for namespace in _namespaces(bodies):
        _put(writer, namespace)
    has_appmesh = any(body["apiVersion"] == APPMESH for body in bodies)
    controller = _controller(bodies) if has_appmesh else ()
    for body in controller:
        _put(writer, body)
    _put(writer, _API_SERVICE)
    writer.state.commit()
    wait(_START)
    rest = [*bodies, *_accounts(bodies)]
    if has_appmesh and not any(_is_live(manifest) for manifest in manifests):
        rest += _missing(installing.appmesh_webhooks(), bodies)
    for body in sorted(rest, key=_turn):
        if ref_of(body) not in writer.state.objects:
            _put(writer, body)
    writer.state.commit()
    wait(Duration(LIFE.ms - _START.ms))


def _is_wanted(manifest: Manifest) -> bool:
    ref = manifest.ref
    if ref.kind == "Pod" and manifest.metadata.get("ownerReferences"):
        return False
    return bool(ref.name) and ref.kind not in _MADE_BY_CONTROLLERS


def _is_live(manifest: Manifest) -> bool:
    return bool(manifest.metadata.get("uid"))


def _plain(manifest: Manifest) -> Body:
    """Drop what another API server filled in, and give a namespace where none is said."""
    body = {key: value for key, value in manifest.body.items() if key != "status"}
    metadata = {key: value for key, value in manifest.metadata.items() if key not in _SET_BY_SERVER and value}
    if not _is_cluster_wide(manifest.ref):
        metadata.setdefault("namespace", "default")
    else:
        metadata.pop("namespace", None)
    return body | {"apiVersion": served(manifest.ref).api_version, "metadata": metadata}


def _is_cluster_wide(ref: ObjectRef) -> bool:
    resource = resource_of(ref)
    if resource is not None:
        return not resource.namespaced
    return ref.kind in _CLUSTER_WIDE or ref.kind.startswith("Cluster")


def _namespaces(bodies: Sequence[Body]) -> Iterator[Body]:
    given = {body["metadata"]["name"]: body for body in bodies if ref_of(body).kind == "Namespace"}
    used = {str(body["metadata"].get("namespace")) for body in bodies if body["metadata"].get("namespace")}
    for name in sorted({*given, *used, *_ALWAYS}):
        yield given.get(name) or {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _controller(bodies: Sequence[Body]) -> Iterator[Body]:
    """App Mesh's controller, unless the objects bring one."""
    names = {(ref_of(body).kind, ref_of(body).namespace, ref_of(body).name) for body in bodies}
    if ("Deployment", NAMESPACE, NAME) in names:
        yield from (body for body in bodies if body["metadata"].get("namespace") == NAMESPACE)
    if ("Namespace", "", NAMESPACE) not in names:
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    yield from _missing(installing.appmesh_controller(), bodies)


def _missing(wanted: Iterable[Body], bodies: Sequence[Body]) -> list[Body]:
    given = {ref_of(body) for body in bodies}
    return [body for body in wanted if ref_of(body) not in given]


def _accounts(bodies: Sequence[Body]) -> list[Body]:
    """The service accounts that templates name and nobody defines: guides make them by other tools."""
    given = {ref_of(body) for body in bodies}
    found: dict[ObjectRef, Body] = {}
    for body in bodies:
        spec = (((body.get("spec") or {}).get("template") or {}) if isinstance(body.get("spec"), Mapping) else {}).get(
            "spec"
        )
        name = (spec or {}).get("serviceAccountName")
        ref = ObjectRef("v1", "ServiceAccount", str(body["metadata"].get("namespace", "")), str(name))
        if name and ref not in given:
            found[ref] = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": ref.name, "namespace": ref.namespace},
            }
    return [found[ref] for ref in sorted(found)]


def _turn(body: Body) -> tuple[int, ObjectRef]:
    """What others refer to comes first."""
    kind = str(body["kind"])
    return (_BOOTSTRAPS.index(kind) if kind in _BOOTSTRAPS else len(_BOOTSTRAPS), ref_of(body))


def _put(writer: Writer, body: Body) -> None:
    """Make an object as a person with kubectl would have; one that admission would not take now is kept as it is."""
    body = _tolerated(body)
    if body["metadata"].get("managedFields") or appmesh_container(_as_pod(body)) is not None:
        _keep(writer, defaulted(body))
        return
    try:
        writer.create(body, OWNER)
    except ClusterError:
        whole = defaulted(body)
        by = Manager(OWNER, "Update", str(body["apiVersion"]))
        _keep(writer, updated(blank_of(by.api_version, str(body["kind"])), whole, by, written(writer.state.now())))


def _keep(writer: Writer, body: Body) -> None:
    if ref_of(body) not in writer.state.objects:
        writer.state.put(made(writer.state, body), "ADDED")


def _as_pod(body: Body) -> Mapping[str, Json]:
    return body if body["kind"] == "Pod" else {"spec": {}}


def _tolerated(body: Body) -> Body:
    """An older API gave a workload without selector its template's labels."""
    spec = body.get("spec")
    template = spec.get("template") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(template, dict) or body["kind"] in {"Job", "CronJob"}:
        return body
    labels = (template.get("metadata") or {}).get("labels") or {}
    if spec.get("selector") or not body["apiVersion"].startswith("apps/"):
        return body
    return body | {"spec": spec | {"selector": {"matchLabels": dict(labels)}}}
