"""Access logs and traces: the providers of the installation, and the Telemetry objects that use them."""

from collections.abc import Mapping

from meshmig.model.mesh import AccessLog, Mesh, Origin, Tracer, Tracing, Workload
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import TELEMETRY
from meshmig.targets.istio.settings import WORKLOAD, Named, Settings, stamped

STDOUT = "/dev/stdout"
BUILT_IN = "envoy"
"""Istio's own provider: Envoy's format on standard output."""
TRACES = "meshmig-traces"
COLLECTOR = "adot-collector.istio-system.svc.cluster.local"
"""Where an OpenTelemetry collector with an exporter to X-Ray is looked for."""


def log_providers(mesh: Mesh) -> Mapping[AccessLog, str]:
    """Name the provider of every distinct access log of the mesh, in a stable order."""
    logs = {log for log in (_log_of(mesh, workload) for workload in mesh.workloads) if log is not None}
    special = sorted(logs - {AccessLog(path=STDOUT)}, key=lambda log: (log.path, log.text or "", log.fields))
    names = {log: f"meshmig-log-{number}" for number, log in enumerate(special, start=1)}
    return {AccessLog(path=STDOUT): BUILT_IN, **names}


def telemetry_objects(mesh: Mesh, settings: Settings) -> tuple[Manifest, ...]:
    """Return one Telemetry a workload with an access log, and one a namespace where requests are traced."""
    providers = log_providers(mesh)
    made = []
    for workload in mesh.workloads:
        log = _log_of(mesh, workload)
        if log is not None:
            spec: dict[str, Json] = {
                "selector": {"matchLabels": {WORKLOAD: workload.ref.name}},
                "accessLogging": [{"providers": [{"name": providers[log]}]}],
            }
            named = _named(workload.ref.namespace, workload.ref.name, _origin(mesh, workload))
            made.append(stamped(named, spec, settings))
    if mesh.injector.tracing is not None:
        made += [_traced(mesh, namespace, settings) for namespace in mesh.namespaces]
    return tuple(made)


def extension_providers(mesh: Mesh) -> list[Json]:
    """Return the MeshConfig's extensionProviders that the mesh's Telemetry objects name."""
    made: list[Json] = [_log_provider(log, name) for log, name in log_providers(mesh).items() if name != BUILT_IN]
    tracing = mesh.injector.tracing
    if tracing is None:
        return made
    return [*made, {"name": TRACES} | _tracer(tracing)]


def _tracer(tracing: Tracing) -> dict[str, Json]:
    match tracing.tracer:
        case Tracer.JAEGER:
            return {"zipkin": {"service": _dns_name(tracing.address), "port": tracing.port}}
        case Tracer.DATADOG:
            return {"datadog": {"service": _dns_name(tracing.address), "port": tracing.port}}
        case Tracer.XRAY:
            # X-Ray's daemon beside each proxy has no counterpart: a collector with an X-Ray exporter takes its place.
            return {"opentelemetry": {"service": COLLECTOR, "port": 4317}}


def _log_of(mesh: Mesh, workload: Workload) -> AccessLog | None:
    upstream, edge = mesh.upstream.get(workload.upstream or ""), mesh.edge.get(workload.edge or "")
    return upstream.access_log if upstream else edge.access_log if edge else None


def _origin(mesh: Mesh, workload: Workload) -> Origin:
    upstream, edge = mesh.upstream.get(workload.upstream or ""), mesh.edge.get(workload.edge or "")
    return upstream.origin if upstream else edge.origin if edge else mesh.origin


def _named(namespace: str, name: str, origin: Origin) -> Named:
    return Named(api_version=TELEMETRY, kind="Telemetry", namespace=namespace, name=name, origin=origin)


def _traced(mesh: Mesh, namespace: str, settings: Settings) -> Manifest:
    tracing = mesh.injector.tracing
    share: Json = tracing.sampling_percent if tracing else 0
    spec: dict[str, Json] = {"tracing": [{"providers": [{"name": TRACES}], "randomSamplingPercentage": share}]}
    return stamped(_named(namespace, "meshmig", mesh.injector.origin or mesh.origin), spec, settings)


def _log_provider(log: AccessLog, name: str) -> Json:
    found: dict[str, Json] = {"path": log.path}
    if log.text is not None:
        found["logFormat"] = {"text": log.text if log.text.endswith("\n") else f"{log.text}\n"}
    elif log.fields:
        found["logFormat"] = {"labels": dict(log.fields)}
    return {"name": name, "envoyFileAccessLog": found}


def _dns_name(address: str) -> str:
    """Istio looks providers up by their full name; App Mesh's controller was given `name.namespace`."""
    labels = address.split(".")
    return f"{address}.svc.cluster.local" if len(labels) == 2 and not labels[-1].isdecimal() else address  # noqa: PLR2004
