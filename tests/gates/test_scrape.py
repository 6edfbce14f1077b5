"""The table of what metric series can do to a gate: each case is counted right, or named and not counted."""

import pytest

from meshmig.gates import Moment, Scrape, scrape
from meshmig.gates.scrape import PodScrape
from meshmig.gates.tally import Tally, common_bounds
from meshmig.model.units import Duration, Instant
from meshmig.ports import UnavailableError
from tests.gates.readings import EARLY, T0, Stored, at, reading, side

SPACING = Duration.of(seconds=15)


def _codes(store: Stored, moment: Instant, pod: str = "a", **codes: float) -> None:
    store.add("up", 1, moment, pod=pod)
    for code, value in codes.items():
        labels = {"pod": pod, "reporter": "destination", "response_code": code.removeprefix("c")}
        store.add("istio_requests_total", value, moment, **labels)


def _read(store: Stored, moment: Instant, *pods: str, born: Instant = EARLY) -> Scrape:
    return scrape(store, side(*(pods or ("a",)), born=born), Moment(moment, SPACING), latency=False)


def _counted(store: Stored, *moments: float, born: Instant = EARLY, pods: tuple[str, ...] = ("a",)) -> Tally:
    tally = Tally(begun=T0)
    for moment in moments:
        tally = tally.after(_read(store, at(moment), *pods, born=born), ())
    return tally


def test_counters_are_differenced_from_the_first_look() -> None:
    """What a pod had counted before the gate began is not the gate's."""
    store = Stored()
    _codes(store, at(0), c200=1_000)
    _codes(store, at(15), c200=1_090, c503=10)

    counts = _counted(store, 0, 15).counts

    assert (counts.requests, counts.errors) == (100, 10)


def test_a_series_born_at_seven_counts_seven() -> None:
    """No 5xx series means no 5xx while the pod is scraped; its first sample is all new."""
    store = Stored()
    _codes(store, at(0), c200=500)
    _codes(store, at(15), c200=593, c503=7)

    assert _counted(store, 0, 15).counts.errors == 7


def test_fresh_pods_are_not_flattered() -> None:
    """Ten fresh pods, one error each in its first sample: PromQL's increase sees none of them, the tally all."""
    store = Stored()
    pods = tuple(f"pod-{number}" for number in range(10))
    _codes(store, at(0), pod="other", c200=1)
    for pod in pods:
        _codes(store, at(15), pod=pod, c200=14, c503=1)
        _codes(store, at(30), pod=pod, c200=29, c503=1)

    tally = Tally(begun=T0)
    for moment in (0, 15, 30):
        tally = tally.after(_read(store, at(moment), *pods, born=at(5)), ())

    assert (tally.counts.requests, tally.counts.errors) == (300, 10)


def test_an_old_pod_that_comes_into_sight_brings_no_history() -> None:
    """Its first sample is years of counting: it begins there."""
    store = Stored()
    _codes(store, at(0), c200=5)
    _codes(store, at(15), c200=10)
    _codes(store, at(15), pod="b", c200=1_000_000, c503=900)
    _codes(store, at(30), c200=15)
    _codes(store, at(30), pod="b", c200=1_000_010, c503=900)

    counts = _counted(store, 0, 15, 30, pods=("a", "b")).counts

    assert (counts.requests, counts.errors) == (20, 0)


def test_a_reset_in_mid_stage_counts_what_came_after() -> None:
    """A sidecar that restarted counts from zero again, in all its series, also in one that is higher than before."""
    store = Stored()
    _codes(store, at(0), c200=1_000, c503=2)
    _codes(store, at(15), c200=40, c503=3)

    counts = _counted(store, 0, 15).counts

    assert (counts.requests, counts.errors) == (43, 3)


def test_all_pods_replaced_keeps_what_was_counted() -> None:
    """Series that end keep their part; new pods' first samples count whole."""
    store = Stored()
    _codes(store, at(0), pod="a", c200=100)
    _codes(store, at(15), pod="a", c200=150, c503=1)
    _codes(store, at(30), pod="b", c200=30, c503=2)
    tally = Tally(begun=T0)
    for moment, pod, born in ((0, "a", EARLY), (15, "a", EARLY), (30, "b", at(20))):
        tally = tally.after(_read(store, at(moment), pod, born=born), ())

    assert (tally.counts.requests, tally.counts.errors) == (83, 3)


def test_an_empty_answer_is_no_zero() -> None:
    """No `up` at all: none of the pods was seen."""
    found = _read(Stored(), at(0), "a", "b")

    assert (found.pods, found.expected) == ((), 2)


