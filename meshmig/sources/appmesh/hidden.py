"""Where App Mesh's hidden defaults are in force: every field that nobody wrote and that acts all the same."""

from collections.abc import Iterator

from meshmig.model.mesh import Mesh
from meshmig.model.objects import ObjectRef
from meshmig.sources.appmesh.annotations import ANNOTATIONS_PATH, PREFIX
from meshmig.sources.appmesh.inventory import Inventory, Source
from meshmig.sources.appmesh.schema import (
    BackendDefaults,
    ClientPolicy,
    GatewayHttpRoute,
    GatewayRouteSpec,
    ListenerSpec,
    RequestTimeout,
    RouteSpec,
    VirtualNodeSpec,
    VirtualRouterSpec,
    VirtualServiceSpec,
)

Place = tuple[ObjectRef, str, str]
"""An object, the path of the field that is unset, and the default's name in the table of fates."""


def hidden_places(inventory: Inventory, mesh: Mesh) -> Iterator[Place]:
    """Yield every place where a hidden default is in force."""
    yield from _of_the_mesh(inventory, mesh)
    for service in inventory.services.values():
        yield from _of_a_service(service)
    for router in inventory.routers.values():
        yield from _of_a_router(router)
    for node in inventory.nodes.values():
        yield from _of_a_node(node, is_meshed=bool(mesh.upstream[node.id].workloads))
    for gateway in inventory.gateways.values():
        path = "spec.backendDefaults.clientPolicy"
        yield from _of_a_policy(gateway.ref, _default(gateway.spec.backend_defaults), path)
    for route in inventory.gateway_routes.values():
        yield from _of_a_gateway_route(inventory, route)
    annotated = {t.ref for t in inventory.cluster.templates if f"{PREFIX}ports" in t.annotations}
    for workload in mesh.workloads:
        if workload.upstream and workload.ref not in annotated:
            yield workload.ref, f"{ANNOTATIONS_PATH}[{PREFIX}ports]", "inbound_ports"


def _of_the_mesh(inventory: Inventory, mesh: Mesh) -> Iterator[Place]:
    ref = inventory.mesh.ref
    if mesh.egress_implicit:
        yield ref, "spec.egressFilter.type", "egress"
    if mesh.egress.value == "drop":
        yield ref, "spec.egressFilter.exceptions", "amazonaws"
    yield ref, "proxies.pathNormalization", "normalisation"
    yield ref, "proxies.egressIgnoredPorts", "outbound_ports"
    if mesh.injector.origin is None:
        yield ref, "proxies.egressIgnoredIPs", "outbound_addresses"
        yield ref, "proxies.resources", "resources"


def _of_a_service(source: Source[VirtualServiceSpec]) -> Iterator[Place]:
    provider = source.spec.provider
    if provider is not None and provider.virtual_node is not None:
        yield source.ref, "spec.provider.virtualNode.timeout", "route_timeout"
        yield source.ref, "spec.provider.virtualNode.retryPolicy", "retries"


def _of_a_router(source: Source[VirtualRouterSpec]) -> Iterator[Place]:
    for number, route in enumerate(source.spec.routes):
        path = f"spec.routes[{number}]"
        if route.priority is None:
            yield source.ref, f"{path}.priority", "route_priority"
        yield from _of_a_route(source.ref, route, path)


def _of_a_route(ref: ObjectRef, route: RouteSpec, path: str) -> Iterator[Place]:
    for name, rule in (
        ("httpRoute", route.http_route),
        ("http2Route", route.http2_route),
        ("grpcRoute", route.grpc_route),
    ):
        if rule is None:
            continue
        if rule.timeout is None or rule.timeout.per_request is None:
            yield ref, f"{path}.{name}.timeout.perRequest", "route_timeout"
        if rule.retry_policy is None:
            yield ref, f"{path}.{name}.retryPolicy", "retries"


def _of_a_node(source: Source[VirtualNodeSpec], *, is_meshed: bool) -> Iterator[Place]:
    spec = source.spec
    if spec.service_discovery is not None:
        yield source.ref, "spec.serviceDiscovery.connectTimeout", "connect_timeout"
        if spec.service_discovery.dns is not None and spec.service_discovery.dns.response_type is None:
            yield source.ref, "spec.serviceDiscovery.dns.responseType", "response_type"
    for number, listener in enumerate(spec.listeners):
        if is_meshed and listener.port_mapping.protocol != "tcp" and not _limits_requests(listener):
            protocol = listener.port_mapping.protocol
            yield source.ref, f"spec.listeners[{number}].timeout.{protocol}.perRequest", "listener_timeout"
    yield from _of_a_policy(source.ref, _default(spec.backend_defaults), "spec.backendDefaults.clientPolicy")
    for number, backend in enumerate(spec.backends):
        path = f"spec.backends[{number}].virtualService.clientPolicy"
        yield from _of_a_policy(source.ref, backend.virtual_service.client_policy, path)


def _limits_requests(listener: ListenerSpec) -> bool:
    written = getattr(listener.timeout, listener.port_mapping.protocol, None)
    return isinstance(written, RequestTimeout) and written.per_request is not None


def _default(defaults: BackendDefaults | None) -> ClientPolicy | None:
    return defaults.client_policy if defaults is not None else None


def _of_a_policy(ref: ObjectRef, policy: ClientPolicy | None, path: str) -> Iterator[Place]:
    if policy is not None and policy.tls is not None and policy.tls.validation.subject_alternative_names is None:
        yield ref, f"{path}.tls.validation.subjectAlternativeNames", "server_names"


def _of_a_gateway_route(inventory: Inventory, source: Source[GatewayRouteSpec]) -> Iterator[Place]:
    spec = source.spec
    if spec.priority is None:
        yield source.ref, "spec.priority", "gateway_priority"
    for name, rule in (
        ("httpRoute", spec.http_route),
        ("http2Route", spec.http2_route),
        ("grpcRoute", spec.grpc_route),
    ):
        if rule is None:
            continue
        action = rule.action
        hostname = action.rewrite.hostname if action.rewrite else None
        if hostname is None or hostname.default_target_hostname is None:
            yield source.ref, f"spec.{name}.action.rewrite.hostname", "host_rewrite"
        if isinstance(rule, GatewayHttpRoute) and rule.match.prefix is not None:
            prefix = rule.action.rewrite.prefix if rule.action.rewrite else None
            if prefix is None or not prefix.model_fields_set:
                yield source.ref, f"spec.{name}.action.rewrite.prefix", "prefix_rewrite"
        target = action.target.virtual_service.virtual_service_ref
        if target is not None and _has_router(inventory, f"{target.namespace or source.ref.namespace}/{target.name}"):
            yield source.ref, f"spec.{name}.action.target.routes", "double_evaluation"


def _has_router(inventory: Inventory, name: str) -> bool:
    service = inventory.services.get(name)
    return (
        service is not None and service.spec.provider is not None and service.spec.provider.virtual_router is not None
    )
