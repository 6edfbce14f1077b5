"""Annotations, the controller's flags and the hidden defaults: each has its fate, and an effect where it says so."""

import copy

import pytest

from meshmig.model.mesh import Fate
from meshmig.sources.appmesh.fates import ANNOTATIONS, FLAGS, HIDDEN
from meshmig.sources.appmesh.ledger import UNSET
from tests.targets.emitted import emitted, read
from tests.targets.whole_mesh import node, obj, outside, whole_mesh

PREFIX = "appmesh.k8s.aws/"
VALUES = {
    "sidecarInjectorWebhook": "disabled",
    "cpuRequest": "200m",
    "memoryRequest": "200Mi",
    "cpuLimit": "1",
    "memoryLimit": "1Gi",
    "appmeshCNI": "enabled",
    "ports": "8081",
    "egressIgnoredIPs": "10.1.2.3",
    "egressIgnoredPorts": "5432",
    "secretMounts": "certs:/certs",
    "volumeMounts": "data:/data",
    "sidecarEnv": "ISTIO_META_X=1",
    "sidecarEnvJson": '[{"ISTIO_META_Y": "2"}]',
}
TURNED_ON = {
    "jaeger-address": "enable-jaeger-tracing",
    "jaeger-port": "enable-jaeger-tracing",
    "datadog-address": "enable-datadog-tracing",
    "datadog-port": "enable-datadog-tracing",
    "xray-sampling-rate": "enable-xray-tracing",
    "xray-daemon-port": "enable-xray-tracing",
}
"""The flags that act only where another one is on."""

FLAG_VALUES = {
    "enable-backend-groups": "false",
    "sidecar-cpu-requests": "300m",
    "sidecar-memory-requests": "300Mi",
    "sidecar-cpu-limits": "2",
    "sidecar-memory-limits": "2Gi",
    "sidecar-log-level": "debug",
    "prestop-delay": "45",
    "ignored-ips": "10.9.9.9",
    "jaeger-address": "jaeger.traces",
    "jaeger-port": "9999",
    "datadog-address": "datadog.traces",
    "datadog-port": "9998",
    "xray-sampling-rate": "0.5",
}


def annotated(**annotations: str) -> dict[str, str]:
    bodies = copy.deepcopy(whole_mesh())
    (front,) = (b for b in bodies if b["kind"] == "Deployment" and b["metadata"]["name"] == "front")
    front["spec"]["template"]["metadata"]["annotations"] = {PREFIX + key: value for key, value in annotations.items()}
    return emitted(bodies)


def flagged(*flags: str) -> dict[str, str]:
    container = {"name": "controller", "args": ["--enable-backend-groups=true", *flags]}
    spec = {"template": {"metadata": {"labels": {"app": "controller"}}, "spec": {"containers": [container]}}}
    controller = obj("Deployment", "appmesh-controller", spec, api="apps/v1", namespace="appmesh-system")
    return emitted([*whole_mesh(), controller])


@pytest.mark.parametrize("name", sorted(ANNOTATIONS))
def test_an_annotation_changes_what_is_emitted_or_says_why_not(name: str) -> None:
    """Sizes, ports, mounts, variables, CNI and the switch itself; the rest ends with the old sidecar."""
    changed = annotated(**{name: VALUES.get(name, "x")}) != annotated()

    assert changed != ANNOTATIONS[name].silent


@pytest.mark.parametrize("name", sorted(FLAGS))
def test_a_flag_of_the_controller_changes_what_is_emitted_or_says_why_not(name: str) -> None:
    """Limits, logs, traces, times; the rest is about App Mesh's own images and control plane."""
    switch = TURNED_ON.get(name)
    around = [f"--{switch}=true"] if switch else []
    changed = flagged(*around, f"--{name}={FLAG_VALUES.get(name, 'true')}") != flagged(*around)

    assert changed != FLAGS[name].silent


def test_flags_in_force_stand_in_the_ledger() -> None:
    """Each with its value, at the controller."""
    container = {"name": "controller", "args": ["--prestop-delay=45", "--log-level=debug"]}
    spec = {"template": {"metadata": {}, "spec": {"containers": [container]}}}
    controller = obj("Deployment", "appmesh-controller", spec, api="apps/v1", namespace="appmesh-system")

    rows = read([*whole_mesh(), controller])[1].ledger.rows
    told = {row.path: row.value for row in rows if row.object.name == "appmesh-controller"}

    assert told == {"spec.template.spec.containers[].args[--prestop-delay]": "45"}


