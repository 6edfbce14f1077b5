"""Any bytes give findings, never an exception, and a small slip gives few of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.language import format_text
from meshmig.language.lexer import split
from meshmig.language.tree import Token
from tests.language.reading import GOOD, HERE, load_text, rendered
from tests.language.snippets import blocks, whole
from tests.language.test_reference import PAGE

WHOLE = (HERE / "good" / "whole.mig").read_text()
USED = {"../used/steady.mig": (HERE / "used" / "steady.mig").read_text()}
TOKENS = split(WHOLE).tokens


def _tokens_of(piece: str) -> list[Token]:
    """The tokens of a piece at their places in the file that it is made."""
    text = whole(piece)
    start = text.index(piece)
    return [token for token in split(text).tokens if start <= token.start < start + len(piece)]


EXAMPLES = [
    (whole(block.text), _tokens_of(block.text)) for block in blocks(PAGE) if block.language == "mig" and not block.note
]

DAMAGES = {
    "left out": lambda _: "",
    "doubled": lambda token: f"{token} {token}",
    "another word": lambda token: "zzzzzz" if token.isalpha() else token,
    "swapped letters": lambda token: token[1] + token[0] + token[2:] if token.isalpha() and len(token) > 2 else token,
    "a stray sign": lambda _: "@",
}


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_every_prefix_gives_findings_not_crashes(file) -> None:
    """A file is met in every state of being typed."""
    text = file.read_text()
    for end in range(0, len(text), 3):
        assert isinstance(rendered(load_text(text[:end], USED)), str)
        format_text(text[:end].encode(), "site.mig")


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_slip_gives_at_most_two_errors(damage: str) -> None:
    """For every word of the design's whole file."""
    worst = []
    for token in TOKENS:
        text = WHOLE[: token.start] + DAMAGES[damage](token.text) + WHOLE[token.end :]
        loaded = load_text(text, USED)
        worst += [(token, rendered(loaded))] if len(loaded.findings) > 2 else []

    assert not worst


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_slip_in_any_statement_gives_few_errors(damage: str) -> None:
    """For every word of the examples of all words: at most two errors, three where a closing brace is doubled."""
    worst = []
    for text, tokens in EXAMPLES:
        for token in tokens:
            slipped = text[: token.start] + DAMAGES[damage](token.text) + text[token.end :]
            count = sum(finding.code != "MIG112" for finding in load_text(slipped).findings)
            if count > (3 if token.text == "}" and damage == "doubled" else 2):
                worst.append((token, slipped))

    assert not worst


def test_most_slips_give_one_error() -> None:
    """Over all damages, nine in ten are told once."""
    counts = [
        len(load_text(WHOLE[: token.start] + damage(token.text) + WHOLE[token.end :], USED).findings)
        for token in TOKENS
        for damage in DAMAGES.values()
    ]

    assert sum(count > 1 for count in counts) < len(counts) / 10


@pytest.mark.law
@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    """Bytes without any sense."""
    assert isinstance(rendered(load_text(data)), str)
    format_text(data, "site.mig")


WORDS = st.sampled_from(
    [token.text for token in TOKENS] + ["zzz", '"', "\\", "{", "}", "#", "\n", "@", "5", "\u202e", ""]
)


@pytest.mark.law
@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=60), st.sampled_from([" ", "\n"]))
def test_random_words(words: list[str], gap: str) -> None:
    """Words of the language without any order: the parser recovers again and again, and ends."""
    loaded = load_text("mig 1\n" + gap.join(words))

    assert len(loaded.findings) <= 60
    assert isinstance(rendered(loaded), str)
    format_text(("mig 1\n" + gap.join(words)).encode(), "site.mig")


@pytest.mark.parametrize(
    "text", ["{" * 50_000, "}" * 50_000, "gate a {" * 20_000, "(" * 50_000, '"' * 50_001, "steps 1%," * 20_000]
)
def test_deep_and_long_nonsense(text: str) -> None:
    """Nothing nests, so nothing overflows."""
    assert load_text("mig 1\n" + text).migration is None
