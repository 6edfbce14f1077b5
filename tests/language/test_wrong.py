"""What people see when a file is wrong: each case is a file and the whole text about it."""

import re
from pathlib import Path

import pytest

from meshmig.language import CODES
from tests.language.reading import HERE, WRONG, codes, load_file, load_text, rendered

ELSEWHERE = {"MIG102", "MIG103", "MIG116"}
"""Codes of files that are too odd to lie here as text; test_load.py shows them."""


@pytest.mark.parametrize("file", WRONG, ids=lambda path: path.stem)
def test_the_mistake_is_told_as_written_down(file: Path) -> None:
    """The whole rendered text, as it was reviewed."""
    loaded = load_file(f"wrong/{file.name}")

    assert loaded.migration is None
    assert file.with_suffix(".txt").read_text() == rendered(loaded) + "\n"


@pytest.mark.parametrize("file", WRONG, ids=lambda path: path.stem)
def test_every_finding_is_whole(file: Path) -> None:
    """A known code, a place, a message, a next act; an edit changes what it says it would."""
    for finding in load_file(f"wrong/{file.name}").findings:
        assert finding.code in CODES
        assert finding.span is not None
        assert finding.message
        assert finding.help


@pytest.mark.parametrize("file", WRONG, ids=lambda path: path.stem)
def test_source_lines_fit_the_terminal(file: Path) -> None:
    """Lines with source code or carets are cut to 100 columns."""
    text = file.with_suffix(".txt").read_text()

    assert not [line for line in text.splitlines() if re.match(r" *[0-9]*│", line) and len(line) > 100]


def test_every_code_has_a_case() -> None:
    """A code that no case shows would be a page without a use."""
    shown = {code for file in WRONG for code in codes(load_file(f"wrong/{file.name}"))}

    assert set(CODES) == shown | ELSEWHERE


def test_there_are_enough_cases() -> None:
    """The cases are what the messages are judged by."""
    assert len(WRONG) >= 120
    assert {path.stem for path in (HERE / "wrong").glob("*.txt")} == {path.stem for path in WRONG}


@pytest.mark.parametrize("file", WRONG, ids=lambda path: path.stem)
def test_an_edit_mends_its_mistake(file: Path) -> None:
    """Applying a suggested edit takes its finding away."""
    text = file.read_text()
    for finding in load_file(f"wrong/{file.name}").findings:
        edit = finding.edit
        if edit is None or edit.span.file != f"wrong/{file.name}":
            continue
        lines = text.split("\n")
        starts = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
        start = starts[edit.span.line - 1] + edit.span.column - 1
        end = starts[edit.span.end_line - 1] + edit.span.end_column - 1
        mended = load_text(text[:start] + edit.replacement + text[end:])

        assert (finding.code, finding.message) not in {
            (found.code, found.message) for found in mended.findings if found.span == finding.span
        }
