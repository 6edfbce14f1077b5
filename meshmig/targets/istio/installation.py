"""What Istio's installation has to be told for a mesh: one list of values with their reasons, two forms of files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from meshmig.model.mesh import EgressPolicy, Injector, Mesh, Retry
from meshmig.model.objects import Json
from meshmig.targets.istio.client_tls import kept_ports
from meshmig.targets.istio.entries import has_foreign_names
from meshmig.targets.istio.proxies import LEAST_CPU, LEAST_MEMORY, address_range
from meshmig.targets.istio.routing import retries
from meshmig.targets.istio.settings import Settings
from meshmig.targets.istio.telemetry import BUILT_IN, extension_providers, log_providers

BASE, ISTIOD, CNI = "base", "istiod", "cni"
_POD_IDENTITY = "169.254.170.23"
_LEAST_REPLICAS = 2
_SIZES: Mapping[str, int] = {
    "": 1,
    "m": 1,
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One Helm value: its chart, its path, and what it came from."""

    chart: str
    path: tuple[str, ...]
    value: Json
    because: str


def installation(mesh: Mesh, settings: Settings) -> tuple[Value, ...]:
    """Return every value that differs from Istio's defaults for a reason, in the order in which it is written."""
    revision = settings.choice.revision
    found = [
        Value(chart=BASE, path=("defaultRevision",), value=revision, because="the revision that validates objects"),
        *(_istiod(path, value, because) for path, value, because in _values(mesh, revision)),
    ]
    if any(workload.proxy.uses_cni for workload in mesh.workloads):
        because = "pods with annotation appmesh.k8s.aws/appmeshCNI have no init container that may change the network"
        found += [
            _istiod(("pilot", "cni", "enabled"), True, because),  # noqa: FBT003 - a Helm value
            Value(chart=CNI, path=("cni", "chained"), value=True, because=because),
        ]
    return tuple(found)


def helm_values(values: Sequence[Value], chart: str) -> tuple[Value, ...]:
    """Return the values of one chart."""
    return tuple(value for value in values if value.chart == chart)


def operator_values(values: Sequence[Value]) -> tuple[Value, ...]:
    """Return the same values where an IstioOperator file has them, for `istioctl install -f`."""
    return tuple(_operator(value) for value in values if not (value.chart == BASE and value.value == "default"))


def _operator(value: Value) -> Value:
    match value.chart, value.path:
        case "istiod", ("meshConfig" | "revision", *_):
            path = ("spec", *value.path)
        case _:
            path = ("spec", "values", *value.path)
    if value.chart == CNI:
        path = ("spec", "components", "cni", "enabled")
    return Value(chart=value.chart, path=path, value=value.value, because=value.because)


def _istiod(path: tuple[str, ...], value: Json, because: str) -> Value:
    return Value(chart=ISTIOD, path=path, value=value, because=because)


_Rows = Iterator[tuple[tuple[str, ...], Json, str]]


def _values(mesh: Mesh, revision: str) -> _Rows:
    if revision != "default":
        yield ("revision",), revision, "the migration's `revision`"
    yield ("pilot", "autoscaleMin"), _LEAST_REPLICAS, "one istiod alone would be a single point of failure"
    yield from _mesh_config(mesh)
    yield from _proxy(mesh)
    if any(kept_ports(upstream) for upstream in mesh.upstreams):
        because = "`answer certificates = files`: sidecars end TLS with certificates of their own"
        yield ("pilot", "env", "ENABLE_TLS_ON_SIDECAR_INGRESS"), "true", because
    if mesh.ip_family:
        because = f"{mesh.origin.ref} spec.meshServiceDiscovery.ipPreference"
        yield ("pilot", "ipFamilyPolicy"), "SingleStack", because
        yield ("pilot", "ipFamilies"), [mesh.ip_family], because


