"""Simulated requests: two sides that share the traffic, tick by tick, with fixed seeds."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, sqrt

from meshmig.gates.accounts import Bet, Tick, bet_on
from meshmig.model.units import Duration

TICK = Duration.of(seconds=15)
HOUR = 240
"""Ticks of an hour."""
RATIO, SLACK = 1.25, 0.0005
HARM_ODDS, SAFE_ODDS = 100.0, 20.0
"""Confidence of 99 % against a false rollback, of 95 % against a wrong pass."""

Rate = Callable[[int], float]
"""A share of bad requests by the number of the tick."""


@dataclass(frozen=True)
class Stream:
    """Requests a second of both sides together, the new side's share of them, and both sides' bad shares."""

    rps: float
    old: Rate
    new: Rate
    share: float = 0.5

    def ticks(self, seed: int) -> Iterator[Tick]:
        """Draw an hour."""
        rng = random.Random(seed)
        for number in range(HOUR):
            new = poisson(rng, self.rps * TICK.seconds * self.share)
            old = poisson(rng, self.rps * TICK.seconds * (1 - self.share))
            yield Tick(new, binomial(rng, new, self.new(number)), old, binomial(rng, old, self.old(number)))


def steady(share: float) -> Rate:
    """The same share in every tick."""
    return lambda _: share


def poisson(rng: random.Random, mean: float) -> int:
    """Draw a count of events."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, sqrt(mean))))
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def binomial(rng: random.Random, trials: int, chance: float) -> int:
    """Draw how many of the trials fail; of many rare ones by Poisson's law, never more than there are trials."""
    if trials > 200:
        return min(trials, poisson(rng, trials * chance))
    return sum(rng.random() < chance for _ in range(trials))


@dataclass(frozen=True)
class Ended:
    """Where a watched stream ended: the tick and the new side's requests at which a line was crossed, None if never."""

    tick: int | None
    requests: int


def harmed(stream: Stream, seed: int, bet: Bet | None = None) -> Ended:
    """Watch until the harm account rolls back, or the hour is over."""
    return _until(stream, seed, bet, lambda now: now.harm.odds >= HARM_ODDS)


def proved(stream: Stream, seed: int, bet: Bet | None = None) -> Ended:
    """Watch until the safe account passes, or the hour is over."""
    return _until(stream, seed, bet, lambda now: now.safe.odds >= SAFE_ODDS)


def _until(stream: Stream, seed: int, bet: Bet | None, crossed: Callable[[Bet], bool]) -> Ended:
    bet = bet or bet_on(RATIO, SLACK)
    requests = 0
    for number, tick in enumerate(stream.ticks(seed)):
        bet = bet.after(tick, TICK)
        requests += tick.new_requests
        if crossed(bet):
            return Ended(number, requests)
    return Ended(None, requests)
