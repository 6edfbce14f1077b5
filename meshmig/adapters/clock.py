"""The machine's clock: real time, and a wait that a signal can end."""

import threading
import time

from meshmig.model.units import Duration, Instant
from meshmig.ports import StoppedError

_NANOSECONDS = 1_000_000


class SystemClock:
    """Wall-clock time as the `Clock` port; `stop` may be called from a signal handler."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> Instant:
        """Return the present moment."""
        return Instant(time.time_ns() // _NANOSECONDS)

    def wait(self, length: Duration) -> None:
        """Sleep for that long.

        Raises:
            StoppedError: `stop` was called, before or during the wait.
        """
        if self._stopped.wait(length.seconds):
            raise StoppedError("asked to stop")

    def check(self) -> None:
        """Raise StoppedError where `stop` was called."""
        if self._stopped.is_set():
            raise StoppedError("asked to stop")

    def stop(self) -> None:
        """End the wait that is under way, and every later one."""
        self._stopped.set()
