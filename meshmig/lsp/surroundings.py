"""The mesh of a migration, where its manifests lie at hand: the folder that `cluster files` names."""

import os
from collections.abc import Iterator
from pathlib import Path

from meshmig.adapters.folder import read_folder
from meshmig.language import tree
from meshmig.language.parser import Parsed
from meshmig.lsp.addresses import beside
from meshmig.model.mesh import Mesh
from meshmig.model.objects import Snapshot
from meshmig.sources.appmesh import lift

MOST_BYTES = 30_000_000
"""A folder with more than this would keep the editor waiting, and is not read."""

Mark = tuple[tuple[str, int, int], ...]


def folder_of(main: Parsed) -> tuple[str, str] | None:
    """Return the folder of manifests and the mesh's name that a file says, or None where it says no folder."""
    if not main.source.file.startswith("/"):
        return None
    for item in main.file.items if main.file else ():
        if isinstance(item, tree.Migration):
            places = [part for part in item.parts if isinstance(part, tree.Place) and part.kind.type == "FILES"]
            names = [part.value.inner for part in item.parts if isinstance(part, tree.Setting)]
            if places and places[0].value is not None and places[0].value.type == "TEXT":
                return beside(main.source.file, places[0].value.inner), names[0] if names else ""
    return None


class Meshes:
    """The meshes of folders, read anew when a file of the folder changed."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Mark, Mesh | None]] = {}

    def of(self, main: Parsed) -> Mesh | None:
        """Return the mesh that a migration moves; None where its manifests are not at hand, or are wrong."""
        said = folder_of(main)
        if said is None:
            return None
        mark = tuple(sorted(_files(said[0])))
        kept = self._kept.get(said)
        if kept is None or kept[0] != mark:
            small = sum(size for _, size, _ in mark) <= MOST_BYTES
            kept = self._kept[said] = (mark, _read(*said) if small and mark else None)
        return kept[1]


def _read(folder: str, mesh: str) -> Mesh | None:
    return lift(Snapshot.of(read_folder(Path(folder)).manifests), mesh).mesh


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            try:
                found = os.stat(os.path.join(place, name))  # noqa: PTH116, PTH118 - paths are plain texts here
            except OSError:
                continue
            yield os.path.join(place, name), found.st_size, found.st_mtime_ns  # noqa: PTH118 - as above
