"""The reference page of the words keeps step with the grammar, and everything it and the README show is right."""

import re
from pathlib import Path

import pytest

from meshmig.language import format_text
from meshmig.language.grammar import grammar
from meshmig.language.lexer import split
from tests.language.reading import codes, rendered
from tests.language.snippets import blocks, examples, whole
from tests.language.textmate import statement_words

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "grammar" / "words.md").read_text()
SECTIONS = {part.partition("`")[0]: part for part in re.split(r"^### `", PAGE, flags=re.MULTILINE)[1:]}
PAGES = [*sorted((ROOT / "grammar").glob("*.md")), ROOT / "README.md"]
WORDS = {word for word in grammar().words if word[0].isalpha()}


def test_every_word_that_begins_a_statement_has_its_section() -> None:
    """A new word of the grammar stays red until it is described; a section of no word is stale."""
    assert set(SECTIONS) == statement_words()


@pytest.mark.parametrize("word", SECTIONS)
def test_a_section_is_whole(word: str) -> None:
    """Its form begins with the word, and names no word that the language does not have; something is said."""
    _, _, rest = SECTIONS[word].partition("\n")
    form, _, text = rest.strip().partition("\n")
    forms = re.findall(r"`([^`]*)`", form)

    assert form.startswith("Form: ")
    assert all(each.startswith(word) for each in forms)
    assert set(re.findall(r"[a-z][a-z_-]+", " ".join(re.sub(r'"[^"]*"', "", each) for each in forms))) <= WORDS
    assert len(text.split()) >= 8


def test_every_other_word_is_told_with_a_statement() -> None:
    """`using`, `at`, `most`: they stand in a form, or are named in the text."""
    told = set(re.findall(r"[a-z][a-z_-]*", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))

    assert WORDS - told == set()


def test_every_word_is_shown() -> None:
    """Each word of the language stands in an example, but for choices beside one that does."""
    shown = {token.text for block in blocks(PAGE) if block.language == "mig" for token in split(block.text).tokens}

    assert statement_words() - shown == set()


@pytest.mark.parametrize("word", SECTIONS)
def test_a_word_that_is_not_carried_out_yet_says_so(word: str) -> None:
    """The examples load without a finding; where one is refused by name, its section tells (MIG112)."""
    refused = {"MIG112"} if "MIG112" in SECTIONS[word] else set()

    assert {code for loaded in examples(SECTIONS[word]) for code in codes(loaded)} == refused


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_example_is_right_and_in_the_one_layout(page: Path) -> None:
    """Each block loads, and `fmt` would leave it as it is."""
    text = page.read_text()
    for loaded in examples(text):
        assert set(codes(loaded)) <= {"MIG112"}, rendered(loaded)
    for block in blocks(text):
        if block.language == "mig":
            file = block.text if block.note == "whole" else f"mig 1\n\n{block.text}"
            assert format_text(file.encode(), "page").text == file, whole(block.text)
