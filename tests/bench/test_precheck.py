"""How long every check takes together on a large mesh with live pods, and how it grows."""

import time

import pytest

from meshmig.checks import CHECKS, Facts, look
from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Manifest, Snapshot
from meshmig.model.plan import World
from meshmig.planning import call_order
from meshmig.sources.appmesh import lift
from tests.bench.generated import NAMESPACE, manifests
from tests.checks.world import migration, pod

pytestmark = pytest.mark.bench


def _facts(services: int) -> Facts:
    pods = [pod(f"svc-{number:05d}-5b9-{copy}abcd") for number in range(services) for copy in range(2)]
    placed = [Manifest(body | {"metadata": body["metadata"] | {"namespace": NAMESPACE}}) for body in pods]
    snapshot = Snapshot.of([*manifests(services), *placed])
    lifted = lift(snapshot)
    assert lifted.mesh is not None
    return Facts(
        snapshot=snapshot,
        mesh=lifted.mesh,
        ledger=lifted.ledger,
        world=World(control_plane=ControlPlane.GONE, evidence=()),
        migration=migration(),
        live=True,
        findings=lifted.findings,
        units=call_order(lifted.mesh),
    )


def test_the_checks_grow_with_the_mesh() -> None:
    """Four times the services take less than eight times as long."""
    seconds = {}
    for services in (250, 1000):
        facts = _facts(services)
        begun = time.perf_counter()
        look(facts, CHECKS)
        seconds[services] = time.perf_counter() - begun
    print({services: f"{taken:.2f} s" for services, taken in seconds.items()})

    assert seconds[1000] < 8 * seconds[250]
