"""The fate of every field, folded by what became of it or in full, and what a person may decide."""

from collections import Counter
from collections.abc import Iterator, Sequence

from meshmig.cli.views.fields import counted, wrapped
from meshmig.model.mesh import Fate, Ledger, LedgerRow, Question

DIFFERENCES_SHOWN = 5
"""How many differences a folded ledger names."""


def ledger_lines(ledger: Ledger, *, is_full: bool) -> Iterator[str]:
    """Write the counts, and every row or the differences that concern most fields."""
    counts = ", ".join(f"{ledger.count(fate)} {fate.value}" for fate in Fate if ledger.count(fate))
    hint = "" if is_full or not ledger.rows else "   (--ledger shows each)"
    yield f"ledger  {len(ledger.rows)} fields and hidden defaults: {counts or 'none'}{hint}"
    yield from (_row(row) for row in ledger.rows) if is_full else _folded(ledger)


def question_lines(questions: Sequence[Question]) -> Iterator[str]:
    """Write each question with what was taken for it."""
    answered = sum(bool(question.answer) for question in questions)
    if questions and answered == len(questions):
        yield f"asked   {counted(len(questions), 'question')}, all answered in the file:"
    elif questions:
        rest = "the others" if answered else "all"
        said = f"{answered} answered in the file, " if answered else ""
        how = f"{said}{rest} by their safest default (answer ID = CHOICE)"
        yield f"asked   {counted(len(questions), 'question')}: {how}"
    for question in questions:
        taken = question.answer if question.answer in question.choices else question.default
        others = " or ".join(choice for choice in question.choices if choice != taken)
        yield from wrapped(f"        {question.id}: ", f"{question.text} (taken: {taken}; else {others or 'none'})")


def _row(row: LedgerRow) -> str:
    to = f" → {', '.join(row.targets)}" if row.targets else ""
    note = f"  {row.note}" if row.note else ""
    return f"  {row.fate.value:<13}{row.object} {row.path} = {row.value}{to}{note}"


def _folded(ledger: Ledger) -> Iterator[str]:
    """Refusals first, then what differs, the most frequent first; carried fields are only counted."""
    order = {Fate.REFUSED: 0, Fate.APPROXIMATED: 1}
    told = Counter((row.fate, row.note) for row in ledger.rows if row.fate in order)
    ranked = sorted(told.items(), key=lambda item: (order[item[0][0]], -item[1], item[0][1]))
    for (fate, note), count in ranked[:DIFFERENCES_SHOWN]:
        yield from wrapped(f"        {fate.value} {count} × ", note)
    if len(ranked) > DIFFERENCES_SHOWN:
        yield f"        and {len(ranked) - DIFFERENCES_SHOWN} more differences"