def test_a_pod_that_is_down_is_not_seen() -> None:
    """`up` is 0: its last values are history."""
    store = Stored()
    _codes(store, at(0), c200=1)
    store.add("up", 0, at(10), pod="a")

    assert _read(store, at(10)).pods == ()


def test_a_pod_without_requests_is_seen() -> None:
    """Scraped and fresh, nobody called: that is a zero."""
    store = Stored()
    store.add("up", 1, at(0), pod="a")

    found = _read(store, at(0))

    assert [pod.codes for pod in found.pods] == [{}]
    assert found.problem == ""


@pytest.mark.parametrize(("age", "is_late"), [(30, False), (31, True), (90, True)])
def test_a_side_that_lags_is_named(age: int, *, is_late: bool) -> None:
    """A sample older than two scrapes speaks of another time."""
    store = Stored()
    _codes(store, at(0), c200=10)

    found = _read(store, at(age))

    assert bool(found.problem) is is_late
    assert not is_late or f"the metrics of a are {Duration(age * 1000)} behind" in found.problem


@pytest.mark.parametrize("text", ["holds NaN for istio_requests_total", "warns that its data is partial", "HTTP 503"])
def test_what_the_source_refuses_is_a_problem_and_no_count(text: str) -> None:
    """NaN, a warning of partial data, an outage: the source says so, and the side is blind with that cause."""
    found = _read(Stored(error=UnavailableError(f"Prometheus at http://p {text}")), at(0))

    assert text in found.problem
    assert found.pods == ()


@pytest.mark.parametrize("label", ["prometheus_replica", "__replica__", "replica"])
def test_a_highly_available_pair_is_counted_once(label: str) -> None:
    """Two servers hold the same counters: one of them is asked, the same in every tick."""
    store = Stored()
    store.add("up", 1, at(0), pod="a")
    for replica, value in (("r1", 100), ("r0", 101)):
        labels = {"pod": "a", "reporter": "destination", "response_code": "200", label: replica}
        store.add("istio_requests_total", value, at(0), **labels)

    assert _read(store, at(0)).pods[0].codes == {"200": 101}


def test_several_series_of_one_code_are_added() -> None:
    """Sources and flags split a code into series: all of them are requests."""
    store = Stored()
    store.add("up", 1, at(0), pod="a")
    for source, value in (("x", 3), ("y", 4)):
        labels = {"pod": "a", "reporter": "destination", "response_code": "200", "source_workload": source}
        store.add("istio_requests_total", value, at(0), **labels)

    assert _read(store, at(0)).pods[0].codes == {"200": 7}


def _with_bounds(*bounds: float) -> Scrape:
    pod = reading(0).pods[0].pod
    return Scrape(pods=(PodScrape(pod=pod, buckets=dict.fromkeys((*bounds, float("inf")), 0)),), expected=1)


QUARTER = Duration(250)


@pytest.mark.parametrize(
    ("old", "new", "bound"),
    [
        ((100, 250, 500), (100, 250, 500), 250),
        ((100, 250, 500), (100, 300, 500), 500),
        ((100, 250), (), 250),
        ((), (), None),
    ],
)
def test_latency_is_compared_at_a_bound_of_both_sides(old, new, bound) -> None:
    """The smallest bound at or above the threshold that both own; a side without buckets has no say yet."""
    sides = [_with_bounds(*bounds) if bounds else reading(0) for bounds in (old, new)]
    sides = [side if bounds else Scrape(expected=1) for side, bounds in zip(sides, (old, new), strict=True)]

    assert common_bounds([QUARTER], sides) == (() if bound is None else ((250, float(bound)),))


@pytest.mark.parametrize(("old", "new"), [((100,), (100,)), ((250,), (500,)), ((0.25, 0.5), (0.25, 0.5))])
def test_latency_without_a_common_bound_is_not_compared(old, new) -> None:
    """Other bounds, or seconds where milliseconds are meant: that is told, and never a pass."""
    found = common_bounds([QUARTER], [_with_bounds(*old), _with_bounds(*new)])

    assert found == "latency cannot be compared: the sides share no bucket bound for 250ms"


def test_a_bound_once_chosen_must_stay() -> None:
    """The new side comes late, with other buckets: it cannot be compared, rather than counted as slow throughout."""
    found = common_bounds([QUARTER], [_with_bounds(250), _with_bounds(300)], ((250, 250.0),))

    assert isinstance(found, str)


def test_slow_requests_lie_above_the_bound() -> None:
    """What the bucket holds is fast, the rest of all is slow."""
    tally = Tally(begun=T0)
    for scrape_ in (reading(100, slow=10), reading(180, slow=14)):
        tally = tally.after(scrape_, ((250, 250.0),))

    assert tally.counts.slower(QUARTER) == 4
