"""Programs in the background, each with its log; they are ended by their own process ids, last started first."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE = 60.0
_POLL = 0.1


class Processes:
    """What one cluster runs."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        """Start a program; its output goes to its log."""
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=os.environ | (environment or {}),
                start_new_session=True,
            )

    def wait_until(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until a program answers; fails with the end of its log when it died."""
        until = time.monotonic() + _PATIENCE
        while not ready():
            code = self._running[name].poll()
            if code is not None or time.monotonic() > until:
                text = (self._logs / f"{name}.log").read_text(errors="replace")
                raise AssertionError(f"{name} did not become ready (exit {code}):\n{text[-3000:]}")
            time.sleep(_POLL)

    def stop(self, name: str) -> None:
        """End a program, and wait until it is gone."""
        process = self._running.pop(name, None)
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, name: str) -> None:
        """End a program at once, as a crash does."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def stop_all(self) -> None:
        """End everything, last started first."""
        for name in reversed(list(self._running)):
            self.stop(name)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports
