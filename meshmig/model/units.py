"""Quantities with their unit: durations, shares and instants."""

from dataclasses import dataclass

_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in whole milliseconds, never negative."""

    ms: int

    @staticmethod
    def of(*, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0, ms: int = 0) -> "Duration":
        """Build a duration from its parts."""
        return Duration(((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1_000 + ms)

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return self.ms / 1_000

    def __str__(self) -> str:
        """Write it as a `.mig` literal: `2h30m`, `90s`, `250ms`."""
        rest, parts = self.ms, []
        for unit, size in _MS.items():
            count, rest = divmod(rest, size)
            if count:
                parts.append(f"{count}{unit}")
        return "".join(parts) or "0s"


@dataclass(frozen=True, slots=True, order=True)
class Percent:
    """A share in millionths, so that `0.05%` is exact; 100 % is 1,000,000."""

    millionths: int

    @property
    def ratio(self) -> float:
        """The share as a number from 0 to 1."""
        return self.millionths / 1_000_000

    @property
    def whole(self) -> int:
        """The share in whole percents, rounded down."""
        return self.millionths // 10_000

    def __str__(self) -> str:
        return f"{self.millionths / 10_000:g}%"


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment: milliseconds since 1970-01-01T00:00Z."""

    ms: int

    def plus(self, length: Duration) -> "Instant":
        """Return the moment that lies `length` later."""
        return Instant(self.ms + length.ms)

    def since(self, earlier: "Instant") -> Duration:
        """Return the time passed since `earlier`, never negative."""
        return Duration(max(0, self.ms - earlier.ms))
