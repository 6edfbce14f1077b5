"""Quantities: every literal that is taken, and every one that is offered instead."""

import pytest

from meshmig.language.report import Report
from meshmig.language.source import Source
from meshmig.language.suggest import distance, nearest
from meshmig.language.tree import Token
from meshmig.language.units import read_count, read_duration, read_factor, read_percent
from meshmig.model.units import Duration, Percent


def _read(read, text: str, *more) -> tuple[object, str | None]:
    report = Report(Source("site.mig", text))
    value = read(Token("QUANTITY", text, 0), *more, report)
    edit = report.findings[0].edit if report.findings else None
    return value, edit.replacement if edit else None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", Duration.of(seconds=90)),
        ("2h30m", Duration.of(hours=2, minutes=30)),
        ("7d", Duration.of(days=7)),
        ("250ms", Duration(250)),
        ("1s500ms", Duration(1500)),
        ("0s", Duration(0)),
    ],
)
def test_durations(text: str, length: Duration) -> None:
    """Whole numbers with their units, larger ones first."""
    assert _read(read_duration, text, "bake") == (length, None)


@pytest.mark.parametrize(
    ("text", "key", "offered"),
    [
        ("10", "bake", "10m"),
        ("24", "keep", "24h"),
        ("15", "scrape", "15s"),
        ("250", "slower_than", "250ms"),
        ("10min", "bake", "10m"),
        ("5secs", "wait", "5s"),
        ("2weeks", "keep", None),
        ("2w", "keep", "14d"),
        ("1.5h", "keep", "1h30m"),
        ("5%", "bake", None),
        ("30m2h", "bake", "2h30m"),
        ("9" * 5000 + "h", "bake", None),
    ],
)
def test_no_durations(text: str, key: str, offered: str | None) -> None:
    """A bare number is offered with the unit that its key most likely means."""
    assert _read(read_duration, text, key) == (None, offered)


@pytest.mark.parametrize(("text", "share"), [("5%", 50_000), ("0.05%", 500), ("100%", 1_000_000), ("0.0001%", 1)])
def test_percents_are_exact(text: str, share: int) -> None:
    """Millionths, without a float on the way."""
    assert _read(read_percent, text, "errors") == (Percent(share), None)


@pytest.mark.parametrize(("text", "offered"), [("5", "5%"), ("0.5", "0.5%"), ("101%", None), ("10m", None)])
def test_no_percents(text: str, offered: str | None) -> None:
    """A bare number is offered with its sign."""
    assert _read(read_percent, text, "errors") == (None, offered)


@pytest.mark.parametrize(
    ("text", "value", "offered"), [("1.25", 1.25, None), ("125%", None, "1.25"), ("0.9", None, None)]
)
def test_factors(text: str, value: float | None, offered: str | None) -> None:
    """A plain number from one on."""
    assert _read(read_factor, text) == (value, offered)


@pytest.mark.parametrize(("text", "value", "offered"), [("500", 500, None), ("500s", None, "500"), ("0", None, "1")])
def test_counts(text: str, value: int | None, offered: str | None) -> None:
    """A whole number without a unit."""
    assert _read(read_count, text, "the number") == (value, offered)


@pytest.mark.parametrize(
    ("word", "meant"), [("reqire", "require"), ("Gate", "gate"), ("hold", "pause"), ("xyzzy", ""), ("fial", "fail")]
)
def test_the_nearest_word(word: str, meant: str) -> None:
    """One slip in three letters, swapped neighbours counted once, words of other tools by meaning."""
    assert nearest(word, ["require", "gate", "pause", "fail", "rollback"]) == meant


def test_distance_is_symmetric() -> None:
    """As far there as back."""
    assert distance("abcd", "acbd") == distance("acbd", "abcd") == 1
    assert distance("", "abc") == distance("abc", "") == 3
