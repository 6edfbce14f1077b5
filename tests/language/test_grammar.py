"""The grammar file stands by itself: any Lark can read `.mig` files with it."""

import pytest
from hypothesis import given, settings
from lark import Lark

from meshmig.language import CODES
from meshmig.language.grammar_text import grammar_text
from meshmig.language.wording import HOME
from tests.language.generators import files, files_of_all_words
from tests.language.reading import GOOD, PLANS

STRICT = Lark(grammar_text(), parser="lalr", strict=True)


@pytest.mark.parametrize("file", [*GOOD, *PLANS], ids=lambda path: path.stem)
def test_the_strict_grammar_reads_good_files(file) -> None:
    """No conflict, no colliding terminals, and no help from our own lexer."""
    assert STRICT.parse(file.read_text()).data == "start"


@pytest.mark.law
@settings(max_examples=60, deadline=None)
@given(files() | files_of_all_words())
def test_the_strict_grammar_reads_what_we_read(text: str) -> None:
    """Generated files, in any layout."""
    assert STRICT.parse(text).data == "start"


def test_every_statement_word_has_its_place_in_the_messages() -> None:
    """A new word of the grammar needs a home that messages can name."""
    words = {t.pattern.value for t in STRICT.terminals if t.pattern.type == "str" and t.pattern.value[0].isalpha()}

    assert words >= set(HOME)


def test_codes_are_stable_and_titled() -> None:
    """MIG1xx for how a file is written, MIG2xx for what it means; every title is one line."""
    assert all(code.startswith(("MIG1", "MIG2")) and len(code) == 6 for code in CODES)
    assert all(title and "\n" not in title for title in CODES.values())
