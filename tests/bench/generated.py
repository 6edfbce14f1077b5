"""A generated mesh of any size: tiers of services, each calling two of the next tier, every tenth with a canary."""

from collections.abc import Iterator
from typing import Any

from meshmig.model.objects import Manifest

TIERS = 10
NAMESPACE = "load"


def manifests(services: int) -> tuple[Manifest, ...]:
    """Return every object of a mesh of that many services, one workload each."""
    return tuple(Manifest(body) for body in _objects(services))


def _objects(services: int) -> Iterator[dict[str, Any]]:
    labels = {"mesh": "load", "appmesh.k8s.aws/sidecarInjectorWebhook": "enabled"}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    spec = {"namespaceSelector": {"matchLabels": {"mesh": "load"}}, "egressFilter": {"type": "ALLOW_ALL"}}
    yield {"apiVersion": "appmesh.k8s.aws/v1beta2", "kind": "Mesh", "metadata": {"name": "load"}, "spec": spec}
    for number in range(services):
        yield from _service(number, services)


def _service(number: int, services: int) -> Iterator[dict[str, Any]]:
    name = f"svc-{number:05d}"
    yield _workload(name)
    ports = [{"name": "http", "port": 8080}]
    yield _object("v1", "Service", name, {"selector": {"app": name}, "ports": ports})
    yield _object("appmesh.k8s.aws/v1beta2", "VirtualNode", name, _node(name, number, services))
    provider = {"virtualRouter": {"virtualRouterRef": {"name": name}}}
    host = f"{name}.{NAMESPACE}.svc.cluster.local"
    yield _object("appmesh.k8s.aws/v1beta2", "VirtualService", name, {"awsName": host, "provider": provider})
    yield _object("appmesh.k8s.aws/v1beta2", "VirtualRouter", name, _router(name))


def _object(version: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def _workload(name: str) -> dict[str, Any]:
    container = {"name": "app", "image": f"registry.example/{name}:1", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    return _object(
        "apps/v1", "Deployment", name, {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    )


def _node(name: str, number: int, services: int) -> dict[str, Any]:
    tier = max(1, services // TIERS)
    callees = [number + tier + offset for offset in (0, 1) if (number + tier + offset) < services]
    backends = [{"virtualService": {"virtualServiceRef": {"name": f"svc-{callee:05d}"}}} for callee in callees]
    return {
        "podSelector": {"matchLabels": {"app": name}},
        "listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}],
        "backends": backends,
        "serviceDiscovery": {"dns": {"hostname": f"{name}.{NAMESPACE}.svc.cluster.local"}},
    }


def _router(name: str) -> dict[str, Any]:
    target = {"virtualNodeRef": {"name": name}, "weight": 1}
    special = {
        "name": "special",
        "priority": 1,
        "httpRoute": {
            "match": {"prefix": "/special", "headers": [{"name": "x-kind", "match": {"exact": "special"}}]},
            "action": {"weightedTargets": [target]},
        },
    }
    plain = {
        "name": "plain",
        "priority": 2,
        "httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": [target]}},
    }
    listener = {"portMapping": {"port": 8080, "protocol": "http"}}
    return {"listeners": [listener], "routes": [special, plain]}


def migration_text(folder: str) -> str:
    """Return a `.mig` file that moves the generated mesh in waves."""
    return f"""mig 1

gate healthy {{
  require errors <= old * 1.25 + 0.05%
  advance when unharmed after 500 requests
  no_data wait 20m then pause
  fail    rollback
}}

migration load {{
  cluster files "{folder}"
  from    appmesh "load"
  to      istio {{ revision "default"  mtls strict  egress open }}
}}

profile gentle {{
  strategy canary
  steps    10%, 50%, 100%
  bake     10m
  check    healthy
  keep     old 24h
}}

stage 1 "ground"    {{ protect  install istio }}
stage 2 "workloads" {{ waves rest by calls, at most 100, 10 at once using gentle }}
stage 3 "finish"    {{ enforce mtls  retire appmesh }}
"""
