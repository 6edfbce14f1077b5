"""What an editor asks for, one function a request: the protocol's types in and out, the work done by pure functions."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lsprotocol import types

from meshmig import catalogue
from meshmig.language.parser import Parsed
from meshmig.lsp import hover as hovering
from meshmig.lsp import naming, wire
from meshmig.lsp.addresses import path_of
from meshmig.lsp.completion import complete
from meshmig.lsp.documents import BYTE_ORDER_MARK, Document
from meshmig.lsp.formatting import format_edits
from meshmig.lsp.mending import Mend, mend_all, mends
from meshmig.lsp.outline import folds, symbols
from meshmig.lsp.session import Session

_ALLOWABLE = ("MIG3", "MIG4", "P")
"""How the codes begin that `allow` may name: findings of the manifests, the plan and the precheck."""


def formatting(session: Session, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """Lay a document out; a byte order mark is the editor's business."""
    document = session.document(params.text_document)
    if document is None:
        return None
    edits = format_edits(document.text.removeprefix(BYTE_ORDER_MARK), document.path)
    return wire.text_edits(edits, session.rulers().of(document.path))


def code_action(session: Session, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """Offer what the findings of a stretch suggest, and all suggestions of the file at once."""
    document = session.document(params.text_document)
    if document is None:
        return None
    ruler = session.rulers().of(document.path)
    findings = session.findings(document.path)
    start, end = ruler.line_and_column(params.range.start), ruler.line_and_column(params.range.end)
    whole = mend_all(findings)
    offered = (*mends(findings, start, end), *((whole,) if whole else ()))
    return [_action(session, mend, document) for mend in offered]


def _action(session: Session, mend: Mend, document: Document) -> types.CodeAction:
    rulers = session.rulers()
    ruler = rulers.of(document.path)
    edits = wire.text_edits(((ruler.extent(edit.span), edit.replacement) for edit in mend.edits), ruler)
    single = len(mend.edits) == 1
    return types.CodeAction(
        title=mend.title,
        kind=types.CodeActionKind.QuickFix if single else types.CodeActionKind.SourceFixAll,
        diagnostics=[wire.diagnostic(finding, document.path, rulers) for finding in mend.findings],
        is_preferred=True if single else None,
        edit=types.WorkspaceEdit(changes={document.uri: edits}),
    )


def definition(session: Session, params: types.DefinitionParams) -> list[types.Location]:
    """Go to where a name is defined, or to the file that a `use` names."""
    path, offset = _place(session, params.text_document, params.position)
    return _locations(session, naming.definitions(session.workspace.views(path), offset))


def references(session: Session, params: types.ReferenceParams) -> list[types.Location]:
    """List where a name is used, in every file that knows it."""
    path, offset = _place(session, params.text_document, params.position)
    wanted = params.context.include_declaration
    return _locations(session, naming.references(session.workspace, path, offset, definition=wanted))


def prepare_rename(session: Session, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    """Say which name would be called something else; None where there is none."""
    path, offset = _place(session, params.text_document, params.position)
    found = naming.renamable(session.workspace, path, offset)
    if found is None:
        return None
    return types.PrepareRenamePlaceholder(range=session.rulers().of(path).range(found.at), placeholder=found.name)


def rename(session: Session, params: types.RenameParams) -> types.WorkspaceEdit:
    """Call a name something else wherever it is known; raises RefusedError where that would be a mistake."""
    path, offset = _place(session, params.text_document, params.position)
    places = naming.rename(session.workspace, path, offset, params.new_name)
    rulers = session.rulers()
    changes = {
        session.uri(file): wire.text_edits(((at, params.new_name) for at in stretches), rulers.of(file))
        for file, stretches in places.items()
    }
    return types.WorkspaceEdit(changes=changes)


def hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    """Say what stands under the cursor."""
    path, offset = _place(session, params.text_document, params.position)
    known = session.knowledge(path)
    found = hovering.hover(*known, offset, _title) if known else None
    if found is None:
        return None
    text = types.MarkupContent(kind=types.MarkupKind.Markdown, value=found.text)
    return types.Hover(contents=text, range=session.rulers().of(path).range(found.at))


def completion(session: Session, params: types.CompletionParams) -> list[types.CompletionItem]:
    """List what may be written at a place."""
    path, offset = _place(session, params.text_document, params.position)
    known = session.knowledge(path)
    if known is None:
        return []
    allowed = [(code, _title(code)) for code in catalogue.codes() if code.startswith(_ALLOWABLE)]
    return wire.completion_items(complete(*known, offset, allowed), session.rulers().of(path))


def _title(code: str) -> str:
    page = catalogue.page(code)
    return page.title if page else ""


def document_symbol(session: Session, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """Outline a file."""
    path = path_of(params.text_document.uri)
    parsed = _parsed(session, path)
    ruler = session.rulers().of(path)
    return [wire.symbol(found, ruler) for found in symbols(parsed)] if parsed else []


def folding_range(session: Session, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """Say which lines fold."""
    parsed = _parsed(session, path_of(params.text_document.uri))
    return [wire.folding_range(fold) for fold in folds(parsed)] if parsed else []


def _parsed(session: Session, path: str) -> Parsed | None:
    return next((view.parsed for view in session.workspace.views(path) if view.parsed is not None), None)


def _place(session: Session, document: types.TextDocumentIdentifier, position: types.Position) -> tuple[str, int]:
    path = path_of(document.uri)
    return path, session.rulers().of(path).offset(position)


def _locations(session: Session, places: Iterable[naming.Place]) -> list[types.Location]:
    rulers = session.rulers()
    return [types.Location(session.uri(file), rulers.of(file).range(at)) for file, at in places]


ANSWERS: Mapping[str, tuple[Callable[[Session, Any], object], object]] = {
    types.TEXT_DOCUMENT_FORMATTING: (formatting, None),
    types.TEXT_DOCUMENT_CODE_ACTION: (
        code_action,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]),
    ),
    types.TEXT_DOCUMENT_HOVER: (hover, None),
    types.TEXT_DOCUMENT_COMPLETION: (completion, types.CompletionOptions(trigger_characters=['"', "/"])),
    types.TEXT_DOCUMENT_DEFINITION: (definition, None),
    types.TEXT_DOCUMENT_REFERENCES: (references, None),
    types.TEXT_DOCUMENT_PREPARE_RENAME: (prepare_rename, None),
    types.TEXT_DOCUMENT_RENAME: (rename, types.RenameOptions(prepare_provider=True)),
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (document_symbol, None),
    types.TEXT_DOCUMENT_FOLDING_RANGE: (folding_range, None),
}
"""Each request by the protocol's name, with what the server says about it when a session begins."""
