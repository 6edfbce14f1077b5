"""Bytes by name: in a folder, or in memory."""

import fcntl
import os
from pathlib import Path

from meshmig.diagnostics import reject
from meshmig.ports import LockedError

_TEMPORARY = ".part"
_HOLD = ".lock"


class MemoryStore:
    """A `Store` that ends with the process."""

    def __init__(self) -> None:
        self._held: dict[str, bytearray] = {}

    def read(self, name: str) -> bytes | None:
        """Return the bytes, or None where there are none."""
        held = self._held.get(name)
        return None if held is None else bytes(held)

    def write(self, name: str, data: bytes) -> None:
        """Replace the bytes."""
        self._held[name] = bytearray(data)

    def append(self, name: str, data: bytes) -> None:
        """Add bytes at the end."""
        self._held.setdefault(name, bytearray()).extend(data)

    def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        return tuple(sorted(self._held))


class FolderStore:
    """A `Store` whose names are files of one folder, made at the first write.

    A write replaces the file by a rename. An append is one `write` at the end of the file: a kill leaves it whole or
    torn, and a torn last line is cut off by the next process's first append.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[str, int] = {}
        self._held = -1

    def hold(self, holder: str) -> None:
        """Keep the folder for this process alone, until it ends: however it ends, the kernel lets go.

        Raises:
            LockedError: another process holds it.
            RejectedError: the folder cannot be written.
        """
        path = self._path / _HOLD
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            self._held = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(path, 0)
            os.write(self._held, holder.encode())
        except BlockingIOError as error:
            raise LockedError(f"another run holds {self._path}: {path.read_text() or 'unknown'}") from error
        except OSError as error:
            raise _refused(path, error) from error

    def read(self, name: str) -> bytes | None:
        """Return the bytes, or None where there are none.

        Raises:
            RejectedError: the file is there but cannot be read.
        """
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(self._path / name, error) from error

    def write(self, name: str, data: bytes) -> None:
        """Replace the bytes; after a kill either the old or the new are there.

        Raises:
            RejectedError: the folder cannot be written.
        """
        self._close(name)
        target, part = self._path / name, self._path / f"{name}{_TEMPORARY}"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except OSError as error:
            raise _refused(target, error) from error

    def append(self, name: str, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            RejectedError: the folder cannot be written.
        """
        try:
            os.write(self._appendable(name), data)
        except OSError as error:
            raise _refused(self._path / name, error) from error

    def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        if not self._path.is_dir():
            return ()
        files = (path for path in self._path.iterdir() if path.is_file())
        return tuple(sorted(path.name for path in files if path.suffix != _TEMPORARY and path.name != _HOLD))

    def _appendable(self, name: str) -> int:
        if name not in self._open:
            self._path.mkdir(parents=True, exist_ok=True)
            _cut_torn_tail(self._path / name)
            self._open[name] = os.open(self._path / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        return self._open[name]

    def _close(self, name: str) -> None:
        handle = self._open.pop(name, None)
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        for name in tuple(self._open):
            self._close(name)
        if self._held >= 0:
            os.close(self._held)


def _cut_torn_tail(path: Path) -> None:
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def _refused(path: Path, error: OSError) -> Exception:
    return reject(
        "MIG615",
        f"{path} cannot be used: {error.strerror or error}",
        "give meshmig a folder that it may read and write, with `--state DIR`",
    )
