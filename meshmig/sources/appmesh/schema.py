"""The v1beta2 kinds as the API server's schema has them: what is not here is dropped before anybody reads it.

Source: config/crd/bases of aws-app-mesh-controller-for-k8s v1.13. Length limits of names are left to the API server
that already checked them; only what changes the meaning is checked here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from meshmig.model.objects import Json

Port = Annotated[StrictInt, Field(ge=1, le=65535)]
AnyPort = Annotated[StrictInt, Field(ge=0, le=65535)]
Positive = Annotated[StrictInt, Field(ge=1)]
Natural = Annotated[StrictInt, Field(ge=0)]
Percentage = Annotated[StrictInt, Field(ge=0, le=100)]
Priority = Annotated[StrictInt, Field(ge=0, le=1000)]
Name = Annotated[StrictStr, Field(min_length=1)]
Switch = Literal["ENABLED", "DISABLED"]
ProtocolName = Literal["grpc", "http", "http2", "tcp"]
GatewayProtocolName = Literal["grpc", "http", "http2"]
Method = Literal["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]
HttpRetryEvent = Literal["server-error", "gateway-error", "client-error", "stream-error"]
TcpRetryEvent = Literal["connection-error"]
GrpcRetryEvent = Literal["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"]


class Part(BaseModel):
    """Anything in a spec: camel case outside, unknown fields are errors, so that they can be told."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Requirement(Part):
    """One expression of a label selector."""

    key: StrictStr
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[StrictStr, ...] = ()


class LabelSelector(Part):
    """Kubernetes' label selector: empty takes everything; a missing one takes nothing."""

    match_labels: dict[str, StrictStr] = Field(default_factory=dict)
    match_expressions: tuple[Requirement, ...] = ()


class Reference(Part):
    """A reference to an object; its namespace is the referrer's when unset."""

    name: Name
    namespace: StrictStr | None = None


class MeshReference(Part):
    """The Mesh that the webhook wrote down at creation."""

    name: Name
    uid: StrictStr = ""


class GatewayReference(Part):
    """The VirtualGateway that the webhook wrote down at creation."""

    name: Name
    namespace: StrictStr | None = None
    uid: StrictStr = ""


class DurationSpec(Part):
    """A length of time."""

    unit: Literal["s", "ms"]
    value: Natural


class EgressFilter(Part):
    """What the mesh does with unknown addresses."""

    type: Literal["ALLOW_ALL", "DROP_ALL"]


class MeshServiceDiscovery(Part):
    """Which address family is preferred."""

    ip_preference: Literal["IPv6_ONLY", "IPv4_ONLY"] | None = None


class MeshSpec(Part):
    """A Mesh."""

    aws_name: StrictStr | None = None
    namespace_selector: LabelSelector | None = None
    egress_filter: EgressFilter | None = None
    mesh_owner: StrictStr | None = None
    mesh_service_discovery: MeshServiceDiscovery | None = None


class AcmCertificate(Part):
    """A certificate kept by ACM."""

    certificate_arn: StrictStr = Field(alias="certificateARN")


class FileCertificate(Part):
    """A certificate in files of the Envoy container."""

    certificate_chain: Name
    private_key: Name


class SdsSecret(Part):
    """A secret of a local SDS agent."""

    secret_name: StrictStr


class ListenerCertificate(Part):
    """The certificate that a listener shows."""

    acm: AcmCertificate | None = None
    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class ClientCertificate(Part):
    """The certificate that a client shows."""

    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class AcmTrust(Part):
    """Certificate authorities kept by ACM."""

    certificate_authority_arns: tuple[StrictStr, ...] = Field(alias="certificateAuthorityARNs")


class FileTrust(Part):
    """A trust bundle in a file of the Envoy container."""

    certificate_chain: Name


class ListenerTrust(Part):
    """What a node's listener trusts."""

    file: FileTrust | None = None
    sds: SdsSecret | None = None


class Trust(Part):
    """What a client, or a gateway's listener, trusts."""

    acm: AcmTrust | None = None
    file: FileTrust | None = None
    sds: SdsSecret | None = None


class NameMatch(Part):
    """The names that a certificate may carry."""

    exact: tuple[StrictStr, ...]


class AlternativeNames(Part):
    """A condition on the certificate's subject alternative names."""

    match: NameMatch


