"""The ledger as a person reads it: folded or in full; questions with what was taken for each."""

from dataclasses import replace

from meshmig.cli.views.ledger_text import DIFFERENCES_SHOWN, ledger_lines, question_lines
from meshmig.model.mesh import Fate, Ledger, LedgerRow, Origin, Question
from meshmig.model.objects import ObjectRef

REF = ObjectRef("appmesh.k8s.aws/v1beta2", "VirtualNode", "shop", "cart")


def row(number: int, fate: Fate, note: str = "") -> LedgerRow:
    return LedgerRow(object=REF, path=f"spec.a{number}", value=str(number), fate=fate, targets=("X y",), note=note)


def test_a_folded_ledger_counts_and_names_the_differences_that_matter() -> None:
    """Refused first, then by how many fields a difference concerns; carried ones are counted only."""
    rows = [
        row(0, Fate.CARRIED),
        row(1, Fate.REFUSED, "No way."),
        *(row(n, Fate.APPROXIMATED, "Near.") for n in (2, 3)),
    ]

    head, *told = ledger_lines(Ledger(rows=tuple(rows)), is_full=False)

    assert "4 fields" in head
    assert "1 carried, 2 approximated, 1 refused" in head
    assert [line.strip() for line in told] == ["refused 1 × No way.", "approximated 2 × Near."]


def test_many_differences_are_cut_and_counted() -> None:
    """What is not named is not silent."""
    rows = tuple(row(number, Fate.APPROXIMATED, f"Difference {number}.") for number in range(DIFFERENCES_SHOWN + 3))

    assert [*ledger_lines(Ledger(rows=rows), is_full=False)][-1].strip() == "and 3 more differences"


def test_the_full_ledger_has_every_row_with_target_and_note() -> None:
    """One line a field."""
    rows = (row(0, Fate.CARRIED), row(1, Fate.APPROXIMATED, "Near."))

    _, first, second = ledger_lines(Ledger(rows=rows), is_full=True)

    assert first.split() == ["carried", *str(REF).split(), "spec.a0", "=", "0", "→", "X", "y"]
    assert second.endswith("→ X y  Near.")


def test_a_question_says_what_was_taken() -> None:
    """The file's answer where it has one, else the safest default."""
    asked = Question(id="q", origin=Origin(REF), text="this or that?", choices=("this", "that"), default="this")

    by_default, by_file = ([*question_lines([q])] for q in (asked, replace(asked, answer="that")))

    assert "taken: this; else that" in by_default[1]
    assert "taken: that; else this" in by_file[1]
    assert "all answered in the file" in by_file[0]
    assert [*question_lines([])] == []
