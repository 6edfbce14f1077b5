"""Laws: input order is nothing, junk raises nothing, ids always lead somewhere."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.model.mesh import Mesh
from tests.sources.builders import (
    app,
    backend,
    by_node,
    by_router,
    gateway,
    gateway_route,
    http_route,
    lifted,
    listener,
    router,
    seconds,
    shop,
    target,
    virtual_service,
)

BODIES = shop(
    *app("cart", backends=[backend("web"), backend("gone")]),
    *app("web", listeners=[listener(8080, "http", timeout={"http": {"perRequest": seconds(4)}})]),
    *gateway(),
    virtual_service("web", by_router("web")),
    virtual_service("cart", by_node("cart")),
    router(
        "web",
        http_route("a", target("web", 3), target("cart", 1), match={"prefix": "/a", "headers": [{"name": "X"}]}),
        http_route(
            "b",
            target("gone"),
            match={"path": {"regex": "/.*"}},
            retryPolicy={"maxRetries": 1, "perRetryTimeout": seconds(1), "httpRetryEvents": ["server-error"]},
        ),
    ),
    gateway_route("all", "web"),
    gateway_route("dead", "nobody"),
)

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99999) | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def every_id_leads_somewhere(mesh: Mesh) -> bool:
    splits = all(one in mesh.upstream for host in mesh.hosts for one in host.upstreams)
    backends = all(use.host in mesh.host for upstream in mesh.upstreams for use in upstream.backends)
    edges = all(route.host in mesh.host for edge in mesh.edges for route in edge.routes)
    return splits and backends and edges


def slots(value: object) -> list[tuple[object, object]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, entry in pairs for place in [(value, key), *slots(entry)]]


@pytest.mark.law
@given(shuffled=st.permutations(BODIES))
@settings(max_examples=15, deadline=None)
def test_the_order_of_reading_changes_nothing(shuffled: list) -> None:
    """The same objects give the same mesh, ledger and findings."""
    assert lifted(shuffled) == lifted(BODIES)


@pytest.mark.law
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_that_a_manifest_holds_raises(data: st.DataObject) -> None:
    """Any field replaced by anything: a mesh or an error, never an exception; and no id hangs in the air."""
    bodies = copy.deepcopy(BODIES)
    protected = {"apiVersion", "kind", "metadata"}
    places = [
        (owner, key)
        for body in bodies
        for part in set(body) - protected
        for owner, key in [(body, part), *slots(body[part])]
    ]
    places += [(body["metadata"], key) for body in bodies for key in ("labels", "annotations", "uid", "managedFields")]
    owner, key = data.draw(st.sampled_from(range(len(places))).map(places.__getitem__))
    owner[key] = data.draw(JUNK)

    result = lifted(bodies)

    assert result.mesh is None or every_id_leads_somewhere(result.mesh)
    assert result.mesh is not None or result.findings
