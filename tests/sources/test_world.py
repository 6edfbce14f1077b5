"""Whether the control plane still answers."""

import pytest

from meshmig.model.intent import ControlPlane
from meshmig.sources.appmesh import judge_world
from tests.sources.builders import app, node, obj, shop, snapshot

AFTER, BEFORE = "2026-11-01T00:00:00Z", "2026-03-01T00:00:00Z"


def reconciled(at: str, *, status: str = "True", generation: int = 1) -> dict:
    body = node("cart")
    body["metadata"]["generation"] = generation
    condition = {"type": "VirtualNodeActive", "status": status, "lastTransitionTime": at}
    body["status"] = {"observedGeneration": 1, "conditions": [condition]}
    return body


def proxy(*, ready: bool, born: str = AFTER) -> dict:
    container = {"name": "envoy", "env": [{"name": "APPMESH_RESOURCE_ARN", "value": "x"}]}
    pod = obj("Pod", "p", {"containers": [container]}, api="v1", creationTimestamp=born)
    pod["status"] = {"containerStatuses": [{"name": "envoy", "ready": ready}]}
    return pod


def test_files_show_a_mesh_whose_control_plane_is_gone() -> None:
    """Nothing proves life; the evidence says so."""
    world = judge_world(snapshot(shop(*app("cart"))), None)

    assert (world.control_plane, world.said) == (ControlPlane.GONE, False)
    assert "2026-09-30" in world.evidence[0]


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        ([reconciled(AFTER)], ControlPlane.ALIVE),
        ([reconciled(BEFORE)], ControlPlane.GONE),
        ([reconciled(AFTER, status="False")], ControlPlane.GONE),
        ([reconciled(AFTER, generation=2)], ControlPlane.GONE),
        ([reconciled(AFTER), proxy(ready=False)], ControlPlane.GONE),
        ([reconciled(AFTER), proxy(ready=True)], ControlPlane.ALIVE),
        ([reconciled(AFTER), proxy(ready=False, born=BEFORE)], ControlPlane.ALIVE),
        ([proxy(ready=True)], ControlPlane.GONE),
    ],
)
def test_life_needs_proof(bodies: list, expected: ControlPlane) -> None:
    """An object accepted after the end, no change left lying, no new proxy that never got its configuration."""
    world = judge_world(snapshot(bodies), None)

    assert world.control_plane is expected
    assert world.evidence


@pytest.mark.parametrize("said", ControlPlane)
def test_what_the_file_says_wins(said: ControlPlane) -> None:
    """The observed evidence is still shown."""
    world = judge_world(snapshot([proxy(ready=False)]), said)

    assert (world.control_plane, world.said) == (said, True)
    assert any("never became ready" in line for line in world.evidence)
