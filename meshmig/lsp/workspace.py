"""What the editor has open and what lies beside it: which file is read as part of which migration."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from meshmig.language import Loaded, load
from meshmig.language.parser import Parsed, parse
from meshmig.language.remembering import Memory
from meshmig.language.rereading import Rereader
from meshmig.language.source import Source
from meshmig.lsp.addresses import beside
from meshmig.lsp.disk import Disk
from meshmig.lsp.documents import Document

_USE = re.compile(rb'^[ \t]*use[ \t]+"([^"\n]+)"', re.MULTILINE)
_MIGRATION = re.compile(rb"^[ \t]*migration\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A file as one migration sees it: `loaded` is that migration with all it uses, `root` the file it is in."""

    path: str
    root: str
    loaded: Loaded

    @property
    def parsed(self) -> Parsed | None:
        """The file itself, parsed; None where it is no text."""
        return next((parsed for parsed in self.loaded.files if parsed.source.file == self.path), None)


class Workspace:
    """The open documents by path, before what lies on the disk. `folders` are searched for files that use others."""

    def __init__(self, disk: Disk, folders: Iterable[str] = ()) -> None:
        self._disk, self.folders = disk, tuple(folders)
        self.documents: dict[str, Document] = {}
        self._loaded: dict[str, Loaded] = {}
        self._readers: dict[str, Rereader] = {}
        self._memories: dict[str, Memory] = {}
        self._graph: dict[str, frozenset[str]] | None = None

    def put(self, document: Document) -> None:
        """Take a document in, or a newer state of it."""
        if document.path not in self.documents:
            self._graph = None
        self.documents[document.path] = document
        if self._graph is not None:
            self._graph[document.path] = _used(document.path, document.data)
        self._loaded = {}

    def drop(self, path: str) -> None:
        """Forget an open document: what lies on the disk counts again."""
        self.documents.pop(path, None)
        self._readers.pop(path, None)
        self.refresh()

    def refresh(self) -> None:
        """Files on the disk may have changed."""
        self._loaded, self._graph = {}, None

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, as the editor shows it where it is open; raises OSError."""
        document = self.documents.get(path)
        if document is None and not path.startswith("/"):
            raise FileNotFoundError(2, "it lies in no folder, so no file is beside it")
        return document.data if document else self._disk.read(path)

    def load(self, root: str) -> Loaded:
        """Return a file with all it uses, resolved; worked out once for each state of the files."""
        if root not in self._loaded:
            memory = self._memories.setdefault(root, Memory())
            self._loaded[root] = load(root, self.read, self._parse, memory=memory)
        return self._loaded[root]

    def roots(self, path: str) -> tuple[str, ...]:
        """Return the files that a file is read as part of: itself, or those that use it, directly or further on."""
        if path in self.documents and _MIGRATION.search(self.documents[path].data):
            return (path,)
        graph = self._uses(path)
        users = [user for user in sorted(graph) if user != path and path in _reached(graph, user)]
        inner = {used for user in users for used in _reached(graph, user)}
        return tuple(user for user in users if user not in inner) or (path,)

    def views(self, path: str) -> tuple[View, ...]:
        """Return a file as each of the migrations sees it that it is part of."""
        return tuple(View(path=path, root=root, loaded=self.load(root)) for root in self.roots(path))

    def _parse(self, source: Source) -> Parsed:
        """Read a text; of an open document only what changed."""
        if source.file not in self.documents:
            return parse(source)
        return self._readers.setdefault(source.file, Rereader()).parse(source)

    def _uses(self, path: str) -> dict[str, frozenset[str]]:
        """Return what each `.mig` file around uses, by a quick look at the texts."""
        if self._graph is None:
            found = {file for folder in self._searched(path) for file in self._disk.migrations(folder)}
            found |= self.documents.keys()
            self._graph = {file: _used(file, self._glance(file)) for file in found}
        return self._graph

    def _searched(self, path: str) -> set[str]:
        if self.folders:
            return set(self.folders)
        return {posixpath.dirname(each) for each in (path, *self.documents) if each.startswith("/")}

    def _glance(self, file: str) -> bytes:
        try:
            return self.read(file)
        except OSError:
            return b""


def _used(file: str, data: bytes) -> frozenset[str]:
    return frozenset(beside(file, match[1].decode("utf-8", "replace")) for match in _USE.finditer(data))


def _reached(graph: dict[str, frozenset[str]], start: str) -> set[str]:
    """Return everything that a file uses, directly and further on."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), frozenset()) - found
        found |= new
        waiting += sorted(new)
    return found


def everywhere(views: Iterable[View]) -> Iterator[Parsed]:
    """Yield each file of some views once, parsed."""
    seen: set[str] = set()
    for view in views:
        for parsed in view.loaded.files:
            if parsed.source.file not in seen:
                seen.add(parsed.source.file)
                yield parsed
