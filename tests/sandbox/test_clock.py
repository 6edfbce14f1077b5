"""Virtual time passes from one event to the next, and only when somebody waits."""

import pytest

from meshmig.model.units import Duration, Instant
from meshmig.ports import StoppedError
from meshmig.sandbox.clock import VirtualClock


class _Alarm:
    """An agenda with moments of its own."""

    def __init__(self, *moments: int) -> None:
        self.moments = list(moments)
        self.acted: list[int] = []
        self.rested: list[int] = []

    def next_due(self) -> Instant | None:
        """Return the next moment."""
        return Instant(self.moments[0]) if self.moments else None

    def act(self, now: Instant) -> None:
        """Work off what is due."""
        while self.moments and self.moments[0] <= now.ms:
            self.moments.pop(0)
        self.acted.append(now.ms)

    def rest(self, now: Instant) -> None:
        """Remember the end of a wait."""
        self.rested.append(now.ms)


def test_intervals_end_at_every_event_and_cover_the_wait() -> None:
    """Between the ends of an interval nothing changes; together they are the wait."""
    clock, alarm, passed = VirtualClock(Instant(0)), _Alarm(10, 10, 25, 90), []
    clock.attach(alarm)
    clock.subscribe(lambda start, end: passed.append((start.ms, end.ms)))
    clock.wait(Duration(50))

    assert passed == [(0, 10), (10, 25), (25, 50)]
    assert alarm.acted == [10, 25]
    assert alarm.rested == [50]
    assert clock.now() == Instant(50)


def test_an_event_at_the_very_end_still_happens() -> None:
    """A wait until a moment sees that moment."""
    clock, alarm = VirtualClock(Instant(0)), _Alarm(50)
    clock.attach(alarm)
    clock.wait(Duration(50))

    assert alarm.acted == [50]


def test_a_stopped_clock_waits_no_more() -> None:
    """Nothing new begins."""
    clock = VirtualClock.at_start()
    clock.stop()

    with pytest.raises(StoppedError):
        clock.wait(Duration(1))
