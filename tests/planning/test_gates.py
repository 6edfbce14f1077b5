"""Where gates are asked: proof while both sides serve, and always of the pods that serve."""

from dataclasses import replace

import pytest

from meshmig.commands.building import redigested
from meshmig.execution.decide import Scope
from meshmig.model.plan import Judge, JudgeMode, Mechanism, Shift
from meshmig.model.run import Outcome, Sampled, StepHeld, Verdict
from meshmig.model.units import Duration
from tests.planning.shops import Shop, shop
from tests.program import example, meshmig
from tests.worlds import Heard, run_heard

STEPS = "1%, 5%, 25%, 50%, 100%"
COMPARING = """
gate comparing {
  require errors <= old * 1.25 + 0.05%
  advance when unharmed after 200 requests
  finish when proved within 1h
}
"""


def _judges(planned: Shop, mode: JudgeMode) -> dict[str, Judge]:
    asked = {name: step.action for name, step in planned.plan.step.items() if isinstance(step.action, Judge)}
    return {name: judge for name, judge in asked.items() if judge.mode is mode}


@pytest.mark.parametrize(("steps", "at"), [(STEPS, {50}), ("10%, 20%, 100%", {20}), ("40%, 100%", {40})])
def test_proof_is_asked_for_at_the_last_step_where_both_sides_serve(tmp_path, steps: str, at: set[int]) -> None:
    """Each unit is proved once, below 100 %, and no shift to 100 % begins before; at 100 % nothing more is proved."""
    planned = shop(tmp_path, change=(STEPS, steps))
    order = {name: place for place, name in enumerate(planned.plan.step)}
    proofs = _judges(planned, JudgeMode.FINISH)
    weighted = {unit.id for unit in planned.plan.units if Mechanism.ISTIO_WEIGHTS in unit.mechanisms}
    by_weights = {judge.percent_new for name, judge in proofs.items() if planned.plan.step[name].unit in weighted}
    whole = {
        step.unit: order[name]
        for name, step in reversed(planned.plan.step.items())
        if isinstance(step.action, Shift) and step.action.percent_to == 100
    }

    assert by_weights == at
    assert all(0 < judge.percent_new < 100 for judge in proofs.values())
    assert all(order[name] < whole[planned.plan.step[name].unit] for name in proofs)


def test_where_nothing_can_be_compared_a_proof_is_refused_before_it_is_waited_for(tmp_path) -> None:
    """One step of 100 % and a gate that only compares: no request could ever prove it."""
    words = f"{STEPS}\n  bake     10m\n  check    healthy"
    planned = shop(tmp_path, COMPARING, change=(words, "100%\n  bake 10m\n  check comparing"))

    assert len(planned.found("MIG425")) == 1
    assert "a step below 100%" in planned.found("MIG425")[0]


def test_a_gate_that_only_compares_gets_past_100_percent(tmp_path) -> None:
    """At 100 % the old side is dry: the gate says so and goes on, and the journey ends with nothing lost."""
    planned = shop(tmp_path, COMPARING, change=("check    healthy", "check    comparing"))
    heard = Heard([])
    carried = run_heard(planned.world, planned.plan, heard)
    passes = {h.step: h for e in heard.events if isinstance(h := e.happening, Sampled) and h.verdict is Verdict.PASS}
    proofs = _judges(planned, JudgeMode.FINISH)

    assert carried.result.outcome is Outcome.FINISHED
    assert planned.world.traffic is not None
    assert planned.world.traffic.requests.lost == 0
    assert proofs
    assert all(passes[name].reason.startswith("proved ") for name in proofs)
    assert all(passes[name].old.requests > 0 for name in proofs)


def test_an_unproved_unit_stays_and_apply_collects_as_long_again(tmp_path) -> None:
    """It holds after `finish within` at both sides' share, with what is missing; a new run has the time once more."""
    planned = shop(tmp_path)
    gates = tuple(replace(g, safe_odds=1e300, finish_within=Duration.of(minutes=10)) for g in planned.plan.gates)
    demanding = redigested(replace(planned.plan, gates=gates))
    planned.run(Scope(stage=1))
    heard = [Heard([]) for _ in range(2)]
    held = [run_heard(planned.world, demanding, one, Scope(stage=2)).result for one in heard]
    ended = planned.run(Scope(stage=2)).result

    proof = next(name for name in _judges(planned, JudgeMode.FINISH) if name.startswith("2."))
    whole = [s for s in planned.plan.step.values() if isinstance(s.action, Shift) and s.action.percent_to == 100]
    assert [result.outcome for result in held] == [Outcome.HELD] * 2
    assert all(f"{proof}: not proved within 10m: proved " in result.reason for result in held)
    assert all("more requests to the new side" in result.reason and "`apply`" in result.reason for result in held)
    assert heard[1].events[-1].at.since(heard[0].events[-1].at) >= Duration.of(minutes=10)
    assert {e.happening.step for one in heard for e in one.events if isinstance(e.happening, StepHeld)} == {proof}
    assert not {e.happening.step for one in heard for e in one.events if hasattr(e.happening, "step")} & {
        step.id for step in whole
    }
    assert ended.outcome is Outcome.OK


@pytest.mark.parametrize(
    "words",
    [
        "waves rest by calls, at most 1 using gentle between { wait 1h  check healthy }",
        "waves rest by calls, at most 20 using gentle  check healthy for 10m",
    ],
)
def test_a_check_asks_the_pods_that_serve(tmp_path, words: str) -> None:
    """Moved in place there is no copy: between waves and in a stage the gate asks the workload itself."""
    file = example("shop", tmp_path)
    text = file.read_text()
    rest = "waves rest by calls, at most 20, 4 at once using gentle between { wait 1h  check healthy }"
    assert rest in text
    assert f"strategy canary\n  steps    {STEPS}" in text
    words = words.replace("using gentle", "using quick")
    profile = "profile quick {\n  strategy in_place\n  bake 10m\n  check healthy\n}\n"
    text = text.replace('files "shop"', 'files "shop" { control_plane alive }')
    file.write_text(text.replace(rest, words).replace("group read_path", f"{profile}\ngroup read_path"))
    ran = meshmig("rehearse", "--json", cwd=tmp_path)
    asked = meshmig("plan", "--json", cwd=tmp_path).data["stages"][4]["steps"]

    outside = [step["title"] for step in asked if step["title"].startswith("gate healthy on") and not step["unit"]]
    assert any("shop/cart" in title for title in outside)
    assert any("shop/front" in title for title in outside), "moved by copy before"
    assert (ran.exit, ran.outcome) == (0, "finished")
    assert ran.data["requests"]["lost"] == 0
