"""One editor's session: what it asks, answered in the protocol's types."""

from collections.abc import Mapping
from dataclasses import dataclass

from lsprotocol import types

from meshmig.diagnostics import Diagnostic
from meshmig.lsp import wire
from meshmig.lsp.addresses import path_of, uri_of
from meshmig.lsp.documents import Document, changed
from meshmig.lsp.findings import findings_by_file
from meshmig.lsp.formatting import format_edits
from meshmig.lsp.mending import Mend, mend_all, mends
from meshmig.lsp.wire import Ruler
from meshmig.lsp.workspace import View, Workspace


class Session:
    """The state of one connection: documents, what was published, and how columns are counted."""

    def __init__(self, workspace: Workspace, encoding: str) -> None:
        self.workspace, self.encoding = workspace, encoding
        self._published: dict[str, tuple[Diagnostic, ...]] = {}

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
        views = self.workspace.views(path)
        rulers = self._rulers(views)
        found = findings_by_file(views)
        news = {file: findings for file, findings in found.items() if self._is_news(file, path, findings)}
        self._published |= news
        return [self._publication(file, findings, rulers) for file, findings in news.items()]

    def farewell(self, path: str) -> list[types.PublishDiagnosticsParams]:
        """Return what is to be published after a file was closed: nothing is shown of what no open file concerns."""
        concerned = {
            file
            for each in self.workspace.documents
            for view in self.workspace.views(each)
            for file in (view.root, *view.loaded.sources)
        }
        gone = [file for file in self._published if file not in concerned]
        for file in gone:
            del self._published[file]
        return [types.PublishDiagnosticsParams(uri=self._uri(file), diagnostics=[]) for file in {path, *gone}]

    def formatting(self, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        """Lay a document out."""
        document = self._document(params.text_document)
        if document is None:
            return None
        # What `fmt` does with a byte order mark it does here: the edits are those of the whole text.
        edits = format_edits(document.text, document.path)
        lines = document.lines
        return [
            types.TextEdit(types.Range(_position(lines.position(at.start)), _position(lines.position(at.end))), text)
            for at, text in edits
        ]

    def code_action(self, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        """Offer what the findings of a stretch suggest."""
        document = self._document(params.text_document)
        if document is None:
            return None
        views = self.workspace.views(document.path)
        rulers = self._rulers(views)
        findings = findings_by_file(views).get(document.path, ())
        ruler = rulers[document.path]
        start, end = ruler.line_and_column(params.range.start), ruler.line_and_column(params.range.end)
        whole = mend_all(findings)
        offered = [*mends(findings, start, end), *([whole] if whole else [])]
        target = _Target(document=document, ruler=ruler)
        return [_action(mend, target, rulers) for mend in offered]

    def _document(self, identifier: types.TextDocumentIdentifier) -> Document | None:
        return self.workspace.documents.get(path_of(identifier.uri))

    def _is_news(self, file: str, changed_file: str, findings: tuple[Diagnostic, ...]) -> bool:
        return file == changed_file or self._published.get(file, ()) != findings

    def _publication(
        self, file: str, findings: tuple[Diagnostic, ...], rulers: Mapping[str, Ruler]
    ) -> types.PublishDiagnosticsParams:
        document = self.workspace.documents.get(file)
        return types.PublishDiagnosticsParams(
            uri=self._uri(file),
            diagnostics=[wire.diagnostic(finding, file, rulers) for finding in findings],
            version=document.version if document else None,
        )

    def _rulers(self, views: tuple[View, ...]) -> dict[str, Ruler]:
        """Return a ruler for each file of some views, of the text that the editor shows where it is open."""
        texts = {view.root: "" for view in views}
        for view in views:
            texts |= view.loaded.sources
        documents = self.workspace.documents
        return {
            file: Ruler(documents[file].text if file in documents else text, self.encoding)
            for file, text in texts.items()
        }

    def _uri(self, file: str) -> str:
        document = self.workspace.documents.get(file)
        return document.uri if document else uri_of(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The document that an edit goes to."""

    document: Document
    ruler: Ruler


def _position(position: tuple[int, int]) -> types.Position:
    return types.Position(*position)


def _action(mend: Mend, target: _Target, rulers: Mapping[str, Ruler]) -> types.CodeAction:
    ruler = target.ruler
    edits = wire.text_edits(((ruler.extent(edit.span), edit.replacement) for edit in mend.edits), ruler)
    single = len(mend.edits) == 1
    return types.CodeAction(
        title=mend.title,
        kind=types.CodeActionKind.QuickFix if single else types.CodeActionKind.SourceFixAll,
        diagnostics=[wire.diagnostic(finding, target.document.path, rulers) for finding in mend.findings],
        is_preferred=True if single else None,
        edit=types.WorkspaceEdit(changes={target.document.uri: edits}),
    )
