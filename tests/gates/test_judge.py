"""The judge's laws: harm rolls back, sickness of both holds, no data is never healthy, fairness is believed."""

import random

import pytest

from meshmig.gates import Asked, Counts, judge
from meshmig.model.intent import AbsoluteRequirement, Gate, Measure, RelativeRequirement
from meshmig.model.plan import JudgeMode
from meshmig.model.run import DataState, Verdict
from meshmig.model.units import Duration, Percent

GATE = Gate(
    name="healthy",
    requirements=(
        RelativeRequirement(measure=Measure.ERRORS, ratio=1.25, slack=Percent(500)),
        AbsoluteRequirement(
            measure=Measure.SUCCESS_RATE, bound=Percent(980_000), at_least=True, window=Duration(300_000)
        ),
    ),
    advance_after=500,
    finish_within=Duration(7_200_000),
)


def _simulate(
    old_rate: float, new_rate: float, *, seed: int, per_tick: int = 40, ticks: int = 400, mode=JudgeMode.FINISH
):
    rng = random.Random(seed)
    asked = Asked(gate=GATE, mode=mode, has_old=True)
    counts = [[0, 0], [0, 0]]
    for _ in range(ticks):
        for side, rate in enumerate((old_rate, new_rate)):
            sent = rng.randint(0, 2 * per_tick)
            counts[side][0] += sent
            counts[side][1] += sum(rng.random() < rate for _ in range(sent))
        old, new = (Counts(requests=n, errors=x, seen=1, expected=1) for n, x in counts)
        judged = judge(asked, old, new)
        asked = judged.asked
        if judged.verdict is not Verdict.HOLD:
            return judged
    return judged


def test_a_sick_new_side_rolls_back_soon() -> None:
    """5 % against 0.05 %: a few hundred requests are enough."""
    judged = _simulate(0.0005, 0.05, seed=1)

    assert judged.verdict is Verdict.ROLLBACK
    assert judged.new.requests < 1_000


def test_both_sides_sick_is_nobodys_rollback() -> None:
    """The same errors on both sides hold the run."""
    assert _simulate(0.05, 0.05, seed=2).verdict is Verdict.FREEZE


def test_a_healthy_new_side_is_proved() -> None:
    """Equal sides end in the evidence of no harm."""
    assert _simulate(0.0005, 0.0005, seed=3, ticks=3_000).verdict is Verdict.PASS


@pytest.mark.law
@pytest.mark.parametrize("per_tick", [1, 20])
def test_a_fair_world_is_rarely_rolled_back(per_tick: int) -> None:
    """Within tolerance, at most one false rollback in a hundred: none in forty runs, at low traffic too."""
    verdicts = [_simulate(0.002, 0.002, seed=seed, per_tick=per_tick, ticks=300).verdict for seed in range(40)]

    assert verdicts.count(Verdict.ROLLBACK) <= 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Counts(requests=100, seen=1, expected=1), Counts(requests=100, seen=0, expected=1)),
        (Counts(requests=100, seen=0, expected=1), Counts(requests=100, seen=1, expected=1)),
        (Counts(requests=0, seen=1, expected=1), Counts()),
    ],
)
def test_no_data_freezes_and_never_passes(old: Counts, new: Counts) -> None:
    """A pod that is not scraped makes the gate blind, whatever the counts say."""
    judged = judge(Asked(gate=GATE, mode=JudgeMode.ADVANCE, has_old=True), old, new)

    assert (judged.verdict, judged.state) == (Verdict.FREEZE, DataState.BLIND)


def test_idle_is_no_evidence() -> None:
    """No requests on a scraped side is neither harm nor health."""
    seen = Counts(requests=7, seen=1, expected=1)
    first = judge(Asked(gate=GATE, mode=JudgeMode.ADVANCE, has_old=True), seen, seen)
    second = judge(first.asked, seen, seen)

    assert (second.verdict, second.state) == (Verdict.HOLD, DataState.IDLE)


def test_an_uncalled_unit_is_let_through_unjudged() -> None:
    """Nobody calls and every pod is scraped: the gate says that it did not judge."""
    seen = Counts(seen=1, expected=1)
    first = judge(Asked(gate=GATE, mode=JudgeMode.UNCALLED, has_old=True), seen, seen)
    second = judge(first.asked, seen, seen)

    assert second.verdict is Verdict.PASS
    assert "not judged" in second.reason
