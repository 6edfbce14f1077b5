"""Two opposing bets on counts: one that the new side is worse, one that it is not intolerably worse.

A bettor stakes on a claim at fair odds, tick by tick. If the claim's opposite is true, the stake cannot grow in
expectation, however often one looks and however traffic and shared errors move; a stake that grew a hundredfold is
not believable by chance (Ville's inequality).
"""

from dataclasses import dataclass, field
from math import exp, log

from meshmig.model.units import Duration

HARM_BETS = (2.0, 4.0, 10.0, 30.0)
SAFE_BETS = (0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
SAFE_SLACK = 0.003
"""What is intolerable beyond the tolerated: 0.3 % of requests."""
PATIENCE = Duration.of(seconds=60)
"""How long ticks are merged until both sides have requests: a tick without a baseline places no bet."""
_HORIZON = 2_000
_CAP = 600.0


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick added: requests and bad ones of both sides."""

    new_requests: int = 0
    new_bad: int = 0
    old_requests: int = 0
    old_bad: int = 0

    def plus(self, other: "Tick") -> "Tick":
        """Merge two ticks."""
        return Tick(
            self.new_requests + other.new_requests,
            self.new_bad + other.new_bad,
            self.old_requests + other.old_requests,
            self.old_bad + other.old_bad,
        )

    @property
    def has_both(self) -> bool:
        """Whether both sides had requests, so that they can be compared."""
        return bool(self.new_requests and self.old_requests)


@dataclass(frozen=True, slots=True)
class Account:
    """One claim's stakes, one for each size of bet, and how many ticks were bet on."""

    bets: tuple[float, ...]
    ratio: float
    slack: float
    stakes: tuple[float, ...] = ()
    ticks: int = 0

    @property
    def odds(self) -> float:
        """The stake multiplied so far: 1 is no evidence."""
        if not self.ticks:
            return 1.0
        spent = _weight_spent(self.ticks)
        return sum(self.stakes) / len(self.bets) + 1.0 - spent

    def after(self, tick: Tick) -> "Account":
        """Return the account after one tick; a tick without requests on both sides places no bet."""
        weight = 0.5 if self.ticks == 0 else _late_weight(self.ticks)
        stakes = self.stakes or (0.0,) * len(self.bets)
        grown = tuple(
            min((stake + weight) * exp(min(_CAP, log_factor(tick, bet, self.ratio, self.slack))), 1e280)
            for stake, bet in zip(stakes, self.bets, strict=True)
        )
        return Account(self.bets, self.ratio, self.slack, grown, self.ticks + 1)


def _late_weight(ticks: int) -> float:
    """Half the stake waits for a late onset, spread over the horizon; afterwards nothing is left to begin with."""
    return 0.5 / _HORIZON if ticks <= _HORIZON else 0.0


def _weight_spent(ticks: int) -> float:
    return min(1.0, 0.5 + 0.5 * (ticks - 1) / _HORIZON)


def log_factor(tick: Tick, bet: float, ratio: float, slack: float) -> float:
    """Return by how much a tick multiplies a bet's stake, as a logarithm."""
    if not tick.has_both:
        return 0.0
    scaled = ratio * tick.new_requests
    share = (scaled + tick.old_requests) / (bet * scaled + tick.old_requests)
    up, down = bet * share, share
    return tick.new_bad * log(up) + tick.old_bad * log(down) - tick.new_requests * slack * (up - 1)


@dataclass(frozen=True, slots=True)
class Bet:
    """Both accounts of one requirement, and the ticks that wait to be merged."""

    harm: Account
    safe: Account
    pending: Tick = field(default_factory=Tick)
    pending_ms: int = 0

    def after(self, tick: Tick, length: Duration) -> "Bet":
        """Take a tick in: bet as soon as both sides have requests, and let go after a while without."""
        merged, waited = self.pending.plus(tick), self.pending_ms + length.ms
        if not merged.has_both and waited < PATIENCE.ms:
            return Bet(self.harm, self.safe, merged, waited)
        return Bet(self.harm.after(merged), self.safe.after(merged))

    def afresh(self) -> "Bet":
        """Return the bet without what waits: the counting was interrupted."""
        return Bet(self.harm, self.safe)


def bet_on(ratio: float, slack: float) -> Bet:
    """Open both accounts on `old × ratio + slack`."""
    return Bet(Account(HARM_BETS, ratio, slack), Account(SAFE_BETS, ratio, slack + SAFE_SLACK))
