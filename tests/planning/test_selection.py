"""What a selection stands for is bounded, and every item of it is shown."""

from dataclasses import replace

import pytest

from meshmig.commands.building import read_source, world_of
from meshmig.commands.opening import Place, require_migration
from meshmig.model.intent import Pattern, Selection
from meshmig.model.plan import Confirm, Shift
from meshmig.planning import PlanRequest
from meshmig.planning.journey import Journey
from meshmig.planning.ownership import Ownership
from meshmig.planning.selection import MOST, select
from tests.planning.shops import shop
from tests.program import ROOT, example, meshmig
from tests.worlds import world_of as booted


def _journey(count: int) -> Journey:
    """A journey over a mesh of so many workloads."""
    migration, _ = require_migration(str(ROOT / "plans" / "shop.mig"), Place())
    embedded = booted("shop").embedded
    assert embedded is not None
    snapshot = embedded.snapshot()
    lifted = read_source(migration, snapshot)
    assert lifted.mesh is not None
    first = lifted.mesh.workloads[0]
    many = tuple(replace(first, id=f"shop/w{place}") for place in range(count))
    mesh = replace(lifted.mesh, workloads=many, hosts=(), edges=(), upstreams=())
    request = PlanRequest(
        migration=migration,
        mesh=mesh,
        ledger=lifted.ledger,
        snapshot=snapshot,
        world=world_of(migration, snapshot),
    )
    ownership = Ownership(snapshot=snapshot, adoptions=(), take_overs=())
    return Journey(request=request, objects={}, placements={}, ownership=ownership)


@pytest.mark.parametrize(("count", "codes"), [(MOST, []), (MOST + 1, ["MIG418"])])
def test_a_selection_is_bounded(count: int, codes: list[str]) -> None:
    """2,000 workloads are the most that one selection may stand for."""
    journey = _journey(count)
    found = select(journey, Selection(patterns=(Pattern(text="shop/*"),)))

    assert [finding.code for finding in journey.findings] == codes
    assert len(found) == (0 if codes else count)
    assert len(journey.selected[0].workloads) == count


def test_every_item_is_shown(tmp_path) -> None:
    """Groups, wildcards and `rest`, in text and in JSON, with how many they are."""
    example("shop", tmp_path)
    text = meshmig("plan", cwd=tmp_path).stdout
    selected = meshmig("plan", "--json", cwd=tmp_path).data["terms"]["selected"]

    assert "selected     stage 4 read_path (2): shop/catalog-v1, shop/catalog-v2" in text
    assert "selected     stage 5 rest (2): shop/cart, shop/stock" in text
    assert {"stage": 2, "selection": "shop/ingress", "workloads": ["shop/ingress"]} in selected


def test_a_selection_that_surprises_is_refused(tmp_path) -> None:
    """`expect` names how many it found, and which."""
    planned = shop(tmp_path, change=("expect    2..2", "expect 3..6"))

    assert planned.errors == ["MIG411"]
    assert (
        "2 workloads are selected where 3..6 are expected: shop/catalog-v1, shop/catalog-v2"
        in (planned.found("MIG411")[0])
    )


def test_an_approval_within_a_profile_stands_before_its_step(tmp_path) -> None:
    """`approve before 50%`: 25 % is reached without anybody, 50 % is not."""
    planned = shop(tmp_path, change=("bake     10m", 'bake 10m\n  approve before 50% by "team-shop"'))
    stage = planned.plan.stage(3)
    assert stage is not None
    titles = [step.title for step in stage.steps]
    asked = titles.index("team-shop says yes before 50 % of shop/front")

    assert any("5 % → 25 %" in title for title in titles[:asked])
    assert not any("→ 50 %" in title for title in titles[:asked])
    assert any("→ 50 %" in title for title in titles[asked:])


def test_a_rounded_step_does_not_slip_past_its_approval(tmp_path) -> None:
    """1 % by replica share of a few pods is a quarter or a third: whoever must say yes before 20 % is asked first."""
    planned = shop(tmp_path, change=("bake     10m", 'bake 10m\n  approve before 20% by "team-shop"'))
    shifts = [step for step in planned.plan.step.values() if isinstance(step.action, Shift)]
    rounded = [s for s in shifts if s.action.requested_percent < 20 <= s.action.percent_to]
    asked = {step.unit: step.id for step in planned.plan.step.values() if isinstance(step.action, Confirm)}
    order = {name: place for place, name in enumerate(planned.plan.step)}

    assert rounded
    assert all(order[asked[step.unit]] < order[step.id] for step in shifts if step.action.percent_to >= 20)


def test_at_once_and_between_order_the_waves(tmp_path) -> None:
    """Between two waves the time passes and the gate is asked; `at once` bounds how many move side by side."""
    planned = shop(tmp_path, change=("at most 20, 4 at once", "at most 1, 1 at once"))
    stage = planned.plan.stage(5)
    assert stage is not None
    waits = [step for step in stage.steps if step.title == "wait 1h between waves"]
    gates = [step for step in stage.steps if step.title.startswith("gate healthy on") and not step.unit]

    assert (stage.at_once, len(waits)) == (1, 1)
    assert gates
    assert {unit.wave for unit in planned.plan.units if unit.stage == 5} == {1, 2}


def test_egress_is_closed_where_the_file_says_so(tmp_path) -> None:
    """Sidecars that know the declared hosts alone, in the stage that says it, taken back like any other."""
    planned = shop(tmp_path, change=("egress open", "egress declared"))
    assert "MIG424" in {finding.code for finding in planned.built.findings}
    (tmp_path / "closed").mkdir()
    file = example("shop", tmp_path / "closed")
    file.write_text(
        file.read_text().replace("egress open", "egress declared").replace("mtls  retire", "egress  retire")
    )
    plan = meshmig("plan", "--json", cwd=tmp_path / "closed").data
    finish = [step for step in plan["stages"][-1]["steps"] if step["title"].startswith("egress closed: Sidecar")]

    assert len(finish) == 5, "every workload but the gateway"
    assert all("REGISTRY_ONLY" in str(step["changes"]) for step in finish)


def test_strict_mutual_tls_that_no_stage_enforces_is_warned_of(tmp_path) -> None:
    """The word alone tightens nothing; whoever did not say it, or enforces it, is not warned."""
    silent = ("mtls strict  egress open", "egress open")
    folders = [tmp_path / name for name in ("said", "unsaid", "enforced")]
    for folder in folders:
        folder.mkdir()

    said = shop(folders[0], change=("enforce mtls  ", "")).found("MIG426")
    unsaid = _unenforced_by_default(folders[1], silent)
    enforced = shop(folders[2]).found("MIG426")

    assert [finding.startswith("warning: the migration says `mtls strict`") for finding in said] == [True]
    assert (unsaid, enforced) == ([], [])


def _unenforced_by_default(folder, change: tuple[str, str]) -> list[str]:
    file = example("shop", folder)
    text = file.read_text().replace(*change).replace("enforce mtls  ", "")
    assert "mtls" not in text
    file.write_text(text)
    found = meshmig("plan", "--json", cwd=folder).document["findings"]
    return [finding["code"] for finding in found if finding["code"] == "MIG426"]


def test_the_old_pods_stay_as_long_as_the_profile_keeps_them(tmp_path) -> None:
    """`keep old 24h` stands between the last traffic step and the drain."""
    stage = shop(tmp_path).plan.stage(3)
    assert stage is not None
    titles = [step.title for step in stage.steps]

    assert titles.index("old pods of shop/front stay 1d") < titles.index("old pods of shop/front go")
