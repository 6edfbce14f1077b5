"""Virtual time: it passes when somebody waits, never by itself."""

from collections.abc import Callable

from meshmig.model.units import Duration, Instant

START = Instant(1_793_606_400_000)
"""2026-11-02T08:00Z: a Monday morning after App Mesh's end."""

Tick = Callable[[Instant, Instant], None]
NextEvent = Callable[[], Duration | None]


class VirtualClock:
    """A clock whose waits move it at once, stopping at each event that the cluster has scheduled."""

    def __init__(self, now: Instant) -> None:
        self._now = now
        self._ticks: list[Tick] = []
        self._next: NextEvent = lambda: None

    @staticmethod
    def at_start() -> "VirtualClock":
        """Make a clock that stands at the sandbox's beginning."""
        return VirtualClock(START)

    def now(self) -> Instant:
        """Return the present virtual moment."""
        return self._now

    def set(self, moment: Instant) -> None:
        """Stand at a moment: where an earlier process left off."""
        self._now = moment

    def attach(self, next_event: NextEvent) -> None:
        """Learn from the cluster how long nothing will happen; None means for ever."""
        self._next = next_event

    def subscribe(self, callback: Tick) -> None:
        """Call back for every interval that passes, from its beginning to its end."""
        self._ticks.append(callback)

    def wait(self, length: Duration) -> None:
        """Let time pass, in stretches between which nothing changes."""
        end = self._now.plus(length)
        while self._now < end:
            step = self._next()
            until = end if step is None else min(end, self._now.plus(Duration(max(1, step.ms))))
            before, self._now = self._now, until
            for tick in self._ticks:
                tick(before, until)
