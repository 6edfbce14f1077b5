"""Files in memory, seen as the editor's features see them."""

from collections.abc import Mapping

from meshmig.language.parser import Parsed
from meshmig.lsp.completion import Candidate, complete
from meshmig.lsp.documents import Document
from meshmig.lsp.hover import hover
from meshmig.lsp.knowledge import Knowledge, know
from meshmig.lsp.workspace import Workspace
from meshmig.model.mesh import Mesh

CODES = [("MIG401", "A workload moves in place")]


class MemoryDisk:
    """Files of a test."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path].encode()

    def migrations(self, folder: str) -> tuple[str, ...]:
        """The `.mig` files below a folder."""
        return tuple(sorted(path for path in self.files if path.startswith(folder) and path.endswith(".mig")))


def workspace(files: Mapping[str, str]) -> Workspace:
    """A workspace in which all files are open."""
    opened = Workspace(MemoryDisk(files))
    for path, text in files.items():
        opened.put(Document(uri=f"file://{path}", path=path, version=1, text=text, encoding="utf-16"))
    return opened


def known(text: str, mesh: Mesh | None = None, used: str = "mig 1\n") -> tuple[Parsed, Knowledge]:
    """A text as the features take it; `gates.mig` lies beside it."""
    view = workspace({"/at/site.mig": text, "/at/gates.mig": used}).views("/at/site.mig")[0]
    knowledge = know(view, mesh)
    assert view.parsed is not None
    assert knowledge is not None
    return view.parsed, knowledge


def candidates(text: str, mesh: Mesh | None = None, used: str = "mig 1\n") -> tuple[Candidate, ...]:
    """What is offered where `|` stands."""
    before, _, after = text.partition("|")
    return complete(*known(before + after, mesh, used), len(before), CODES).candidates


def offered(text: str, mesh: Mesh | None = None, used: str = "mig 1\n") -> list[str]:
    """The labels of what is offered where `|` stands."""
    return [candidate.label for candidate in candidates(text, mesh, used)]


def hovered(text: str, mesh: Mesh | None = None, used: str = "mig 1\n") -> str:
    """What is said where `|` stands; empty for nothing."""
    before, _, after = text.partition("|")
    found = hover(*known(before + after, mesh, used), len(before), lambda code: dict(CODES).get(code, ""))
    return found.text if found else ""
