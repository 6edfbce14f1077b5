"""The table of words and the grammar are in step."""

from meshmig.language.grammar import grammar
from meshmig.language.words import SPECIAL, WORDS, meaning


def _reserved() -> set[str]:
    return {word for word in grammar().words if word[0].isalpha()}


def test_every_word_of_the_grammar_has_its_sentence() -> None:
    """A new word is not whole before an editor can say what it means, and no word is explained that is gone."""
    assert set(WORDS) == _reserved()
    assert {word for pair in SPECIAL for word in pair} <= _reserved()


def test_a_meaning_is_one_sentence() -> None:
    """It fits a hover: one line that ends with a full stop."""
    odd = [text for text in (*WORDS.values(), *SPECIAL.values()) if not text.endswith(".") or len(text) > 120]

    assert not odd


def test_the_statement_decides_where_a_word_has_two_meanings() -> None:
    """`wait` in a gate is not the stage's."""
    assert meaning("wait", "no_data") != meaning("wait", "wait")
    assert meaning("nonsense", "gate") == ""
