"""The judge's laws: harm rolls back, sickness of both holds, no data is never healthy, proof is carried along."""

import random
import re
from dataclasses import replace

import pytest

from meshmig.codec import from_json, to_json
from meshmig.gates import IN_NO_MESH, NOBODY, Asked, Evidence, Judged, Scrape, judge
from meshmig.model.intent import AbsoluteRequirement, Gate, Measure, RelativeRequirement
from meshmig.model.plan import JudgeMode
from meshmig.model.run import DataState, Verdict
from meshmig.model.units import Duration, Percent
from tests.gates.readings import at, reading, unscraped

RELATIVE = RelativeRequirement(measure=Measure.ERRORS, ratio=1.25, slack=Percent(500))
ABSOLUTE = AbsoluteRequirement(
    measure=Measure.SUCCESS_RATE, bound=Percent(980_000), at_least=True, window=Duration.of(minutes=5)
)
GATE = Gate(
    name="healthy",
    requirements=(RELATIVE, ABSOLUTE),
    advance_after=500,
    finish_within=Duration.of(hours=2),
)


def _asked(mode: JudgeMode = JudgeMode.ADVANCE, *, gate: Gate = GATE, has_old: bool = True) -> Asked:
    return Asked(gate=gate, mode=mode, has_old=has_old)


def _through(asked: Asked, readings: list[tuple[Scrape, Scrape]], start: int = 0) -> list[Judged]:
    """Judge readings, 15 s apart."""
    found = []
    for number, (old, new) in enumerate(readings, start=start):
        found.append(judge(asked, old, new, at(15 * number)))
        asked = found[-1].asked
    return found


def _simulate(
    old_rate: float, new_rate: float, *, seed: int, per_tick: int = 40, ticks: int = 400, mode=JudgeMode.FINISH
) -> Judged:
    rng = random.Random(seed)
    asked = _asked(mode)
    counts = [[0, 0], [0, 0]]
    judged = judge(asked, reading(0), reading(0), at(0))
    for tick in range(1, ticks):
        for side, rate in enumerate((old_rate, new_rate)):
            sent = rng.randint(0, 2 * per_tick)
            counts[side][0] += sent
            counts[side][1] += sum(rng.random() < rate for _ in range(sent))
        judged = judge(judged.asked, *(reading(n, x) for n, x in counts), at(15 * tick))
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
    judged = _simulate(0.05, 0.05, seed=2)

    assert (judged.verdict, judged.state) == (Verdict.FREEZE, DataState.COUNTING)
    assert "nobody's rollback" in judged.reason


def test_the_worse_of_two_sick_sides_goes_back() -> None:
    """Both break the absolute bound, and the new side is far worse: that is its own."""
    assert _simulate(0.03, 0.3, seed=5).verdict is Verdict.ROLLBACK


def test_a_healthy_new_side_is_proved() -> None:
    """Equal sides end in the evidence of no harm."""
    assert _simulate(0.0005, 0.0005, seed=3, ticks=3_000).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (reading(100), unscraped()),
        (unscraped(), reading(100)),
        (reading(0), NOBODY),
        (reading(100), Scrape(expected=1, problem="the metrics of a are 90s behind")),
    ],
)
def test_no_data_freezes_and_never_passes(old: Scrape, new: Scrape) -> None:
    """A pod that is not scraped makes the gate blind, whatever the counts say, and the cause is named."""
    judged = judge(_asked(), old, new, at(0))

    assert (judged.verdict, judged.state) == (Verdict.FREEZE, DataState.BLIND)
    assert "no data" in judged.reason


def test_blindness_stops_the_clock_and_keeps_the_evidence() -> None:
    """What was counted before the gap stays; the gap's own requests are one tick afterwards."""
    healthy = [(reading(1_000 * n), reading(100 * n)) for n in range(3)]
    gap = [(reading(3_000), unscraped())] * 4
    found = _through(_asked(), [*healthy, *gap, (reading(7_000), reading(700))])

    assert [judged.state for judged in found[3:7]] == [DataState.BLIND] * 4
    assert found[6].lasted == Duration.of(seconds=45)
    assert found[6].new.requests == found[2].new.requests
    assert (found[7].state, found[7].new.requests) == (DataState.COUNTING, 700)


