"""The files that no editor has open, read anew only when they changed."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

MOST_ENTRIES = 20_000
"""So many files and folders of a workspace are looked at in search of `.mig` files."""


class Disk(Protocol):
    """Where files lie that are not open."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes; raises OSError."""

    def migrations(self, folder: str) -> tuple[str, ...]:
        """Return the paths of the `.mig` files below a folder, in order."""


class RealDisk:
    """This machine's files; what was read is kept with its size and time of change."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[int, int], bytes]] = {}

    def read(self, path: str) -> bytes:
        """Return a file's bytes; raises OSError."""
        found = os.stat(path)  # noqa: PTH116 - a path is a plain text here
        mark = (found.st_mtime_ns, found.st_size)
        kept = self._kept.get(path)
        if kept is None or kept[0] != mark:
            kept = self._kept[path] = (mark, Path(path).read_bytes())
        return kept[1]

    def migrations(self, folder: str) -> tuple[str, ...]:
        """Return the paths of the `.mig` files below a folder, in order; folders that begin with a dot left out."""
        return tuple(sorted(_walk(folder)))


def _walk(folder: str) -> Iterator[str]:
    seen = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(folders) + len(files)
        yield from (os.path.join(place, name) for name in files if name.endswith(".mig"))  # noqa: PTH118 - as above
        if seen > MOST_ENTRIES:
            return
