"""How much more evidence a proof needs, if the requests go on as they did in this step."""

from collections.abc import Sequence
from math import ceil, exp

from meshmig.gates.accounts import Account, Bet, Tick, log_factor
from meshmig.model.units import Duration

_MOST_TIMES = 4_096
"""Beyond so many times this step's requests a forecast says no more than `never`."""
_HALVINGS = 12
_MINUTE_MS = 60_000
_EXPONENT = 600.0


def more_requests(bets: Sequence[Bet], ticks: Sequence[Tick], odds: float) -> int | None:
    """Return about how many more requests on the new side lift every safe account to `odds`; None: none ever do.

    `ticks`: for each bet what this step counted so far; the future is taken to repeat it.
    """
    needed = [_needed(bet.safe, tick, odds) for bet, tick in zip(bets, ticks, strict=True)]
    return None if None in needed else max((count for count in needed if count is not None), default=None)


def _needed(account: Account, tick: Tick, odds: float) -> int | None:
    if account.odds >= odds:
        return 0
    times = 1.0
    while tick.has_both and times <= _MOST_TIMES:
        if _after(account, tick, times) >= odds:
            return ceil(tick.new_requests * _least(account, tick, times, odds))
        times *= 2
    return None


def _least(account: Account, tick: Tick, enough: float, odds: float) -> float:
    little = 0.0
    for _ in range(_HALVINGS):
        middle = (little + enough) / 2
        little, enough = (little, middle) if _after(account, tick, middle) >= odds else (middle, enough)
    return enough


def _after(account: Account, tick: Tick, times: float) -> float:
    """The odds when so many times the tick's requests came in; what is staked late is left out."""
    stakes = account.stakes or (0.5,) * len(account.bets)
    grown = (
        stake * exp(min(_EXPONENT, times * log_factor(tick, bet, account.ratio, account.slack)))
        for stake, bet in zip(stakes, account.bets, strict=True)
    )
    return sum(grown) / len(account.bets)


def forecast_text(requests: int, seen: int, during: Duration) -> str:
    """Say how many more requests are needed, and how long they take when `seen` came in `during`."""
    minutes = ceil(requests * during.ms / max(1, seen) / _MINUTE_MS)
    return f"about {requests} more requests to the new side, {Duration(minutes * _MINUTE_MS)} at the present rate"
