"""Both meshes' counters, pod by pod, as Prometheus would have scraped them."""

import re
from collections.abc import Iterator, Mapping, Sequence

from meshmig.model.units import Instant
from meshmig.ports import Matcher, Series
from meshmig.sandbox.traffic.pods import Pod, Side
from meshmig.sandbox.traffic.walking import Hop

_BOUNDS = ("50", "100", "250", "500", "1000", "+Inf")
_FAST = 2
"""Bounds below 250 ms hold all but the slow requests."""


class Counters:
    """Requests, errors and slow ones of each pod, as exact amounts; a scrape shows whole numbers."""

    def __init__(self) -> None:
        self._served: dict[str, list[float]] = {}
        self._passed: dict[str, list[float]] = {}

    def add(self, hop: Hop, amount: float, errors: float, slow: float) -> None:
        """Count requests that a pod served."""
        if hop.pod is not None:
            _count(self._served, hop.pod.name, amount, (errors, slow))
            if hop.by is not None:
                _count(self._passed, hop.by.name, amount, (errors, slow))

    def pass_gateway(self, hop: Hop, amount: float) -> None:
        """Nothing more: requests through a gateway were counted with the pod that served them."""

    def select(
        self, metric: str, matchers: Sequence[Matcher], pods: Mapping[str, Pod], at: Instant
    ) -> Iterator[Series]:
        """Yield the matching series of one metric."""
        for name in sorted(pods):
            for labels, value in self._series(metric, pods[name]):
                if all(_matches(matcher, labels) for matcher in matchers):
                    yield Series(labels, value, at)

    def _series(self, metric: str, pod: Pod) -> Iterator[tuple[dict[str, str], float]]:
        place = {"namespace": pod.namespace, "pod": pod.name}
        if metric == "up":
            yield place, 1.0
            return
        table = self._passed if pod.gateway else self._served
        counted = table.get(pod.name)
        if counted is None:
            return
        total, errors, slow = (int(value) for value in counted)
        if pod.side is Side.APPMESH:
            way = "egress" if pod.gateway else "ingress"
            labels = place | {"envoy_cluster_name": f"cds_{way}_mesh_{pod.owner}_http_1"}
            yield from _old(metric, labels, (total, errors, slow))
        elif pod.side is Side.ISTIO:
            reporter = "source" if pod.gateway else "destination"
            labels = place | {"reporter": reporter, "destination_workload": pod.owner}
            yield from _new(metric, labels, (total, errors, slow))


def _count(table: dict[str, list[float]], pod: str, amount: float, shares: tuple[float, float]) -> None:
    counted = table.setdefault(pod, [0.0, 0.0, 0.0])
    counted[0] += amount
    counted[1] += amount * shares[0]
    counted[2] += amount * shares[1]


def _old(metric: str, labels: dict[str, str], counted: tuple[int, int, int]) -> Iterator[tuple[dict[str, str], float]]:
    if metric == "envoy_cluster_upstream_rq":
        yield from _codes(labels, "envoy_response_code", counted)
    elif metric == "envoy_cluster_upstream_rq_time_bucket":
        yield from _buckets(labels, counted)


def _new(metric: str, labels: dict[str, str], counted: tuple[int, int, int]) -> Iterator[tuple[dict[str, str], float]]:
    if metric == "istio_requests_total":
        yield from _codes(labels, "response_code", counted)
    elif metric == "istio_request_duration_milliseconds_bucket":
        yield from _buckets(labels, counted)


def _codes(labels: dict[str, str], label: str, counted: tuple[int, int, int]) -> Iterator[tuple[dict[str, str], float]]:
    total, errors, _ = counted
    yield labels | {label: "200"}, float(total - errors)
    if errors:
        yield labels | {label: "500"}, float(errors)


def _buckets(labels: dict[str, str], counted: tuple[int, int, int]) -> Iterator[tuple[dict[str, str], float]]:
    total, _, slow = counted
    for place, bound in enumerate(_BOUNDS):
        inside = total if place > _FAST else total - slow
        yield labels | {"le": bound}, float(inside)


def _matches(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher.label, "")
    match matcher.op:
        case "=":
            return value == matcher.value
        case "!=":
            return value != matcher.value
        case "=~":
            return re.fullmatch(matcher.value, value) is not None
        case _:
            return re.fullmatch(matcher.value, value) is None
