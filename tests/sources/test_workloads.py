"""Who is injected, as whom, and what is known of the workload."""

import pytest

from meshmig.diagnostics import Severity
from meshmig.model.mesh import ProxySettings
from meshmig.model.objects import Manifest
from meshmig.sources.appmesh import is_meshed_pod
from tests.sources.builders import (
    INJECTION,
    app,
    codes,
    deployment,
    gateway,
    lifted,
    mesh,
    mesh_of,
    namespace,
    node,
    obj,
    service,
    shop,
)


def workloads(bodies: list) -> list[str]:
    return [workload.id for workload in mesh_of(bodies).workloads]


@pytest.mark.parametrize(
    ("label", "annotation", "injected"),
    [
        ("enabled", None, True),
        ("enabled", "enabled", True),
        ("enabled", "disabled", False),
        ("enabled", "Disabled", False),
        ("disabled", None, False),
        ("disabled", "enabled", True),
        ("disabled", "perhaps", True),
        (None, None, False),
        (None, "enabled", False),
        ("other", "enabled", False),
    ],
)
def test_the_injector_decides_as_its_webhook_does(*, label: str | None, annotation: str | None, injected: bool) -> None:
    """The namespace must be labelled at all; then the pod's annotation wins."""
    space = namespace("shop", mesh="shop", **({INJECTION: label} if label else {}))
    annotations = {INJECTION: annotation} if annotation else {}

    found = workloads([space, mesh(), node("cart"), deployment("cart", annotations=annotations)])

    assert found == (["shop/cart"] if injected else [])


def test_a_pod_selector_is_evaluated_on_the_template() -> None:
    """Labels, expressions, its own namespace only; missing takes nothing and empty everything."""
    expression = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart", "web"]}]}
    other = namespace("other")
    bodies = [*shop(deployment("cart"), deployment("web"), deployment("db")), other, deployment("cart", space="other")]

    def taken(selector: object) -> tuple[str, ...]:
        spec = {"podSelector": selector} if selector is not None else {"podSelector": None}
        return mesh_of([*bodies, node("n", **spec)]).upstream["shop/n"].workloads

    assert taken({"matchLabels": {"app": "cart"}}) == ("shop/cart",)
    assert taken(expression) == ("shop/cart", "shop/web")
    assert taken({}) == ("shop/cart", "shop/db", "shop/web")
    assert taken(None) == ()
    assert taken({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["cart"]}]}) == (
        "shop/db",
        "shop/web",
    )


def test_a_workload_has_one_owner() -> None:
    """Two VirtualNodes, or a VirtualNode and a VirtualGateway, for one pod are an error that names both."""
    twice = lifted(shop(*app("cart"), node("twin", podSelector={"matchLabels": {"app": "cart"}})))
    mixed = lifted(shop(*gateway("cart"), node("cart")))

    assert codes(twice, Severity.ERROR) == codes(mixed, Severity.ERROR) == ["MIG320"]
    assert "VirtualNode shop/cart and VirtualNode shop/twin" in twice.findings[0].message


def test_what_matches_nothing_is_told() -> None:
    """App Mesh refuses such pods; a Job in the mesh is told as well."""
    pod = {"metadata": {"labels": {"app": "cart"}}, "spec": {}}
    job = obj("Job", "nightly", {"template": pod}, api="batch/v1")
    cron = obj("CronJob", "weekly", {"jobTemplate": {"spec": {"template": pod}}}, api="batch/v1")

    assert codes(lifted(shop(*app("cart"), deployment("lost")))) == ["MIG321"]
    assert codes(lifted(shop(*app("cart"), job, cron))) == ["MIG323", "MIG323"]


def test_a_node_without_pods_is_told_unless_it_is_outside() -> None:
    """An outside name has no pods by nature."""
    inside, outside = node("cart"), node("bank", host="bank.example.com", podSelector=None)

    assert "MIG322" in codes(lifted(shop(inside, service("cart"))))
    assert codes(lifted(shop(*app("web"), outside))) == []
    assert codes(lifted(shop(outside))) == ["MIG334"]


def test_the_facts_of_a_workload() -> None:
    """Kind, replicas, labels, Services, storage, graceful stop, owner."""
    pod = {"containers": [{"name": "app", "lifecycle": {"preStop": {"exec": {}}}}]}
    claim = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    meta = {"labels": {"argocd.argoproj.io/instance": "x"}}
    db = deployment("db", kind="StatefulSet", replicas=3, pod=pod, meta=meta, **claim)

    found = mesh_of(shop(node("db"), db, service("db"), service("all", selector={}))).workload["shop/db"]

    assert (found.ref.kind, found.replicas, found.upstream, found.edge) == ("StatefulSet", 3, "shop/db", None)
    assert (found.stops_gracefully, found.owns_storage, found.controlled_by) == (True, True, "Argo CD")
    assert [one.id for one in found.services] == ["shop/db"]


