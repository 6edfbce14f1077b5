"""Faults that a run survives: it ends in the very state of an undisturbed one."""

import pytest

from meshmig.commands.opening import Place, World, rehearsal_world, require_migration
from meshmig.commands.rehearse import rehearse, to_the_end
from meshmig.commands.result import RunShown
from meshmig.execution.journal import Journal
from meshmig.model.run import Outcome, Sampled, StepDone, StepStarted, StepWritten, Verdict
from meshmig.sandbox.faults import Fault, FaultName, Faults
from meshmig.sandbox.faulty_cluster import FaultyCluster
from tests.program import ROOT
from tests.worlds import Heard, plan_of, specs


def _world(*faults: Fault) -> World:
    migration, _ = require_migration(str(ROOT / "plans" / "vault.mig"), Place())
    return rehearsal_world(migration, Place(), Faults(planted=faults))


def _finish(world: World) -> tuple[Outcome, list[tuple[str, str]]]:
    """Go to the end; return the outcome and what the journal says of every step, in the order of the steps."""
    plan = plan_of(world, "vault")
    if isinstance(world.cluster, FaultyCluster):
        world.cluster.accidents.aim(plan)
    carried = to_the_end(plan, world, Heard([]))
    assert world.embedded is not None
    events = Journal(world.embedded, plan.migration).read()
    steps = [
        (h.step, h.kind) for event in events if isinstance(h := event.happening, StepStarted | StepWritten | StepDone)
    ]
    return carried.result.outcome, sorted(steps)


@pytest.fixture(scope="module")
def undisturbed():
    """Where the vault's journey ends when nobody disturbs it."""
    world = _world()
    outcome, steps = _finish(world)
    assert outcome is Outcome.FINISHED
    return specs(world), steps


@pytest.mark.parametrize("stage", [1, 2, 4, 5])
@pytest.mark.parametrize("name", [FaultName.KILL, FaultName.API_DOWN, FaultName.API_429])
def test_a_survived_fault_leaves_no_trace(name: FaultName, stage: int, undisturbed) -> None:
    """In every kind of stage: finished, objects and journal as without the fault, no request lost."""
    world = _world(Fault(name, stage))
    outcome, steps = _finish(world)

    assert outcome is Outcome.FINISHED
    assert (specs(world), steps) == undisturbed
    assert world.traffic is not None
    assert world.traffic.requests.lost == 0
    assert world.faults is not None
    assert world.faults.spent == ()


@pytest.mark.parametrize("stage", [2, 3, 4])
def test_somebody_elses_hand_is_never_overwritten(stage: int) -> None:
    """A field taken in mid-stage holds the run, also where the step takes fields over; the value stays theirs."""
    world = _world(Fault(FaultName.CONFLICT, stage))
    outcome, _ = _finish(world)
    assert world.embedded is not None
    taken = [
        (ref, entry)
        for ref, body in world.embedded.objects.items()
        for entry in body["metadata"].get("managedFields") or ()
        if entry["manager"] == "kubectl-edit"
    ]

    assert outcome in {Outcome.HELD, Outcome.STALE}
    assert taken, "the field is still the intruder's"


def test_the_only_old_pod_restarts_and_the_run_holds_where_it_stands(tmp_path) -> None:
    """Its callers lose requests, which are counted; there is no baseline any more, and the reason says why."""
    manifests = ROOT / "plans" / "vault"
    for path in manifests.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("replicas: 2", "replicas: 1"))
    file = tmp_path / "vault.mig"
    text = (
        (ROOT / "plans" / "vault.mig")
        .read_text()
        .replace('use "gates.mig"', (ROOT / "plans" / "gates.mig").read_text()[6:])
    )
    file.write_text(text.replace('files "vault"', 'files "."'))
    ended = rehearse(str(file), Place(), ["pod-restart@3"], Heard([]))
    shown = ended.shown

    assert isinstance(shown, RunShown)
    assert ended.outcome is Outcome.HELD
    assert "cannot become ready in App Mesh again" in shown.reason
    assert shown.requests is not None
    assert shown.requests.by_cause.keys() == {"no_endpoints", "caller_not_ready"}


def test_a_killed_gate_goes_on_with_its_evidence() -> None:
    """Killed while a gate collects, the run goes on from what it had counted: as many ticks as an undisturbed one."""
    whole, broken = _world(), _world(Fault(FaultName.KILL, 3))
    seen = []
    for world in (whole, broken):
        heard = Heard([])
        to_the_end(plan_of(world, "vault"), world, heard)
        passes = [e.happening for e in heard.events if isinstance(e.happening, Sampled) and e.happening.step[0] == "3"]
        seen.append([(h.step, h.new.requests) for h in passes if h.verdict is Verdict.PASS])

    assert len(seen[0]) > 3
    assert all(requests > 0 for _, requests in seen[0])
    assert seen[0] == seen[1]
