"""Whole worlds for tests: a worked example booted in memory, its plan, and a run over it."""

from dataclasses import dataclass, replace
from pathlib import Path

from meshmig.commands.apply import Carried, carry_out
from meshmig.commands.building import plan_snapshot
from meshmig.commands.opening import Place, World, rehearsal_world, require_migration
from meshmig.execution.decide import Scope
from meshmig.model.objects import ObjectRef
from meshmig.model.plan import Plan
from meshmig.model.run import Event
from meshmig.sandbox.faults import Faults
from tests.program import ROOT


@dataclass
class Heard:
    """An observer that keeps every event."""

    events: list[Event]

    def begin(self, plan, before, back=None) -> None:
        """Nothing to keep."""

    def event(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)


def world_of(name: str) -> World:
    """Boot a worked example in memory."""
    migration, _ = require_migration(str(ROOT / "plans" / f"{name}.mig"), Place())
    return rehearsal_world(migration, Place(), Faults())


def plan_of(world: World, name: str, text: tuple[str, str] | None = None, folder: Path | None = None) -> Plan:
    """Plan a worked example, its file changed by one replacement where asked."""
    file = ROOT / "plans" / f"{name}.mig"
    if text is not None and folder is not None:
        changed = file.read_text().replace('use "gates.mig"', (ROOT / "plans" / "gates.mig").read_text()[6:])
        file = folder / file.name
        file.write_text(changed.replace(*text))
    migration, _ = require_migration(str(file), Place())
    assert world.embedded is not None
    built = plan_snapshot(migration, world.embedded.snapshot(), ())
    assert built.plan is not None
    return built.plan


def run(world: World, plan: Plan, scope: Scope | None = None) -> Carried:
    """Carry a plan out over a world."""
    return run_heard(world, plan, Heard([]), scope)


def run_heard(world: World, plan: Plan, heard: Heard, scope: Scope | None = None) -> Carried:
    """Carry a plan out while somebody listens."""
    return carry_out(plan, world, heard, scope)


def with_cluster(world: World, cluster) -> World:
    """Return the world with another door to its cluster."""
    return replace(world, cluster=cluster)


VOLATILE = {"ConfigMap", "Lease", "Pod", "ReplicaSet", "EndpointSlice"}


def specs(world: World) -> dict[ObjectRef, object]:
    """Return what every lasting object says, without what servers fill in."""
    assert world.embedded is not None
    return {
        ref: (body.get("spec"), body["metadata"].get("labels"), body["metadata"].get("finalizers"))
        for ref, body in world.embedded.objects.items()
        if ref.kind not in VOLATILE
    }
