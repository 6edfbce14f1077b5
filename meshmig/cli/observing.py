"""Who hears of a run's events: log lines or a live view on stderr, JSON lines where `--events` says."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from meshmig.cli.views.log_lines import LogLines
from meshmig.codec import to_json
from meshmig.diagnostics import reject
from meshmig.model.plan import Plan
from meshmig.model.run import Event
from meshmig.ports import Observer


class JsonLines:
    """Writes every event as one line of JSON, for as long as somebody takes them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def begin(self, plan: Plan, before: Sequence[Event], back: int | None = None) -> None:
        """Nothing: events alone are written."""

    def event(self, event: Event) -> None:
        """Write the event at once, so that a reader sees it as it happens."""
        if self._stream is None:
            return
        try:
            self._stream.write(json.dumps(to_json(Event, event), sort_keys=True, ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError:
            # A reader that went away, or a full disk, must not stop a migration between two writes.
            self._stream = None


class Both:
    """Hands each event to several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def begin(self, plan: Plan, before: Sequence[Event], back: int | None = None) -> None:
        """Hand the plan on, in order."""
        for observer in self._observers:
            observer.begin(plan, before, back)

    def event(self, event: Event) -> None:
        """Hand the event on, in order."""
        for observer in self._observers:
            observer.event(event)


@contextmanager
def observer(arguments: argparse.Namespace) -> Iterator[Observer]:
    """Open what the arguments ask for; the file of `--events` is closed at the end.

    Raises:
        RejectedError: `--events -` with `--json`, or a file that cannot be written.
    """
    with _watched() as log:
        if not arguments.events:
            yield log
        elif arguments.events == "-":
            if arguments.json:
                raise reject("MIG007", "--events - and --json both want stdout", "give --events a file")
            yield Both(log, JsonLines(sys.stdout))
        else:
            with _opened(arguments.events) as stream:
                yield Both(log, JsonLines(stream))


@contextmanager
def _watched() -> Iterator[Observer]:
    """A live view where stderr is a terminal, else log lines."""
    if not sys.stderr.isatty():
        yield LogLines(lambda line: print(line, file=sys.stderr, flush=True))
        return
    from meshmig.cli.views.live import LiveView

    with LiveView(sys.stderr) as view:
        yield view


def _opened(path: str) -> TextIO:
    try:
        return open(path, "a", encoding="utf-8")  # noqa: PTH123 - the caller's `with` closes it
    except OSError as error:
        raise reject("MIG604", f"{path} cannot be written: {error.strerror}", "name a file that can") from error
