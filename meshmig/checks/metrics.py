"""What the precheck asks Prometheus for: one row a question, raw series only."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.ports import Matcher, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A metric with the matchers that keep its answer small."""

    metric: str
    matchers: tuple[Matcher, ...] = ()


UP = "up"
LIVE = "live"
CONNECTED = "connected"
CERTIFICATE_DAYS = "certificate days"
OLD_REQUESTS = "old requests"
UNDECLARED = "undeclared egress"
STRANGERS = "callers without identity"

QUERIES: Mapping[str, Query] = {
    UP: Query(metric="up", matchers=(Matcher("pod", "!=", ""),)),
    LIVE: Query(metric="envoy_server_live"),
    CONNECTED: Query(metric="envoy_control_plane_connected_state"),
    CERTIFICATE_DAYS: Query(metric="envoy_server_days_until_first_cert_expiring"),
    OLD_REQUESTS: Query(
        metric="envoy_cluster_upstream_rq", matchers=(Matcher("envoy_cluster_name", "=~", "cds_ingress_.*"),)
    ),
    UNDECLARED: Query(
        metric="envoy_cluster_upstream_cx_total",
        matchers=(Matcher("envoy_cluster_name", "=~", "cds_egress_.*_mesh-allow-all"),),
    ),
    STRANGERS: Query(
        metric="istio_requests_total",
        matchers=(
            Matcher("reporter", "=", "destination"),
            Matcher("connection_security_policy", "!=", "mutual_tls"),
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The answers, by question; a question without series has an empty one."""

    series: Mapping[str, tuple[Series, ...]]

    def of(self, question: str) -> tuple[Series, ...]:
        """Return the series of a question."""
        return self.series.get(question, ())
