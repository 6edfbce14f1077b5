"""VirtualNodes: addresses, listeners, backends, TLS, logs."""

import pytest

from meshmig.diagnostics import Severity
from meshmig.model.mesh import (
    AccessLog,
    CertificateSource,
    CloudMapName,
    ClusterService,
    ConnectionLimits,
    ExternalHost,
    Protocol,
    Timeouts,
    TlsMode,
    Upstream,
)
from meshmig.model.units import Duration
from tests.sources.builders import (
    app,
    backend,
    codes,
    deployment,
    lifted,
    listener,
    mesh_of,
    namespace,
    node,
    obj,
    seconds,
    service,
    shop,
    virtual_service,
)


def upstream(*bodies: dict, name: str = "shop/cart", **choices) -> Upstream:
    return mesh_of(shop(*bodies), **choices).upstream[name]


@pytest.mark.parametrize(
    "host", ["cart", "cart.shop", "cart.shop.svc", "cart.shop.svc.cluster.local", "cart.shop.svc."]
)
def test_every_spelling_means_the_service(host: str) -> None:
    """A bare name is looked up in the VirtualNode's namespace."""
    found = upstream(node("cart", host=host), deployment("cart"), service("cart"))

    assert isinstance(found.address, ClusterService)
    assert found.service == found.address
    assert found.source_name == "cart_shop"


def test_a_name_outside_is_kept() -> None:
    """With the way in which its addresses are used."""
    many = {"dns": {"hostname": "bank.example.com", "responseType": "ENDPOINTS"}}

    one = upstream(node("cart", host="bank.example.com"))
    every = upstream(node("cart", serviceDiscovery=many))

    assert one.address == ExternalHost(hostname="bank.example.com")
    assert every.address == ExternalHost(hostname="bank.example.com", every_address=True)
    assert one.service is None


@pytest.mark.parametrize("host", ["nowhere", "nowhere.shop.svc.cluster.local"])
def test_a_missing_service_is_dead(host: str) -> None:
    """The address is None, and told."""
    result = lifted(shop(node("cart", host=host), deployment("cart")))

    assert result.mesh.upstream["shop/cart"].address is None
    assert codes(result) == ["MIG326"]


def test_cloud_map_is_found_by_selector() -> None:
    """The Service that selects the fewest strangers, not the one of the same name."""
    discovery = {
        "awsCloudMap": {
            "namespaceName": "pvt.local",
            "serviceName": "cart",
            "attributes": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}],
        }
    }
    cart = node("cart", serviceDiscovery=discovery)
    broad = service("broad", selector={"tier": "web"})
    pods = [deployment(name, labels={"app": name, "tier": "web"}) for name in ("cart", "web")]

    found = upstream(cart, *pods, broad, service("narrow", selector={"app": "cart"}), service("cart", selector={}))

    assert found.address == CloudMapName(namespace="pvt.local", service="cart", attributes=(("a", "1"), ("b", "2")))
    assert found.service is not None
    assert found.service.id == "shop/narrow"


def test_named_target_ports_are_resolved_through_containers() -> None:
    """The listener's port is the container's; a Service port is found through its targetPort."""
    ports = ({"port": 80, "targetPort": "web", "appProtocol": "http"}, {"port": 53, "protocol": "UDP"}, {"port": 9000})

    found = upstream(*app("cart")[:2], service("cart", *ports)).service

    assert found is not None
    assert [(port.port, port.target_port, port.app_protocol) for port in found.ports] == [
        (80, 8080, "http"),
        (9000, 9000, ""),
    ]
    assert found.port_for(8080) == 80


def test_a_port_that_no_service_offers_is_told() -> None:
    """Istio could not name it."""
    assert codes(lifted(shop(*app("cart", listeners=[listener(9999)])))) == ["MIG327"]


