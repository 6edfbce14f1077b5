"""The embedded cluster where it matters: a dead control plane, injection, ownership, finalizers, persistence."""

import pytest

from meshmig.adapters.store import MemoryStore
from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.units import Duration
from meshmig.ports import ConflictError, NotFoundError
from meshmig.sandbox.clock import VirtualClock
from meshmig.sandbox.cluster import boot, open_cluster
from tests.worlds import world_of

CART = ObjectRef("apps/v1", "Deployment", "shop", "cart")


def _ready(world) -> int:
    return world.cluster.get(CART).status["readyReplicas"]


def test_a_restarted_app_mesh_pod_never_becomes_ready() -> None:
    """After the switch-off a template edit is an outage: the new pod carries a proxy that gets no configuration."""
    world = world_of("shop")
    annotation = {"metadata": {"annotations": {"restarted": "now"}}}
    world.cluster.patch(CART, {"spec": {"template": annotation}})
    world.clock.wait(Duration(120_000))

    status = world.cluster.get(CART).status
    assert status["updatedReplicas"] > 0
    assert status["readyReplicas"] <= status["replicas"] - status["updatedReplicas"]


def test_a_conflict_names_the_other_manager() -> None:
    """Server-side apply of a field that another manager owns is refused, and forced when asked."""
    world = world_of("shop")
    ref = ObjectRef("v1", "Service", "shop", "cart")
    wanted = Manifest(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart", "namespace": "shop"}}
        | {"spec": {"selector": {"app": "other"}}}
    )

    with pytest.raises(ConflictError) as refused:
        world.cluster.apply(wanted)
    forced = world.cluster.apply(wanted, force=True)

    assert "kubectl" in refused.value.details["causes"][0]["message"]
    assert forced.spec["selector"] == {"app": "other"}
    assert world.cluster.get(ref).spec["ports"]


def test_a_field_that_is_applied_no_more_goes_away() -> None:
    """Ownership means that giving a field up removes it."""
    world = world_of("shop")
    frame = {"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"name": "x", "namespace": "shop"}}
    world.cluster.apply(
        Manifest(frame | {"spec": {"egress": [{"hosts": ["./*"]}], "outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}})
    )
    second = world.cluster.apply(Manifest(frame | {"spec": {"egress": [{"hosts": ["./*"]}]}}))

    assert second.spec == {"egress": [{"hosts": ["./*"]}]}


def test_finalizers_hold_a_deletion_until_they_are_stripped() -> None:
    """App Mesh's objects stay for ever unless somebody takes their finalizers off."""
    world = world_of("shop")
    ref = ObjectRef("appmesh.k8s.aws/v1beta2", "VirtualNode", "shop", "cart")
    world.cluster.delete(ref)

    assert world.cluster.get(ref).metadata["deletionTimestamp"]

    world.cluster.patch(ref, {"metadata": {"finalizers": None}})

    with pytest.raises(NotFoundError):
        world.cluster.get(ref)


def test_a_stale_replace_is_refused() -> None:
    """A loser's late write carries an old resourceVersion."""
    world = world_of("shop")
    seen = world.cluster.get(CART)
    world.cluster.patch(CART, {"metadata": {"labels": {"x": "y"}}})

    with pytest.raises(ConflictError):
        world.cluster.replace(seen)


def test_a_torn_log_reopens_as_it_was_before_the_torn_line() -> None:
    """Every accepted write is on the log before it is answered; half a line was never answered."""
    store, clock = MemoryStore(), VirtualClock.at_start()
    space = Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    cluster = boot(store, [space], clock=clock, control_plane=ControlPlane.GONE)
    cluster.patch(space.ref, {"metadata": {"labels": {"a": "1"}}})
    whole = store.read("cluster.jsonl")
    assert whole is not None
    before = dict(cluster.objects)
    store.append("cluster.jsonl", b'{"v":99,"put":{"apiVersion"')

    reopened = open_cluster(store, clock=VirtualClock.at_start())

    assert dict(reopened.objects) == before
