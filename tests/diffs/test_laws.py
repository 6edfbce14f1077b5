"""Laws of the semantic difference: prediction meets intent, and the inverse takes it back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.diffs import difference, inverse, moved, normalise, predict
from meshmig.model.objects import Manifest
from meshmig.model.plan import ApplyObject, ChangeAction, DeleteObject, PatchObject

NAMES = st.sampled_from(["a", "b", "c", "app.kubernetes.io/x"])
LEAVES = st.one_of(st.integers(0, 9), st.sampled_from(["x", "y", "15s"]), st.booleans())
SPECS = st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3), max_leaves=6)
OBJECTS = st.dictionaries(NAMES, SPECS, min_size=1, max_size=3)


def _manifest(spec, kind="ConfigThing", version="example.dev/v1") -> Manifest:
    return Manifest({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "n"}, "spec": spec})


@pytest.mark.law
@settings(max_examples=60)
@given(OBJECTS, OBJECTS)
def test_after_the_predicted_write_nothing_is_left_to_change(before, after) -> None:
    """difference(predict(live, write), wanted) is empty."""
    live, wanted = _manifest(before), _manifest(after)
    predicted = predict(live, ApplyObject(manifest=wanted))

    assert predicted is not None
    assert difference(predicted, wanted).action is ChangeAction.NONE


@pytest.mark.law
@settings(max_examples=60)
@given(OBJECTS, OBJECTS)
def test_the_inverse_restores_every_owned_field(before, after) -> None:
    """Write, then its inverse: the object says what it said before."""
    live, write = _manifest(before), ApplyObject(manifest=_manifest(after))
    current = predict(live, write)
    for undo in inverse(live, write):
        current = predict(current, undo)

    assert current is not None
    assert difference(current, live).action is ChangeAction.NONE


def test_what_was_created_is_taken_back_by_deletion() -> None:
    """The inverse of a creation is a deletion."""
    manifest = _manifest({"a": 1})

    assert inverse(None, ApplyObject(manifest=manifest)) == (DeleteObject(ref=manifest.ref),)


def test_a_removed_label_comes_back() -> None:
    """A merge patch that removes is undone by one that sets."""
    live = Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {"a": "1"}}})
    write = PatchObject(ref=live.ref, body={"metadata": {"labels": {"a": None}}})

    (undo,) = inverse(live, write)

    assert predict(predict(live, write), undo) == live


@pytest.mark.parametrize(("left", "right"), [("15s", "0m15s"), ("1m", "60s"), ("1500ms", "1.5s")])
def test_equal_durations_are_no_change(left: str, right: str) -> None:
    """A duration is compared by its length, not by its spelling."""
    before, after = (_manifest({"timeout": text}, "VirtualService") for text in (left, right))

    assert difference(before, after).action is ChangeAction.NONE


def test_a_selector_is_replaced_whole() -> None:
    """A Service's selector is atomic: what the new one lacks is gone."""
    before = _manifest({"selector": {"app": "a", "tier": "x"}}, "Service", "v1")
    after = _manifest({"selector": {"app": "a-istio"}}, "Service", "v1")
    predicted = predict(before, ApplyObject(manifest=after))

    assert predicted is not None
    assert predicted.spec["selector"] == {"app": "a-istio"}
    assert {item.path for item in difference(before, after).fields} == {"spec.selector.app", "spec.selector.tier"}


def test_a_moved_field_is_named() -> None:
    """A field that is neither as planned nor as wanted is told; one that already is as wanted is not."""
    change = difference(_manifest({"a": 1, "b": 1}), _manifest({"a": 2, "b": 2}))
    found = moved(change, _manifest({"a": 5, "b": 2}))

    assert [(item.path, item.planned, item.live) for item in found] == [("spec.a", 1, 5)]


def test_server_filled_fields_and_defaults_vanish() -> None:
    """A live Deployment reads like the manifest that it was made from."""
    container = {"name": "app", "image": "x:1", "terminationMessagePolicy": "File", "resources": {}}
    spec = {
        "replicas": 1,
        "progressDeadlineSeconds": 600,
        "template": {"metadata": {}, "spec": {"containers": [container]}},
    }
    live = _manifest(spec, "Deployment", "apps/v1")

    plain = normalise(live)

    assert plain.spec["template"]["spec"]["containers"] == [{"name": "app", "image": "x:1"}]
    assert "progressDeadlineSeconds" not in plain.spec