class ListenerValidation(Part):
    """Asks clients of a node for a certificate."""

    trust: ListenerTrust
    subject_alternative_names: AlternativeNames | None = None


class Validation(Part):
    """How the other side's certificate is checked."""

    trust: Trust
    subject_alternative_names: AlternativeNames | None = None


class ListenerTls(Part):
    """TLS that a node's listener ends."""

    mode: Literal["DISABLED", "PERMISSIVE", "STRICT"]
    certificate: ListenerCertificate
    validation: ListenerValidation | None = None


class GatewayListenerTls(Part):
    """TLS that a gateway's listener ends."""

    mode: Literal["DISABLED", "PERMISSIVE", "STRICT"]
    certificate: ListenerCertificate
    validation: Validation | None = None


class ClientPolicyTls(Part):
    """TLS that a client starts."""

    enforce: StrictBool = True
    ports: tuple[Port, ...] = ()
    certificate: ClientCertificate | None = None
    validation: Validation


class ClientPolicy(Part):
    """How a backend is called."""

    tls: ClientPolicyTls | None = None


class BackendDefaults(Part):
    """How backends are called that say nothing themselves."""

    client_policy: ClientPolicy | None = None


class PortMapping(Part):
    """A port and what it speaks."""

    port: Port
    protocol: ProtocolName


class GatewayPortMapping(Part):
    """A gateway's port and what it speaks."""

    port: Port
    protocol: GatewayProtocolName


class HealthCheckPolicy(Part):
    """An active check that callers send."""

    healthy_threshold: Annotated[StrictInt, Field(ge=2, le=10)]
    unhealthy_threshold: Annotated[StrictInt, Field(ge=2, le=10)]
    interval_millis: Annotated[StrictInt, Field(ge=5000, le=300000)]
    timeout_millis: Annotated[StrictInt, Field(ge=2000, le=60000)]
    protocol: ProtocolName
    path: StrictStr | None = None
    port: Port | None = None


class GatewayHealthCheckPolicy(Part):
    """An active check of a gateway's listener."""

    healthy_threshold: Annotated[StrictInt, Field(ge=2, le=10)] | None = None
    unhealthy_threshold: Annotated[StrictInt, Field(ge=2, le=10)]
    interval_millis: Annotated[StrictInt, Field(ge=5000, le=300000)]
    timeout_millis: Annotated[StrictInt, Field(ge=2000, le=60000)]
    protocol: GatewayProtocolName
    path: StrictStr | None = None
    port: Port | None = None


class OutlierDetection(Part):
    """Ejection after server errors."""

    max_server_errors: Positive
    interval: DurationSpec
    base_ejection_duration: DurationSpec
    max_ejection_percent: Percentage


class TcpPool(Part):
    """Connections of a tcp listener."""

    max_connections: Positive


class HttpPool(Part):
    """Connections of an http listener."""

    max_connections: Positive
    max_pending_requests: Positive | None = None


class RequestPool(Part):
    """Requests of an http2 or grpc listener."""

    max_requests: Positive


class ConnectionPool(Part):
    """Limits of a node's listener."""

    tcp: TcpPool | None = None
    http: HttpPool | None = None
    http2: RequestPool | None = None
    grpc: RequestPool | None = None


class GatewayConnectionPool(Part):
    """Limits of a gateway's listener."""

    http: HttpPool | None = None
    http2: RequestPool | None = None
    grpc: RequestPool | None = None


class RequestTimeout(Part):
    """Limits of a request."""

    per_request: DurationSpec | None = None
    idle: DurationSpec | None = None


class TcpTimeout(Part):
    """Limit of a connection."""

    idle: DurationSpec | None = None


class ListenerTimeout(Part):
    """Limits of a node's listener, by protocol."""

    tcp: TcpTimeout | None = None
    http: RequestTimeout | None = None
    http2: RequestTimeout | None = None
    grpc: RequestTimeout | None = None


class ListenerSpec(Part):
    """A node's listener."""

    port_mapping: PortMapping
    health_check: HealthCheckPolicy | None = None
    outlier_detection: OutlierDetection | None = None
    connection_pool: ConnectionPool | None = None
    tls: ListenerTls | None = None
    timeout: ListenerTimeout | None = None


class DnsDiscovery(Part):
    """A DNS name."""

    hostname: StrictStr
    response_type: Literal["ENDPOINTS", "LOADBALANCER"] | None = None


