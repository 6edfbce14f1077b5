"""Laws of comparing two tables of rules, over generated tables and requests."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.proof.comparing import compare
from meshmig.proof.languages import Anything, Exact, Pattern, Prefix, Range, Suffix, Through, takes
from meshmig.proof.model import (
    HEADER,
    METHOD,
    PATH,
    QUERY,
    Condition,
    Entry,
    Forward,
    Refused,
    Rule,
    Share,
    Table,
    Target,
)

ENTRY = Entry("shop", "cart.shop", 8080, "http")
PATHS = st.sampled_from(["/", "/a", "/a/b", "/ab", "/b", "/b/a", "/ab/c", "/c"])
VALUES = st.sampled_from(["", "a", "ab", "b", "5", "05", "12", "x y"])
PIECES = (("/a/", "/"), ("/a", "/"))

LANGUAGES = (
    st.builds(Exact, PATHS)
    | st.builds(Prefix, PATHS)
    | st.builds(Pattern, st.sampled_from(["/a.*", "/[ab]+", "/.*/c?", "/a(/b)?"]))
    | st.builds(lambda inner: Through(inner, PIECES), st.builds(Prefix, PATHS))
)
VALUE_LANGUAGES = (
    st.just(Anything())
    | st.builds(Exact, VALUES)
    | st.builds(Prefix, VALUES)
    | st.builds(Suffix, VALUES)
    | st.builds(Range, st.integers(-3, 6), st.integers(0, 15))
    | st.builds(Pattern, st.sampled_from(["a*", "[0-9]+", ".*b"]))
)
CONDITIONS = (
    st.builds(Condition, st.just(PATH), LANGUAGES, st.booleans())
    | st.builds(Condition, st.just(METHOD), st.builds(Exact, st.sampled_from(["GET", "POST", "PUT"])))
    | st.builds(
        Condition,
        st.sampled_from([HEADER + "x", HEADER + "y", QUERY + "q"]),
        VALUE_LANGUAGES,
        st.booleans(),
        st.booleans(),
    )
)
OUTCOMES = st.sampled_from(
    [Refused()] + [Forward((Share(Target((f"shop/v{n}",), 80), Fraction(1)),)) for n in range(3)]
)
TABLES = st.lists(st.builds(Rule, st.lists(CONDITIONS, max_size=3).map(tuple), OUTCOMES), max_size=5).map(
    lambda rules: Table(tuple(rules))
)
REQUESTS = st.fixed_dictionaries(
    {
        PATH: PATHS,
        METHOD: st.sampled_from(["GET", "POST", "PUT", "PATCH"]),
        HEADER + "x": st.none() | VALUES,
        HEADER + "y": st.none() | VALUES,
        QUERY + "q": st.none() | st.sampled_from(["a", "ab", "5", "05"]),
    }
)


def _first(table: Table, request: dict[str, str | None]):
    for rule in table.rules:
        if all(_meets(condition, request.get(condition.attribute)) for condition in rule.conditions):
            return rule.outcome
    return Refused()


def _meets(condition: Condition, value: str | None) -> bool:
    return condition.absent if value is None else takes(condition.language, value) != condition.negated


def _alike(one, other) -> bool:
    return one == other or (isinstance(one, Refused) and isinstance(other, Refused))


@pytest.mark.law
@settings(max_examples=150)
@given(table=TABLES)
def test_a_table_equals_itself(table) -> None:
    """Every class of a table against itself is proved equal."""
    classes = compare(ENTRY, table, table)

    assert classes
    assert all(item.is_equal for item in classes)


@pytest.mark.law
@settings(max_examples=300)
@given(before=TABLES, after=TABLES)
def test_every_witness_shows_what_its_class_says(before, after) -> None:
    """The request of a class meets both outcomes when the rules are simply tried on it."""
    for item in compare(ENTRY, before, after):
        request = dict(item.request or {})
        assert _alike(_first(before, request), item.before)
        assert _alike(_first(after, request), item.after)
        assert item.is_equal == _alike(item.before, item.after)


@pytest.mark.law
@settings(max_examples=300)
@given(before=TABLES, after=TABLES, requests=st.lists(REQUESTS, min_size=20, max_size=20))
def test_no_difference_escapes(before, after, requests) -> None:
    """Where a single request meets different outcomes, some class was found to differ in the same way."""
    found = {(str(item.before), str(item.after)) for item in compare(ENTRY, before, after) if not item.is_equal}

    for request in requests:
        old, new = _first(before, request), _first(after, request)
        if not _alike(old, new):
            assert any(_same(pair, (old, new)) for pair in found)


def _same(pair, outcomes) -> bool:
    return all(
        text == str(outcome) or ("Refused" in text and isinstance(outcome, Refused))
        for text, outcome in zip(pair, outcomes, strict=True)
    )


def test_an_opaque_expression_decides_nothing_alone() -> None:
    """Requests told apart by an expression outside the regular languages are undecided only where it matters."""
    opaque = Condition(PATH, Pattern("(?=a)b"))
    one, other = (Forward((Share(Target((name,), 80), Fraction(1)),)) for name in ("shop/one", "shop/other"))
    same = Table((Rule((opaque,), one), Rule((), one)))
    differing = Table((Rule((opaque,), other), Rule((), one)))

    assert all(item.is_equal for item in compare(ENTRY, same, Table((Rule((), one),))))
    assert any(item.undecided for item in compare(ENTRY, differing, Table((Rule((), one),))))
    assert all(item.is_equal for item in compare(ENTRY, differing, differing))