def test_idle_is_no_evidence() -> None:
    """No requests on a scraped side is neither harm nor health; how long that lasts is told."""
    found = _through(_asked(), [(reading(7), reading(7))] * 5)

    assert {(judged.verdict, judged.state) for judged in found} == {(Verdict.HOLD, DataState.IDLE)}
    assert "traffic did not arrive" in found[-1].reason
    assert found[-1].lasted == Duration.of(seconds=60)


def test_traffic_that_never_reaches_the_new_side_is_idle() -> None:
    """The old side counts, the new one does not: no pass, however long."""
    found = _through(_asked(), [(reading(1_000 * n), reading(0)) for n in range(200)])

    assert {judged.state for judged in found} == {DataState.IDLE}
    assert {judged.verdict for judged in found} == {Verdict.HOLD}


def test_an_uncalled_unit_is_let_through_unjudged() -> None:
    """Nobody calls and every pod is scraped: the gate says that it did not judge."""
    found = _through(_asked(JudgeMode.UNCALLED), [(reading(0), reading(0))] * 2)

    assert found[-1].verdict is Verdict.PASS
    assert "not judged" in found[-1].reason


def _at_rate(minutes: int, bad: int, start: tuple[int, int] = (0, 0)) -> list[tuple[Scrape, Scrape]]:
    """Readings of so many minutes: 100 requests a tick on each side, of which so many fail."""
    ticks = range(1, 4 * minutes + 1)
    return [(reading(start[0] + 100 * n, start[1] + bad * n),) * 2 for n in ticks]


def test_an_absolute_bound_looks_at_its_own_window() -> None:
    """Errors of half an hour ago are not in the last five minutes, and good hours do not hide bad minutes."""
    start = [(reading(0), reading(0))]
    patient = replace(GATE, advance_after=10**9)
    sick = _at_rate(1, 2)
    before = (400, 8)
    healthy = _at_rate(30, 0, before)
    found = _through(_asked(gate=patient), [*start, *sick, *healthy])
    late = _through(found[-1].asked, _at_rate(5, 10, (12_400, 8)), start=200)

    assert found[-1].verdict is Verdict.HOLD
    assert "kept" not in found[-1].reason
    assert Verdict.FREEZE in {judged.verdict for judged in late}
    assert "over 5m" in late[-1].reason


def test_a_missed_bound_that_chance_explains_waits() -> None:
    """Two failures of fifty are 96 % where 98 % is asked, and so few prove nothing: no pass, no freeze."""
    gate = replace(GATE, requirements=(ABSOLUTE,), advance_after=10)
    found = _through(_asked(gate=gate), [(reading(0), reading(0)), (reading(50), reading(50, 2))])

    assert found[-1].verdict is Verdict.HOLD
    assert "is not kept" in found[-1].reason


def test_without_a_baseline_only_an_absolute_bound_can_pass() -> None:
    """A gate that only compares has nothing to say of a side that stands alone: it holds, and says what it lacks."""
    alone = [(NOBODY, reading(1_000 * n)) for n in range(5)]
    bounded = _through(_asked(has_old=False), alone)
    blank = _through(_asked(gate=replace(GATE, requirements=(RELATIVE,)), has_old=False), alone)

    assert (bounded[-1].verdict, "not compared" in bounded[-1].reason) == (Verdict.PASS, True)
    assert {judged.verdict for judged in blank} == {Verdict.HOLD}


def test_old_pods_in_no_mesh_are_no_baseline() -> None:
    """An absolute bound goes on alone and says so; a gate that only compares stops at once and names the remedy."""
    beside = [(IN_NO_MESH, reading(600 * n)) for n in range(4)]
    bounded = _through(_asked(), beside)[-1]
    blank = _through(_asked(gate=replace(GATE, requirements=(RELATIVE,))), beside)[-1]

    assert bounded.verdict is Verdict.PASS
    assert "the old pods are in no mesh: success_rate >= 98% over 5m is kept" in bounded.reason
    assert (blank.verdict, blank.state) == (Verdict.FREEZE, DataState.COUNTING)
    assert "give gate healthy a requirement of the new side alone" in blank.reason


