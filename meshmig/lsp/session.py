"""One editor's session: its documents, and what was published about them."""

from collections.abc import Iterable, Mapping

from lsprotocol import types

from meshmig.diagnostics import Diagnostic, in_order
from meshmig.language.parser import Parsed
from meshmig.lsp import wire
from meshmig.lsp.addresses import path_of, uri_of
from meshmig.lsp.documents import Document, changed
from meshmig.lsp.findings import findings_by_file
from meshmig.lsp.knowledge import Knowledge, know
from meshmig.lsp.surroundings import Meshes
from meshmig.lsp.wire import Rulers
from meshmig.lsp.workspace import Workspace


class Session:
    """The state of one connection: documents, what was published, and how columns are counted.

    `_seen` holds what each migration's file last found, by file: a used file shows what all of them find in it.
    """

    def __init__(self, workspace: Workspace, encoding: str) -> None:
        self.workspace, self.encoding = workspace, encoding
        self._seen: dict[str, Mapping[str, tuple[Diagnostic, ...]]] = {}
        self._published: dict[str, tuple[Diagnostic, ...]] = {}
        self._meshes = Meshes()

    def did_open(self, params: types.DidOpenTextDocumentParams) -> str:
        """Take a document in; returns its path."""
        item = params.text_document
        path = path_of(item.uri)
        document = Document(uri=item.uri, path=path, version=item.version, text=item.text, encoding=self.encoding)
        self.workspace.put(document)
        return path

    def did_change(self, params: types.DidChangeTextDocumentParams) -> str | None:
        """Change a document; returns its path, or None where it was never opened."""
        document = self.workspace.documents.get(path_of(params.text_document.uri))
        if document is None:
            return None
        changes = wire.changes_of(params.content_changes)
        self.workspace.put(changed(document, changes, params.text_document.version))
        return document.path

    def did_close(self, params: types.DidCloseTextDocumentParams) -> str:
        """Forget a document; returns its path."""
        path = path_of(params.text_document.uri)
        self.workspace.drop(path)
        return path

    def publications(self, path: str) -> list[types.PublishDiagnosticsParams]:
        """Return what is to be published after a file changed: that file, and every other whose findings changed."""
        touched = {path}
        for view in self.workspace.views(path):
            found = findings_by_file(view)
            touched |= found.keys() | self._seen.get(view.root, {}).keys()
            self._seen[view.root] = found
            for file in found.keys() - {view.root}:
                self._seen.pop(file, None)
        return self._news(touched, path)

    def farewell(self, path: str) -> list[types.PublishDiagnosticsParams]:
        """Return what is to be published after a file was closed: nothing is shown of what no open file concerns."""
        roots = {root for each in self.workspace.documents for root in self.workspace.roots(each)}
        shown = {path, *(file for found in self._seen.values() for file in found)}
        self._seen = {root: found for root, found in self._seen.items() if root in roots}
        return self._news(shown)

    def _news(self, files: Iterable[str], changed_file: str = "") -> list[types.PublishDiagnosticsParams]:
        """Say what all migrations find in files where it is not what the editor shows; in the changed one always."""
        rulers = self.rulers()
        news = []
        for file in sorted(files):
            found = in_order(finding for seen in self._seen.values() for finding in seen.get(file, ()))
            if file == changed_file or self._published.get(file, ()) != found:
                self._published[file] = found
                news.append(self._publication(file, found, rulers))
        return news

    def document(self, identifier: types.TextDocumentIdentifier) -> Document | None:
        """Return an open document; None where it was never opened."""
        return self.workspace.documents.get(path_of(identifier.uri))

    def rulers(self) -> Rulers:
        """Return rulers over the present state of all files."""
        return Rulers(self.workspace.read, self.encoding)

    def findings(self, path: str) -> tuple[Diagnostic, ...]:
        """Return what is wrong in a file, as all migrations see it that it is part of."""
        views = self.workspace.views(path)
        return in_order(finding for view in views for finding in findings_by_file(view).get(path, ()))

    def knowledge(self, path: str) -> tuple[Parsed, Knowledge] | None:
        """Return a file, parsed, and what its names mean; None where it is no text."""
        for view in self.workspace.views(path):
            if view.parsed is not None:
                known = know(view, self._meshes.of(view.loaded.files[-1]))
                return (view.parsed, known) if known else None
        return None

    def uri(self, file: str) -> str:
        """Return the address of a file, as the editor writes it where it is open."""
        document = self.workspace.documents.get(file)
        return document.uri if document else uri_of(file)

    def _publication(
        self, file: str, findings: tuple[Diagnostic, ...], rulers: Rulers
    ) -> types.PublishDiagnosticsParams:
        document = self.workspace.documents.get(file)
        return types.PublishDiagnosticsParams(
            uri=self.uri(file),
            diagnostics=[wire.diagnostic(finding, file, rulers) for finding in findings],
            version=document.version if document else None,
        )