class CloudMapAttribute(Part):
    """An attribute that an instance must carry."""

    key: Name
    value: Name


class CloudMapDiscovery(Part):
    """A Cloud Map name."""

    namespace_name: Name
    service_name: Name
    attributes: tuple[CloudMapAttribute, ...] = ()


class ServiceDiscovery(Part):
    """Where a node's endpoints are found."""

    dns: DnsDiscovery | None = None
    aws_cloud_map: CloudMapDiscovery | None = None


class VirtualServiceBackend(Part):
    """A VirtualService that a node calls."""

    virtual_service_ref: Reference | None = None
    virtual_service_arn: StrictStr | None = Field(default=None, alias="virtualServiceARN")
    client_policy: ClientPolicy | None = None


class Backend(Part):
    """Something that a node calls."""

    virtual_service: VirtualServiceBackend


class LogField(Part):
    """One pair of a JSON log line."""

    key: Name
    value: Name


class LogFormat(Part):
    """The shape of a log line."""

    json_fields: tuple[LogField, ...] | None = Field(default=None, alias="json")
    text: StrictStr | None = None


class FileAccessLog(Part):
    """A log file."""

    path: Name
    format: LogFormat | None = None


class AccessLogSpec(Part):
    """Where requests are logged."""

    file: FileAccessLog | None = None


class Logging(Part):
    """What is logged."""

    access_log: AccessLogSpec | None = None


class VirtualNodeSpec(Part):
    """A VirtualNode."""

    aws_name: StrictStr | None = None
    pod_selector: LabelSelector | None = None
    listeners: tuple[ListenerSpec, ...] = ()
    service_discovery: ServiceDiscovery | None = None
    backends: tuple[Backend, ...] = ()
    backend_groups: tuple[Reference, ...] = ()
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None
    mesh_ref: MeshReference | None = None


class NodeProvider(Part):
    """A VirtualNode that serves a VirtualService."""

    virtual_node_ref: Reference | None = None
    virtual_node_arn: StrictStr | None = Field(default=None, alias="virtualNodeARN")


class RouterProvider(Part):
    """A VirtualRouter that serves a VirtualService."""

    virtual_router_ref: Reference | None = None
    virtual_router_arn: StrictStr | None = Field(default=None, alias="virtualRouterARN")


class Provider(Part):
    """Who serves a VirtualService."""

    virtual_node: NodeProvider | None = None
    virtual_router: RouterProvider | None = None


class VirtualServiceSpec(Part):
    """A VirtualService."""

    aws_name: StrictStr | None = None
    provider: Provider | None = None
    mesh_ref: MeshReference | None = None


class RangeSpec(Part):
    """Whole numbers from `start` to before `end`."""

    start: StrictInt
    end: StrictInt


class HeaderMatchMethod(Part):
    """How a header's value is compared."""

    exact: Name | None = None
    prefix: Name | None = None
    suffix: Name | None = None
    regex: Name | None = None
    range: RangeSpec | None = None


class HeaderSpec(Part):
    """A condition on a header, or on gRPC metadata."""

    name: Name
    match: HeaderMatchMethod | None = None
    invert: StrictBool = False


class QueryMatchMethod(Part):
    """How a query parameter is compared."""

    exact: StrictStr | None = None


class QuerySpec(Part):
    """A condition on a query parameter."""

    name: StrictStr
    match: QueryMatchMethod | None = None


class PathSpec(Part):
    """A condition on the whole path."""

    exact: Name | None = None
    regex: Name | None = None


class HttpMatchSpec(Part):
    """The requests that an http route takes."""

    prefix: StrictStr | None = None
    path: PathSpec | None = None
    headers: tuple[HeaderSpec, ...] = ()
    query_parameters: tuple[QuerySpec, ...] = ()
    method: Method | None = None
    scheme: Literal["http", "https"] | None = None
    port: AnyPort | None = None


class GrpcMatchSpec(Part):
    """The calls that a grpc route takes."""

    service_name: StrictStr | None = None
    method_name: Name | None = None
    metadata: tuple[HeaderSpec, ...] = ()
    port: AnyPort | None = None


class TcpMatchSpec(Part):
    """The connections that a tcp route takes."""

    port: AnyPort | None = None


class WeightedTarget(Part):
    """One node's share."""

    virtual_node_ref: Reference | None = None
    virtual_node_arn: StrictStr | None = Field(default=None, alias="virtualNodeARN")
    weight: Percentage
    port: AnyPort | None = None


