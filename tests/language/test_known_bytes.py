"""The fuzzer's promises, kept for every text that is at hand: the project's own, and what fuzzing once found."""

import pytest

from tests.fuzz.properties import hold
from tests.fuzz.seeds import seeds


@pytest.mark.parametrize(
    ("name", "data"), [pytest.param(*seed, id=seed[0]) for seed in seeds() if len(seed[1]) < 20_000]
)
def test_the_promises_hold(name: str, data: bytes) -> None:
    """Reading, telling and laying out: whole findings within the text, one stable layout, the same meaning."""
    assert name
    hold(data)