def test_proof_is_carried_to_the_step_where_the_old_side_is_silent() -> None:
    """What was proved at 50 % counts at 100 %, where nothing can be compared any more."""
    gate = replace(GATE, requirements=(RELATIVE,))
    shared = _through(_asked(gate=gate), [(reading(5_000 * n), reading(5_000 * n)) for n in range(4)])
    onwards = replace(_asked(JudgeMode.FINISH, gate=gate), evidence=shared[-1].asked.evidence.for_next_step())
    found = _through(onwards, [(reading(9_000), reading(20_000 + 1_000 * n)) for n in range(3)])

    assert found[-1].verdict is Verdict.PASS
    assert found[-1].reason.startswith("proved ")
    assert found[-1].new.requests == 2_000


def test_evidence_from_the_journal_goes_on_bit_for_bit() -> None:
    """Through JSON and back in mid-stage: the same odds, the same verdict, the same next evidence."""
    readings = [(reading(900 * n, n), reading(100 * n, n // 2, slow=n)) for n in range(12)]
    whole = _through(_asked(), readings)
    half = _through(_asked(), readings[:6])[-1].asked
    stored = from_json(Evidence, to_json(Evidence, half.evidence), "the journal")
    resumed = _through(replace(_asked(), evidence=stored), readings[6:], start=6)

    assert stored == half.evidence
    assert [(j.verdict, j.harm, j.safe, j.reason) for j in resumed] == [
        (j.verdict, j.harm, j.safe, j.reason) for j in whole[6:]
    ]
    assert resumed[-1].asked.evidence == whole[-1].asked.evidence


COMPARING = replace(GATE, requirements=(RELATIVE,))


def _dry(mode: JudgeMode) -> Asked:
    return replace(_asked(mode, gate=COMPARING), is_dry=True)


def test_a_dry_old_side_is_not_waited_for() -> None:
    """At 100 % nothing can be compared: enough requests without harm go on, and it is said that nobody compared."""
    found = _through(_dry(JudgeMode.ADVANCE), [(reading(7), reading(100 * n)) for n in range(7)])

    assert [judged.verdict for judged in found] == [Verdict.HOLD] * 5 + [Verdict.PASS] * 2
    assert "no old side to compare with" in found[-1].reason


def test_a_dry_old_side_proves_nothing() -> None:
    """A proof that was not collected while both sides served is not there, however long one looks."""
    found = _through(_dry(JudgeMode.FINISH), [(reading(7), reading(1_000 * n)) for n in range(9)])

    assert {judged.verdict for judged in found} == {Verdict.HOLD}
    assert "no old side to compare with" in found[-1].reason


def test_a_proof_needs_the_old_side_while_it_serves() -> None:
    """An absolute bound that is kept does not stand in for a comparison that can still be made."""
    found = _through(_asked(JudgeMode.FINISH), [(reading(7), reading(1_000 * n)) for n in range(9)])

    assert {judged.verdict for judged in found} == {Verdict.HOLD}


@pytest.mark.parametrize("rate", [20, 90])
def test_a_proof_says_what_it_lacks_and_that_is_about_right(rate: int) -> None:
    """The requests that are told as missing at the third look are those that it takes, within a quarter."""
    even = [(reading(rate * n), reading(rate * n)) for n in range(400)]
    found = _through(_asked(JudgeMode.FINISH, gate=COMPARING), even)
    proved = next(judged for judged in found if judged.verdict is Verdict.PASS)
    third = found[2]
    told = re.search(r"about (\d+) more requests to the new side, (\d+)m", third.reason)

    assert told
    took = proved.new.requests - third.new.requests
    assert 0.75 * took <= int(told[1]) <= 1.25 * took
    assert int(told[2]) == -(-int(told[1]) * 15 // (rate * 60))


def test_a_pause_after_traffic_is_not_traffic_that_never_came() -> None:
    """Requests were seen and no more come: the reason says so, and not that they did not arrive."""
    found = _through(_asked(), [(reading(0), reading(0)), *[(reading(90), reading(90))] * 6])

    assert found[-1].state is DataState.IDLE
    assert "did not arrive" not in found[-1].reason
    assert "no more requests to the new side (for 1m" in found[-1].reason
