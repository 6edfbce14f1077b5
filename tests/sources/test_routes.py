"""VirtualServices and VirtualRouters: names, matches, order, timeouts, retries."""

import pytest

from meshmig.diagnostics import Severity
from meshmig.model.mesh import HeaderMatch, Host, Match, MatchKind, PathMatch, Protocol, QueryMatch, Route, Split
from meshmig.model.units import Duration
from tests.sources.builders import (
    app,
    by_node,
    by_router,
    codes,
    http_route,
    lifted,
    listener,
    mesh_of,
    node,
    router,
    seconds,
    service,
    shop,
    target,
    virtual_service,
)


def bodies(*routes: dict, **cart) -> list[dict]:
    return shop(*app("cart", **cart), virtual_service("cart", by_router("cart")), router("cart", *routes))


def host(*routes: dict, **cart) -> Host:
    return mesh_of(bodies(*routes, **cart)).host["shop/cart"]


def route(written: dict, **cart) -> Route:
    return host(written, **cart).routes[0]


@pytest.mark.parametrize(
    ("aws_name", "name", "service_id"),
    [
        (None, "cart.shop", "shop/cart"),
        ("cart", "cart", "shop/cart"),
        ("cart.shop.svc.cluster.local", "cart.shop.svc.cluster.local", "shop/cart"),
        ("cart.pvt.aws.local", "cart.pvt.aws.local", None),
        ("basket", "basket", None),
    ],
)
def test_a_host_is_what_callers_say(aws_name: str | None, name: str, service_id: str | None) -> None:
    """awsName, by default name.namespace; the Service of that name is found in any spelling."""
    spec = {"awsName": aws_name} if aws_name else {}
    named = [*app("cart"), virtual_service("cart", by_node("cart"), **spec)]

    found = mesh_of(shop(*named)).host["shop/cart"]

    assert found.name == name
    assert (found.service.id if found.service else None) == service_id


def test_a_node_provider_is_one_route_with_the_hidden_defaults() -> None:
    """15 seconds and the default retries, which nobody can change there."""
    found = mesh_of(shop(*app("cart"), virtual_service("cart", by_node("cart"))))

    only = found.host["shop/cart"].routes[0]
    assert (only.match, only.splits) == (Match(), (Split(upstream="shop/cart", weight=1),))
    assert (only.timeout, only.implicit_timeout) == (Duration(15_000), True)
    assert only.retry is not None
    assert only.retry.implicit
    assert found.host["shop/cart"].ports == ((8080, Protocol.HTTP),)
    assert "default_retries" in [question.id for question in found.questions]


def test_a_node_with_several_listeners_has_a_route_for_each() -> None:
    """Told apart by their ports."""
    cart = app("cart", listeners=[listener(8080), listener(9090, "tcp")])[:2]
    ports = service("cart", {"port": 8080}, {"port": 9090})

    found = mesh_of(shop(*cart, ports, virtual_service("cart", by_node("cart")))).host["shop/cart"]

    assert [(one.match.port, one.splits[0].port, one.protocol) for one in found.routes] == [
        (8080, 8080, Protocol.HTTP),
        (9090, 9090, Protocol.TCP),
    ]
    assert found.routes[1].timeout is None
    assert found.routes[1].retry is None


def test_matches_in_full() -> None:
    """Every condition of an http route; header names in lower case."""
    match = {
        "path": {"regex": "/v[12]/.*"},
        "method": "POST",
        "scheme": "https",
        "port": 8080,
        "headers": [
            {"name": "X-A", "match": {"exact": "1"}},
            {"name": "x-b", "match": {"prefix": "p"}, "invert": True},
            {"name": "x-c", "match": {"suffix": "s"}},
            {"name": "x-d", "match": {"regex": "r.*"}},
            {"name": "x-e", "match": {"range": {"start": 1, "end": 9}}},
            {"name": "x-f"},
        ],
        "queryParameters": [{"name": "q", "match": {"exact": "1"}}, {"name": "r"}],
    }

    found = route(http_route("r", target("cart"), match=match)).match

    assert found == Match(
        path=PathMatch(kind=MatchKind.REGEX, value="/v[12]/.*"),
        method="POST",
        scheme="https",
        port=8080,
        headers=(
            HeaderMatch(name="x-a", kind=MatchKind.EXACT, value="1"),
            HeaderMatch(name="x-b", kind=MatchKind.PREFIX, value="p", invert=True),
            HeaderMatch(name="x-c", kind=MatchKind.SUFFIX, value="s"),
            HeaderMatch(name="x-d", kind=MatchKind.REGEX, value="r.*"),
            HeaderMatch(name="x-e", kind=MatchKind.RANGE, start=1, end=9),
            HeaderMatch(name="x-f", kind=MatchKind.PRESENT),
        ),
        query=(
            QueryMatch(name="q", kind=MatchKind.EXACT, value="1"),
            QueryMatch(name="r", kind=MatchKind.PRESENT),
        ),
    )