def test_a_listener_in_full() -> None:
    """Every policy of a listener."""
    full = listener(
        8080,
        "http2",
        timeout={"http2": {"perRequest": seconds(30), "idle": {"unit": "ms", "value": 250}}},
        connectionPool={"http2": {"maxRequests": 7}},
        outlierDetection={
            "maxServerErrors": 5,
            "interval": seconds(10),
            "baseEjectionDuration": seconds(20),
            "maxEjectionPercent": 50,
        },
        healthCheck={
            "protocol": "http2",
            "path": "/ping",
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
            "intervalMillis": 5000,
            "timeoutMillis": 2000,
        },
    )

    found = upstream(*app("cart", listeners=[full])).listeners[0]

    assert (found.port, found.protocol) == (8080, Protocol.HTTP2)
    assert found.timeouts == Timeouts(per_request=Duration(30_000), idle=Duration(250))
    assert found.limits == ConnectionLimits(max_requests=7)
    assert found.outlier is not None
    assert (found.outlier.max_server_errors, found.outlier.base_ejection) == (5, Duration(20_000))
    assert found.health_check is not None
    assert (found.health_check.path, found.health_check.interval) == ("/ping", Duration(5000))
    assert found.origin is not None
    assert found.origin.path == "spec.listeners[0]"


@pytest.mark.parametrize(
    ("protocol", "pool", "limits"),
    [
        ("tcp", {"tcp": {"maxConnections": 3}}, ConnectionLimits(max_connections=3)),
        (
            "http",
            {"http": {"maxConnections": 3, "maxPendingRequests": 4}},
            ConnectionLimits(max_connections=3, max_pending_requests=4),
        ),
        ("grpc", {"grpc": {"maxRequests": 5}}, ConnectionLimits(max_requests=5)),
    ],
)
def test_limits_fit_the_protocol(protocol: str, pool: dict, limits: ConnectionLimits) -> None:
    """Each protocol has its own words for them."""
    spec = listener(8080, protocol, connectionPool=pool)

    assert upstream(*app("cart", listeners=[spec])).listeners[0].limits == limits


def test_a_policy_of_another_protocol_is_told() -> None:
    """App Mesh refuses it; it is left out."""
    odd = listener(
        8080, "http", timeout={"grpc": {"perRequest": seconds(9)}}, connectionPool={"tcp": {"maxConnections": 1}}
    )

    result = lifted(shop(*app("cart", listeners=[odd])))

    assert codes(result) == ["MIG313", "MIG313"]
    assert result.mesh.upstream["shop/cart"].listeners[0].limits is None


def test_outlier_detection_behind_one_address_is_asked_about() -> None:
    """It never ejected anybody there: carried by default, left out on request; never asked where it worked."""
    policy = {
        "maxServerErrors": 5,
        "interval": seconds(10),
        "baseEjectionDuration": seconds(20),
        "maxEjectionPercent": 50,
    }
    cart = app("cart", listeners=[listener(outlierDetection=policy)])
    every = app(
        "cart",
        listeners=[listener(outlierDetection=policy)],
        serviceDiscovery={"dns": {"hostname": "cart.shop", "responseType": "ENDPOINTS"}},
    )

    asked, omitted = mesh_of(shop(*cart)), upstream(*cart, answers={"outlier_detection": "omit"})

    assert "outlier_detection" in [question.id for question in asked.questions]
    assert asked.upstream["shop/cart"].listeners[0].outlier is not None
    assert omitted.listeners[0].outlier is None
    assert "outlier_detection" not in [question.id for question in mesh_of(shop(*every)).questions]


def file_trust(path: str, **more) -> dict:
    return {"tls": {"validation": {"trust": {"file": {"certificateChain": path}}}, **more}}


def test_backends_know_their_tls() -> None:
    """A backend's own policy wins over the default; groups are folded in; dangling ones are told."""
    groups = obj("BackendGroup", "all", {"virtualservices": [{"name": "c"}, {"name": "gone"}]})
    cart = node(
        "cart",
        backends=[backend("b", clientPolicy=file_trust("/own.pem", enforce=False, ports=[8080])), backend("missing")],
        backendGroups=[{"name": "all"}],
        backendDefaults={"clientPolicy": file_trust("/default.pem")},
    )
    bodies = shop(cart, deployment("cart"), service("cart"), groups, virtual_service("b"), virtual_service("c"))

    result = lifted(bodies)

    b, c = result.mesh.upstream["shop/cart"].backends
    assert (b.host, c.host) == ("shop/b", "shop/c")
    assert (b.client_tls.enforce, b.client_tls.ports, b.client_tls.trust.names) == (False, (8080,), ("/own.pem",))
    assert (c.client_tls.enforce, c.client_tls.trust.names) == (True, ("/default.pem",))
    assert codes(result).count("MIG315") == 2


def test_a_star_group_is_every_service_of_the_namespace() -> None:
    """`*` needs no BackendGroup."""
    cart = node("cart", backendGroups=[{"name": "*"}])

    found = upstream(cart, virtual_service("b"), virtual_service("c"))

    assert [use.host for use in found.backends] == ["shop/b", "shop/c"]