def _mesh_config(mesh: Mesh) -> _Rows:
    closed = (
        " (it drops unknown addresses: `enforce egress` closes it again)" if mesh.egress is EgressPolicy.DROP else ""
    )
    because = f"the mesh stays open while workloads move: {mesh.origin.ref} spec.egressFilter{closed}"
    yield ("meshConfig", "outboundTrafficPolicy", "mode"), "ALLOW_ANY", because
    because = "App Mesh's Envoy merges slashes and normalises paths before it matches them"
    yield ("meshConfig", "pathNormalization", "normalization"), "MERGE_SLASHES", because
    retry = _hidden_retry(mesh)
    if retry is not None:
        because = "hosts without routes: App Mesh's hidden retries, as question default_retries is answered"
        yield ("meshConfig", "defaultHttpRetryPolicy"), retries(retry), because
    providers = extension_providers(mesh)
    if providers:
        logs = sum(name != BUILT_IN for name in log_providers(mesh).values())
        because = f"{logs} access log formats of VirtualNodes and VirtualGateways, and the controller's tracing flags"
        yield ("meshConfig", "extensionProviders"), providers, because
    if mesh.injector.tracing is not None:
        yield ("meshConfig", "enableTracing"), True, "the controller runs with tracing enabled"
    proxy = ("meshConfig", "defaultConfig")
    waits = (
        "the controller's wait-until-proxy-ready" if mesh.injector.waits_for_proxy else "applications start connected"
    )
    yield (*proxy, "holdApplicationUntilProxyStarts"), True, waits
    drain = f"{mesh.injector.stop_delay.ms // 1000}s"
    yield (*proxy, "terminationDrainDuration"), drain, "App Mesh's Envoy lives on that long: prestop-delay"
    if has_foreign_names(mesh):
        because = "names of Cloud Map and VirtualServices that are no Service must resolve once App Mesh is gone"
        yield (*proxy, "proxyMetadata", "ISTIO_META_DNS_CAPTURE"), "true", because


def _proxy(mesh: Mesh) -> _Rows:
    injector, proxy = mesh.injector, ("global", "proxy")
    addresses = dict.fromkeys((*injector.ignored_addresses, _POD_IDENTITY))
    because = "the controller's ignored-ips (instance metadata), and EKS Pod Identity"
    yield (*proxy, "excludeIPRanges"), ",".join(map(address_range, addresses)), because
    yield (*proxy, "excludeOutboundPorts"), "22", "App Mesh's injector leaves ssh alone"
    yield (*proxy, "logLevel"), injector.log_level, "the controller's sidecar-log-level"
    for name, written, least in (
        ("cpu", injector.cpu_request, LEAST_CPU),
        ("memory", injector.memory_request, LEAST_MEMORY),
    ):
        value = max(written, least, key=_amount)
        raised = f", raised from {written}: Istio's proxy needs more" if value != written else ""
        because = f"the controller's sidecar-{name}-requests{raised}"
        yield (*proxy, "resources", "requests", name), value, because
    yield from _limits(injector)


def _limits(injector: Injector) -> _Rows:
    """A limit that App Mesh did not have is taken away with null, since the chart has one."""
    for name, written in (("cpu", injector.cpu_limit), ("memory", injector.memory_limit)):
        because = f"the controller's sidecar-{name}-limits" + ("" if written else ": unset, so there is none")
        yield ("global", "proxy", "resources", "limits", name), written or None, because


def _hidden_retry(mesh: Mesh) -> Retry | None:
    hidden = (route.retry for host in mesh.hosts for route in host.routes if route.retry and route.retry.implicit)
    return next(hidden, None)


def _amount(written: str) -> float:
    """A quantity in its smallest unit: millicores, or bytes."""
    digits = written.rstrip("kKMGim")
    unit = written[len(digits) :]
    try:
        number = float(digits)
    except ValueError:
        return 0.0
    return number * _SIZES.get(unit, 1) * (1000 if unit == "" else 1)