@pytest.mark.parametrize(
    ("match", "path"),
    [
        ({"serviceName": "shop.Cart", "methodName": "Add"}, PathMatch(kind=MatchKind.EXACT, value="/shop.Cart/Add")),
        ({"serviceName": "shop.Cart"}, PathMatch(kind=MatchKind.PREFIX, value="/shop.Cart/")),
        ({}, None),
    ],
)
def test_grpc_matches_are_paths(match: dict, path: PathMatch | None) -> None:
    """Service and method as they are on the wire; metadata are headers."""
    metadata = [{"name": "Tenant", "match": {"exact": "a"}}]

    found = route(http_route("r", target("cart"), match={**match, "metadata": metadata}, kind="grpcRoute"))

    assert found.protocol is Protocol.GRPC
    assert found.match.path == path
    assert found.match.headers == (HeaderMatch(name="tenant", kind=MatchKind.EXACT, value="a"),)


def test_routes_stand_in_the_order_in_which_they_are_tried() -> None:
    """Priority, those without last; then the longer path; then more conditions; then the name."""
    header = {"headers": [{"name": "x"}]}
    written = [
        http_route("z-all", target("cart")),
        http_route("a-all", target("cart"), match={"prefix": "/", **header}),
        http_route("long", target("cart"), match={"prefix": "/long"}),
        http_route("second", target("cart"), priority=10),
        http_route("first", target("cart"), priority=0),
    ]

    assert [one.name for one in host(*written).routes] == ["first", "second", "long", "a-all", "z-all"]


@pytest.mark.parametrize(
    ("one", "other", "flagged"),
    [
        ({"prefix": "/", "headers": [{"name": "a"}]}, {"prefix": "/", "headers": [{"name": "b"}]}, True),
        ({"prefix": "/a"}, {"prefix": "/b"}, False),
        ({"prefix": "/", "method": "GET"}, {"prefix": "/", "method": "POST"}, False),
        ({"path": {"regex": "/a.*"}}, {"prefix": "/"}, True),
        ({"path": {"exact": "/a"}}, {"prefix": "/"}, True),
        ({"path": {"exact": "/a"}}, {"prefix": "/b"}, False),
        ({"path": {"exact": "/a"}}, {"path": {"exact": "/b"}}, False),
        (
            {"prefix": "/", "headers": [{"name": "a", "match": {"exact": "1"}}]},
            {"prefix": "/", "headers": [{"name": "a", "match": {"exact": "2"}}]},
            False,
        ),
        (
            {"prefix": "/", "queryParameters": [{"name": "a", "match": {"exact": "1"}}]},
            {"prefix": "/", "queryParameters": [{"name": "a", "match": {"exact": "2"}}]},
            False,
        ),
    ],
)
def test_an_unsettled_order_is_told_where_it_matters(*, one: dict, other: dict, flagged: bool) -> None:
    """Only for routes that one request may meet both; a priority settles it."""
    unsettled = bodies(http_route("a", target("cart"), match=one), http_route("b", target("cart"), match=other))
    settled = bodies(
        http_route("a", target("cart"), match=one, priority=1),
        http_route("b", target("cart"), match=other, priority=2),
    )

    assert codes(lifted(unsettled)) == (["MIG330"] if flagged else [])
    assert codes(lifted(settled)) == []


