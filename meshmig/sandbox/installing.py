"""The control planes of both meshes as a cluster shows them: namespace, pods, Service, webhooks."""

from collections.abc import Iterator, Mapping, Sequence

from meshmig.model.objects import Json
from meshmig.model.resources import APPMESH_RESOURCES
from meshmig.sandbox.appmesh_controller import LABELS, NAME, NAMESPACE
from meshmig.sandbox.appmesh_webhook import INJECT
from meshmig.sandbox.state import Body

_WEBHOOKS = "admissionregistration.k8s.io/v1"
_SERVICE = f"{NAME}-webhook-service"
_ISTIO = "istio-system"
_DEFAULT = "default"
_IN, _NOT_IN, _ABSENT = "In", "NotIn", "DoesNotExist"

_Requirements = Sequence[tuple[str, str, tuple[str, ...]]]


def appmesh_controller() -> Iterator[Body]:
    """Yield App Mesh's controller: a pod and the Service of its webhooks.

    No Deployment: nobody gave one, and a plan must not name what only the embedded cluster made up.
    """
    place = {"namespace": NAMESPACE, "labels": LABELS}
    container = {"name": "controller", "image": "public.ecr.aws/appmesh/appmesh-controller:v1.13.3"}
    metadata = {"name": NAME, **place}
    yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
    yield _service(_SERVICE, place, LABELS, [{"name": "https", "port": 443, "targetPort": 9443}])


def appmesh_webhooks() -> Iterator[Body]:
    """Yield the two webhook configurations of App Mesh's controller, as its Helm chart makes them."""
    custom = sorted(APPMESH_RESOURCES, key=lambda resource: resource.kind)
    for verb, kind in (("mutate", "MutatingWebhookConfiguration"), ("validate", "ValidatingWebhookConfiguration")):
        hooks = [_custom_hook(verb, resource.kind.lower(), resource.plural) for resource in custom]
        if verb == "mutate":
            hooks.append(_pod_hook())
        name = f"{NAME}-{'mutating' if verb == 'mutate' else 'validating'}-webhook-configuration"
        yield {"apiVersion": _WEBHOOKS, "kind": kind, "metadata": {"name": name}, "webhooks": hooks}


def istio_control_plane(revision: str) -> Iterator[Body]:
    """Yield what an installed istiod of a revision leaves in a cluster; `default` is the unnamed one."""
    suffix = "" if revision == _DEFAULT else f"-{revision}"
    name, labels = f"istiod{suffix}", {"app": "istiod", "istio": "pilot", "istio.io/rev": revision}
    place = {"namespace": _ISTIO, "labels": labels}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _ISTIO}}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, **place}}
    template = labels | {"sidecar.istio.io/inject": "false"}
    yield _deployment(name, place, template, "docker.io/istio/pilot:1.31.0", account=name)
    ports = [{"name": "grpc-xds", "port": 15010}, {"name": "https-dns", "port": 15012}]
    yield _service(name, place, labels, [*ports, {"name": "https-webhook", "port": 443, "targetPort": 15017}])
    yield {
        "apiVersion": _WEBHOOKS,
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"istio-sidecar-injector{suffix}", "labels": {"app": "sidecar-injector", **labels}},
        "webhooks": list(_injector_hooks(name, revision)),
    }


def _injector_hooks(service: str, revision: str) -> Iterator[Body]:
    """The selectors of istio-discovery's mutatingwebhook.yaml."""
    inject, rev, old = "sidecar.istio.io/inject", "istio.io/rev", "istio-injection"
    wanted: _Requirements = [(inject, _NOT_IN, ("false",))]
    mine = (rev, _IN, (revision,))
    unlabelled: _Requirements = [(rev, _ABSENT, ()), (old, _ABSENT, ())]
    yield _injector("rev.namespace", service, [mine, (old, _ABSENT, ())], wanted)
    yield _injector("rev.object", service, unlabelled, [*wanted, mine])
    if revision == _DEFAULT:
        yield _injector("namespace", service, [(old, _IN, ("enabled",))], wanted)
        yield _injector("object", service, unlabelled, [(inject, _IN, ("true",)), (rev, _ABSENT, ())])


def _injector(prefix: str, service: str, namespaces: _Requirements, objects: _Requirements) -> Body:
    return {
        "name": f"{prefix}.sidecar-injector.istio.io",
        "clientConfig": {"service": {"name": service, "namespace": _ISTIO, "path": "/inject", "port": 443}},
        "rules": [_rule(["CREATE"], "", "v1", "pods")],
        "failurePolicy": "Fail",
        "namespaceSelector": _expressions(namespaces),
        "objectSelector": _expressions(objects),
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "reinvocationPolicy": "Never",
    }


def _expressions(rows: _Requirements) -> Body:
    return {
        "matchExpressions": [
            {"key": key, "operator": operator, **({"values": list(values)} if values else {})}
            for key, operator, values in rows
        ]
    }


def _custom_hook(verb: str, word: str, plural: str) -> Body:
    path = f"/{verb}-appmesh-k8s-aws-v1beta2-{word}"
    rule = _rule(["CREATE", "UPDATE"], "appmesh.k8s.aws", "v1beta2", plural)
    return _appmesh_hook(f"{verb[0]}{word}.appmesh.k8s.aws", path, rule)


def _pod_hook() -> Body:
    hook = _appmesh_hook("mpod.appmesh.k8s.aws", "/mutate-v1-pod", _rule(["CREATE"], "", "v1", "pods"))
    return hook | {"namespaceSelector": _expressions([(INJECT, _IN, ("enabled", "disabled"))])}


def _appmesh_hook(name: str, path: str, rule: Body) -> Body:
    return {
        "name": name,
        "clientConfig": {"service": {"name": _SERVICE, "namespace": NAMESPACE, "path": path, "port": 443}},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }


def _rule(operations: list[str], group: str, version: str, plural: str) -> Body:
    names = {"apiGroups": [group], "apiVersions": [version], "resources": [plural]}
    return {"operations": operations, **names, "scope": "*"}


def _deployment(name: str, place: Mapping[str, Json], labels: Mapping[str, str], image: str, *, account: str) -> Body:
    container = {"name": "discovery", "image": image}
    template = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": account, "containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **place},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def _service(name: str, place: Mapping[str, Json], labels: Mapping[str, str], ports: list[Body]) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, **place},
        "spec": {"selector": labels, "ports": ports},
    }
