"""The machine's clock."""

import threading

import pytest

from meshmig.adapters.clock import SystemClock
from meshmig.model.units import Duration
from meshmig.ports import StoppedError


def test_time_passes_while_waiting() -> None:
    """A wait is at least as long as asked."""
    clock = SystemClock()
    before = clock.now()
    clock.wait(Duration(20))

    assert clock.now().since(before).ms >= 19


def test_a_stop_ends_a_wait_at_once() -> None:
    """Ctrl-C does not have to wait for a bake."""
    clock = SystemClock()
    before = clock.now()
    threading.Timer(0.02, clock.stop).start()

    with pytest.raises(StoppedError):
        clock.wait(Duration.of(hours=1))
    with pytest.raises(StoppedError):
        clock.wait(Duration(0))
    assert clock.now().since(before) < Duration.of(minutes=1)
