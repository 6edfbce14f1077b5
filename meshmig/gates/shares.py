"""The share of bad requests in a window, against the share that is allowed."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

_DOUBT = log(1_000)
"""How sure a broken absolute bound must be: a side that keeps the bound looks so bad once in 1,000 windows."""


@dataclass(frozen=True, slots=True)
class Share:
    """Bad requests of all in a window, against the share that is allowed."""

    bad: int
    requests: int
    allowed: float

    @property
    def is_missed(self) -> bool:
        """Whether more is bad than allowed, be it by chance."""
        return bool(self.requests) and self.bad / self.requests > self.allowed

    @property
    def is_broken(self) -> bool:
        """Whether chance does not explain it (Chernoff's bound)."""
        return self.is_missed and self.requests * _divergence(self.bad / self.requests, self.allowed) > _DOUBT

    def __str__(self) -> str:
        return f"{self.bad} of {self.requests} bad"


def _divergence(share: float, allowed: float) -> float:
    """Kullback and Leibler's divergence of two coins, in nats."""
    return sum(part * log(part / base) for part, base in _outcomes(share, allowed) if part)


def _outcomes(share: float, allowed: float) -> Iterator[tuple[float, float]]:
    yield share, max(allowed, 1e-9)
    yield 1 - share, max(1 - allowed, 1e-9)
