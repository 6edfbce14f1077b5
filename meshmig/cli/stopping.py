"""Ctrl-C and SIGTERM: the first asks the run to stop after the write in flight, the second ends the process."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from meshmig.ports import Clock

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Stops every clock that it heard of, or hears of later."""

    def __init__(self) -> None:
        self._clocks: list[Clock] = []
        self._asked = False

    def watch(self, clock: Clock) -> None:
        """Take a clock in."""
        self._clocks.append(clock)
        if self._asked:
            clock.stop()

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal; the next one has its usual effect."""
        del frame
        self._asked = True
        signal.signal(number, signal.SIG_DFL)
        for clock in self._clocks:
            clock.stop()


@contextmanager
def stoppable() -> Iterator[Stopping]:
    """Handle the signals while a run is under way."""
    stopping = Stopping()
    before = {number: signal.signal(number, stopping.ask) for number in _SIGNALS}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
