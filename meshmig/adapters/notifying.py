"""Telling people: a webhook or a command hears of a stage; a run never waits for either."""

import json
import shlex
import subprocess
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from meshmig.model.intent import Channel, Notify
from meshmig.ports import Notice

CODES: dict[str, str] = {"MIG661": "a notification did not arrive"}

_WEBHOOK_SECONDS = 5.0
_COMMAND_SECONDS = 30.0
_LAST_SECONDS = 10.0
"""How long the end of a run waits for what is still under way."""
_REFUSED = 300


class Messenger:
    """Sends each notice from a thread of its own; `failures` says afterwards what did not arrive."""

    def __init__(self) -> None:
        """Nothing is sent yet."""
        self._threads: list[tuple[threading.Thread, str]] = []
        self._failed: list[str] = []
        self._guard = threading.Lock()

    def tell(self, notify: Notify, notice: Notice) -> None:
        """Send a notice, and return at once."""
        what = f"{_shown(notify)}, {notice.occasion} of stage {notice.stage}"
        thread = threading.Thread(target=self._send, args=(notify, notice, what), daemon=True)
        self._threads.append((thread, what))
        thread.start()

    def failures(self) -> tuple[str, ...]:
        """Wait a little for what is under way, and return what did not arrive."""
        left = _LAST_SECONDS
        for thread, what in self._threads:
            thread.join(left)
            left = left if not thread.is_alive() else 0.0
            if thread.is_alive():
                self._note(f"{what}: no answer yet")
        with self._guard:
            return tuple(sorted(self._failed))

    def _send(self, notify: Notify, notice: Notice, what: str) -> None:
        send = _post if notify.channel is Channel.WEBHOOK else _run
        why = send(notify.target, notice.data)
        if why:
            self._note(f"{what}: {why}")

    def _note(self, text: str) -> None:
        with self._guard:
            self._failed.append(text)


def _post(url: str, data: Mapping[str, object]) -> str:
    from urllib3 import PoolManager
    from urllib3.exceptions import HTTPError

    try:
        with PoolManager(timeout=_WEBHOOK_SECONDS, retries=False) as pool:
            response = pool.request("POST", url, json=dict(data))
    except (HTTPError, OSError) as error:
        return type(error).__name__
    return f"HTTP {response.status}" if response.status >= _REFUSED else ""


def _run(command: str, data: Mapping[str, object]) -> str:
    text = json.dumps(data, ensure_ascii=False) + "\n"
    try:
        # The reviewed file names the command; it is split into words, and no shell sees it.
        done = subprocess.run(  # noqa: S603
            shlex.split(command), input=text, text=True, capture_output=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return getattr(error, "strerror", None) or type(error).__name__
    return f"exit {done.returncode}" if done.returncode else ""


def _shown(notify: Notify) -> str:
    """Name the target without what may be a secret in its address."""
    host = urlsplit(notify.target).hostname if notify.channel is Channel.WEBHOOK else shlex.split(notify.target)[0]
    return f"{notify.channel} {host}"
