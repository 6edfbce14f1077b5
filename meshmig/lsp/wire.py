"""Values of this room as the protocol's types, and back."""

from collections.abc import Iterable

from lsprotocol import types

from meshmig.diagnostics import Diagnostic, Label, Severity, Span
from meshmig.language.loading import Read
from meshmig.language.source import Source
from meshmig.language.tree import Extent
from meshmig.lsp.addresses import uri_of
from meshmig.lsp.completion import Completion, Sort
from meshmig.lsp.documents import BYTE_ORDER_MARK, Change
from meshmig.lsp.outline import Fold, Symbol, SymbolKind
from meshmig.lsp.positions import Lines, Position

_SEVERITY = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}

_SYMBOL_KIND = {
    SymbolKind.USE: types.SymbolKind.File,
    SymbolKind.MIGRATION: types.SymbolKind.Module,
    SymbolKind.GATE: types.SymbolKind.Event,
    SymbolKind.PROFILE: types.SymbolKind.Class,
    SymbolKind.GROUP: types.SymbolKind.Array,
    SymbolKind.PARAM: types.SymbolKind.Enum,
    SymbolKind.STAGE: types.SymbolKind.Namespace,
    SymbolKind.ACTION: types.SymbolKind.Method,
    SymbolKind.DECISION: types.SymbolKind.Constant,
}

_SORT = {
    Sort.WORD: types.CompletionItemKind.Keyword,
    Sort.SIGN: types.CompletionItemKind.Operator,
    Sort.NAME: types.CompletionItemKind.Reference,
    Sort.WORKLOAD: types.CompletionItemKind.Module,
    Sort.LITERAL: types.CompletionItemKind.Unit,
    Sort.CODE: types.CompletionItemKind.Constant,
    Sort.CHOICE: types.CompletionItemKind.EnumMember,
    Sort.TEAM: types.CompletionItemKind.Value,
}


class Ruler:
    """Turns the language's places in one text into the protocol's and back; `text` is as the editor shows it."""

    def __init__(self, text: str, encoding: str) -> None:
        self._shift = int(text.startswith(BYTE_ORDER_MARK))
        self._lines = Lines(text, encoding)
        self._source = Source("", text.removeprefix(BYTE_ORDER_MARK))

    def range(self, at: Extent) -> types.Range:
        """Return a stretch of the text."""
        return types.Range(self._position(at.start), self._position(at.end))

    def span_range(self, span: Span) -> types.Range:
        """Return a stretch given by lines and columns."""
        return self.range(self.extent(span))

    def extent(self, span: Span) -> Extent:
        """Return the offsets of a stretch given by lines and columns."""
        return Extent(self._offset(span.line, span.column), self._offset(span.end_line, span.end_column))

    def offset(self, position: types.Position) -> int:
        """Return the offset of a position."""
        return max(0, self._lines.offset(Position(position.line, position.character)) - self._shift)

    def line_and_column(self, position: types.Position) -> tuple[int, int]:
        """Return a position as the language counts: line and column from 1."""
        offset = self.offset(position)
        return self._source.line(offset), self._source.column(offset)

    def _offset(self, line: int, column: int) -> int:
        starts = self._source.starts
        return starts[min(line, len(starts)) - 1] + column - 1

    def _position(self, offset: int) -> types.Position:
        line, character = self._lines.position(offset + self._shift)
        return types.Position(line, character)


class Rulers:
    """A ruler for each file that is asked for, made once; `read` returns the bytes that the editor shows."""

    def __init__(self, read: Read, encoding: str) -> None:
        self._read, self._encoding = read, encoding
        self._made: dict[str, Ruler] = {}

    def of(self, file: str) -> Ruler:
        """Return the ruler of a file; of one that cannot be read, that of an empty text."""
        if file not in self._made:
            try:
                text = self._read(file).decode("utf-8", "replace")
            except OSError:
                text = ""
            self._made[file] = Ruler(text, self._encoding)
        return self._made[file]


def changes_of(changes: Iterable[types.TextDocumentContentChangeEvent]) -> tuple[Change, ...]:
    """Return the changes that an editor sent."""
    return tuple(_change(change) for change in changes)


def _change(change: types.TextDocumentContentChangeEvent) -> Change:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return Change(text=change.text)
    start, end = change.range.start, change.range.end
    return Change(start=Position(start.line, start.character), end=Position(end.line, end.character), text=change.text)


def diagnostic(finding: Diagnostic, file: str, rulers: Rulers) -> types.Diagnostic:
    """Return a finding of a file."""
    span = finding.span if finding.span is not None and finding.span.file == file else Span(file, 1, 1, 1, 1)
    others = tuple(_related(label, rulers) for label in finding.labels if label.span != span)
    return types.Diagnostic(
        range=rulers.of(file).span_range(span),
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        source="meshmig",
        message=finding.message + (f"\n{finding.help}" if finding.help else ""),
        related_information=list(others) or None,
    )


def _related(label: Label, rulers: Rulers) -> types.DiagnosticRelatedInformation:
    where = types.Location(uri_of(label.span.file), rulers.of(label.span.file).span_range(label.span))
    return types.DiagnosticRelatedInformation(location=where, message=label.text)


def text_edits(edits: Iterable[tuple[Extent, str]], ruler: Ruler) -> list[types.TextEdit]:
    """Return edits of one text."""
    return [types.TextEdit(range=ruler.range(at), new_text=text) for at, text in edits]


def symbol(found: Symbol, ruler: Ruler) -> types.DocumentSymbol:
    """Return one line of the outline with what is below it."""
    return types.DocumentSymbol(
        name=found.name,
        kind=_SYMBOL_KIND[found.kind],
        range=ruler.range(found.at),
        selection_range=ruler.range(found.name_at),
        detail=found.detail or None,
        children=[symbol(child, ruler) for child in found.children],
    )


def folding_range(fold: Fold) -> types.FoldingRange:
    """Return lines that fold."""
    kind = types.FoldingRangeKind.Comment if fold.is_comment else None
    return types.FoldingRange(start_line=fold.first - 1, end_line=fold.last - 1, kind=kind)


def completion_items(completion: Completion, ruler: Ruler) -> list[types.CompletionItem]:
    """Return candidates, in the order of their usefulness."""
    where = ruler.range(completion.at)
    return [
        types.CompletionItem(
            label=candidate.label,
            kind=_SORT[candidate.sort],
            detail=candidate.detail or None,
            sort_text=f"{place:05d}",
            filter_text=candidate.label,
            text_edit=types.TextEdit(range=where, new_text=candidate.label),
        )
        for place, candidate in enumerate(completion.candidates)
    ]
