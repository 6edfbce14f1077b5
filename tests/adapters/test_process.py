"""Who holds a lock, and whether that process still lives."""

import subprocess
import sys

import pytest

from meshmig.adapters.process import holder_name, is_gone


def _holder_of_another_process() -> str:
    command = "from meshmig.adapters.process import holder_name; print(holder_name(), end='')"
    return subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout


def test_this_process_lives() -> None:
    """Whoever asks is there."""
    assert not is_gone(holder_name())


def test_a_process_that_ended_is_gone() -> None:
    """However it ended: nobody has its id on this machine any more."""
    assert is_gone(_holder_of_another_process())


@pytest.mark.parametrize("change", [lambda name: name.partition("@")[0], lambda name: f"{name}0", lambda _: "embedded"])
def test_nothing_is_known_of_other_machines(change) -> None:
    """A holder elsewhere, or of another start of this machine, may live: its lease decides."""
    assert not is_gone(change(_holder_of_another_process()))
