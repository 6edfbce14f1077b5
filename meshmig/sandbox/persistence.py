"""The embedded cluster's state in a Store: one snapshot and a log of commits after it.

A commit is one line, written before the write is answered. A kill leaves the whole line or a torn one, which the next
reader drops: the state is the one before or after that write, never between. Commits that the snapshot already holds
are skipped by their number, so that a kill between the snapshot's and the log's replacement loses nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meshmig.diagnostics import reject
from meshmig.model.objects import Json, ObjectRef
from meshmig.ports import Store
from meshmig.sandbox.agenda import Task

CODES: dict[str, str] = {
    "MIG630": "the embedded cluster's state cannot be read",
    "MIG631": "the embedded cluster's state belongs to another migration",
}

FORMAT = "meshmig/embedded/v1"
SNAPSHOT = "cluster.json"
LOG = "cluster.jsonl"
_COMPACT_AT = 32 * 1024 * 1024
"""Bytes of log after which a new snapshot is written."""

_WORTHWHILE = 512 * 1024
"""Bytes of log below which opening does not bother to write a new snapshot."""


@dataclass(slots=True)
class Commit:
    """What one write or one moment's controllers changed. `objects`: bodies put; `gone`: references dropped."""

    now_ms: int
    version: int
    objects: list[Mapping[str, Json]] = field(default_factory=list)
    gone: list[ObjectRef] = field(default_factory=list)
    tasks: Mapping[Task, int | None] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)


class Journal:
    """Reads and writes commits; `number` counts them. Without a store nothing is kept."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._number = 0
        self._bytes = 0

    def append(self, commit: Commit) -> None:
        """Persist one commit."""
        if self._store is None:
            return
        self._number += 1
        line = _line({"n": self._number, **_as_json(commit)})
        self._store.append(LOG, line)
        self._bytes += len(line)

    @property
    def is_long(self) -> bool:
        """Whether a snapshot should be written now."""
        return self._bytes > _COMPACT_AT

    @property
    def is_worth_a_snapshot(self) -> bool:
        """Whether the next reader would gain from a snapshot."""
        return self._bytes > _WORTHWHILE

    def compact(self, whole: Commit) -> None:
        """Write the whole state as a snapshot, then empty the log."""
        if self._store is None:
            return
        self._store.write(SNAPSHOT, _line({"format": FORMAT, "n": self._number, **_as_json(whole)}))
        self._store.write(LOG, b"")
        self._bytes = 0

    def read(self) -> Iterator[Commit]:
        """Yield the snapshot, then every later commit.

        Raises:
            RejectedError: the bytes are not what this version of meshmig wrote.
        """
        store = self._store
        if store is None:
            return
        snapshot = _snapshot(store)
        self._number = int(snapshot["n"])
        yield _from_json(snapshot)
        log = store.read(LOG) or b""
        self._bytes = len(log)
        for line in log.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                return
            said = _parsed(line, LOG)
            if int(said["n"]) > self._number:
                self._number = int(said["n"])
                yield _from_json(said)


def is_written(store: Store) -> bool:
    """Whether a store holds an embedded cluster, or what looks like one: reading it then says what is wrong."""
    return any(name in (SNAPSHOT, LOG) for name in store.names())


def _snapshot(store: Store) -> Mapping[str, Json]:
    data = store.read(SNAPSHOT)
    if data is None:
        raise _unreadable("there is none")
    snapshot = _parsed(data, SNAPSHOT)
    if snapshot.get("format") != FORMAT:
        raise _unreadable(f"its format is {snapshot.get('format')!r}, not {FORMAT!r}")
    return snapshot


def _as_json(commit: Commit) -> dict[str, Json]:
    said: dict[str, Json] = {"t": commit.now_ms, "v": commit.version}
    if commit.objects:
        said["o"] = commit.objects
    if commit.gone:
        said["x"] = [_names(ref) for ref in commit.gone]
    if commit.tasks:
        said["q"] = [[task.controller, *_names(task.ref), due] for task, due in commit.tasks.items()]
    if commit.facts:
        said["f"] = commit.facts
    return said


def _from_json(said: Mapping[str, Json]) -> Commit:
    tasks = {Task(row[0], ObjectRef(*row[1:5])): row[5] for row in said.get("q", ())}
    gone = [ObjectRef(*names) for names in said.get("x", ())]
    return Commit(said["t"], said["v"], list(said.get("o", ())), gone, tasks, said.get("f", {}))


def _names(ref: ObjectRef) -> list[str]:
    return [ref.api_version, ref.kind, ref.namespace, ref.name]


def _line(said: Mapping[str, Json]) -> bytes:
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _parsed(data: bytes, name: str) -> Mapping[str, Json]:
    try:
        said = json.loads(data)
    except ValueError as error:
        raise _unreadable(f"{name} is damaged: {error}") from error
    if not isinstance(said, dict):
        raise _unreadable(f"{name} is damaged")
    return said


def _unreadable(why: str) -> Exception:
    return reject(
        "MIG630",
        f"the embedded cluster's state cannot be read: {why}",
        "delete the state folder to begin anew, or name another one with `--state DIR`",
    )
