"""The bets' guarantees, simulated with fixed seeds: how often fairness is called harm, and how soon harm is found.

A cell of 300 runs without a single false alarm bounds its rate by 1 % at 95 % confidence (the rule of three); a test
that allows `k` alarms names the bound that goes with it.
"""

from math import inf, isfinite, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.gates.accounts import HARM_BETS, PATIENCE, SAFE_BETS, SAFE_SLACK, Tick, bet_on, log_factor
from tests.gates.streams import RATIO, SLACK, TICK, Stream, harmed, proved, steady

RUNS = 300


def _alarms(stream: Stream, runs: int = RUNS) -> int:
    return sum(harmed(stream, seed).tick is not None for seed in range(runs))


@pytest.mark.law
@pytest.mark.parametrize("rps", [0.2, 2.0, 20.0, 200.0])
def test_equal_sides_are_not_rolled_back(rps: float) -> None:
    """Healthy stages of an hour at 0.1 %, 0.5 % and 2 %: no alarm in 300, so at most 1 % (95 % confidence)."""
    alarms = sum(_alarms(Stream(rps, steady(share), steady(share)), RUNS // 3) for share in (0.001, 0.005, 0.02))

    assert alarms == 0


@pytest.mark.law
@pytest.mark.parametrize("base", [0.001, 0.005, 0.02])
def test_the_tolerance_line_itself_is_not_harm(base: float) -> None:
    """Exactly old × 1.25 + 0.05 %, watched for 36,000 requests: 1 % is promised, 3 in 100 would be a surprise."""
    stream = Stream(20.0, steady(base), steady(RATIO * base + SLACK))

    assert _alarms(stream, 100) <= 3


@pytest.mark.law
def test_a_shared_incident_is_nobodys_harm() -> None:
    """Six minutes at 5 % on both sides: no alarm in 300."""

    def incident(tick: int) -> float:
        return 0.05 if 60 <= tick < 84 else 0.001

    assert _alarms(Stream(20.0, incident, incident)) == 0


@pytest.mark.law
def test_a_gap_of_the_baseline_at_low_traffic_places_no_bet() -> None:
    """At 0.2 rps, a tenth of it old, most ticks have no baseline: betting on the slack alone breaks the promise."""
    stream = Stream(0.2, steady(0.02), steady(0.02), share=0.9)

    assert _alarms(stream) == 0


@pytest.mark.law
@pytest.mark.parametrize(
    ("stream", "requests"),
    [
        (Stream(20.0, steady(0.001), steady(0.01)), 4_000),
        (Stream(20.0, steady(0.001), steady(0.01), share=0.1), 2_000),
        (Stream(20.0, steady(0.001), steady(0.05)), 500),
    ],
    ids=["1 % at 50/50", "1 % at 10/90", "5 % at 50/50"],
)
def test_harm_is_found_within(stream: Stream, requests: int) -> None:
    """Power 0.95 within so many requests of the new side, a tick more for the look itself."""
    ends = [harmed(stream, seed) for seed in range(200)]
    a_tick = stream.rps * TICK.seconds * stream.share

    assert sum(end.tick is not None and end.requests <= requests + a_tick for end in ends) >= 0.95 * len(ends)


@pytest.mark.law
def test_a_late_onset_is_found() -> None:
    """0.1 % to 1 % from minute 30 on at 20 rps: found within ten minutes in 95 % of runs, never before."""
    stream = Stream(20.0, steady(0.001), lambda tick: 0.01 if tick >= 120 else 0.001)
    ticks = [harmed(stream, seed).tick for seed in range(100)]

    assert sum(tick is not None and 120 <= tick <= 160 for tick in ticks) >= 95


@pytest.mark.law
def test_low_traffic_still_finds_harm() -> None:
    """5 % against 0.1 % at 0.2 rps: merged ticks find it within the hour in most runs."""
    stream = Stream(0.2, steady(0.001), steady(0.05))

    assert _alarms(stream, 100) >= 70


@pytest.mark.law
def test_a_healthy_side_is_proved() -> None:
    """A 0.1 % service passes within 5,500 requests in 95 % of runs."""
    ends = [proved(Stream(20.0, steady(0.001), steady(0.001)), seed) for seed in range(200)]

    assert sum(end.tick is not None and end.requests <= 5_500 for end in ends) >= 190


@pytest.mark.law
@pytest.mark.parametrize("base", [0.001, 0.01])
def test_an_intolerable_side_is_hardly_ever_proved(base: float) -> None:
    """At old × 1.25 + 0.05 % + 0.30 % at most 5 % of passes are promised; 27 of 300 would refute that (p < 0.001)."""
    line = RATIO * base + SLACK + SAFE_SLACK
    passes = sum(proved(Stream(20.0, steady(base), steady(line)), seed).tick is not None for seed in range(RUNS))

    assert passes <= 26


@pytest.mark.law
def test_a_tolerable_slowdown_is_no_harm_and_a_large_one_is() -> None:
    """Lognormal latency, median 20 ms, sigma 0.8, slower than 100 ms: 2.2 %; times 1.1 is 2.9 %, times 1.3 4.6 %.

    One bound finds the large one within 20 minutes at 20 rps in nine runs of ten.
    """
    bet = bet_on(1.25, 0.001)
    slight = [harmed(Stream(20.0, steady(0.0221), steady(0.0290)), seed, bet).tick for seed in range(100)]
    large = [harmed(Stream(20.0, steady(0.0221), steady(0.0461)), seed, bet).tick for seed in range(100)]

    assert sum(tick is not None for tick in slight) <= 3
    assert sum(tick is not None and tick <= 80 for tick in large) >= 90


@pytest.mark.law
def test_the_stake_does_not_grow_by_itself() -> None:
    """On the line the mean stake at tick 10 is 1 at most, within four standard errors: a martingale."""
    stream = Stream(20.0, steady(0.001), steady(RATIO * 0.001 + SLACK))
    stakes = []
    for seed in range(4_000):
        bet = bet_on(RATIO, SLACK)
        for _, tick in zip(range(10), stream.ticks(seed), strict=False):
            bet = bet.after(tick, TICK)
        stakes.append(bet.harm.odds)
    mean = sum(stakes) / len(stakes)
    spread = sqrt(sum((stake - mean) ** 2 for stake in stakes) / len(stakes))

    assert mean <= 1 + 4 * spread / sqrt(len(stakes))


COUNT = st.integers(0, 2**53)


@settings(max_examples=200, deadline=None)
@given(new=COUNT, old=COUNT, data=st.data())
def test_no_count_makes_the_odds_no_number(new: int, old: int, data: st.DataObject) -> None:
    """n = 0, all bad, no baseline, counters at the end of exact floats: the odds stay finite and not negative."""
    tick = Tick(new, data.draw(st.integers(0, new)), old, data.draw(st.integers(0, old)))
    bet = bet_on(RATIO, SLACK)
    for _ in range(3):
        bet = bet.after(tick, TICK)

    assert all(isfinite(account.odds) and 0 <= account.odds < inf for account in (bet.harm, bet.safe))


@settings(max_examples=200, deadline=None)
@given(
    share=st.sampled_from([(1, 1), (1, 9), (3, 2)]),
    sizes=st.lists(st.integers(1, 500), min_size=2, max_size=5),
    bad=st.integers(0, 20),
)
def test_a_merged_tick_is_worth_its_parts(share: tuple[int, int], sizes: list[int], bad: int) -> None:
    """With the same mix in each part, the logarithms add up."""
    parts = [Tick(size * share[0], min(bad, size), size * share[1], min(bad, size)) for size in sizes]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.plus(part)

    for bet in (*HARM_BETS, *SAFE_BETS):
        whole = log_factor(merged, bet, RATIO, SLACK)
        assert whole == pytest.approx(sum(log_factor(part, bet, RATIO, SLACK) for part in parts), abs=1e-9, rel=1e-9)


def test_ticks_are_merged_until_both_sides_have_requests() -> None:
    """A tick without a baseline waits for one, for a minute at most; then it is let go without a bet."""
    only_new, both = Tick(10, 1), Tick(10, 0, 10, 0)
    waiting = bet_on(RATIO, SLACK).after(only_new, TICK)
    merged = waiting.after(both, TICK)
    given_up = bet_on(RATIO, SLACK)
    for _ in range(PATIENCE.ms // TICK.ms):
        given_up = given_up.after(only_new, TICK)

    assert (waiting.harm.ticks, waiting.pending) == (0, only_new)
    assert merged.harm == bet_on(RATIO, SLACK).after(Tick(20, 1, 10, 0), TICK).harm
    assert given_up.pending == Tick()
    assert given_up.harm.odds == 1.0
