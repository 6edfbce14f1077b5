"""Translating meshes of 1,000 and 10,000 services: weights, headers, gateways; time, memory, growth."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from meshmig.model.objects import Manifest
from tests.bench.generated import NAMESPACE, manifests

pytestmark = pytest.mark.bench

SERVICES_BEHIND_A_GATEWAY = 100
APPMESH = "appmesh.k8s.aws/v1beta2"

_RUN = """
import gc, resource, sys, time
gc.set_threshold(100_000, 50, 50)
from meshmig.model.intent import IstioChoice
from meshmig.model.objects import Snapshot
from meshmig.sources.appmesh import lift
from meshmig.targets import istio
from tests.bench.test_translation import mesh

snapshot = Snapshot.of(mesh(int(sys.argv[1])))
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.process_time()
lifted = lift(snapshot)
read = time.process_time()
settings = istio.Settings(choice=IstioChoice(egress_declared=True))
objects = istio.translated(lifted.mesh, settings)
made = time.process_time()
findings = istio.findings(lifted.mesh, settings)
checked = time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = len(lifted.ledger.rows)
print(read - begun, made - read, checked - made, (peak - base) / 1024, len(objects), rows, len(findings))
"""


def mesh(services: int) -> Iterator[Manifest]:
    """The generated mesh, two targets a router, and a gateway with a route to each of every hundred services."""
    for manifest in manifests(services):
        yield _canaried(manifest) if manifest.ref.kind == "VirtualRouter" else manifest
    for number in range(services // SERVICES_BEHIND_A_GATEWAY):
        yield from _gateway(number)


def _canaried(manifest: Manifest) -> Manifest:
    number = int(manifest.ref.name.removeprefix("svc-"))
    routes = [dict(route) for route in manifest.spec["routes"]]
    rule = routes[-1]["httpRoute"]
    (target,) = rule["action"]["weightedTargets"]
    other = {"virtualNodeRef": {"name": f"svc-{number - number % 2:05d}"}, "weight": 10}
    routes[-1] |= {"httpRoute": rule | {"action": {"weightedTargets": [target | {"weight": 90}, other]}}}
    return Manifest(dict(manifest.body) | {"spec": dict(manifest.spec) | {"routes": routes}})


def _gateway(number: int) -> Iterator[Manifest]:
    name = f"door-{number:03d}"
    listeners = [{"portMapping": {"port": 8088, "protocol": "http"}}]
    selectors = {"podSelector": {"matchLabels": {"app": name}}, "namespaceSelector": {"matchLabels": {"mesh": "load"}}}
    chosen = {"gatewayRouteSelector": {"matchLabels": {"door": name}}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "envoy"}]}}
    yield _object(APPMESH, "VirtualGateway", name, {"listeners": listeners, **selectors, **chosen})
    yield _object("apps/v1", "Deployment", name, {"replicas": 1, "template": template})
    for place in range(SERVICES_BEHIND_A_GATEWAY):
        host = f"svc-{number * SERVICES_BEHIND_A_GATEWAY + place:05d}"
        target = {"virtualService": {"virtualServiceRef": {"name": host}}}
        rule = {"match": {"prefix": f"/{host}"}, "action": {"target": target}}
        yield _object(APPMESH, "GatewayRoute", host, {"httpRoute": rule}, {"door": name})


def _object(version: str, kind: str, name: str, spec: dict[str, Any], labels: dict[str, str] | None = None) -> Manifest:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels or {}}
    return Manifest({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})


def test_translation_grows_with_the_mesh() -> None:
    """Seconds of one core for reading, rendering and checking; memory beside the manifests; ten times the services."""
    for services in (1_000, 10_000):
        done = subprocess.run(
            [sys.executable, "-c", _RUN, str(services)], capture_output=True, text=True, check=False, timeout=900
        )
        assert done.returncode == 0, done.stderr[-2000:]
        read, made, checked, memory, objects, rows, found = done.stdout.split()
        print(
            f"{services:>6} services: lift {float(read):6.2f} s, render {float(made):6.2f} s, "
            f"check {float(checked):6.2f} s, {float(memory):6.0f} MiB, "
            f"{objects} objects, {rows} fates, {found} findings"
        )
