"""One side's raw counters at one moment, pod by pod; what cannot be believed is named instead of counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from meshmig.gates.metrics import UP, Counter, tables
from meshmig.model.units import Duration, Instant
from meshmig.ports import Matcher, MetricsSource, Series, UnavailableError

_SPACINGS = 2
"""How many scrapes old a sample may be."""
_REPLICA_LABELS = ("prometheus_replica", "__replica__", "replica")
"""What tells the servers of a highly available pair apart: each of them counts every request."""


@dataclass(frozen=True, slots=True)
class PodName:
    """A pod of a side, and the moment at which its processes started."""

    name: str
    born: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Which pods make one side, which mesh's metrics they speak, and whether they are a gateway."""

    namespace: str
    pods: tuple[PodName, ...]
    istio: bool
    gateway: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PodScrape:
    """One pod's counters: requests by response code, and its cumulative latency buckets by bound in milliseconds."""

    pod: PodName
    codes: Mapping[str, int] = field(default_factory=dict)
    buckets: Mapping[float, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """One side at one moment: the pods that were scraped and are fresh, of how many; `problem` says why none counts.

    `in_no_mesh` where ready pods serve that have no proxy: what they do is counted nowhere.
    """

    pods: tuple[PodScrape, ...] = ()
    expected: int = 0
    problem: str = ""
    in_no_mesh: bool = False


NOBODY = Scrape()
"""A side that has no pods."""
IN_NO_MESH = Scrape(in_no_mesh=True)
"""A side of plain pods."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is asked, and how far apart samples are."""

    at: Instant
    spacing: Duration

    def is_stale(self, series: Series) -> bool:
        """Whether a sample is too old to speak of this moment."""
        return self.at.since(series.at).ms > _SPACINGS * self.spacing.ms


def scrape(metrics: MetricsSource, side: Side, moment: Moment, *, latency: bool) -> Scrape:
    """Read one side's counters, its latency buckets only where a gate asks for them."""
    expected = len(side.pods)
    if not expected:
        return NOBODY
    try:
        return _scraped(metrics, side, moment, latency=latency)
    except UnavailableError as error:
        return Scrape(expected=expected, problem=str(error))


def _scraped(metrics: MetricsSource, side: Side, moment: Moment, *, latency: bool) -> Scrape:
    where = _where(side)
    up = _pinned(metrics.select(UP, where, moment.at))
    counter, histogram = tables(istio=side.istio, gateway=side.gateway)
    counted = _pinned(metrics.select(counter.metric, (*where, *counter.matchers), moment.at))
    timed: tuple[Series, ...] = ()
    if latency:
        timed = _pinned(metrics.select(histogram.metric, (*where, *histogram.matchers), moment.at))
    late = [series for series in (*up, *counted, *timed) if moment.is_stale(series)]
    if late:
        behind = Duration(max(moment.at.since(series.at).ms for series in late) // 1000 * 1000)
        return Scrape(expected=len(side.pods), problem=f"the metrics of {_pods(late)} are {behind} behind")
    seen = {series.labels.get("pod") for series in up if series.value > 0}
    pods = tuple(_pod(pod, counter, counted, timed) for pod in side.pods if pod.name in seen)
    return Scrape(pods=pods, expected=len(side.pods))


def _where(side: Side) -> tuple[Matcher, ...]:
    pods = "|".join(pod.name for pod in side.pods)
    return (Matcher("namespace", "=", side.namespace), Matcher("pod", "=~", pods))


def _pods(series: Iterable[Series]) -> str:
    names = sorted({found.labels.get("pod", "?") for found in series})
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > len(names[:3]) else "")


def _pinned(found: Sequence[Series]) -> tuple[Series, ...]:
    """Keep one server of a highly available pair: the two count the same requests."""
    for label in _REPLICA_LABELS:
        replicas = {series.labels[label] for series in found if label in series.labels}
        if len(replicas) > 1:
            first = min(replicas)
            return tuple(series for series in found if series.labels.get(label, first) == first)
    return tuple(found)


def _pod(pod: PodName, counter: Counter, counted: Sequence[Series], timed: Sequence[Series]) -> PodScrape:
    codes: dict[str, int] = {}
    for series in (one for one in counted if one.labels.get("pod") == pod.name):
        code = series.labels.get(counter.code_label, "")
        codes[code] = codes.get(code, 0) + int(series.value)
    buckets: dict[float, int] = {}
    for series in (one for one in timed if one.labels.get("pod") == pod.name):
        bound = float(series.labels.get("le", "inf"))
        buckets[bound] = buckets.get(bound, 0) + int(series.value)
    return PodScrape(pod=pod, codes=codes, buckets=buckets)
