"""Raw counters of pods, read and summed; nothing is ever summed before it was seen pod by pod."""

from collections.abc import Sequence
from dataclasses import dataclass

from meshmig.gates.metrics import (
    GATEWAY_LATENCY,
    GATEWAY_REQUESTS,
    NEW_LATENCY,
    NEW_REQUESTS,
    OLD_LATENCY,
    OLD_REQUESTS,
    UP,
    Counter,
    Histogram,
)
from meshmig.model.units import Duration, Instant
from meshmig.ports import Matcher, MetricsSource, Series

_SERVER_ERROR = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Which pods make one side: their namespace and names, and which mesh's metrics they speak."""

    namespace: str
    pods: tuple[str, ...]
    istio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Absolute counts of one side at one moment: `slow` by threshold in milliseconds; `seen` pods are scraped."""

    requests: int = 0
    errors: int = 0
    slow: tuple[tuple[int, int], ...] = ()
    seen: int = 0
    expected: int = 0

    def slower(self, threshold: Duration) -> int:
        """The requests slower than a threshold."""
        return dict(self.slow).get(threshold.ms, 0)


def counts(metrics: MetricsSource, side: Side, thresholds: Sequence[Duration], at: Instant) -> Counts:
    """Read one side's counters at one moment."""
    where = _matchers(side)
    up = {series.labels.get("pod") for series in metrics.select(UP, where, at) if series.value > 0}
    seen = len(up & set(side.pods))
    counter, histogram = _tables(side)
    found = _select(metrics, counter.metric, (*where, *counter.matchers), at)
    if not found and side.istio:
        counter, histogram = GATEWAY_REQUESTS, GATEWAY_LATENCY
        found = _select(metrics, counter.metric, (*where, *counter.matchers), at)
    slow = tuple((t.ms, _slower(metrics, where, histogram, t, at)) for t in thresholds)
    return Counts(
        requests=int(sum(series.value for series in found)),
        errors=int(sum(series.value for series in found if _is_error(counter, series))),
        slow=slow,
        seen=seen,
        expected=len(side.pods),
    )


def _tables(side: Side) -> tuple[Counter, Histogram]:
    return (NEW_REQUESTS, NEW_LATENCY) if side.istio else (OLD_REQUESTS, OLD_LATENCY)


def _matchers(side: Side) -> tuple[Matcher, ...]:
    pods = "|".join(side.pods)
    return (Matcher("namespace", "=", side.namespace), Matcher("pod", "=~", pods))


def _select(metrics: MetricsSource, metric: str, matchers: tuple[Matcher, ...], at: Instant) -> tuple[Series, ...]:
    return metrics.select(metric, matchers, at)


def _is_error(counter: Counter, series: Series) -> bool:
    return series.labels.get(counter.code_label, "").startswith(_SERVER_ERROR)


def _slower(
    metrics: MetricsSource, where: tuple[Matcher, ...], histogram: Histogram, threshold: Duration, at: Instant
) -> int:
    """Count what lies above the smallest bound that is not below the threshold."""
    found = metrics.select(histogram.metric, (*where, *histogram.matchers), at)
    bounds = {_bound(series) for series in found} - {float("inf")}
    above = [bound for bound in bounds if bound >= threshold.ms]
    total = sum(series.value for series in found if _bound(series) == float("inf"))
    if not above:
        return 0
    within = sum(series.value for series in found if _bound(series) == min(above))
    return int(total - within)


def _bound(series: Series) -> float:
    text = series.labels.get("le", "+Inf")
    return float("inf") if text == "+Inf" else float(text)
