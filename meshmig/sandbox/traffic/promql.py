"""The little PromQL that the embedded metrics answer: a selector, or the sum or count of one."""

import re
from collections.abc import Callable, Sequence

from meshmig.model.units import Instant
from meshmig.ports import Matcher, Series

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"([^"\\]*)"\s*(?:,|$)')
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:\{{(.*)\}})?\s*")
_AGGREGATE = re.compile(r"\s*(sum|count)\s*\((.*)\)\s*")

Select = Callable[[str, Sequence[Matcher]], Sequence[Series]]


def answer(query: str, select: Select, at: Instant) -> tuple[Series, ...]:
    """Answer a query; nothing where it is none of these, so that a gate sees no data instead of a guess."""
    aggregate = _AGGREGATE.fullmatch(query)
    found = _selected(aggregate[2] if aggregate else query, select)
    if aggregate is None or not found:
        return found
    value = sum(series.value for series in found) if aggregate[1] == "sum" else float(len(found))
    return (Series({}, value, at),)


def _selected(text: str, select: Select) -> tuple[Series, ...]:
    match = _SELECTOR.fullmatch(text)
    matchers = _matchers(match[2] or "") if match else None
    return tuple(select(match[1], matchers)) if match and matchers is not None else ()


def _matchers(text: str) -> tuple[Matcher, ...] | None:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = _MATCHER.match(text, place)
        if match is None:
            return None
        found.append(Matcher(match[1], match[2], match[3]))
        place = match.end()
    return tuple(found)