@pytest.mark.parametrize(
    ("own", "node_limit", "expected", "hidden", "told"),
    [
        (None, None, 15, True, []),
        (10, None, 10, False, []),
        (60, None, 15, True, ["MIG331"]),
        (0, None, 15, True, ["MIG331"]),
        (60, 60, 60, False, []),
        (60, 20, 20, False, []),
        (60, 0, 60, False, []),
        (0, 0, None, False, []),
        (None, 60, 15, True, []),
        (None, 5, 5, False, []),
        (15, None, 15, False, []),
    ],
)
def test_the_effective_timeout_is_the_least_along_the_way(
    *, own: int | None, node_limit: int | None, expected: int | None, hidden: bool, told: list
) -> None:
    """Unset is 15 seconds, zero is none."""
    written = {} if own is None else {"timeout": {"perRequest": seconds(own)}}
    limit = {} if node_limit is None else {"timeout": {"http": {"perRequest": seconds(node_limit)}}}
    result = lifted(bodies(http_route("r", target("cart"), **written), listeners=[listener(**limit)]))

    found = result.mesh.host["shop/cart"].routes[0]
    assert found.timeout == (None if expected is None else Duration.of(seconds=expected))
    assert found.implicit_timeout is hidden
    assert codes(result) == told


def test_differing_targets_take_the_most_generous_limit() -> None:
    """One route has one timeout in Istio: no request fails that App Mesh let pass; zero weights do not count."""
    slow = app("slow", listeners=[listener(timeout={"http": {"perRequest": seconds(40)}})])
    dead = app("dead", listeners=[listener(timeout={"http": {"perRequest": seconds(90)}})])
    split = [target("cart"), target("slow"), target("dead", 0)]
    written = http_route("r", *split, timeout={"perRequest": seconds(60)})

    result = lifted([*bodies(written), *slow, *dead])

    assert result.mesh.host["shop/cart"].routes[0].timeout == Duration(40_000)
    assert codes(result) == ["MIG331"]


def test_an_outside_target_has_no_server_proxy_that_cuts() -> None:
    """The hidden 15 seconds of a listener hold only where a proxy stands."""
    bank = node("bank", host="bank.example.com")
    written = http_route("r", target("bank"), timeout={"perRequest": seconds(60)})

    found = mesh_of([*bodies(written), bank]).host["shop/cart"].routes[0]

    assert found.timeout == Duration(60_000)


@pytest.mark.parametrize(
    ("own", "node_idle", "expected"), [(None, None, None), (9, None, 9), (9, 5, 5), (0, None, 0), (0, 5, 5)]
)
def test_the_idle_limit_is_the_least_written(own: int | None, node_idle: int | None, expected: int | None) -> None:
    """Zero switches it off, another one still holds."""
    written = {} if own is None else {"timeout": {"idle": seconds(own)}}
    limit = {} if node_idle is None else {"timeout": {"tcp": {"idle": seconds(node_idle)}}}
    tcp = http_route("r", target("cart"), match={}, kind="tcpRoute", **written)

    found = route(tcp, listeners=[listener(8080, "tcp", **limit)])

    assert found.idle == (None if expected is None else Duration.of(seconds=expected))
    assert (found.timeout, found.retry) == (None, None)


SERVER = ("500", "501", "502", "503", "504", "505", "506", "507", "508", "510", "511")


@pytest.mark.parametrize(
    ("events", "conditions"),
    [
        ({"httpRetryEvents": ["server-error"]}, ("reset", *SERVER)),
        ({"httpRetryEvents": ["gateway-error"]}, ("reset", "502", "503", "504")),
        ({"httpRetryEvents": ["client-error", "stream-error"]}, ("409", "refused-stream")),
        ({"tcpRetryEvents": ["connection-error"]}, ("connect-failure",)),
        (
            {"httpRetryEvents": ["gateway-error", "server-error"]},
            ("reset", "502", "503", "504", "500", "501", *SERVER[5:]),
        ),
    ],
)
def test_retry_events_are_envoys_words(events: dict, conditions: tuple) -> None:
    """As App Mesh expands them; each once."""
    policy = {"maxRetries": 3, "perRetryTimeout": seconds(2), **events}

    found = route(http_route("r", target("cart"), retryPolicy=policy)).retry

    assert found is not None
    assert (found.attempts, found.per_try, found.conditions, found.implicit) == (3, Duration(2000), conditions, False)


