"""Who hears of a run's events: log lines on stderr, JSON lines where `--events` says."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from meshmig.codec import to_json
from meshmig.diagnostics import reject
from meshmig.model.run import (
    Approved,
    Event,
    Happening,
    Sampled,
    StageDone,
    StageRolledBack,
    StepDone,
    StepHeld,
    StepWaiting,
    UnitFailing,
    UnitRolledBack,
)
from meshmig.ports import Observer


class LogLines:
    """Writes one line an event worth reading."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def event(self, event: Event) -> None:
        """Write the event, if it says something to a person."""
        text = _line(event.happening)
        if text:
            moment = datetime.fromtimestamp(event.at.ms / 1000, UTC).strftime("%H:%M:%S")
            self._stream.write(f"{moment}  {text}\n")


class JsonLines:
    """Writes every event as one line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def event(self, event: Event) -> None:
        """Write the event at once, so that a reader sees it as it happens."""
        self._stream.write(json.dumps(to_json(Event, event), sort_keys=True, ensure_ascii=False) + "\n")
        self._stream.flush()


class Both:
    """Hands each event to several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

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
    log = LogLines(sys.stderr)
    if not arguments.events:
        yield log
    elif arguments.events == "-":
        if arguments.json:
            raise reject("MIG007", "--events - and --json both want stdout", "give --events a file")
        yield Both(log, JsonLines(sys.stdout))
    else:
        with _opened(arguments.events) as stream:
            yield Both(log, JsonLines(stream))


def _opened(path: str) -> TextIO:
    try:
        return open(path, "a", encoding="utf-8")  # noqa: PTH123 - the caller's `with` closes it
    except OSError as error:
        raise reject("MIG604", f"{path} cannot be written: {error.strerror}", "name a file that can") from error


def _line(happening: Happening) -> str:
    match happening:
        case StepDone(step=step):
            return f"{step} done"
        case StepHeld(step=step, reason=reason):
            return f"{step} held: {reason}"
        case StepWaiting(step=step, reason=reason):
            return f"{step} waits: {reason}"
        case UnitFailing(unit=unit, reason=reason):
            return f"{unit} goes back: {reason}"
        case UnitRolledBack(unit=unit):
            return f"{unit} is back on the old side"
        case StageDone(stage=stage):
            return f"stage {stage} done"
        case StageRolledBack(stage=stage):
            return f"stage {stage} rolled back"
        case _:
            return _quiet_line(happening)


def _quiet_line(happening: Happening) -> str:
    match happening:
        case Approved(step=step, by=by, because=because):
            return f"{step} approved by {by}: {because}"
        case Sampled(step=step, old=old, new=new) if new.requests:
            return (
                f"{step} old {old.requests} requests, {old.bad} bad; new {new.requests}, {new.bad} bad; "
                f"harm {happening.harm:.2g}:1, safe {happening.safe:.2g}:1"
            )
        case _:
            return ""
