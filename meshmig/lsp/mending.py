"""Code actions: what a finding suggests as an edit."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshmig.diagnostics import Diagnostic, Edit, Span
from meshmig.language.wording import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """One thing an editor can offer to do: its title, the edits, and the findings that go away by it."""

    title: str
    edits: tuple[Edit, ...]
    findings: tuple[Diagnostic, ...]


def mends(findings: Iterable[Diagnostic], start: tuple[int, int], end: tuple[int, int]) -> tuple[Mend, ...]:
    """Return what the findings suggest that touch a stretch, given as line and column from 1."""
    return tuple(
        Mend(title=_title(finding, finding.edit), edits=(finding.edit,), findings=(finding,))
        for finding in findings
        if finding.edit is not None and finding.span is not None and _touches(finding.span, start, end)
    )


def mend_all(findings: Iterable[Diagnostic]) -> Mend | None:
    """Return every suggestion at once, of those that overlap the first; None where there are fewer than two."""
    edits: list[Edit] = []
    mended = []
    for finding in findings:
        if finding.edit is not None and (not edits or _ends(edits[-1]) < _begins(finding.edit)):
            edits.append(finding.edit)
            mended.append(finding)
    if len(edits) < 2:  # noqa: PLR2004 - one alone is offered by itself
        return None
    return Mend(title=f"make all {len(edits)} suggested changes", edits=tuple(edits), findings=tuple(mended))


def _begins(edit: Edit) -> tuple[int, int]:
    return edit.span.line, edit.span.column


def _ends(edit: Edit) -> tuple[int, int]:
    return edit.span.end_line, edit.span.end_column


def _touches(span: Span, start: tuple[int, int], end: tuple[int, int]) -> bool:
    return (span.line, span.column) <= end and start <= (span.end_line, span.end_column)


def _title(finding: Diagnostic, edit: Edit) -> str:
    shown = edit.replacement.strip()
    if not shown:
        return f"{finding.code}: take it away"
    inserted = _begins(edit) == _ends(edit)
    return f"{finding.code}: {'put in' if inserted else 'write'} {quoted(shown)}"