def test_grpc_retry_events_keep_their_names() -> None:
    """And a limit per try of zero is none."""
    policy = {"maxRetries": 1, "perRetryTimeout": seconds(0), "grpcRetryEvents": ["unavailable", "cancelled"]}

    found = route(http_route("r", target("cart"), match={}, kind="grpcRoute", retryPolicy=policy)).retry

    assert found is not None
    assert (found.per_try, found.conditions) == (None, ("unavailable", "cancelled"))


@pytest.mark.parametrize(("answer", "attempts"), [(None, 2), ("carry", 2), ("none", 0)])
def test_the_hidden_retries_are_asked_about(answer: str | None, attempts: int) -> None:
    """Carried by default; accounts older than 2020-07-29 had none."""
    answers = {"default_retries": answer} if answer else {}

    found = mesh_of(bodies(http_route("r", target("cart"))), answers=answers)

    retry = found.host["shop/cart"].routes[0].retry
    assert retry is not None
    assert (retry.attempts, retry.implicit) == (attempts, True)
    assert "default_retries" in [question.id for question in found.questions]


def test_an_answer_that_is_no_choice_counts_as_the_default() -> None:
    """The plan tells it, with its place in the file (MIG431)."""
    result = lifted(bodies(http_route("r", target("cart"))), answers={"default_retries": "perhaps", "else": "x"})

    retry = result.mesh.host["shop/cart"].routes[0].retry
    assert retry is not None
    assert codes(result) == []


def test_a_target_that_nobody_made_is_shown_as_dead() -> None:
    """The split stays, and leads to an upstream without address and pods."""
    result = lifted(bodies(http_route("r", target("cart"), target("ghost", port=8080))))

    assert codes(result) == ["MIG315"]
    assert result.mesh.host["shop/cart"].upstreams == ("shop/cart", "shop/ghost")
    assert result.mesh.upstream["shop/ghost"].address is None
    assert result.mesh.upstream["shop/ghost"].workloads == ()


@pytest.mark.parametrize(
    ("provider", "code", "severity"),
    [
        (None, "MIG328", Severity.WARNING),
        (by_router("gone"), "MIG315", Severity.WARNING),
        (by_node("gone"), "MIG315", Severity.WARNING),
        ({"virtualRouter": {"virtualRouterARN": "arn:1"}}, "MIG316", Severity.ERROR),
        ({"virtualNode": {"virtualNodeARN": "arn:1"}}, "MIG316", Severity.ERROR),
    ],
)
def test_a_host_that_leads_nowhere_is_kept_and_told(provider: dict | None, code: str, severity: Severity) -> None:
    """Callers of it fail before and after."""
    result = lifted(shop(*app("cart"), virtual_service("cart", provider)))

    assert codes(result) == [code]
    assert result.findings[0].severity is severity
    assert "shop/cart" in result.mesh.host


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"name": "r"}, ["MIG312"]),
        ({**http_route("r", target("cart")), **http_route("r", target("cart"), kind="http2Route")}, ["MIG312"]),
        (http_route("r", target("cart"), match={}), ["MIG312"]),
        (http_route("r", target("cart", 0)), ["MIG329"]),
        (http_route("r", {"weight": 1, "virtualNodeARN": "arn:1"}), ["MIG316"]),
    ],
)
def test_odd_routes_are_told(written: dict, expected: list) -> None:
    """What App Mesh refuses, or leaves open."""
    assert codes(lifted(bodies(written))) == expected


def test_a_router_that_nothing_uses_is_told() -> None:
    """It has no effect."""
    assert codes(lifted(shop(*app("cart"), router("cart", http_route("r", target("cart")))))) == ["MIG333"]


def test_several_services_share_a_router() -> None:
    """Each is a host of its own with the same routes."""
    second = virtual_service("basket", by_router("cart"))

    found = mesh_of([*bodies(http_route("r", target("cart"))), second])

    assert found.host["shop/basket"].routes == found.host["shop/cart"].routes
