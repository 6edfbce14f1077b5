"""VirtualGateways and GatewayRoutes: pods, attachment, rewrites, order."""

import pytest

from meshmig.diagnostics import Severity
from meshmig.model.mesh import EdgeRoute, HostnameMatch, Match, MatchKind, PathMatch, Protocol, Rewrite
from tests.sources.builders import (
    app,
    by_node,
    codes,
    gateway,
    gateway_route,
    lifted,
    listener,
    mesh_of,
    namespace,
    obj,
    shop,
    virtual_service,
)


def bodies(*routes: dict, **front) -> list[dict]:
    cart = virtual_service("cart", by_node("cart"), awsName="cart.shop.svc.cluster.local")
    return shop(*gateway(**front), *app("cart"), cart, *routes)


def route(written: dict, **choices) -> EdgeRoute:
    return mesh_of(bodies(written), **choices).edge["shop/front"].routes[0]


def test_an_edge_in_full() -> None:
    """Pods, Services before them, listeners."""
    found = mesh_of(bodies(gateway_route("all", "cart"))).edge["shop/front"]

    assert (found.source_name, found.workloads) == ("front_shop", ("shop/front",))
    assert [(one.id, one.ports[0].port, one.ports[0].target_port) for one in found.services] == [
        ("shop/front", 80, 8088)
    ]
    assert [(one.port, one.protocol) for one in found.listeners] == [(8088, Protocol.HTTP)]
    assert found.routes[0].host == "shop/cart"
    assert found.routes[0].priority == 1000
    assert mesh_of(bodies()).workload["shop/front"].edge == "shop/front"


NAME = "cart.shop.svc.cluster.local"


@pytest.mark.parametrize(
    ("match", "rewrite", "expected"),
    [
        ({"prefix": "/x"}, None, Rewrite(prefix="/", authority=NAME, implicit_prefix=True, implicit_authority=True)),
        (
            {"prefix": "/x"},
            {"prefix": {"defaultPrefix": "DISABLED"}},
            Rewrite(authority=NAME, implicit_authority=True),
        ),
        (
            {"prefix": "/x"},
            {"prefix": {"defaultPrefix": "ENABLED"}, "hostname": {"defaultTargetHostname": "ENABLED"}},
            Rewrite(prefix="/", authority=NAME),
        ),
        (
            {"prefix": "/x/"},
            {"prefix": {"value": "/y/"}, "hostname": {"defaultTargetHostname": "DISABLED"}},
            Rewrite(prefix="/y/"),
        ),
        ({"path": {"exact": "/x"}}, None, Rewrite(authority=NAME, implicit_authority=True)),
        (
            {"path": {"regex": "/x.*"}},
            {"path": {"exact": "/y"}},
            Rewrite(path="/y", authority=NAME, implicit_authority=True),
        ),
    ],
)
def test_rewrites_are_written_out(match: dict, rewrite: dict | None, expected: Rewrite) -> None:
    """A prefix becomes `/` and the host the VirtualService's name, unless it says otherwise; paths stay."""
    action = {"rewrite": rewrite} if rewrite else {}

    assert route(gateway_route("r", "cart", match=match, action=action)).rewrite == expected


@pytest.mark.parametrize(("answer", "authority"), [(None, NAME), ("rewrite", NAME), ("keep", None)])
def test_the_hidden_host_rewrite_is_asked_about(answer: str | None, authority: str | None) -> None:
    """Carried by default."""
    answers = {"host_rewrite": answer} if answer else {}

    found = mesh_of(bodies(gateway_route("r", "cart")), answers=answers)

    assert found.edge["shop/front"].routes[0].rewrite.authority == authority
    assert "host_rewrite" in [question.id for question in found.questions]


def test_a_written_host_rewrite_is_not_asked_about() -> None:
    """Somebody decided already."""
    action = {"rewrite": {"hostname": {"defaultTargetHostname": "DISABLED"}}}

    found = mesh_of(bodies(gateway_route("r", "cart", action=action)))

    assert "host_rewrite" not in [question.id for question in found.questions]


def test_matches_of_gateways() -> None:
    """Hostname, path, port; grpc services are prefixes and never rewritten."""
    http = route(gateway_route("r", "cart", match={"prefix": "/", "hostname": {"suffix": ".shop.com"}, "port": 8088}))
    grpc = route(gateway_route("g", "cart", match={"serviceName": "a.B", "hostname": {"exact": "x"}}, kind="grpcRoute"))

    assert http.hostname == HostnameMatch(kind=MatchKind.SUFFIX, value=".shop.com")
    assert http.match.port == 8088
    assert grpc.match == Match(path=PathMatch(kind=MatchKind.PREFIX, value="/a.B/"))
    assert grpc.hostname == HostnameMatch(kind=MatchKind.EXACT, value="x")
    assert (grpc.rewrite.prefix, grpc.rewrite.authority) == (None, NAME)


