"""A plan as a file, and how a plan grows with the mesh."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from meshmig.codec import digest, to_json
from meshmig.commands.building import plan_snapshot
from meshmig.commands.opening import Place, rehearsal_world, require_migration
from meshmig.model.plan import Plan
from meshmig.planning import digest_of, written
from meshmig.sandbox.faults import Faults
from tests.bench.generated import manifests, migration_text
from tests.worlds import plan_of, world_of


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The shop's plan."""
    return plan_of(world_of("shop"), "shop")


def test_the_digest_is_that_of_the_canonical_json(plan: Plan) -> None:
    """Made in pieces, it is the digest of the whole."""
    assert digest_of(plan) == plan.digest == digest(to_json(Plan, replace(plan, digest="", file="")))


def test_a_plan_file_says_every_field(plan: Plan) -> None:
    """Written in pieces, it reads back as the whole."""
    assert json.loads("".join(written(plan))) == to_json(Plan, plan)


def test_a_step_stands_on_one_line(plan: Plan) -> None:
    """A changed step is one changed line of a diff."""
    lines = "".join(written(plan)).splitlines()

    assert sum('"because":' in line and '"undo":' in line for line in lines) == len(plan.step)


def _generated(services: int, folder: Path) -> Plan:
    (folder / "mesh").mkdir(parents=True)
    (folder / "mesh" / "all.yaml").write_text(yaml.safe_dump_all(dict(m.body) for m in manifests(services)))
    file = folder / "load.mig"
    file.write_text(migration_text("mesh"))
    migration, _ = require_migration(str(file))
    world = rehearsal_world(migration, Place(), Faults())
    assert world.embedded is not None
    built = plan_snapshot(migration, world.embedded.snapshot(), ())
    assert built.plan is not None
    return built.plan


def test_a_plan_grows_with_the_mesh_and_no_faster(tmp_path) -> None:
    """Twice the services, twice the text: no step names all the steps before it."""
    small, large = (len("".join(written(_generated(n, tmp_path / str(n))))) for n in (20, 40))

    assert large <= 2.05 * small


def test_who_waits_for_a_step_behind_the_barrier_waits_for_the_barrier(plan: Plan) -> None:
    """Every step of a stage is reached from the stage's first ones: nothing slips past an approval or a wait."""
    for stage in plan.stages:
        reached: dict[str, set[str]] = {}
        for step in stage.steps:
            reached[step.id] = set(step.after).union(*(reached[name] for name in step.after))
        first = stage.steps[0].id if stage.number == plan.stages[-1].number else None
        assert first is None or all(first in found for step, found in reached.items() if step != first)
