"""What is seen of the mesh: metrics for the gates, traces, logs, and what bypasses the proxy."""

from collections.abc import Iterator

from meshmig.checks.facts import Facts
from meshmig.checks.metrics import LIVE, OLD_REQUESTS, UP
from meshmig.diagnostics import Severity
from meshmig.model.intent import Check as GateCheck
from meshmig.model.intent import ClusterKind, Move, Waves
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.annotations import PREFIX

_LISTS = ("egressIgnoredPorts", "egressIgnoredIPs", "ports")
_STDOUT = "/dev/stdout"


def metrics(facts: Facts) -> Iterator[Seen]:
    """P44: gates without eyes."""
    gated = _gated(facts)
    is_folder = facts.migration.cluster.kind is ClusterKind.FILES
    if facts.measured is None:
        if gated and facts.migration.metrics is None and not is_folder:
            yield Fired(
                Evidence(None, "migration.metrics", "none"),
                f"gate `{gated}` judges by metrics, and the file names no Prometheus: it would be blind for ever",
                'write `metrics prometheus "URL"`',
            )
            return
        yield Gap(f"needs Prometheus: {facts.unmeasured}")
        return
    ours = [*facts.measured.of(OLD_REQUESTS), *facts.measured.of(LIVE)]
    up = [series for series in facts.measured.of(UP) if series.value > 0]
    seen = {(series.labels.get("namespace"), series.labels.get("pod")) for series in (*ours, *up)}
    if any("pod" not in series.labels for series in ours):
        yield Fired(
            Evidence(None, "labels of envoy_cluster_upstream_rq", "neither namespace nor pod"),
            "App Mesh's series do not say of which pod they are: the gates cannot tell old pods from new ones",
            "relabel the scrape job so that its series carry `namespace` and `pod`",
        )
    for pod in facts.meshed_pods:
        if (pod.ref.namespace, pod.ref.name) not in seen:
            yield Fired(
                Evidence(pod.ref, "up, envoy_cluster_upstream_rq", "no series"),
                "Prometheus does not scrape this App Mesh proxy: the old side of its gate is blind",
                "scrape port 9901, path /stats/prometheus, of the container `envoy`",
                Severity.ERROR if gated else Severity.WARNING,
            )
    if reason := facts.blind("Pod"):
        yield Gap(reason, partly=True)


def _gated(facts: Facts) -> str:
    for stage in facts.migration.stages:
        for action in stage.actions:
            if isinstance(action, Move | Waves) and action.profile.gate:
                return action.profile.gate
            if isinstance(action, GateCheck):
                return action.gate
    return ""


def sinks(facts: Facts) -> Iterator[Seen]:
    """P45: traces and logs that go elsewhere."""
    injector = facts.mesh.injector
    if injector.origin is None:
        yield Gap("needs the Deployment of App Mesh's controller: its arguments say where traces go", partly=True)
    else:
        ref, path = injector.origin.ref, injector.origin.path
        if injector.tracing is not None:
            tracing = injector.tracing
            yield Fired(
                Evidence(ref, path, f"{tracing.tracer.value} at {tracing.address}:{tracing.port}"),
                "App Mesh's proxies send traces there, and Istio's send none without a provider",
                "`generate iop` writes the provider; look at the trace headers that applications pass on",
            )
        if injector.statsd:
            yield Fired(
                Evidence(ref, path, f"statsd at {injector.statsd}"),
                "App Mesh's proxies feed statsd, and Istio's have no such sink",
                "read Istio's metrics by Prometheus instead",
            )
    for upstream in facts.mesh.upstreams:
        log = upstream.access_log
        if log is not None and log.path != _STDOUT:
            yield Fired(
                Evidence(upstream.origin.ref, "spec.logging.accessLog.file.path", log.path),
                "its access log goes to a file in the proxy's container, and Istio's container has no such place",
                "log to /dev/stdout, or mount the place into the sidecar",
            )


def bypasses(facts: Facts) -> Iterator[Seen]:
    """P53: traffic that passes by the proxy."""
    unlisted = []
    for workload, template in facts.meshed:
        if workload.edge is not None:
            continue
        written = {key: template.annotations.get(f"{PREFIX}{key}", "") for key in _LISTS}
        if not written["egressIgnoredIPs"]:
            unlisted.append(workload)
        for key, value in written.items():
            if value:
                yield Fired(
                    Evidence(workload.ref, f"spec.template.metadata.annotations[{PREFIX}{key}]", value),
                    "traffic that passes by App Mesh's proxy is kept passing by Istio's, by annotations on the copy",
                )
    addresses = facts.mesh.injector.ignored_addresses
    if unlisted and addresses:
        ranges = ",".join(f"{address}/32" for address in addresses)
        yield Fired(
            Evidence(unlisted[0].ref, "spec.template.metadata.annotations", f"{len(unlisted)} workloads without one"),
            f"App Mesh's proxy is bypassed for {', '.join(addresses)} and port 22 by default; Istio's takes both",
            f"`generate iop` writes it into Istio's values: excludeIPRanges {ranges}, excludeOutboundPorts 22",
        )