@pytest.mark.parametrize(
    ("meta", "owner"),
    [
        ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "Helm"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}, "Flux"),
        ({"ownerReferences": [{"apiVersion": "flagger.app/v1beta1", "kind": "Canary"}]}, "Flagger"),
        ({"managedFields": [{"manager": "argocd-controller"}]}, "Argo CD"),
        ({"managedFields": [{"manager": "kubectl"}]}, ""),
    ],
)
def test_an_owner_shows(meta: dict, owner: str) -> None:
    """Labels, annotations, owners and managed fields tell who would fight a change."""
    found = mesh_of(shop(node("cart"), deployment("cart", meta=meta))).workload["shop/cart"]

    assert found.controlled_by == owner


def test_annotations_become_proxy_settings() -> None:
    """Every setting of the injector, read as it reads them."""
    key = "appmesh.k8s.aws/"
    annotations = {
        key + "cpuRequest": "10m",
        key + "memoryLimit": "64Mi",
        key + "ports": "8080, 9090",
        key + "egressIgnoredPorts": "22,5432",
        key + "egressIgnoredIPs": "169.254.169.254, 10.0.0.0/8",
        key + "secretMounts": "certs:/certs , ca:/ca",
        key + "volumeMounts": "data:/data",
        key + "sidecarEnv": "A=1, B=2",
        key + "sidecarEnvJson": '[{"C": "3"}]',
    }

    found = mesh_of(shop(node("cart"), deployment("cart", annotations=annotations))).workload["shop/cart"].proxy

    assert found == ProxySettings(
        cpu_request="10m",
        memory_limit="64Mi",
        inbound_ports=(8080, 9090),
        ignored_outbound_ports=(22, 5432),
        ignored_outbound_addresses=("169.254.169.254", "10.0.0.0/8"),
        secret_mounts=(("certs", "/certs"), ("ca", "/ca")),
        volume_mounts=(("data", "/data"),),
        environment=(("A", "1"), ("B", "2"), ("C", "3")),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("ports", "http"), ("ports", "70000"), ("secretMounts", "certs"), ("sidecarEnvJson", "{"), ("sidecarEnv", "A=")],
)
def test_an_unreadable_annotation_is_told(name: str, value: str) -> None:
    """It is left out, and named."""
    annotations = {f"appmesh.k8s.aws/{name}": value}

    result = lifted(shop(node("cart"), deployment("cart", annotations=annotations), service("cart")))

    assert codes(result) == ["MIG314"]
    assert result.mesh.workload["shop/cart"].proxy == ProxySettings(inbound_ports=(8080,))


def proxied(**meta) -> dict:
    container = {"name": "envoy", "env": [{"name": "APPMESH_VIRTUAL_NODE_NAME", "value": "mesh/shop"}]}
    return obj("Pod", "p", {"containers": [container]}, api="v1", **meta)


def test_a_meshed_pod_is_known_by_its_container() -> None:
    """A container of the name alone proves nothing."""
    plain = obj("Pod", "p", {"containers": [{"name": "envoy"}]}, api="v1")

    assert is_meshed_pod(Manifest(proxied()))
    assert not is_meshed_pod(Manifest(plain))
    assert not is_meshed_pod(Manifest(obj("Pod", "p", {"containers": "junk"}, api="v1")))


def test_live_pods_keep_their_sidecar_when_the_label_goes() -> None:
    """Nothing is ever un-injected: a workload whose pods carry the proxy is in the mesh."""
    space = namespace("shop", mesh="shop")
    replica_set = obj(
        "ReplicaSet",
        "cart-1",
        {},
        api="apps/v1",
        ownerReferences=[{"kind": "Deployment", "name": "cart", "controller": True}],
    )
    pod = proxied(ownerReferences=[{"kind": "ReplicaSet", "name": "cart-1", "controller": True}])

    result = lifted([space, mesh(), *app("cart"), replica_set, pod])

    assert "MIG325" in codes(result)
    assert [workload.id for workload in result.mesh.workloads] == ["shop/cart"]


def test_a_bare_meshed_pod_is_told() -> None:
    """Nothing can copy it."""
    assert "MIG323" in codes(lifted(shop(*app("cart"), proxied())))


def test_two_kinds_of_one_name_are_refused() -> None:
    """Workload ids have no kind."""
    assert "MIG324" in codes(lifted(shop(*app("cart"), deployment("cart", kind="StatefulSet"))), Severity.ERROR)
