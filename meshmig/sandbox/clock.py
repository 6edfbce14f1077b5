"""Virtual time: it passes when somebody waits, never by itself."""

from collections.abc import Callable
from typing import Protocol

from meshmig.model.units import Duration, Instant
from meshmig.ports import StoppedError

START = Instant(1_793_606_400_000)
"""2026-11-02T08:00Z: a Monday morning after App Mesh's end."""

Passed = Callable[[Instant, Instant], None]


class Agenda(Protocol):
    """Who has things to do at certain moments."""

    def next_due(self) -> Instant | None:
        """Return the moment of the next thing to do, None where there is none."""
        ...

    def act(self, now: Instant) -> None:
        """Do everything that is due by now."""
        ...

    def rest(self, now: Instant) -> None:
        """Hear that a wait has ended."""
        ...


class VirtualClock:
    """A clock whose waits move it at once, from one scheduled event to the next; never sleeps."""

    def __init__(self, start: Instant) -> None:
        self._now = start
        self._passed: list[Passed] = []
        self._agenda: list[Agenda] = []
        self._stopped = False

    @staticmethod
    def at_start() -> "VirtualClock":
        """Make a clock that stands at the embedded world's beginning."""
        return VirtualClock(START)

    def now(self) -> Instant:
        """Return the present virtual moment."""
        return self._now

    def set(self, moment: Instant) -> None:
        """Stand at a moment: where an earlier process left off."""
        self._now = moment

    def attach(self, agenda: Agenda) -> None:
        """Let somebody act at the moments that it names."""
        self._agenda.append(agenda)

    def subscribe(self, callback: Passed) -> None:
        """Call back for every interval that has passed, between whose ends nothing changed."""
        self._passed.append(callback)

    def stop(self) -> None:
        """End every later wait at once."""
        self._stopped = True

    def wait(self, length: Duration) -> None:
        """Let virtual time pass.

        Raises:
            StoppedError: `stop` was called.
        """
        end = self._now.plus(length)
        while not self._stopped:
            due = min((moment for one in self._agenda if (moment := one.next_due()) is not None), default=None)
            if due is None or due > end:
                break
            self._pass(max(due, self._now))
            for one in self._agenda:
                one.act(self._now)
        self.check()
        self._pass(end)
        for one in self._agenda:
            one.rest(self._now)

    def check(self) -> None:
        """Raise StoppedError where `stop` was called."""
        if self._stopped:
            raise StoppedError("asked to stop")

    def _pass(self, until: Instant) -> None:
        before, self._now = self._now, until
        if before < until:
            for callback in self._passed:
                callback(before, until)
