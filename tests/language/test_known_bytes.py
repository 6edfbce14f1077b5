"""The fuzzer's promises, kept for every text that is at hand: the project's own, and what fuzzing once found."""

import pytest
from hypothesis import given, settings

from tests.fuzz.properties import hold
from tests.fuzz.seeds import seeds
from tests.language.generators import files_of_all_words


@pytest.mark.parametrize(
    ("name", "data"), [pytest.param(*seed, id=seed[0]) for seed in seeds() if len(seed[1]) < 20_000]
)
def test_the_promises_hold(name: str, data: bytes) -> None:
    """Reading, telling and laying out: whole findings within the text, one stable layout, the same meaning."""
    assert name
    hold(data)


@pytest.mark.law
@settings(max_examples=120, deadline=None)
@given(files_of_all_words())
def test_the_promises_hold_for_every_word_in_any_layout(text: str) -> None:
    """Laid out once it stays, says the same, and is told the same."""
    hold(text.encode())
    hold(text.replace("\n", "\r\n").encode("utf-8-sig"))
