"""The examples of the explain pages are run: the wrong one gives its code and no other, the right one gives none."""

import pytest

from meshmig.catalogue import page
from meshmig.language import CODES
from tests.language.reading import codes, rendered
from tests.language.snippets import blocks, examples, sections
from tests.language.test_wrong import ELSEWHERE


@pytest.mark.parametrize("code", CODES)
def test_the_examples_of_a_page_are_as_it_says(code: str) -> None:
    """Each `.mig` example under Wrong gives exactly the code of the page, under Right none."""
    found = page(code)
    assert found is not None
    parts = sections(found.text)
    wrong, right = list(examples(parts["Wrong"])), list(examples(parts["Right"]))

    assert [set(codes(each)) for each in wrong] == [{code}] * len(wrong), [rendered(each) for each in wrong]
    assert [rendered(each) for each in right] == [""] * len(right)
    assert wrong or code in ELSEWHERE
    assert right or code in ELSEWHERE


@pytest.mark.parametrize("code", sorted(ELSEWHERE))
def test_what_is_no_text_is_shown_as_a_terminal_shows_it(code: str) -> None:
    """Files that cannot lie in a page as text are shown by the command that meets them."""
    found = page(code)

    assert found is not None
    assert any(block.language == "console" and code in block.text for block in blocks(found.text))
