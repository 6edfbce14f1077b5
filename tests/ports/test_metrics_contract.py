"""The `MetricsSource` port: one suite on the embedded traffic and on Prometheus' HTTP API, over the same pods."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from meshmig.adapters.prometheus import PrometheusMetrics
from meshmig.model.units import Duration, Instant
from meshmig.ports import Matcher, MetricsSource, Series
from tests.realcluster.prometheus_server import PrometheusServer
from tests.worlds import world_of

_REQUESTS, _BUCKETS = "envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_time_bucket"
_SCRAPES = 2.5
"""Seconds of real time in which the small server scrapes every pod at least once."""

Chosen = tuple[Matcher, ...]


@dataclass(frozen=True)
class Source:
    """One way to the metrics of the shop's pods; `later` lets some time pass and returns the moment."""

    metrics: MetricsSource
    pods: frozenset[str]
    later: Callable[[], Instant]

    def pods_of(self, metric: str, *matchers: Matcher) -> set[str]:
        """Which pods a selection's series are of."""
        return {series.labels["pod"] for series in self.metrics.select(metric, matchers, self.later())}


@pytest.fixture(scope="module", params=["embedded", "http"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    world = world_of("shop")
    assert world.embedded is not None
    assert world.metrics is not None
    meshed = {p["metadata"]["name"] for p in world.embedded.of_kind("", "Pod") if p["metadata"]["namespace"] == "shop"}

    def minute() -> Instant:
        world.clock.wait(Duration.of(minutes=1))
        return world.clock.now()

    def moment() -> Instant:
        time.sleep(1.1)
        return Instant(int(time.time() * 1000))

    if request.param == "embedded":
        yield Source(world.metrics, frozenset(meshed), minute)
        return
    with PrometheusServer(world.embedded) as server:
        time.sleep(_SCRAPES)
        yield Source(PrometheusMetrics(server.url), frozenset(meshed), moment)


def test_every_meshed_pod_is_seen_up(source: Source) -> None:
    """One series a pod of a namespace, with the place that it is scraped at."""
    at = source.later()
    found = source.metrics.select("up", [Matcher("namespace", "=", "shop")], at)

    assert sorted(series.labels["pod"] for series in found) == sorted(source.pods)
    assert {series.value for series in found} == {1.0}
    assert all(0 <= at.since(series.at).ms <= Duration.of(minutes=5).ms for series in found)


def test_counters_are_raw_and_never_fall(source: Source) -> None:
    """Whole numbers, pod by pod and code by code: sums and rates are the gate's to make."""
    first, second = ({_key(s): s.value for s in source.metrics.select(_REQUESTS, (), source.later())} for _ in range(2))

    assert first
    assert all(value == int(value) >= 0 for value in first.values())
    assert all(second[key] >= value for key, value in first.items())
    assert sum(second.values()) > sum(first.values())
    assert all({"namespace", "pod", "envoy_cluster_name", "envoy_response_code"} <= set(dict(key)) for key in first)


def test_buckets_are_cumulative_and_end_at_all(source: Source) -> None:
    """As Prometheus' histograms are: each bound holds what the smaller ones hold."""
    pod = min(source.pods_of(_BUCKETS))
    found = source.metrics.select(_BUCKETS, [Matcher("pod", "=", pod)], source.later())
    by_bound = {float(series.labels["le"]): series.value for series in found}
    values = [by_bound[bound] for bound in sorted(by_bound)]

    assert values == sorted(values)
    assert {250.0, float("inf")} <= by_bound.keys()


def test_matchers_are_those_of_promql(source: Source) -> None:
    """Equal, unlike, and regular expressions over the whole value; a label that is not there is an empty one."""
    everyone = source.pods_of(_REQUESTS)
    one = min(everyone)
    asked: dict[Chosen, set[str]] = {
        (Matcher("pod", "=", one),): {one},
        (Matcher("pod", "!=", one),): everyone - {one},
        (Matcher("pod", "=~", one[:-1]),): set(),
        (Matcher("pod", "=~", f"{one[:-1]}.|nobody"),): {one},
        (Matcher("pod", "!~", f"{one[:-1]}."),): everyone - {one},
        (Matcher("nowhere", "=", ""),): everyone,
        (Matcher("nowhere", "=~", ".+"),): set(),
        (Matcher("pod", "=~", ".+"), Matcher("namespace", "=", "elsewhere")): set(),
        (Matcher("pod", "=", 'a "quoted" \\ name\n'),): set(),
    }
    found = {matchers: source.pods_of(_REQUESTS, *matchers) for matchers in asked}

    assert found == asked


def test_a_metric_that_nobody_exports_has_no_series(source: Source) -> None:
    """No data is an answer of its own, not an error and not a zero."""
    assert source.metrics.select("nobody_exports_this", (), source.later()) == ()


def test_istios_series_are_not_there_before_istio(source: Source) -> None:
    """The new side is blind, not healthy, while no pod carries Istio's proxy."""
    assert source.metrics.select("istio_requests_total", (), source.later()) == ()


def _key(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series.labels.items()))
