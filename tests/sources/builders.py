"""Small builders of manifests: every one with the least that makes it valid, the rest by keyword."""

from collections.abc import Iterable

from meshmig.diagnostics import Severity
from meshmig.model.mesh import Mesh
from meshmig.model.objects import Manifest, Snapshot
from meshmig.sources.appmesh import Lifted, lift

APPMESH = "appmesh.k8s.aws/v1beta2"
INJECTION = "appmesh.k8s.aws/sidecarInjectorWebhook"
Body = dict


def obj(kind: str, name: str, spec: object = None, *, namespace: str = "shop", api: str = APPMESH, **meta) -> Body:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **meta}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **({} if spec is None else {"spec": spec})}


def namespace(name: str = "shop", **labels: str) -> Body:
    labelled = labels or {"mesh": "shop", INJECTION: "enabled"}
    return obj("Namespace", name, namespace="", api="v1", labels=labelled)


def mesh(name: str = "shop", **spec) -> Body:
    return obj("Mesh", name, {"namespaceSelector": {"matchLabels": {"mesh": "shop"}}, **spec}, namespace="")


def listener(port: int = 8080, protocol: str = "http", **more) -> Body:
    return {"portMapping": {"port": port, "protocol": protocol}, **more}


def node(name: str, *, listeners: Iterable[Body] | None = None, host: str = "", space: str = "shop", **spec) -> Body:
    return obj(
        "VirtualNode",
        name,
        {
            "podSelector": {"matchLabels": {"app": name}},
            "listeners": [listener()] if listeners is None else list(listeners),
            "serviceDiscovery": {"dns": {"hostname": host or f"{name}.{space}.svc.cluster.local"}},
            **spec,
        },
        namespace=space,
    )


def backend(name: str, **more) -> Body:
    return {"virtualService": {"virtualServiceRef": {"name": name}, **more}}


def virtual_service(name: str, provider: Body | None = None, **spec) -> Body:
    return obj("VirtualService", name, {**({"provider": provider} if provider else {}), **spec})


def by_router(name: str) -> Body:
    return {"virtualRouter": {"virtualRouterRef": {"name": name}}}


def by_node(name: str) -> Body:
    return {"virtualNode": {"virtualNodeRef": {"name": name}}}


def router(name: str, *routes: Body, listeners: Iterable[Body] = ()) -> Body:
    return obj("VirtualRouter", name, {"listeners": list(listeners) or [listener()], "routes": list(routes)})


def target(name: str, weight: int = 1, **more) -> Body:
    return {"virtualNodeRef": {"name": name}, "weight": weight, **more}


def http_route(name: str, *targets: Body, match: Body | None = None, kind: str = "httpRoute", **more) -> Body:
    rule = {key: more.pop(key) for key in ("retryPolicy", "timeout") if key in more}
    body = {"match": {"prefix": "/"} if match is None else match, "action": {"weightedTargets": list(targets)}}
    return {"name": name, kind: {**body, **rule}, **more}


def seconds(value: int) -> Body:
    return {"unit": "s", "value": value}


def service(name: str, *ports: Body, space: str = "shop", selector: Body | None = None, **spec) -> Body:
    chosen = {"app": name} if selector is None else selector
    listed = list(ports) or [{"port": 8080}]
    return obj("Service", name, {"ports": listed, "selector": chosen, **spec}, namespace=space, api="v1")


def deployment(name: str, *, kind: str = "Deployment", annotations: Body | None = None, **more) -> Body:
    space, meta = more.pop("space", "shop"), more.pop("meta", {})
    pod = more.pop("pod", {"containers": [{"name": "app", "ports": [{"containerPort": 8080, "name": "web"}]}]})
    labels = more.pop("labels", {"app": name})
    template = {"metadata": {"labels": labels, "annotations": annotations or {}}, "spec": pod}
    return obj(kind, name, {"template": template, **more}, namespace=space, api="apps/v1", **meta)


def app(name: str, **spec) -> list[Body]:
    """A VirtualNode with its Deployment and Service."""
    return [node(name, **spec), deployment(name), service(name)]


def gateway(name: str = "front", **spec) -> list[Body]:
    """A VirtualGateway that takes every GatewayRoute of labelled namespaces, with its Deployment and Service."""
    body = {
        "namespaceSelector": {"matchLabels": {"mesh": "shop"}},
        "podSelector": {"matchLabels": {"app": name}},
        "listeners": [listener(8088)],
        **spec,
    }
    front = service(name, {"port": 80, "targetPort": 8088}, type="LoadBalancer")
    return [obj("VirtualGateway", name, body), deployment(name), front]


def gateway_route(name: str, host: str, *, match: Body | None = None, kind: str = "httpRoute", **more) -> Body:
    action = {"target": {"virtualService": {"virtualServiceRef": {"name": host}}}, **more.pop("action", {})}
    return obj("GatewayRoute", name, {kind: {"match": match or {"prefix": "/"}, "action": action}, **more})


def shop(*bodies: Body) -> list[Body]:
    """The mesh `shop` in the injected namespace `shop`, with more objects."""
    return [namespace(), mesh(), *bodies]


def snapshot(bodies: Iterable[Body]) -> Snapshot:
    return Snapshot.of(Manifest(body) for body in bodies)


def lifted(bodies: Iterable[Body], **choices) -> Lifted:
    return lift(snapshot(bodies), **choices)


def mesh_of(bodies: Iterable[Body], **choices) -> Mesh:
    found = lifted(bodies, **choices)
    assert found.mesh is not None, found.findings
    return found.mesh


def codes(result: Lifted, severity: Severity | None = None) -> list[str]:
    return [finding.code for finding in result.findings if severity in (None, finding.severity)]