def test_references_cross_namespaces() -> None:
    """A namespace that is written is taken, an unset one is the referrer's."""
    other = namespace("other", mesh="shop")
    cart = node("cart", backends=[{"virtualService": {"virtualServiceRef": {"name": "b", "namespace": "other"}}}])
    far = obj("VirtualService", "b", {}, namespace="other")

    assert [use.host for use in upstream(other, cart, far).backends] == ["other/b"]


def test_what_leaves_the_cluster_is_refused() -> None:
    """An ARN needs a person; a backend that names nothing as well."""
    arn = {"virtualService": {"virtualServiceARN": "arn:aws:appmesh:eu:1:mesh/x/virtualService/y"}}

    result = lifted(shop(*app("cart", backends=[arn, {"virtualService": {}}])))

    errors = [(one.code, one.path) for one in result.findings if one.severity is Severity.ERROR]
    assert errors == [
        ("MIG316", "spec.backends[0].virtualService.virtualServiceARN"),
        ("MIG312", "spec.backends[1].virtualService.virtualServiceRef"),
    ]


def tls(certificate: dict, mode: str = "STRICT", **more) -> dict:
    return listener(tls={"mode": mode, "certificate": certificate, **more})


FILES = {"file": {"certificateChain": "/c.pem", "privateKey": "/k.pem"}}


def test_server_tls_from_files() -> None:
    """Certificate, trust and names of clients."""
    validation = {
        "trust": {"file": {"certificateChain": "/ca.pem"}},
        "subjectAlternativeNames": {"match": {"exact": ["web"]}},
    }

    found = upstream(*app("cart", listeners=[tls(FILES, validation=validation)])).listeners[0].tls

    assert found is not None
    assert found.mode is TlsMode.STRICT
    assert found.certificate == CertificateSource(kind="file", names=("/c.pem", "/k.pem"))
    assert found.client_trust == CertificateSource(kind="file", names=("/ca.pem",))
    assert found.client_names == ("web",)


@pytest.mark.parametrize(
    ("certificate", "mode", "expected"),
    [
        ({"acm": {"certificateARN": "arn:1"}}, "STRICT", ["MIG318"]),
        ({"acm": {"certificateARN": "arn:1"}}, "PERMISSIVE", ["MIG318"]),
        ({"acm": {"certificateARN": "arn:1"}}, "DISABLED", []),
        ({"sds": {"secretName": "spiffe://x"}}, "STRICT", ["MIG319"]),
        (FILES, "STRICT", []),
    ],
)
def test_keys_of_the_control_plane_are_refused(certificate: dict, mode: str, expected: list) -> None:
    """ACM and SDS need a person, unless TLS is off."""
    assert codes(lifted(shop(*app("cart", listeners=[tls(certificate, mode)])))) == expected


@pytest.mark.parametrize(
    ("trust", "code"),
    [({"acm": {"certificateAuthorityARNs": ["a"]}}, "MIG318"), ({"sds": {"secretName": "s"}}, "MIG319")],
)
def test_foreign_trust_of_clients_is_refused(trust: dict, code: str) -> None:
    """The same for authorities."""
    policy = {"clientPolicy": {"tls": {"validation": {"trust": trust}}}}

    assert codes(lifted(shop(*app("cart", backendDefaults=policy)))) == [code]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"path": "/dev/stdout"}, AccessLog(path="/dev/stdout")),
        ({"path": "/x", "format": {"text": "%PROTOCOL%"}}, AccessLog(path="/x", text="%PROTOCOL%")),
        ({"path": "/x", "format": {"json": [{"key": "a", "value": "b"}]}}, AccessLog(path="/x", fields=(("a", "b"),))),
    ],
)
def test_access_logs(written: dict, expected: AccessLog) -> None:
    """Path and format."""
    assert upstream(*app("cart", logging={"accessLog": {"file": written}})).access_log == expected


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ({"matchLabels": {"app": "cart"}}, {"app": "cart"}),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart"]}]}, {"app": "cart"}),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart", "b"]}]}, None),
        ({}, None),
    ],
)
def test_pod_labels_are_equalities_only(selector: dict, labels: dict | None) -> None:
    """What no Service could select is None."""
    assert upstream(node("cart", podSelector=selector)).pod_labels == labels
