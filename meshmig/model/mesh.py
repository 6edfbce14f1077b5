"""The neutral mesh: who calls whom under which names, and how requests are treated on the way.

Nothing here is App Mesh's or Istio's: sources lift into these words, targets and the planner read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from meshmig.model.objects import ObjectRef
from meshmig.model.units import Duration


class Protocol(StrEnum):
    """What a port speaks."""

    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"
    TCP = "tcp"

    @property
    def is_http(self) -> bool:
        """Whether requests can be told apart (everything but tcp)."""
        return self is not Protocol.TCP


@dataclass(frozen=True, slots=True)
class Origin:
    """The source object and field path that a value was lifted from."""

    ref: ObjectRef
    path: str = ""


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Kubernetes Service; `target_port` is the container's, resolved where it was a name."""

    port: int
    target_port: int
    name: str = ""
    app_protocol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterService:
    """A Kubernetes Service as an address: its selector may be empty (a name that only has to resolve)."""

    namespace: str
    name: str
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] | None = None
    type: str = "ClusterIP"
    headless: bool = False

    @property
    def id(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def fqdn(self) -> str:
        """The full name that Istio wants in every host field."""
        return f"{self.name}.{self.namespace}.svc.cluster.local"

    def port_for(self, container_port: int) -> int | None:
        """The Service port that leads to a container port, or None."""
        return next((p.port for p in self.ports if p.target_port == container_port), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalHost:
    """A name outside the cluster; `every_address` is App Mesh's responseType ENDPOINTS."""

    hostname: str
    every_address: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudMapName:
    """A name of AWS Cloud Map, filtered by attributes; the pods behind it are found by selector only."""

    namespace: str
    service: str
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def hostname(self) -> str:
        """The name that DNS answers."""
        return f"{self.service}.{self.namespace}"


Address = ClusterService | ExternalHost | CloudMapName


class TlsMode(StrEnum):
    """What a server's listener accepts."""

    DISABLED = "disabled"
    PERMISSIVE = "permissive"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSource:
    """Where a certificate or a trust bundle comes from: `acm`, `file` or `sds`, with its names.

    `names`: acm the ARNs; file (certificateChain, privateKey) or (certificateChain,); sds (secretName,).
    """

    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """TLS that a listener ends; `client_trust` set means that clients must show a certificate."""

    mode: TlsMode
    certificate: CertificateSource | None = None
    client_trust: CertificateSource | None = None
    client_names: tuple[str, ...] = ()
    is_kept: bool = False
    """Whether this certificate goes on to be shown, instead of the target mesh's own identity."""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTls:
    """TLS that a caller starts; no `ports` means all of them."""

    enforce: bool
    ports: tuple[int, ...] = ()
    trust: CertificateSource | None = None
    server_names: tuple[str, ...] = ()
    certificate: CertificateSource | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits of one route or listener; None means that the source did not say, zero that it switched it off."""

    per_request: Duration | None = None
    idle: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Retries after the first try; `conditions` are Envoy's retry_on words and status codes, in order.

    `implicit` marks App Mesh's hidden default policy.
    """

    attempts: int
    per_try: Duration | None = None
    conditions: tuple[str, ...] = ()
    implicit: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierPolicy:
    """Ejection of an endpoint after consecutive server errors."""

    max_server_errors: int
    interval: Duration
    base_ejection: Duration
    max_ejection_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Limits that each server pod sets itself."""

    max_connections: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """An active health check that callers send."""

    protocol: Protocol
    path: str
    port: int | None
    interval: Duration
    timeout: Duration
    healthy_threshold: int
    unhealthy_threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port that pods serve in the mesh; `port` is the container's."""

    port: int
    protocol: Protocol
    tls: ServerTls | None = None
    timeouts: Timeouts = Timeouts()
    outlier: OutlierPolicy | None = None
    limits: ConnectionLimits | None = None
    health_check: HealthCheck | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """A file that requests are logged to; `format` is text, or pairs, or None for Envoy's own."""

    path: str
    text: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendUse:
    """One host that pods call, by Host id, with the TLS that applies to these calls."""

    host: str
    client_tls: ClientTls | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Pods (or an outside name) behind one address with one policy: App Mesh's VirtualNode.

    `id` is `namespace/name` of the VirtualNode. `service` is the cluster Service of the address, if one exists,
    whatever the address's kind. `workloads` are Workload ids; empty for an outside or dead address.
    """

    id: str
    origin: Origin
    source_name: str
    """App Mesh's awsName: the name in metrics and ARNs."""
    address: Address | None
    service: ClusterService | None = None
    workloads: tuple[str, ...] = ()
    pod_labels: Mapping[str, str] | None = None
    listeners: tuple[Listener, ...] = ()
    backends: tuple[BackendUse, ...] = ()
    access_log: AccessLog | None = None

    @property
    def namespace(self) -> str:
        """The namespace of the source object, hence of its pods."""
        return self.origin.ref.namespace

    def listener(self, port: int | None) -> Listener | None:
        """The listener of a port; without a port, the first one."""
        if port is None:
            return self.listeners[0] if self.listeners else None
        return next((listener for listener in self.listeners if listener.port == port), None)


class MatchKind(StrEnum):
    """How a text is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    REGEX = "regex"
    RANGE = "range"
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathMatch:
    """A condition on the path without its query: exact, prefix (by characters) or whole-string RE2."""

    kind: MatchKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderMatch:
    """A condition on one header; `name` is lower case; RANGE holds `start` (inclusive) and `end` (exclusive)."""

    name: str
    kind: MatchKind
    value: str = ""
    start: int = 0
    end: int = 0
    invert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryMatch:
    """A condition on one query parameter: EXACT or PRESENT."""

    name: str
    kind: MatchKind
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Conditions that a request must all meet; an empty match takes everything."""

    path: PathMatch | None = None
    method: str | None = None
    scheme: str | None = None
    headers: tuple[HeaderMatch, ...] = ()
    query: tuple[QueryMatch, ...] = ()
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One weighted destination: an Upstream id, its relative weight, and the listener's port if it must be told."""

    upstream: str
    weight: int
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One rule; routes of a host stand in the order in which they are tried.

    `timeout` is the effective one of App Mesh with its hidden 15 s written out (None: no limit), `implicit_timeout`
    says that nobody wrote it. `grpc` paths are already paths here (`/service/method`).
    """

    name: str
    protocol: Protocol
    match: Match
    splits: tuple[Split, ...]
    timeout: Duration | None = None
    implicit_timeout: bool = False
    idle: Duration | None = None
    retry: Retry | None = None
    priority: int | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An address that callers use: App Mesh's VirtualService.

    `id` is `namespace/name` of the VirtualService, `name` its awsName, exactly as callers spell it. `service` is
    the cluster Service of that name, if there is one. `ports` are those that callers dial.
    """

    id: str
    name: str
    origin: Origin
    routes: tuple[Route, ...]
    ports: tuple[tuple[int, Protocol], ...] = ()
    service: ClusterService | None = None

    @property
    def namespace(self) -> str:
        """The namespace of the source object."""
        return self.origin.ref.namespace

    @property
    def upstreams(self) -> tuple[str, ...]:
        """Every Upstream id that a route leads to, each once, in order."""
        return tuple(dict.fromkeys(split.upstream for route in self.routes for split in route.splits))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostnameMatch:
    """A condition on the authority at an edge: EXACT or SUFFIX."""

    kind: MatchKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """What an edge changes, defaults written out; None leaves the part as it came.

    `prefix`: the matched prefix becomes this; `path`: the whole path becomes this; `authority`: the Host header.
    """

    prefix: str | None = None
    path: str | None = None
    authority: str | None = None
    implicit_prefix: bool = False
    implicit_authority: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRoute:
    """One rule of an edge (App Mesh's GatewayRoute): the request it takes, the rewrite, the Host id it goes to."""

    name: str
    protocol: Protocol
    match: Match
    hostname: HostnameMatch | None
    rewrite: Rewrite
    host: str
    port: int | None
    priority: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An ingress gateway: App Mesh's VirtualGateway with its pods, in the order in which its routes are tried."""

    id: str
    origin: Origin
    source_name: str
    workloads: tuple[str, ...]
    services: tuple[ClusterService, ...]
    listeners: tuple[Listener, ...]
    routes: tuple[EdgeRoute, ...]
    client_tls: ClientTls | None = None
    access_log: AccessLog | None = None

    @property
    def namespace(self) -> str:
        """The namespace of the source object."""
        return self.origin.ref.namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """What pod annotations ask of the sidecar; empty means the source's default.

    `inbound_ports` are those that the sidecar takes over, None for all of them.
    """

    cpu_request: str = ""
    memory_request: str = ""
    cpu_limit: str = ""
    memory_limit: str = ""
    inbound_ports: tuple[int, ...] | None = None
    ignored_outbound_ports: tuple[int, ...] = ()
    ignored_outbound_addresses: tuple[str, ...] = ()
    secret_mounts: tuple[tuple[str, str], ...] = ()
    volume_mounts: tuple[tuple[str, str], ...] = ()
    uses_cni: bool = False
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet whose pods are in the mesh.

    `id` is `namespace/name` of the Kubernetes object. Exactly one of `upstream` and `edge` is set.
    `services` are the cluster Services whose selector takes its pods.
    """

    id: str
    ref: ObjectRef
    replicas: int
    labels: Mapping[str, str]
    """The pod template's labels."""
    upstream: str | None = None
    edge: str | None = None
    services: tuple[ClusterService, ...] = ()
    proxy: ProxySettings = ProxySettings()
    stops_gracefully: bool = False
    """Whether every application container has a preStop hook."""
    owns_storage: bool = False
    """Whether it has volume claim templates or mounts a claim, so that a copy cannot stand beside it."""
    probe: HealthCheck | None = None
    """The active health check that becomes its readiness probe, where that was answered."""
    controlled_by: str = ""
    """Helm, Argo CD, Flux or Flagger, where labels, annotations or owners show one; else empty."""


class EgressPolicy(StrEnum):
    """What happens to a request to an address that the mesh does not know."""

    ALLOW = "allow"
    DROP = "drop"


class Tracer(StrEnum):
    """Who gathers traces."""

    XRAY = "xray"
    JAEGER = "jaeger"
    DATADOG = "datadog"


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where proxies send their traces, and how many of 100 requests are traced."""

    tracer: Tracer
    address: str
    port: int
    sampling_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Injector:
    """What the source's injector gives every sidecar, defaults written out.

    `origin` is the injector's Deployment, None where it was not read and its defaults are assumed.
    """

    cpu_request: str = "10m"
    memory_request: str = "32Mi"
    cpu_limit: str = ""
    memory_limit: str = ""
    ignored_addresses: tuple[str, ...] = ("169.254.169.254",)
    stop_delay: Duration = Duration(20_000)
    waits_for_proxy: bool = False
    backend_groups: bool | None = None
    log_level: str = "info"
    tracing: Tracing | None = None
    statsd: str = ""
    """`address:port` of a statsd agent; empty where none is fed."""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that only a person can decide; the safest choice is taken until they do.

    `answer` is what the file says, empty where it says nothing.
    """

    id: str
    origin: Origin
    text: str
    choices: tuple[str, ...]
    default: str
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """A whole source mesh, every part in the order of its id."""

    name: str
    origin: Origin
    namespaces: tuple[str, ...]
    egress: EgressPolicy
    egress_implicit: bool
    hosts: tuple[Host, ...]
    upstreams: tuple[Upstream, ...]
    workloads: tuple[Workload, ...]
    edges: tuple[Edge, ...]
    injector: Injector = Injector()
    ip_family: str = ""
    """`IPv4` or `IPv6` where the source prefers only that one."""
    questions: tuple[Question, ...] = ()

    @cached_property
    def host(self) -> Mapping[str, Host]:
        """Hosts by id."""
        return {host.id: host for host in self.hosts}

    @cached_property
    def upstream(self) -> Mapping[str, Upstream]:
        """Upstreams by id."""
        return {upstream.id: upstream for upstream in self.upstreams}

    @cached_property
    def workload(self) -> Mapping[str, Workload]:
        """Workloads by id."""
        return {workload.id: workload for workload in self.workloads}

    @cached_property
    def edge(self) -> Mapping[str, Edge]:
        """Edges by id."""
        return {edge.id: edge for edge in self.edges}

    @cached_property
    def hosts_of(self) -> Mapping[str, tuple[Host, ...]]:
        """The hosts that lead to each upstream, by its id."""
        found: dict[str, tuple[Host, ...]] = {}
        for host in self.hosts:
            for name in host.upstreams:
                found[name] = (*found.get(name, ()), host)
        return found

    @cached_property
    def edges_of(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges whose routes lead to each host, by its id."""
        found: dict[str, tuple[Edge, ...]] = {}
        for edge in self.edges:
            for name in dict.fromkeys(route.host for route in edge.routes):
                found[name] = (*found.get(name, ()), edge)
        return found

    @cached_property
    def selected_by(self) -> Mapping[str, frozenset[str]]:
        """The ids of the workloads whose pods each Service selects, by its id."""
        found: dict[str, set[str]] = {}
        for workload in self.workloads:
            for service in workload.services:
                found.setdefault(service.id, set()).add(workload.id)
        return {name: frozenset(names) for name, names in found.items()}

    @cached_property
    def weighted(self) -> frozenset[str]:
        """The upstreams that some route sends requests to: a target of weight 0 gets none."""
        return frozenset(s.upstream for h in self.hosts for r in h.routes for s in r.splits if s.weight)

    @cached_property
    def client_tls_of(self) -> Mapping[str, tuple[ClientTls | None, ...]]:
        """The TLS of every caller of a host, by the host's id: one entry a declared use, None for no policy."""
        found: dict[str, list[ClientTls | None]] = {}
        for upstream in self.upstreams:
            for use in upstream.backends:
                found.setdefault(use.host, []).append(use.client_tls)
        for edge in self.edges:
            for name in dict.fromkeys(route.host for route in edge.routes):
                found.setdefault(name, []).append(edge.client_tls)
        return {name: tuple(policies) for name, policies in found.items()}


class Fate(StrEnum):
    """What becomes of a source field."""

    CARRIED = "carried"
    APPROXIMATED = "approximated"
    ASKED = "asked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One field that is present in the source: where it went, and with which difference (`note`, one sentence).

    `targets` name target kinds and fields (`VirtualService http[].timeout`).
    """

    object: ObjectRef
    path: str
    value: str
    fate: Fate
    targets: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The fate of every field of every source object, in the order of object and path."""

    rows: tuple[LedgerRow, ...] = ()

    def count(self, fate: Fate) -> int:
        """How many fields met that fate."""
        return sum(row.fate is fate for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where an Upstream's requests go at one moment of the journey, by Service.

    `old` and `new` are Services that select only old, only new pods (or, at the end, the original Service that now
    selects new ones, in `new`, with `old` None). `percent_new` is the new side's share. `old_tls` says whether old
    pods still expect the source mesh's TLS.
    """

    upstream: str
    old: ClusterService | None
    new: ClusterService | None
    percent_new: int = 0
