"""Partitions of texts are exact: every part is met, and membership agrees with the expression's own matcher."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.proof.languages import (
    HOSTNAME,
    PATH,
    VALUE,
    Exact,
    Folded,
    Pattern,
    Prefix,
    Range,
    Suffix,
    Through,
    partition,
    takes,
)
from meshmig.proof.patterns import NotDecidableError, machine_of

WORDS = st.text("abc/.-1", max_size=8)
LITERALS = st.builds(Exact, WORDS) | st.builds(Prefix, WORDS) | st.builds(Suffix, WORDS)
PATTERNS = st.builds(
    Pattern,
    st.sampled_from(
        [
            "[a-c]+",
            "/a.*",
            ".*b",
            "a|b|",
            "(a|b)*c",
            "/[^/]+/c?",
            "a{2,4}",
            "[0-9]+(-[0-9]+)?",
            "(?:ab)+",
            "\\d+",
            "^a.*c$",
        ]
    ),
)


@pytest.mark.law
@settings(max_examples=150, deadline=None)
@given(languages=st.lists(LITERALS | PATTERNS, max_size=5).map(tuple), text=WORDS)
def test_every_text_lies_in_the_part_that_says_so(languages, text) -> None:
    """A text's own part exists, and every part's witness is in just the languages that the part names."""
    parts = partition(Pattern("[abc/.1-]*"), languages)
    own = frozenset(number for number, language in enumerate(languages) if takes(language, text))

    assert own in {part.inside for part in parts}
    for part in parts:
        assert part.inside == frozenset(n for n, language in enumerate(languages) if takes(language, part.witness))


@pytest.mark.law
@settings(max_examples=200, deadline=None)
@given(pattern=PATTERNS, text=WORDS)
def test_an_expression_matches_the_whole_text(pattern, text) -> None:
    """The automaton agrees with another matcher on every text."""
    assert takes(pattern, text) == (re.fullmatch(pattern.text, text) is not None)


@pytest.mark.law
@settings(max_examples=300, deadline=None)
@given(
    start=st.integers(-1500, 1500),
    width=st.integers(-2, 2000),
    number=st.integers(-2000, 4000),
    zeros=st.integers(0, 2),
)
def test_a_range_takes_every_spelling_of_its_integers(start, width, number, zeros) -> None:
    """Start inclusive, end exclusive, signs and leading zeros as Envoy reads them."""
    sign, digits = ("-", str(-number)) if number < 0 else ("", str(number))
    text = sign + "0" * zeros + digits

    assert takes(Range(start, start + width), text) == (start <= number < start + width)


def test_a_path_is_seen_through_its_rewrite() -> None:
    """`/x` to `/`: the slash behind the prefix is not doubled, and `/xy` becomes `/y`."""
    seen = Through(Prefix("/y"), (("/x/", "/"), ("/x", "/")))

    taken = [path for path in ("/x/y", "/xy", "/x", "/y", "/x/z", "/x/yz") if takes(seen, path)]

    assert taken == ["/x/y", "/xy", "/y", "/x/yz"]


def test_capitals_are_folded_where_asked() -> None:
    """`ignoreUriCase` takes every spelling."""
    assert takes(Folded(Prefix("/shop")), "/ShOp/x")
    assert not takes(Folded(Prefix("/shop")), "/sho")


@pytest.mark.parametrize("text", ["//", "/a//b", "/./a", "/a/..", "a", "", "/a?b", "/a/./b", "/.."])
def test_paths_that_a_proxy_normalises_are_outside_the_domain(text: str) -> None:
    """Only normal forms are requests of their own."""
    assert not takes(PATH, text)


@pytest.mark.parametrize("text", ["/", "/a", "/a/", "/a.b/...", "/.hidden/x", "/..a"])
def test_paths_in_normal_form_are_inside(text: str) -> None:
    """Dots inside a segment are letters like others."""
    assert takes(PATH, text)


def test_hosts_and_values_have_their_shapes() -> None:
    """No dot at an end, no blank at an end."""
    assert takes(HOSTNAME, "a.b-c.d")
    assert not takes(HOSTNAME, ".a")
    assert takes(VALUE, "")
    assert not takes(VALUE, "a ")


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", r"\bword", r"\pL+", r"(?i)a", r"a(", "[[:nope:]]"])
def test_what_is_not_regular_is_not_guessed(pattern: str) -> None:
    """An expression that no automaton here describes is refused by name."""
    with pytest.raises(NotDecidableError):
        machine_of(pattern)


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("[[:digit:]]+", "12", "a"),
        (r"\Qa.b\E.*", "a.bc", "aXb"),
        ("(?P<name>ab)+", "abab", "aba"),
        ("^/a$|^/b$", "/b", "/a$"),
        (r"a\$", "a$", "a"),
    ],
)
def test_re2_spellings_are_understood(pattern: str, taken: str, left: str) -> None:
    """Classes, quotes, names and outer anchors of RE2."""
    assert takes(Pattern(pattern), taken)
    assert not takes(Pattern(pattern), left)
