"""The fate of every field."""

import pytest

from meshmig.model.mesh import Fate, LedgerRow
from meshmig.sources.appmesh.fates import ANNOTATIONS, EXCEPTIONS, FATES
from meshmig.sources.appmesh.ledger import UNSET
from meshmig.sources.appmesh.questions import WORDINGS
from meshmig.sources.appmesh.schema import KINDS, leaf_paths
from tests.sources.builders import (
    INJECTION,
    app,
    by_router,
    deployment,
    gateway,
    gateway_route,
    http_route,
    lifted,
    listener,
    mesh,
    namespace,
    node,
    obj,
    router,
    seconds,
    shop,
    target,
    virtual_service,
)


def rows(bodies: list, **choices) -> dict[str, LedgerRow]:
    written = (row for row in lifted(bodies, **choices).ledger.rows if not row.value.startswith(UNSET))
    return {f"{row.object.kind} {row.path}": row for row in written}


@pytest.mark.parametrize("kind", KINDS)
def test_every_leaf_of_the_schema_has_one_row_and_every_row_a_leaf(kind: str) -> None:
    """A new field cannot be forgotten."""
    assert set(FATES[kind]) == set(leaf_paths(kind))


def test_exceptions_are_of_leaves_and_say_something_else() -> None:
    """A value's own fate differs from its field's."""
    for (kind, path, _), row in EXCEPTIONS.items():
        assert FATES[kind][path] != row


@pytest.mark.parametrize("row", [*(row for table in FATES.values() for row in table.values()), *ANNOTATIONS.values()])
def test_a_difference_is_stated_in_a_sentence(row) -> None:
    """Approximated, asked and refused fields say why; a question exists."""
    assert (row.fate is Fate.CARRIED) == (row.note == "")
    assert row.note == "" or row.note.endswith(".")
    assert (row.fate is Fate.ASKED) == (row.question in WORDINGS)


def test_every_field_that_is_present_has_a_row() -> None:
    """Leaf by leaf, with items, map entries and empty objects; annotations and the namespace's label too."""
    route = http_route("r", target("cart", 3), match={"prefix": "/", "headers": [{"name": "x", "match": {}}]})
    pod = deployment("cart", annotations={"appmesh.k8s.aws/cpuRequest": "1", "appmesh.k8s.aws/new": "x", "other": "y"})
    bodies = [
        namespace(),
        mesh(namespaceSelector={"matchExpressions": [{"key": "mesh", "operator": "In", "values": ["shop"]}]}),
        node("cart", listeners=[]),
        pod,
        virtual_service("cart", by_router("cart")),
        router("cart", route),
        obj("BackendGroup", "all", {"virtualservices": [{"name": "cart"}]}),
    ]

    found = rows(bodies)

    assert set(found) == {
        f"Namespace metadata.labels[{INJECTION}]",
        "Mesh spec.namespaceSelector.matchExpressions[0].key",
        "Mesh spec.namespaceSelector.matchExpressions[0].operator",
        "Mesh spec.namespaceSelector.matchExpressions[0].values[0]",
        "VirtualNode spec.podSelector.matchLabels[app]",
        "VirtualNode spec.listeners",
        "VirtualNode spec.serviceDiscovery.dns.hostname",
        "Deployment spec.template.metadata.annotations[appmesh.k8s.aws/cpuRequest]",
        "Deployment spec.template.metadata.annotations[appmesh.k8s.aws/new]",
        "VirtualService spec.provider.virtualRouter.virtualRouterRef.name",
        "VirtualRouter spec.listeners[0].portMapping.port",
        "VirtualRouter spec.listeners[0].portMapping.protocol",
        "VirtualRouter spec.routes[0].name",
        "VirtualRouter spec.routes[0].httpRoute.match.prefix",
        "VirtualRouter spec.routes[0].httpRoute.match.headers[0].name",
        "VirtualRouter spec.routes[0].httpRoute.match.headers[0].match",
        "VirtualRouter spec.routes[0].httpRoute.action.weightedTargets[0].virtualNodeRef.name",
        "VirtualRouter spec.routes[0].httpRoute.action.weightedTargets[0].weight",
        "BackendGroup spec.virtualservices[0].name",
    }
    weight = found["VirtualRouter spec.routes[0].httpRoute.action.weightedTargets[0].weight"]
    assert (weight.value, weight.fate, weight.targets) == ("3", Fate.CARRIED, ("VirtualService http[].route[].weight",))