class RouteAction(Part):
    """Where a route leads."""

    weighted_targets: tuple[WeightedTarget, ...]


class HttpRetryPolicy(Part):
    """When an http request is tried again."""

    max_retries: Natural
    per_retry_timeout: DurationSpec
    http_retry_events: tuple[HttpRetryEvent, ...] = ()
    tcp_retry_events: tuple[TcpRetryEvent, ...] = ()


class GrpcRetryPolicy(Part):
    """When a call is tried again."""

    max_retries: Natural
    per_retry_timeout: DurationSpec
    http_retry_events: tuple[HttpRetryEvent, ...] = ()
    tcp_retry_events: tuple[TcpRetryEvent, ...] = ()
    grpc_retry_events: tuple[GrpcRetryEvent, ...] = ()


class HttpRouteSpec(Part):
    """An http or http2 route."""

    match: HttpMatchSpec
    action: RouteAction
    retry_policy: HttpRetryPolicy | None = None
    timeout: RequestTimeout | None = None


class GrpcRouteSpec(Part):
    """A grpc route."""

    match: GrpcMatchSpec
    action: RouteAction
    retry_policy: GrpcRetryPolicy | None = None
    timeout: RequestTimeout | None = None


class TcpRouteSpec(Part):
    """A tcp route."""

    match: TcpMatchSpec | None = None
    action: RouteAction
    timeout: TcpTimeout | None = None


class RouteSpec(Part):
    """One route of a VirtualRouter."""

    name: StrictStr
    priority: Priority | None = None
    http_route: HttpRouteSpec | None = None
    http2_route: HttpRouteSpec | None = None
    grpc_route: GrpcRouteSpec | None = None
    tcp_route: TcpRouteSpec | None = None


class RouterListener(Part):
    """A port that callers dial."""

    port_mapping: PortMapping


class VirtualRouterSpec(Part):
    """A VirtualRouter."""

    aws_name: StrictStr | None = None
    listeners: tuple[RouterListener, ...] = ()
    routes: tuple[RouteSpec, ...] = ()
    mesh_ref: MeshReference | None = None


class GatewayListenerSpec(Part):
    """A gateway's listener."""

    port_mapping: GatewayPortMapping
    health_check: GatewayHealthCheckPolicy | None = None
    connection_pool: GatewayConnectionPool | None = None
    tls: GatewayListenerTls | None = None


class VirtualGatewaySpec(Part):
    """A VirtualGateway."""

    aws_name: StrictStr | None = None
    namespace_selector: LabelSelector | None = None
    gateway_route_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None
    listeners: tuple[GatewayListenerSpec, ...] = ()
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None
    mesh_ref: MeshReference | None = None


class HostnameSpec(Part):
    """A condition on the authority."""

    exact: Name | None = None
    suffix: Name | None = None


class GatewayHttpMatchSpec(Part):
    """The requests that a gateway's http route takes."""

    prefix: StrictStr | None = None
    path: PathSpec | None = None
    hostname: HostnameSpec | None = None
    headers: tuple[HeaderSpec, ...] = ()
    query_parameters: tuple[QuerySpec, ...] = ()
    method: Method | None = None
    port: AnyPort | None = None


class GatewayGrpcMatchSpec(Part):
    """The calls that a gateway's grpc route takes."""

    service_name: StrictStr | None = None
    hostname: HostnameSpec | None = None
    metadata: tuple[HeaderSpec, ...] = ()
    port: AnyPort | None = None


class TargetService(Part):
    """The VirtualService that a gateway route leads to."""

    virtual_service_ref: Reference | None = None
    virtual_service_arn: StrictStr | None = Field(default=None, alias="virtualServiceARN")


class GatewayTarget(Part):
    """Where a gateway route leads."""

    virtual_service: TargetService
    port: AnyPort | None = None


class HostnameRewrite(Part):
    """Whether the Host header becomes the VirtualService's name."""

    default_target_hostname: Switch | None = None


class PrefixRewrite(Part):
    """What a matched prefix becomes."""

    default_prefix: Switch | None = None
    value: Name | None = None


class PathRewrite(Part):
    """What a matched path becomes."""

    exact: Name | None = None