def test_edge_routes_stand_in_order() -> None:
    """Lower priority first, then the longer prefix."""
    first = gateway_route("first", "cart")
    first["spec"]["priority"] = 1
    longer = gateway_route("long", "cart", match={"prefix": "/long/"})

    found = mesh_of(bodies(gateway_route("all", "cart"), longer, first)).edge["shop/front"].routes

    assert [one.name for one in found] == ["first", "long", "all"]


def test_a_route_joins_the_only_gateway_that_selects_it() -> None:
    """By namespace and by its own labels; none or two is told; a written reference decides."""
    picky = obj(
        "VirtualGateway",
        "picky",
        {
            "namespaceSelector": {"matchLabels": {"mesh": "shop"}},
            "gatewayRouteSelector": {"matchLabels": {"gw": "picky"}},
        },
    )
    labelled = gateway_route("r", "cart")
    labelled["metadata"]["labels"] = {"gw": "picky"}
    written = gateway_route("w", "cart")
    written["spec"]["virtualGatewayRef"] = {"name": "picky", "namespace": "shop", "uid": "u"}

    both = lifted(bodies(labelled, picky))
    decided = mesh_of(bodies(written, picky))
    closed = lifted(bodies(gateway_route("r", "cart"), namespaceSelector=None))

    assert "MIG332" in codes(both)
    assert [one.name for one in decided.edge["shop/picky"].routes] == ["w"]
    assert "MIG332" in codes(closed)


def test_gateway_routes_of_other_namespaces_join_too() -> None:
    """The gateway's namespaceSelector looks at the route's namespace."""
    far = obj(
        "GatewayRoute",
        "far",
        {
            "httpRoute": {
                "match": {"prefix": "/"},
                "action": {
                    "target": {
                        "virtualService": {"virtualServiceRef": {"name": "cart", "namespace": "shop"}},
                        "port": 8080,
                    }
                },
            }
        },
        namespace="far",
    )

    found = mesh_of(bodies(far, namespace("far", mesh="shop"))).edge["shop/front"].routes

    assert [(one.host, one.port) for one in found] == [("shop/cart", 8080)]


@pytest.mark.parametrize(
    ("written", "code", "severity"),
    [
        (gateway_route("r", "gone"), "MIG315", Severity.WARNING),
        (obj("GatewayRoute", "r", {}), "MIG312", Severity.ERROR),
        (
            obj(
                "GatewayRoute",
                "r",
                {
                    "httpRoute": {
                        "match": {"prefix": "/"},
                        "action": {"target": {"virtualService": {"virtualServiceARN": "arn:1"}}},
                    }
                },
            ),
            "MIG316",
            Severity.ERROR,
        ),
        (
            gateway_route(
                "r", "cart", match={"path": {"exact": "/x"}}, action={"rewrite": {"prefix": {"value": "/y/"}}}
            ),
            "MIG313",
            Severity.WARNING,
        ),
    ],
)
def test_odd_gateway_routes_are_told(written: dict, code: str, severity: Severity) -> None:
    """What leads nowhere, or what App Mesh refuses."""
    assert code in codes(lifted(bodies(written)), severity)


def test_a_dead_target_is_a_host_without_routes() -> None:
    """Every edge route leads to a host of the mesh."""
    found = mesh_of(bodies(gateway_route("r", "gone")))

    assert found.host["shop/gone"].routes == ()
    assert found.edge["shop/front"].routes[0].host == "shop/gone"


def test_gateway_tls() -> None:
    """Files are lifted, ACM is refused, trust in ACM never had effect."""
    files = {"mode": "STRICT", "certificate": {"file": {"certificateChain": "/c", "privateKey": "/k"}}}
    trust = {**files, "validation": {"trust": {"acm": {"certificateAuthorityARNs": ["a"]}}}}
    acm = {"mode": "STRICT", "certificate": {"acm": {"certificateARN": "a"}}}

    fine = lifted(bodies(listeners=[listener(8088, tls=files)]))

    assert codes(fine) == []
    assert fine.mesh.edge["shop/front"].listeners[0].tls.certificate.kind == "file"
    assert codes(lifted(bodies(listeners=[listener(8088, tls=acm)]))) == ["MIG318"]
    assert "MIG313" in codes(lifted(bodies(listeners=[listener(8088, tls=trust)])))


def test_a_gateway_without_pods_is_told() -> None:
    """There is nothing to move."""
    front, _, service = gateway()

    assert "MIG322" in codes(lifted(shop(front, service)))
