"""Who owns which field, as server-side apply keeps it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.ports import ConflictError
from meshmig.sandbox.merging import json_merge, merge
from meshmig.sandbox.ownership import compare, difference, field_set, intersection, paths, union
from meshmig.sandbox.schema import shape_of
from tests.sandbox.small import deployment, manifest, plain_world, ref, service

SERVICE = ref("v1", "Service", "web")
CONFIG = shape_of("v1", "ConfigMap")
LABELS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=4)
BODIES = st.builds(
    lambda data, labels: {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": labels}, "data": data},
    LABELS,
    LABELS,
)


def _held(made: Any, manager: str = "meshmig", operation: str = "Apply") -> dict[str, Any]:
    entries = made.metadata.get("managedFields", ())
    found = [one["fieldsV1"] for one in entries if (one["manager"], one["operation"]) == (manager, operation)]
    return found[0] if found else {}


def test_an_apply_owns_what_it_names_by_the_keys_of_lists() -> None:
    """Ports by number and protocol, the default protocol included; selectors as a whole."""
    made = plain_world().apply(service("web"))

    assert _held(made) == {
        "f:spec": {
            "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:targetPort": {}}},
            "f:selector": {},
        }
    }


def test_an_update_owns_the_defaults_too() -> None:
    """What the server filled in belongs to whoever created the object, what it allocated to nobody."""
    made = plain_world().create(service("web"))

    spec = _held(made, operation="Update")["f:spec"]
    assert {"f:type", "f:sessionAffinity", "f:internalTrafficPolicy"} <= spec.keys()
    assert "f:clusterIP" not in spec


def test_a_conflict_names_every_manager_and_field() -> None:
    """Without force nothing is written; equal values are no conflict."""
    cluster = plain_world()
    before = cluster.create(service("web"))

    assert cluster.apply(service("web")).spec == before.spec
    with pytest.raises(ConflictError) as refused:
        cluster.apply(service("web", selector={"app": "x"}, ports=[{"port": 80, "targetPort": 9}]))

    assert [one["field"] for one in refused.value.details["causes"]] == [
        '.spec.ports[port=80,protocol="TCP"].targetPort',
        ".spec.selector",
    ]
    assert cluster.get(SERVICE).spec == before.spec


def test_force_takes_the_field_away_from_its_owner() -> None:
    """An atomic map is replaced whole."""
    cluster = plain_world()
    cluster.create(service("web"))

    forced = cluster.apply(service("web", selector={"serves": "web"}), force=True)

    assert forced.spec["selector"] == {"serves": "web"}
    assert "f:selector" not in _held(forced, operation="Update")["f:spec"]


def test_what_is_applied_no_more_goes_unless_another_owns_it() -> None:
    """A label that somebody else patched in as well stays."""
    cluster = plain_world()
    cluster.apply(manifest("v1", "ConfigMap", "c", metadata={"labels": {"a": "1", "b": "2"}}))
    name = ref("v1", "ConfigMap", "c")
    cluster.patch(name, {"metadata": {"labels": {"c": "3"}}})

    fewer = cluster.apply(manifest("v1", "ConfigMap", "c", metadata={"labels": {"a": "1"}}))

    assert fewer.labels == {"a": "1", "c": "3"}


def test_items_of_a_keyed_list_come_and_go_one_by_one() -> None:
    """Environment variables are known by name, and keep the applied order."""
    cluster = plain_world()
    cluster.create(deployment("web", 0))
    wanted = {
        "containers": [
            {"name": "app", "image": "app:1", "env": [{"name": "B", "value": "1"}, {"name": "A", "value": "2"}]}
        ]
    }
    cluster.apply(deployment("web", 0, template=wanted), force=True)

    wanted["containers"][0]["env"].pop(0)
    fewer = cluster.apply(deployment("web", 0, template=wanted), force=True)

    assert fewer.spec["template"]["spec"]["containers"][0]["env"] == [{"name": "A", "value": "2"}]


def test_lists_of_custom_resources_are_whole() -> None:
    """Routes have no keys: one that is applied replaces all."""
    cluster = plain_world()
    first = manifest(
        "networking.istio.io/v1", "VirtualService", "v", spec={"hosts": ["a"], "http": [{"name": "x"}, {"name": "y"}]}
    )
    cluster.apply(first)

    second = cluster.apply(
        manifest("networking.istio.io/v1", "VirtualService", "v", spec={"hosts": ["a"], "http": [{"name": "z"}]})
    )

    assert second.spec["http"] == [{"name": "z"}]
    assert _held(second) == {"f:spec": {"f:hosts": {}, "f:http": {}}}


def test_an_equal_apply_is_no_write() -> None:
    """The version stands still, so that nobody who watches is told."""
    cluster = plain_world()
    first = cluster.apply(service("web"))

    assert cluster.apply(service("web")) == first


@given(BODIES, BODIES)
@settings(max_examples=60)
def test_the_difference_of_two_states_rebuilds_the_second(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Taking the removed fields away and laying the changed ones over gives the new state's fields."""
    found = compare(old, new, CONFIG)

    rebuilt = union(
        difference(field_set(old, CONFIG), found.removed), intersection(field_set(new, CONFIG), found.changed)
    )

    assert set(paths(rebuilt)) - {".data", ".metadata.labels"} == set(paths(field_set(new, CONFIG))) - {
        ".data",
        ".metadata.labels",
    }


@given(BODIES, BODIES)
@settings(max_examples=60)
def test_field_sets_obey_the_laws_of_sets(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Union, difference and intersection fit together."""
    first, second = field_set(one, CONFIG), field_set(other, CONFIG)

    assert union(difference(first, second), intersection(first, second)) == first
    assert not difference(first, union(first, second))
    assert set(paths(union(first, second))) == set(paths(first)) | set(paths(second))


@given(BODIES, BODIES)
@settings(max_examples=60)
def test_a_merge_holds_what_was_applied(live: dict[str, Any], applied: dict[str, Any]) -> None:
    """Every applied value is there afterwards, every live-only one still."""
    merged = merge(live, applied, CONFIG)

    assert merged["data"] == {**live["data"], **applied["data"]}
    assert json_merge(live, applied)["data"] == merged["data"]
