"""The table of what is counted: per mesh the metric, the matchers that are always asked, and what is bad."""

from dataclasses import dataclass

from meshmig.ports import Matcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A counter of requests: its unit is requests, more bad ones are worse.

    `code_label` holds the response code; `observed_at` names the place where it is counted.
    """

    metric: str
    matchers: tuple[Matcher, ...]
    code_label: str
    observed_at: str


OLD_REQUESTS = Counter(
    metric="envoy_cluster_upstream_rq",
    matchers=(Matcher("envoy_cluster_name", "=~", "cds_ingress_.*"),),
    code_label="envoy_response_code",
    observed_at="the server's App Mesh proxy",
)
NEW_REQUESTS = Counter(
    metric="istio_requests_total",
    matchers=(Matcher("reporter", "=", "destination"),),
    code_label="response_code",
    observed_at="the server's Istio proxy",
)
OLD_GATEWAY_REQUESTS = Counter(
    metric="envoy_cluster_upstream_rq",
    matchers=(Matcher("envoy_cluster_name", "=~", "cds_(ingress|egress)_.*"),),
    code_label="envoy_response_code",
    observed_at="the App Mesh gateway",
)
GATEWAY_REQUESTS = Counter(
    metric="istio_requests_total",
    matchers=(Matcher("reporter", "=", "source"),),
    code_label="response_code",
    observed_at="the Istio gateway",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """A latency histogram in milliseconds, cumulative by `le`; slower is worse."""

    metric: str
    matchers: tuple[Matcher, ...]


OLD_LATENCY = Histogram(metric="envoy_cluster_upstream_rq_time_bucket", matchers=OLD_REQUESTS.matchers)
OLD_GATEWAY_LATENCY = Histogram(metric=OLD_LATENCY.metric, matchers=OLD_GATEWAY_REQUESTS.matchers)
NEW_LATENCY = Histogram(metric="istio_request_duration_milliseconds_bucket", matchers=NEW_REQUESTS.matchers)
GATEWAY_LATENCY = Histogram(metric="istio_request_duration_milliseconds_bucket", matchers=GATEWAY_REQUESTS.matchers)

UP = "up"
"""One a scraped pod; 0 or absent means that the pod cannot be seen."""


def tables(*, istio: bool, gateway: bool) -> tuple[Counter, Histogram]:
    """Return what is asked of a side's pods: a gateway is measured where it sends, a server where it receives."""
    match istio, gateway:
        case True, True:
            return GATEWAY_REQUESTS, GATEWAY_LATENCY
        case True, False:
            return NEW_REQUESTS, NEW_LATENCY
        case False, True:
            return OLD_GATEWAY_REQUESTS, OLD_GATEWAY_LATENCY
        case _:
            return OLD_REQUESTS, OLD_LATENCY
