"""A small server that speaks Prometheus's HTTP API; its counters follow the real cluster's pods.

Every pod that is ready and carries a mesh's proxy serves requests at a steady rate from the moment it is first seen,
and is scraped every second until it is gone.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from meshmig.adapters.kube import connect
from meshmig.model.objects import Manifest
from meshmig.model.resources import RESOURCES
from meshmig.ports import Cluster, ClusterError, UnavailableError

_PODS = next(each for each in RESOURCES if each.kind == "Pod")
_SELECTOR = re.compile(r"(?P<metric>\w+)\{(?P<matchers>.*)\}\[(?P<window>\d+)ms\]", re.DOTALL)
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)",?', re.DOTALL)
_ESCAPED = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
_BOUNDS = ("5", "50", "250", "1000", "+Inf")
_FAST = 2
"""From this bound on a bucket holds every request."""

Labels = Mapping[str, str]


@dataclass(slots=True)
class Life:
    """A pod's time under scraping: seconds of this machine's clock; `until` 0 while it lasts."""

    labels: Labels
    istio: bool
    gateway: bool
    since: float
    until: float = 0.0


class PrometheusServer:
    """Serves on loopback while used as a context manager; `rate` is each pod's requests a second, `bad` their share."""

    def __init__(self, cluster: Cluster, *, rate: int = 200, bad: float = 0.0) -> None:
        self._cluster, self._rate, self._bad = cluster, rate, bad
        self._lives: dict[str, Life] = {}
        self._stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._threads = (
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True),
            threading.Thread(target=self._scrape, daemon=True),
        )

    @staticmethod
    def of(kubeconfig: str, *, rate: int = 200) -> "PrometheusServer":
        """Follow a real cluster's pods."""
        return PrometheusServer(connect(None, kubeconfig=kubeconfig), rate=rate)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def _scrape(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self._look(time.time(), self._cluster.list_page(_PODS).items)
            except (ClusterError, UnavailableError):
                continue

    def _look(self, now: float, pods: Sequence[Manifest]) -> None:
        seen = {str(pod.metadata["uid"]): pod for pod in pods if _is_scraped(pod)}
        for uid, life in self._lives.items():
            if uid not in seen:
                life.until = life.until or now
        for uid, pod in seen.items():
            if uid not in self._lives:
                self._lives[uid] = _life(pod, now)

    def answer(self, query: str, at: float) -> dict[str, Any]:
        """Answer an instant query of a range selector."""
        found = _SELECTOR.fullmatch(query)
        if found is None:
            return {"status": "error", "errorType": "bad_data", "error": f"cannot read {query!r}"}
        matchers = [
            (name, op, re.sub(r"\\[n\"\\]", lambda each: _ESCAPED[each.group()], value))
            for name, op, value in _MATCHER.findall(found["matchers"])
        ]
        window = int(found["window"]) / 1000
        result = [
            {"metric": {"__name__": found["metric"], **labels}, "values": values}
            for life in tuple(self._lives.values())
            for labels, share in self._series(found["metric"], life)
            if all(_matches(labels, matcher) for matcher in matchers)
            and (values := self._values(life, share, at, window))
        ]
        return {"status": "success", "data": {"resultType": "matrix", "result": result}}

    def _series(self, metric: str, life: Life) -> Iterator[tuple[Labels, float]]:
        """The label sets of a pod's metric, each with its share of the pod's requests; a gauge has none."""
        old = {**life.labels, "envoy_cluster_name": "cds_ingress_shop_http_8080"}
        new = {**life.labels, "reporter": "source" if life.gateway else "destination"}
        match metric:
            case "up":
                yield life.labels, -1.0
            case "envoy_cluster_upstream_rq" if not life.istio:
                yield from self._codes(old, "envoy_response_code")
            case "istio_requests_total" if life.istio:
                yield from self._codes(new, "response_code")
            case "envoy_cluster_upstream_rq_time_bucket" if not life.istio:
                yield from _buckets(old)
            case "istio_request_duration_milliseconds_bucket" if life.istio:
                yield from _buckets(new)

    def _codes(self, labels: Labels, name: str) -> Iterator[tuple[Labels, float]]:
        yield {**labels, name: "200"}, 1.0 - self._bad
        if self._bad:
            yield {**labels, name: "503"}, self._bad

    def _values(self, life: Life, share: float, at: float, window: float) -> list[tuple[float, str]]:
        last = min(at, life.until or at)
        moments = [float(second) for second in range(int(max(life.since, at - window)) + 1, int(last) + 1)]
        if share < 0:
            return [(moment, "1") for moment in moments]
        return [(moment, str(int((moment - life.since) * self._rate * share))) for moment in moments]


def _is_scraped(pod: Manifest) -> bool:
    ready = {each["type"]: each["status"] for each in pod.status.get("conditions") or ()}.get("Ready") == "True"
    return ready and bool(_containers(pod) & {"envoy", "istio-proxy"})


def _containers(pod: Manifest) -> set[str]:
    spec = pod.spec
    return {each["name"] for each in (*spec["containers"], *(spec.get("initContainers") or ()))}


def _life(pod: Manifest, now: float) -> Life:
    return Life(
        labels={"namespace": pod.ref.namespace, "pod": pod.ref.name},
        istio="istio-proxy" in _containers(pod),
        gateway=pod.annotations.get("inject.istio.io/templates") == "gateway",
        since=now,
    )


def _buckets(labels: Labels) -> Iterator[tuple[Labels, float]]:
    for place, bound in enumerate(_BOUNDS):
        yield {**labels, "le": bound}, 1.0 if place >= _FAST else 0.5 * place


def _matches(labels: Labels, matcher: tuple[str, str, str]) -> bool:
    name, op, wanted = matcher
    value = labels.get(name, "")
    match op:
        case "=":
            return value == wanted
        case "!=":
            return value != wanted
        case "=~":
            return re.fullmatch(wanted, value) is not None
        case _:
            return re.fullmatch(wanted, value) is None


def _handler(server: PrometheusServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = parse_qs(self.rfile.read(length).decode())
            known = urlsplit(self.path).path == "/api/v1/query"
            answer = server.answer(form["query"][0], float(form["time"][0])) if known else {"status": "error"}
            data = json.dumps(answer).encode()
            self.send_response(200 if answer["status"] == "success" else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    return Handler
