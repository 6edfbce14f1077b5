"""`fmt`: one layout, reached in one step, that changes no word and loses no comment."""

import pytest
from hypothesis import given, settings

from meshmig.language import format_text
from meshmig.language.lexer import split
from tests.language.generators import files, files_of_all_words
from tests.language.reading import GOOD, PLANS, load_text, meaning, rendered


def _formatted(text: str) -> str:
    found = format_text(text.encode(), "site.mig")
    assert found.text is not None, found.findings
    return found.text


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_the_canonical_layout(file) -> None:
    """Golden files: any layout in, this one out."""
    assert file.with_suffix(".formatted").read_text() == _formatted(file.read_text())


@pytest.mark.parametrize("file", [path for path in PLANS if path.name != "gates.mig"], ids=lambda path: path.stem)
def test_the_worked_plans_are_canonical(file) -> None:
    """What the project shows is laid out as `fmt` would."""
    assert file.read_text() == _formatted(file.read_text())


@pytest.mark.law
@settings(max_examples=120, deadline=None)
@given(files() | files_of_all_words())
def test_formatting_twice_changes_nothing(text: str) -> None:
    """The layout is a fixed point."""
    once = _formatted(text)

    assert once == _formatted(once)


@pytest.mark.law
@settings(max_examples=120, deadline=None)
@given(files())
def test_formatting_keeps_the_meaning(text: str) -> None:
    """The same tokens in the same order, the same migration, documentation included."""
    before, after = load_text(text), load_text(_formatted(text))

    assert rendered(before) == ""
    assert before.migration is not None
    assert after.migration is not None
    assert meaning(before.migration) == meaning(after.migration)
    assert before.migration.fingerprint == after.migration.fingerprint


@pytest.mark.law
@settings(max_examples=120, deadline=None)
@given(files() | files_of_all_words())
def test_no_comment_is_lost(text: str) -> None:
    """Comments may share a line afterwards, in their order within it, but each is still there."""
    before = [comment.text for comment in split(text).comments]
    after = " ".join(comment.text for comment in split(_formatted(text)).comments)

    assert sorted(" ".join(before).split()) == sorted(after.split())


@pytest.mark.law
@settings(max_examples=60, deadline=None)
@given(files())
def test_no_code_line_is_needlessly_long(text: str) -> None:
    """Lines end by column 120, comments not counted."""
    lines = [line.split(" #")[0].rstrip() for line in _formatted(text).splitlines() if '"' not in line]

    assert not [line for line in lines if len(line) > 120]


def test_a_wrong_file_is_left_alone() -> None:
    """No text, only what is wrong."""
    found = format_text(b"mig 1\ngate a {\n", "site.mig")

    assert found.text is None
    assert [finding.code for finding in found.findings] == ["MIG110"]


def test_names_and_units_are_not_its_business() -> None:
    """A file may be laid out before it is right."""
    assert _formatted("mig 1\nprofile p { bake 10 check nowhere }") == (
        "mig 1\n\nprofile p {\n  bake     10\n  check    nowhere\n}\n"
    )


def test_manifests_stay_as_they_are() -> None:
    """YAML means something by its blanks, so nothing in it is moved."""
    block = "raw istio {\n  apiVersion: v1   # a `}` in a comment\n\n\n    odd:   {a: b}\n}"
    text = f"mig 1\n{block}\nraw\n  istio   {{\n\ta: 1\n}} # behind\n"

    assert _formatted(text) == f"mig 1\n\n{block}\n\nraw istio {{\n\ta: 1\n}}  # behind\n"
