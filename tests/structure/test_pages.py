"""Codes and their pages stay in step: a code that a finding carries can be explained, and a page has its code.

A new code needs one row in its room's `CODES` and one file `meshmig/catalogue/pages/CODE.md` of the form below.
"""

import re
from pathlib import Path

import pytest

from meshmig.catalogue import codes, page
from tests.structure.codes import raised, tables, titles

PAGES = Path(__file__).parents[2] / "meshmig" / "catalogue" / "pages"
FORM = """# CODE: the title of the code's table

What the finding means, in one paragraph or a few.

## Why

Why meshmig says it: what would happen otherwise.

## Wrong

What leads to it: a fenced block of mig, yaml or console, or a precise situation.

## Right

The same, put right.
"""


@pytest.mark.structure
def test_every_code_has_its_table_and_its_page() -> None:
    """Raised, titled and explained: the three sets are equal."""
    titled, explained = set(titles()), set(codes())

    assert not raised().keys() - titled, f"these need a row in their room's CODES: {raised().keys() - titled}"
    assert not titled - raised().keys(), f"nothing raises these: {sorted(titled - raised().keys())}"
    assert not titled - explained, f"these need a page in {PAGES}: {sorted(titled - explained)}; its form:\n\n{FORM}"
    assert not explained - titled, f"these pages explain nothing: {sorted(explained - titled)}"


@pytest.mark.structure
def test_a_code_has_one_meaning() -> None:
    """No two rooms take the same code."""
    taken: dict[str, str] = {}
    for room, table in tables().items():
        for code in table:
            assert taken.setdefault(code, room) == room, f"{code} stands in {taken[code]} and in {room}"


@pytest.mark.structure
@pytest.mark.parametrize("code", codes())
def test_a_page_is_whole(code: str) -> None:
    """Title, meaning, why, wrong, right, each with something to say, on lines that fit a terminal."""
    found = page(code)
    assert found is not None
    head, *sections = re.split(r"^## ", found.text, flags=re.MULTILINE)
    named = {section.partition("\n")[0]: section.partition("\n")[2].strip() for section in sections}

    assert found.title == titles()[code]
    assert list(named) == ["Why", "Wrong", "Right"], FORM
    assert len(head.split()) >= 15
    assert len(named["Why"].split()) >= 15
    assert named["Wrong"]
    assert named["Right"]
    assert max(map(len, found.text.splitlines())) <= 104
    assert found.text.endswith("\n")
    assert found.text.count("```") % 2 == 0