def plain_shop() -> list[dict]:
    """A mesh that writes nothing that has a default: every hidden one is in force."""
    labels = {"mesh": "shop", PREFIX + "sidecarInjectorWebhook": "enabled"}
    workload = obj(
        "Deployment", "cart", {"template": {"metadata": {"labels": {"app": "cart", "track": "a"}}}}, api="apps/v1"
    )
    service = obj("Service", "cart", {"selector": {"app": "cart"}, "ports": [{"port": 8080}]}, api="v1")
    cart = node("cart", [{"portMapping": {"port": 8080, "protocol": "http"}}])
    del cart["spec"]["meshRef"]
    cart["spec"]["serviceDiscovery"] = {"dns": {"hostname": "cart.shop.svc.cluster.local"}}
    trust = {"validation": {"trust": {"file": {"certificateChain": "/ca.pem"}}}}
    cart["spec"]["backends"] = [
        {"virtualService": {"virtualServiceRef": {"name": "out"}, "clientPolicy": {"tls": trust}}}
    ]
    weighted = {"weightedTargets": [{"virtualNodeRef": {"name": "cart"}, "weight": 1}]}
    routes = [
        {"name": name, "httpRoute": {"match": {"prefix": prefix}, "action": weighted}}
        for name, prefix in (("all", "/"), ("long", "/long"))
    ]
    listeners = [{"portMapping": {"port": 8080, "protocol": "http"}}]
    target = {"action": {"target": {"virtualService": {"virtualServiceRef": {"name": "cart"}}}}}
    out = outside("out")
    del out["spec"]["meshRef"]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}},
        obj("Mesh", "shop", {"namespaceSelector": {"matchLabels": {"mesh": "shop"}}}, namespace=""),
        cart,
        out,
        workload,
        service,
        obj("VirtualService", "cart", {"provider": {"virtualRouter": {"virtualRouterRef": {"name": "cart"}}}}),
        obj("VirtualService", "out", {"provider": {"virtualNode": {"virtualNodeRef": {"name": "out"}}}}),
        obj("VirtualRouter", "cart", {"listeners": listeners, "routes": routes}),
        obj("VirtualGateway", "door", {"listeners": listeners, "namespaceSelector": {}, "podSelector": {}}),
        obj("GatewayRoute", "a", {"httpRoute": {"match": {"prefix": "/a"}, **target}}),
        obj("GatewayRoute", "b", {"httpRoute": {"match": {"prefix": "/a/b"}, **target}}),
    ]


def test_every_hidden_default_in_force_has_a_row() -> None:
    """Whoever wrote nothing is told what held, and what becomes of it."""
    bodies = plain_shop()
    bodies[9]["spec"]["podSelector"] = None
    rows = [row for row in read(bodies)[1].ledger.rows if row.value.startswith(UNSET)]

    assert {row.value.removeprefix(UNSET) for row in rows} == {default.value for default in HIDDEN.values()}
    assert all(row.targets for row in rows)
    assert all(row.note for row in rows if row.fate is not Fate.CARRIED)


SHOWN = {
    "route_timeout": ("VirtualService shop/cart", '"timeout": "15s"'),
    "listener_timeout": ("VirtualService shop/cart", '"timeout": "15s"'),
    "retries": ("VirtualService shop/cart", '"attempts": 2'),
    "prefix_rewrite": ("VirtualService shop/door-edge", '"match": "^/a/?(.*)$", "rewrite": "/\\\\1"'),
    "host_rewrite": ("VirtualService shop/door-edge", '"authority": "cart.shop"'),
    "double_evaluation": ("VirtualService shop/door-edge", '"prefix": "/a/long"'),
    "connect_timeout": ("DestinationRule shop/cart", '"connectTimeout": "1s"'),
    "response_type": ("DestinationRule shop/cart", '"simple": "ROUND_ROBIN"'),
    "server_names": ("DestinationRule shop/out-outside", '"subjectAltNames": ["out.example.com"]'),
    "egress": ("Sidecar shop/cart", '"mode": "REGISTRY_ONLY"'),
    "amazonaws": ("ServiceEntry shop/meshmig-amazonaws", '"*.amazonaws.com"'),
    "inbound_ports": ("pods shop/cart", '"traffic.sidecar.istio.io/includeInboundPorts": "8080"'),
    "outbound_addresses": ("value istiod global.proxy.excludeIPRanges", "169.254.169.254/32"),
    "outbound_ports": ("value istiod global.proxy.excludeOutboundPorts", "22"),
    "resources": ("value istiod global.proxy.resources.requests.cpu", "50m"),
    "normalisation": ("value istiod meshConfig.pathNormalization.normalization", "MERGE_SLASHES"),
}
"""Where a hidden default shows: the object, and the text in it."""


@pytest.mark.parametrize("name", sorted(HIDDEN.keys() - {"route_priority", "gateway_priority"}))
def test_a_hidden_default_is_written_out(name: str) -> None:
    """Istio's own defaults differ, so App Mesh's stand in the objects."""
    place, text = SHOWN[name]
    bodies = plain_shop()
    bodies[9]["spec"]["podSelector"] = None

    found = emitted(bodies)

    assert text in found[place if place in found else f"after {place}"]


def test_routes_without_a_priority_are_tried_longest_prefix_first() -> None:
    """At the router and at the gateway, whatever their order in the file."""
    bodies = plain_shop()
    bodies[9]["spec"]["podSelector"] = None
    found = emitted(bodies)

    router, door = found["after VirtualService shop/cart"], found["after VirtualService shop/door-edge"]

    assert router.index('"name": "long"') < router.index('"name": "all"')
    assert door.index('"name": "b-all"') < door.index('"name": "a-all"')