class HttpRewriteSpec(Part):
    """What a gateway changes on an http request."""

    hostname: HostnameRewrite | None = None
    prefix: PrefixRewrite | None = None
    path: PathRewrite | None = None


class GrpcRewriteSpec(Part):
    """What a gateway changes on a call."""

    hostname: HostnameRewrite | None = None


class GatewayHttpAction(Part):
    """What a gateway's http route does."""

    target: GatewayTarget
    rewrite: HttpRewriteSpec | None = None


class GatewayGrpcAction(Part):
    """What a gateway's grpc route does."""

    target: GatewayTarget
    rewrite: GrpcRewriteSpec | None = None


class GatewayHttpRoute(Part):
    """A gateway's http or http2 route."""

    match: GatewayHttpMatchSpec
    action: GatewayHttpAction


class GatewayGrpcRoute(Part):
    """A gateway's grpc route."""

    match: GatewayGrpcMatchSpec
    action: GatewayGrpcAction


class GatewayRouteSpec(Part):
    """A GatewayRoute."""

    aws_name: StrictStr | None = None
    priority: Priority | None = None
    http_route: GatewayHttpRoute | None = None
    http2_route: GatewayHttpRoute | None = None
    grpc_route: GatewayGrpcRoute | None = None
    virtual_gateway_ref: GatewayReference | None = None
    mesh_ref: MeshReference | None = None


class BackendGroupSpec(Part):
    """A BackendGroup."""

    virtual_services: tuple[Reference, ...] = Field(default=(), alias="virtualservices")
    mesh_ref: MeshReference | None = None


KINDS: Mapping[str, type[Part]] = {
    "Mesh": MeshSpec,
    "VirtualNode": VirtualNodeSpec,
    "VirtualService": VirtualServiceSpec,
    "VirtualRouter": VirtualRouterSpec,
    "VirtualGateway": VirtualGatewaySpec,
    "GatewayRoute": GatewayRouteSpec,
    "BackendGroup": BackendGroupSpec,
}

KIND_OF: Mapping[type[Part], str] = {schema: kind for kind, schema in KINDS.items()}

S = TypeVar("S", bound=Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[S]):
    """What the schema made of a spec: the value, or violations; `unknown` are paths that an API server drops.

    `raw` is the spec without nulls and without the unknown fields.
    """

    value: S | None
    raw: Mapping[str, Json]
    unknown: tuple[str, ...] = ()
    violations: tuple[tuple[str, str], ...] = ()


def read(schema: type[S], spec: Json) -> Reading[S]:
    """Read a spec of any shape by the schema of its kind; never raises."""
    body = _without_nulls(spec if spec is not None else {})
    value, errors = _try(schema, body)
    unknown = sorted(loc for loc, kind, _ in errors if kind == "extra_forbidden")
    if unknown:
        for loc in unknown:
            _drop(body, loc)
        value, errors = _try(schema, body)
    wrong = sorted((_path(loc), message) for loc, _, message in errors)
    raw = body if isinstance(body, dict) else {}
    return Reading(value=value, raw=raw, unknown=tuple(map(_path, unknown)), violations=tuple(wrong))


def leaves(schema: type[Part], path: str = "spec") -> Iterator[str]:
    """Yield the path of every leaf field of a schema; `[]` stands for the items of a list."""
    for name, field in schema.model_fields.items():
        yield from _leaves_of(field.annotation, f"{path}.{field.alias or name}")


@cache
def leaf_paths(kind: str) -> frozenset[str]:
    """Return the leaf paths of a kind."""
    return frozenset(leaves(KINDS[kind]))


def _leaves_of(annotation: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - an annotation is any object
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield from leaves(annotation, path)
    elif origin is tuple:
        yield from _leaves_of(arguments[0], path + "[]")
    elif NoneType in arguments:
        yield from _leaves_of(next(a for a in arguments if a is not NoneType), path)
    else:
        yield path


Location = tuple[int | str, ...]


def _try(schema: type[S], body: Json) -> tuple[S | None, list[tuple[Location, str, str]]]:
    try:
        return schema.model_validate(body), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [(entry["loc"], entry["type"], entry["msg"]) for entry in found]


def _without_nulls(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(entry) for entry in value if entry is not None]
    return value


def _drop(body: Json, loc: Location) -> None:
    for step in loc[:-1]:
        body = body[step]
    del body[loc[-1]]


def _path(loc: Location) -> str:
    return "spec" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
