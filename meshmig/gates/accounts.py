"""Two opposing bets: one that the new side is worse, one that it is not intolerably worse.

Each bet multiplies its stake by a factor whose expectation is at most one while its claim is false, whatever the
traffic does; a stake that grew a hundredfold is not believable by chance (Ville's inequality).
"""

from dataclasses import dataclass
from math import exp, log

HARM_BETS = (2.0, 4.0, 10.0, 30.0)
SAFE_BETS = (0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
SAFE_SLACK = 0.003
"""What is intolerable beyond the tolerated: 0.3 % of requests."""
_HORIZON = 2_000
_CAP = 600.0


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick added: requests and bad ones of both sides."""

    new_requests: int
    new_bad: int
    old_requests: int
    old_bad: int


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
        weight = 0.5 if self.ticks == 0 else 0.5 / _HORIZON
        stakes = self.stakes or (0.0,) * len(self.bets)
        grown = tuple(
            min((stake + weight) * exp(min(_CAP, _log_factor(tick, bet, self.ratio, self.slack))), 1e280)
            for stake, bet in zip(stakes, self.bets, strict=True)
        )
        return Account(self.bets, self.ratio, self.slack, grown, self.ticks + 1)


def _weight_spent(ticks: int) -> float:
    return min(1.0, 0.5 + 0.5 * (ticks - 1) / _HORIZON)


def _log_factor(tick: Tick, bet: float, ratio: float, slack: float) -> float:
    scaled = ratio * tick.new_requests
    together = scaled + tick.old_requests
    if not together or not tick.old_requests:
        return 0.0
    share = together / (bet * scaled + tick.old_requests)
    up, down = bet * share, share
    return tick.new_bad * log(up) + tick.old_bad * log(down) - tick.new_requests * slack * (up - 1)


def harm_account(ratio: float, slack: float) -> Account:
    """Bet that the new side is worse than `old × ratio + slack`."""
    return Account(HARM_BETS, ratio, slack)


def safe_account(ratio: float, slack: float) -> Account:
    """Bet that the new side is not intolerably worse."""
    return Account(SAFE_BETS, ratio, slack + SAFE_SLACK)
