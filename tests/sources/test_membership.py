"""Which Mesh is meant, and what belongs to it."""

import pytest

from meshmig.diagnostics import Severity
from tests.sources.builders import app, codes, lifted, mesh, mesh_of, namespace, node, obj, shop


def test_the_only_mesh_is_taken() -> None:
    """One Mesh needs no choice; its name is its awsName."""
    result = mesh_of([namespace(), mesh(awsName="bazaar"), *app("cart")])

    assert (result.name, result.origin.ref.name, result.namespaces) == ("bazaar", "shop", ("shop",))


def test_two_meshes_need_a_choice() -> None:
    """The error names both; a choice settles it, by name or awsName."""
    bodies = [*shop(*app("cart")), mesh("other", awsName="elsewhere", namespaceSelector={"matchLabels": {"mesh": "x"}})]

    undecided, chosen = lifted(bodies), mesh_of(bodies, mesh_name="shop")

    assert undecided.mesh is None
    assert codes(undecided) == ["MIG302"]
    assert "other, shop" in undecided.findings[0].message
    assert chosen.name == "shop"
    assert codes(lifted(bodies, mesh_name="elsewhere")) == ["MIG305"]
    assert codes(lifted(bodies, mesh_name="no")) == ["MIG303"]


def test_no_mesh_is_an_error_that_names_what_is_there() -> None:
    """A fragment of documentation is refused."""
    result = lifted([node("cart"), obj("BackendGroup", "all", {"virtualservices": []})])

    assert codes(result, Severity.ERROR) == ["MIG301"]
    assert "VirtualNode shop/cart" in result.findings[0].message


def test_old_versions_are_refused_one_by_one() -> None:
    """Every v1beta1 object is named."""
    old = "appmesh.k8s.aws/v1beta1"
    result = lifted([obj("Mesh", "shop", {}, namespace="", api=old), obj("VirtualNode", "cart", {}, api=old)])

    assert result.mesh is None
    assert codes(result) == ["MIG304", "MIG304"]


def test_a_mesh_reference_makes_a_member() -> None:
    """A stored object carries its Mesh, whatever the namespace's labels say now; another Mesh's is left alone."""
    member = node("cart", meshRef={"name": "shop", "uid": "u1"})
    stranger = node("stranger", meshRef={"name": "other", "uid": "u2"})
    bodies = [namespace("shop", other="label"), mesh(), member, stranger]

    assert [upstream.id for upstream in mesh_of(bodies).upstreams] == ["shop/cart"]


def test_a_mesh_made_anew_orphans_its_members() -> None:
    """A uid that differs is told."""
    fresh = mesh()
    fresh["metadata"]["uid"] = "new"

    assert "MIG307" in codes(lifted([namespace(), fresh, node("cart", meshRef={"name": "shop", "uid": "old"})]))


@pytest.mark.parametrize(
    ("bodies", "code"),
    [
        ([namespace("shop", other="label"), mesh(), node("cart")], "MIG306"),
        ([mesh(), node("cart")], "MIG308"),
    ],
)
def test_an_object_of_no_mesh_is_told(bodies: list, code: str) -> None:
    """The namespace's labels decide; a namespace that was not read is told apart."""
    result = lifted(bodies)

    assert codes(result, Severity.WARNING) == [code]
    assert codes(result, Severity.ERROR) == ["MIG305"]


def test_an_empty_selector_takes_every_namespace() -> None:
    """`{}` is all, a missing selector is none."""
    everything = mesh(namespaceSelector={})

    assert mesh_of([namespace("shop", a="b"), everything, node("cart")]).upstreams
    assert lifted([namespace(), obj("Mesh", "shop", {}, namespace=""), node("cart")]).mesh.upstreams == ()


def test_a_shared_mesh_is_refused() -> None:
    """Members in another account are not visible."""
    assert "MIG317" in codes(lifted([namespace(), mesh(meshOwner="111122223333"), *app("cart")]), Severity.ERROR)


def test_a_schema_violation_names_its_path() -> None:
    """The object is left out, the rest goes on, and nothing else is reported for it."""
    broken = node("cart", listeners=[{"portMapping": {"port": "80", "protocol": "smtp"}}])

    result = lifted(shop(broken, *app("web")))

    paths = [finding.path for finding in result.findings if finding.code == "MIG310"]
    assert paths == ["spec.listeners[0].portMapping.port", "spec.listeners[0].portMapping.protocol"]
    assert [upstream.id for upstream in result.mesh.upstreams] == ["shop/web"]


def test_an_unknown_field_is_a_warning_and_changes_nothing() -> None:
    """The API server drops it."""
    plain, odd = app("cart"), app("cart", colour="red", logging={"level": 3})

    result = lifted(shop(*odd))

    assert codes(result) == ["MIG311", "MIG311"]
    assert result.mesh == mesh_of(shop(*plain))


@pytest.mark.parametrize(("written", "implicit", "policy"), [(None, True, "drop"), ("ALLOW_ALL", False, "allow")])
def test_egress_is_dropped_unless_said(*, written: str | None, implicit: bool, policy: str) -> None:
    """DROP_ALL is App Mesh's default."""
    spec = {"egressFilter": {"type": written}} if written else {}

    result = mesh_of([namespace(), mesh(**spec), *app("cart")])

    assert (result.egress.value, result.egress_implicit) == (policy, implicit)