def test_what_a_server_fills_in_has_no_row() -> None:
    """Files and a live cluster give one ledger."""
    plain = shop(*app("cart"), virtual_service("cart", by_router("x")), *gateway(), gateway_route("g", "cart"))
    live = shop(
        *app("cart", awsName="cart_shop", meshRef={"name": "shop", "uid": "u"}),
        virtual_service("cart", by_router("x"), awsName="cart.shop"),
        *gateway(awsName="front_shop"),
        gateway_route("g", "cart"),
    )
    live[1]["spec"]["awsName"] = "shop"
    live[-1]["spec"].update(virtualGatewayRef={"name": "front", "namespace": "shop", "uid": "u"}, awsName="g_shop")
    for body in live:
        body["status"] = {"conditions": []}
        body["metadata"]["finalizers"] = ["finalizers.appmesh.k8s.aws/aws-appmesh-resources"]

    assert lifted(live).ledger == lifted(plain).ledger
    assert lifted(live).mesh == lifted(plain).mesh


def test_a_name_that_says_more_than_the_default_has_a_row() -> None:
    """It is the user's word."""
    found = rows(shop(*app("cart", awsName="basket"), virtual_service("cart", awsName="basket")))

    assert found["VirtualNode spec.awsName"].fate is Fate.APPROXIMATED
    assert found["VirtualService spec.awsName"].fate is Fate.CARRIED


def test_a_value_may_have_its_own_fate() -> None:
    """ALLOW_ALL is Istio's default; DISABLED is no TLS at all."""
    closed = rows([namespace(), mesh(egressFilter={"type": "DROP_ALL"}), node("cart")])
    opened = rows([namespace(), mesh(egressFilter={"type": "ALLOW_ALL"}), node("cart")])

    assert closed["Mesh spec.egressFilter.type"].fate is Fate.APPROXIMATED
    assert opened["Mesh spec.egressFilter.type"].fate is Fate.CARRIED


def test_asked_fields_name_their_question() -> None:
    """Only where it was asked."""
    policy = {
        "maxServerErrors": 5,
        "interval": seconds(1),
        "baseEjectionDuration": seconds(1),
        "maxEjectionPercent": 50,
    }
    guarded = [listener(outlierDetection=policy)]
    path = "VirtualNode spec.listeners[0].outlierDetection.maxServerErrors"

    asked = rows(shop(*app("cart", listeners=guarded)))[path]
    many = {"dns": {"hostname": "cart", "responseType": "ENDPOINTS"}}
    certain = rows(shop(*app("cart", listeners=guarded, serviceDiscovery=many)))[path]

    assert asked.fate is Fate.ASKED
    assert "outlier_detection" in asked.note
    assert certain.fate is Fate.APPROXIMATED


def test_refused_fields_are_counted() -> None:
    """The ledger counts by fate."""
    acm = listener(tls={"mode": "STRICT", "certificate": {"acm": {"certificateARN": "arn:1"}}})

    ledger = lifted(shop(*app("cart", listeners=[acm]))).ledger

    assert ledger.count(Fate.REFUSED) == 1


def test_rows_stand_in_natural_order() -> None:
    """`routes[2]` before `routes[10]`."""
    routes = [http_route(f"r{number}", target("cart")) for number in range(11)]

    names = [
        row.path for row in lifted(shop(*app("cart"), router("cart", *routes))).ledger.rows if row.path.endswith("name")
    ]

    assert names.index("spec.routes[2].name") < names.index("spec.routes[10].name")
