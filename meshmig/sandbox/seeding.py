"""The first state of an embedded cluster: a folder's objects, and what a cluster with App Mesh has beside them."""

from collections.abc import Iterable, Iterator, Mapping

from meshmig.model.objects import Json, Manifest
from meshmig.model.units import Instant
from meshmig.sandbox.admission import selects
from meshmig.sandbox.table import Table, ref_of

GROUP = "appmesh.k8s.aws"
_FINALIZER = "finalizers.appmesh.k8s.aws/aws-appmesh-resources"
_MEMBERS = {"Mesh": "finalizers.appmesh.k8s.aws/mesh-members"}
_MEMBERS |= {"VirtualGateway": "finalizers.appmesh.k8s.aws/virtualgateway-members"}
_LEFT_OUT = {"Pod", "ReplicaSet", "EndpointSlice", "Endpoints", "Event"}


def seed(table: Table, manifests: Iterable[Manifest], now: Instant) -> None:
    """Put the objects in, namespaces first; pods are left to the controllers."""
    bodies = [dict(manifest.body) for manifest in manifests if manifest.ref.kind not in _LEFT_OUT]
    for body in _namespaces(bodies):
        table.put(body, now)
    for body in _controller() if any(_is_appmesh(body) for body in bodies) else ():
        if ref_of(body) not in {ref_of(other) for other in bodies}:
            table.put(body, now)
    for body in bodies:
        table.put(_plain(body), now)
    for stored in [b for b in table.objects.values() if _is_appmesh(b) and b["kind"] != "BackendGroup"]:
        table.put(_defaulted(table, stored), now)


def _is_appmesh(body: Mapping[str, Json]) -> bool:
    return str(body.get("apiVersion", "")).startswith(f"{GROUP}/v1beta2")


def _plain(body: Mapping[str, Json]) -> dict[str, Json]:
    """Strip what another API server filled in, and start unowned: a fresh cluster owns the fields as kubectl does."""
    dropped = {"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "ownerReferences"}
    metadata = {k: v for k, v in body["metadata"].items() if k not in dropped}
    kept = {k: v for k, v in body.items() if k != "status" or _is_appmesh(body)}
    if not _is_cluster_scoped(body):
        metadata.setdefault("namespace", "default")
    return kept | {"metadata": metadata}


def _is_cluster_scoped(body: Mapping[str, Json]) -> bool:
    kind = str(body["kind"])
    return kind in {"Namespace", "Mesh"} or kind.startswith("Cluster") or kind.endswith(("Configuration", "Definition"))


def _namespaces(bodies: list[dict[str, Json]]) -> Iterator[dict[str, Json]]:
    given = {body["metadata"]["name"]: body for body in bodies if body["kind"] == "Namespace"}
    used = {body["metadata"].get("namespace") or "default" for body in bodies if not _is_cluster_scoped(body)}
    for name in sorted(used | {"default", "kube-system", "appmesh-system"} | given.keys()):
        body = given.get(name, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        labels = dict(body["metadata"].get("labels") or {}) | {"kubernetes.io/metadata.name": name}
        yield _plain(body) | {"metadata": {"name": name, "labels": labels}, "status": {"phase": "Active"}}


def _controller() -> Iterator[dict[str, Json]]:
    labels = {"app.kubernetes.io/name": "appmesh-controller"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "controller", "image": "appmesh-controller:v1.13.3"}]},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "appmesh-controller", "namespace": "appmesh-system", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }
    for kind, word in (("Mutating", "mutating"), ("Validating", "validating")):
        name = f"appmesh-controller-{word}-webhook-configuration"
        yield {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": f"{kind}WebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [{"name": f"m{word[0]}.appmesh.k8s.aws", "failurePolicy": "Fail"}],
        }


def _defaulted(table: Table, body: Mapping[str, Json]) -> dict[str, Json]:
    """What App Mesh's own webhook and controller fill in: the AWS name, the mesh, the finalizers."""
    metadata, spec = dict(body["metadata"]), dict(body.get("spec") or {})
    kind, name, namespace = body["kind"], metadata["name"], metadata.get("namespace", "")
    names = {"Mesh": name, "VirtualService": f"{name}.{namespace}"}
    spec.setdefault("awsName", names.get(kind, f"{name}_{namespace}"))
    if kind != "Mesh" and "meshRef" not in spec:
        mesh = _mesh_of(table, namespace)
        if mesh is not None:
            spec["meshRef"] = {"name": mesh["metadata"]["name"], "uid": mesh["metadata"]["uid"]}
    finalizers = [_MEMBERS[kind]] if kind in _MEMBERS else []
    metadata["finalizers"] = metadata.get("finalizers") or [*finalizers, _FINALIZER]
    return dict(body) | {"metadata": metadata, "spec": spec}


def _mesh_of(table: Table, namespace: str) -> Mapping[str, Json] | None:
    labels: Mapping[str, str] = next(
        (
            b["metadata"].get("labels") or {}
            for b in table.of_kind("", "Namespace")
            if b["metadata"]["name"] == namespace
        ),
        {},
    )
    meshes = [b for b in table.of_kind(GROUP, "Mesh") if (b.get("spec") or {}).get("namespaceSelector") is not None]
    return next((mesh for mesh in meshes if selects(mesh["spec"]["namespaceSelector"], labels)), None)
