"""The proof, timed: routing and calls of generated meshes, and how they grow."""

import resource
import time

import pytest

from meshmig.commands.building import read_source, world_of
from meshmig.commands.opening import require_migration
from meshmig.model.objects import Snapshot
from meshmig.model.plan import Plan
from meshmig.planning import PlanRequest, make_plan
from meshmig.proof import journeys_end
from meshmig.proof.calls import prove_calls
from meshmig.proof.routing import Sides, classes_of
from tests.bench.generated import manifests, migration_text

pytestmark = pytest.mark.bench


def _planned(services: int, folder) -> tuple[Snapshot, Plan]:
    (folder / "mesh").mkdir()
    (folder / "load.mig").write_text(migration_text("mesh"))
    migration, _ = require_migration(str(folder / "load.mig"))
    source = Snapshot.of(manifests(services))
    lifted = read_source(migration, source)
    assert lifted.mesh is not None
    world = world_of(migration, source)
    request = PlanRequest(migration=migration, mesh=lifted.mesh, ledger=lifted.ledger, snapshot=source, world=world)
    return source, make_plan(request)


@pytest.mark.parametrize("services", [100, 1000, 10_000])
def test_the_proof_grows_linearly(services: int, tmp_path) -> None:
    """Seconds of one core, classes and states, and the memory of the whole process so far."""
    source, plan = _planned(services, tmp_path)
    target = journeys_end(source, plan)
    sides = Sides(source=source, target=target, answers={})

    begun = time.process_time()
    classes = classes_of(sides)
    routing = time.process_time() - begun
    assert sides.members is not None
    begun = time.process_time()
    calls = prove_calls(sides.members, source, plan)
    walking = time.process_time() - begun

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{services:6} services: routing {routing:6.2f} s, {len(classes)} classes · calls {walking:6.2f} s, "
        f"{calls.states} states of {calls.pairs} pairs · peak {peak:.0f} MiB"
    )
    assert all(item.is_equal for item in classes)
    assert calls.unsafe == calls.unwalked == ()
