"""From raw counters to what happened since a gate began to look: pod by pod, restarts and first samples counted right.

PromQL's `rate` and `increase` never count a series' first sample, so they lose most errors of fresh pods, and only
theirs; sums hide restarts. Here every pod is differenced by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from meshmig.gates.scrape import PodScrape, Scrape
from meshmig.model.units import Duration, Instant

_SERVER_ERROR = "5"
_ALL = float("inf")
Bounds = tuple[tuple[int, float], ...]
"""For each threshold in milliseconds the bucket bound that stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Requests, failed ones, and slow ones by threshold in milliseconds; `seen` of `expected` pods are scraped."""

    requests: int = 0
    errors: int = 0
    slow: tuple[tuple[int, int], ...] = ()
    seen: int = 0
    expected: int = 0

    def slower(self, threshold: Duration) -> int:
        """The requests slower than a threshold."""
        return dict(self.slow).get(threshold.ms, 0)

    def less(self, earlier: "Counts") -> "Counts":
        """Return what came in since an earlier moment."""
        before = dict(earlier.slow)
        return replace(
            self,
            requests=self.requests - earlier.requests,
            errors=self.errors - earlier.errors,
            slow=tuple((threshold, count - before.get(threshold, 0)) for threshold, count in self.slow),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one side did since `begun`; `last` holds each pod's counters as they were read last."""

    begun: Instant
    last: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    def after(self, scrape: Scrape, bounds: Bounds) -> "Tally":
        """Take one more reading in; pods that are not in it keep what they had counted."""
        grown = self.counts
        last = dict(self.last)
        for pod in scrape.pods:
            now = _values(pod, bounds)
            before = self.last.get(pod.pod.name)
            if before is None:
                before = {} if pod.pod.born >= self.begun else now
            grown = _plus(grown, _increase(before, now), bounds)
            last[pod.pod.name] = now
        counts = replace(grown, seen=len(scrape.pods), expected=scrape.expected)
        return Tally(begun=self.begun, last=last, counts=counts)


def common_bounds(thresholds: Sequence[Duration], sides: Sequence[Scrape], chosen: Bounds = ()) -> Bounds | str:
    """Return for each threshold the smallest bound at or above it that every side with buckets has; else what lacks.

    Sides that have no bucket yet do not count; where none has, there is nothing to choose from yet. What was chosen
    once stays: a side that comes later must have it.
    """
    owned = [bounds for side in sides if (bounds := _finite(side))]
    if not owned or not thresholds:
        return chosen
    shared = frozenset.intersection(*owned)
    found = chosen or tuple((t.ms, min((bound for bound in shared if bound >= t.ms), default=_ALL)) for t in thresholds)
    lacking = [Duration(ms) for ms, bound in found if bound not in shared]
    if lacking:
        return f"latency cannot be compared: the sides share no bucket bound for {lacking[0]}"
    return found


def _finite(side: Scrape) -> frozenset[float]:
    return frozenset(bound for pod in side.pods for bound in pod.buckets if bound != _ALL)


def _values(pod: PodScrape, bounds: Bounds) -> dict[str, int]:
    """The pod's counters under one name each: `code 503`, `all`, `250`."""
    values = {f"code {code}": count for code, count in pod.codes.items()}
    if pod.buckets:
        values["all"] = pod.buckets.get(_ALL, 0)
        values |= {str(ms): pod.buckets.get(bound, 0) for ms, bound in bounds}
    return values


def _increase(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    """What was added; where any counter fell the process began anew, and all it shows is new."""
    if any(now.get(name, count) < count for name, count in before.items()):
        before = {}
    return {name: count - before.get(name, 0) for name, count in now.items()}


def _plus(counts: Counts, added: Mapping[str, int], bounds: Bounds) -> Counts:
    codes = {name.removeprefix("code "): count for name, count in added.items() if name.startswith("code ")}
    slow = dict(counts.slow)
    for threshold, _ in bounds:
        over = added.get("all", 0) - added.get(str(threshold), 0)
        slow[threshold] = slow.get(threshold, 0) + max(0, over)
    return replace(
        counts,
        requests=counts.requests + sum(codes.values()),
        errors=counts.errors + sum(count for code, count in codes.items() if code.startswith(_SERVER_ERROR)),
        slow=tuple(sorted(slow.items())),
    )
