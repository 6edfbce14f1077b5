"""Readings for tests: scrapes made by hand, and a metrics source that holds what it is given."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from meshmig.gates import PodName, Scrape, Side
from meshmig.gates.scrape import PodScrape
from meshmig.model.units import Instant
from meshmig.ports import Matcher, Series

EARLY = Instant(0)
T0 = Instant(1_000_000_000)


def at(seconds: float) -> Instant:
    """A moment after the beginning."""
    return Instant(T0.ms + int(seconds * 1000))


def reading(requests: int, errors: int = 0, *, slow: int = 0, pod: str = "a", born: Instant = EARLY) -> Scrape:
    """One pod's counters, with a bucket bound at 250 ms."""
    codes = {"200": requests - errors} | ({"503": errors} if errors else {})
    buckets = {250.0: requests - slow, float("inf"): requests}
    return Scrape(pods=(PodScrape(pod=PodName(pod, born), codes=codes, buckets=buckets),), expected=1)


def unscraped(expected: int = 1) -> Scrape:
    """A side none of whose pods is scraped."""
    return Scrape(expected=expected)


@dataclass
class Stored:
    """A metrics source: samples by metric, each with labels, value and moment; `error` is raised where it is set."""

    samples: list[tuple[str, Mapping[str, str], float, Instant]] = field(default_factory=list)
    error: Exception | None = None

    def add(self, metric: str, value: float, moment: Instant, **labels: str) -> None:
        """Keep one sample."""
        self.samples.append((metric, {"namespace": "shop"} | labels, value, moment))

    def select(self, metric: str, matchers: Sequence[Matcher], at: Instant) -> tuple[Series, ...]:
        """Return the samples that match, the newest of each series."""
        if self.error is not None:
            raise self.error
        newest = {
            tuple(sorted(labels.items())): Series(labels, value, moment)
            for name, labels, value, moment in self.samples
            if name == metric and moment <= at and all(_matches(matcher, labels) for matcher in matchers)
        }
        return tuple(newest.values())

    def query(self, promql: str, at: Instant) -> tuple[Series, ...]:
        """Return every series of the metric that the expression names."""
        return self.select(promql, (), at)


def _matches(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher.label, "")
    return value == matcher.value if matcher.op == "=" else re.fullmatch(matcher.value, value) is not None


def side(*pods: str, born: Instant = EARLY, istio: bool = True) -> Side:
    """A side of pods in namespace shop."""
    return Side(namespace="shop", pods=tuple(PodName(pod, born) for pod in pods), istio=istio)
