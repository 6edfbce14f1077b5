"""Findings as plain text: places, clipping, and nothing that a terminal would obey."""

import pytest

from meshmig.diagnostics import Diagnostic, Label, ObjectName, Severity, Span
from meshmig.language import render_finding


def _finding(line: int, column: int, end: int, **more) -> Diagnostic:
    span = Span("site.mig", line, column, line, end)
    return Diagnostic(code="MIG204", severity=Severity.ERROR, message="`steps` needs percents", span=span, **more)


def test_the_design_example() -> None:
    """Byte for byte."""
    source = "\n" * 23 + "  steps    1%, 5, 25%, 100%\n"
    span = Span("site.mig", 24, 16, 24, 17)
    finding = _finding(24, 16, 17, help="did you mean `5%`?", labels=(Label(span=span, text="a bare number"),))

    assert render_finding(finding, {"site.mig": source}).splitlines() == [
        "error MIG204: `steps` needs percents",
        "  ┌─ site.mig:24:16",
        "24│   steps    1%, 5, 25%, 100%",
        "  │                ^ a bare number",
        "  = did you mean `5%`?",
        "  more: meshmig explain MIG204",
    ]


def test_a_finding_about_an_object() -> None:
    """Planner's findings have no line, but an object and a path."""
    name = ObjectName(api_version="v1", kind="Service", namespace="shop", name="cart")
    finding = Diagnostic(code="MIG300", severity=Severity.WARNING, message="odd", object=name, path="spec.ports[0]")

    assert render_finding(finding, {}).splitlines() == [
        "warning MIG300: odd",
        "  ┌─ Service shop/cart spec.ports[0]",
        "  more: meshmig explain MIG300",
    ]


def test_a_file_that_is_not_at_hand_shows_its_place_only() -> None:
    """No source, no lines."""
    assert render_finding(_finding(3, 5, 6), {}).splitlines()[1:] == [
        "  ┌─ site.mig:3:5",
        "  more: meshmig explain MIG204",
    ]


def test_long_lines_are_cut_around_the_place() -> None:
    """Both ends say that the line goes on; the caret still stands under its word."""
    source = "a " * 200 + "HERE" + " b" * 200
    _, _, line, carets, _ = render_finding(_finding(1, 401, 405), {"site.mig": source}).splitlines()

    assert len(line) == 100
    assert line.count("…") == 2
    assert line[carets.index("^") : carets.index("^") + 4] == "HERE"


def test_what_a_terminal_would_obey_is_shown_as_a_sign() -> None:
    """Control characters and hidden ones never reach the terminal."""
    shown = render_finding(_finding(1, 3, 4), {"site.mig": "a \x1b[31m\u202e b\r\n"})

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\r" not in shown


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("e\u0301te\u0301", 3),
        ("\u0915\u093f\u0924", 3),
        ("\u0e01\u0e31\u0e19", 2),
        ("\u2764\ufe0f", 1),
        ("\U0001f6a2", 2),
    ],
    ids=["accents", "Devanagari", "Thai", "variation selector", "emoji"],
)
def test_signs_over_others_take_no_column(text: str, columns: int) -> None:
    """Accents, vowel signs over a letter and variation selectors are drawn where the sign before them is."""
    place = len(text) + 3
    carets = render_finding(_finding(1, place, place + 1), {"site.mig": f'"{text}"x'}).splitlines()[-2]

    assert carets.index("^") == len(" 1│ ") + columns + 2


def test_the_line_is_cut_to_the_width_that_there_is() -> None:
    """A narrow terminal shows less of the line, and never less than the place."""
    source = "a " * 200 + "HERE" + " b" * 200
    for width in (40, 60, 100, 200):
        _, _, line, carets, _ = render_finding(_finding(1, 401, 405), {"site.mig": source}, width).splitlines()

        assert len(line) == width
        assert line[carets.index("^") : carets.index("^") + 4] == "HERE"


def test_wide_letters_take_two_columns() -> None:
    """Carets count columns, not letters."""
    *_, line, carets, _ = render_finding(_finding(1, 5, 6), {"site.mig": '"基礎"x'}).splitlines()

    assert line.index("x") + 2 == carets.index("^")
