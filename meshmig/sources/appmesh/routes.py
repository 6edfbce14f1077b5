"""VirtualServices and VirtualRouters to hosts with their routes, in the order in which they are tried."""

from collections.abc import Iterator, Mapping

from meshmig.model.mesh import ClusterService, Host, Match, Origin, Protocol, Retry, Route, Split, Timeouts, Upstream
from meshmig.model.objects import ObjectRef
from meshmig.model.resources import APPMESH
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.inventory import Inventory, Source, Wanted, default_name, full_id, resolve
from meshmig.sources.appmesh.limits import Effective, effective_limit, idle_limit
from meshmig.sources.appmesh.matches import grpc_match, http_match, in_trial_order, tcp_match
from meshmig.sources.appmesh.nodes import cluster_service, refuse_outside, timeouts
from meshmig.sources.appmesh.questions import Questions
from meshmig.sources.appmesh.retries import hidden_retry, written_retry
from meshmig.sources.appmesh.schema import (
    GrpcRouteSpec,
    HttpRouteSpec,
    NodeProvider,
    Reference,
    RouterProvider,
    RouteSpec,
    TcpRouteSpec,
    VirtualRouterSpec,
    VirtualServiceSpec,
    WeightedTarget,
)

Ports = tuple[tuple[int, Protocol], ...]
AnyRouteSpec = HttpRouteSpec | GrpcRouteSpec | TcpRouteSpec

_KINDS = (
    ("httpRoute", Protocol.HTTP),
    ("http2Route", Protocol.HTTP2),
    ("grpcRoute", Protocol.GRPC),
    ("tcpRoute", Protocol.TCP),
)


class HostLift:
    """Lifts hosts; a VirtualNode that a route names and nobody made is added to `upstreams` as a dead one."""

    def __init__(
        self, inventory: Inventory, upstreams: dict[str, Upstream], questions: Questions, report: Report
    ) -> None:
        self._inventory, self._upstreams = inventory, upstreams
        self._questions, self._report = questions, report
        self._routers: dict[str, tuple[Route, ...]] = {}

    def hosts(self) -> dict[str, Host]:
        """Build the host of every VirtualService, by id."""
        found = {source.id: self._host(source) for source in self._inventory.services.values()}
        for source in self._inventory.routers.values():
            if source.id not in self._routers:
                self._report.warning(
                    "MIG333", source.origin(), f"no VirtualService uses {source.ref}: it has no effect"
                )
        return found

    def _host(self, source: Source[VirtualServiceSpec]) -> Host:
        name = self._inventory.service_name(source)
        routes, ports = self._provided(source)
        service = cluster_service(self._inventory.cluster, name, source.ref.namespace)
        self._check_ports(source, service, ports)
        return Host(id=source.id, name=name, origin=source.origin(), routes=routes, ports=ports, service=service)

    def _check_ports(self, source: Source[VirtualServiceSpec], service: ClusterService | None, ports: Ports) -> None:
        offered = {port.port for port in service.ports} if service else set()
        for port, _ in ports:
            if service and port not in offered:
                self._report.info(
                    "MIG327",
                    source.origin(),
                    f"callers of {source.ref} dial {port}, and Service {service.id} does not offer that port",
                    "nothing to do if nobody calls it by this name",
                )

    def _provided(self, source: Source[VirtualServiceSpec]) -> tuple[tuple[Route, ...], Ports]:
        provider = source.spec.provider
        if provider and provider.virtual_router:
            return self._by_router(source, provider.virtual_router)
        if provider and provider.virtual_node:
            return self._by_node(source, provider.virtual_node)
        self._report.warning(
            "MIG328",
            source.origin("spec.provider"),
            f"{source.ref} has no provider: App Mesh fails its requests, and nothing is made for it",
            "give it a provider, or remove it",
        )
        return (), ()

    def _by_router(
        self, source: Source[VirtualServiceSpec], provider: RouterProvider
    ) -> tuple[tuple[Route, ...], Ports]:
        place = source.origin("spec.provider.virtualRouter.virtualRouterRef")
        if provider.virtual_router_ref is None:
            refuse_outside(provider.virtual_router_arn, place, self._report)
            return (), ()
        wanted = Wanted(kind="VirtualRouter", reference=provider.virtual_router_ref, place=place)
        router = resolve(self._inventory, self._inventory.routers, wanted, self._report)
        if router is None:
            return (), ()
        if router.id not in self._routers:
            self._routers[router.id] = in_trial_order(self._routes(router), self._report)
        mappings = (listener.port_mapping for listener in router.spec.listeners)
        return self._routers[router.id], tuple((m.port, Protocol(m.protocol)) for m in mappings)

    def _by_node(self, source: Source[VirtualServiceSpec], provider: NodeProvider) -> tuple[tuple[Route, ...], Ports]:
        place = source.origin("spec.provider.virtualNode.virtualNodeRef")
        if provider.virtual_node_ref is None:
            refuse_outside(provider.virtual_node_arn, place, self._report)
            return (), ()
        upstream = self._upstream(provider.virtual_node_ref, place)
        listeners = upstream.listeners
        several = len(listeners) > 1
        protocols: tuple[tuple[int | None, Protocol], ...] = tuple((item.port, item.protocol) for item in listeners)
        routes = tuple(
            self._node_route(upstream, port if several else None, protocol, place)
            for port, protocol in protocols or ((None, Protocol.HTTP),)
        )
        return routes, tuple((listener.port, listener.protocol) for listener in listeners)

    def _node_route(self, upstream: Upstream, port: int | None, protocol: Protocol, place: Origin) -> Route:
        name = upstream.origin.ref.name
        splits = (Split(upstream=upstream.id, weight=1, port=port),)
        limit = effective_limit(Timeouts(), [(upstream, splits[0])]).limit
        return Route(
            name=name if port is None else f"{name}-{port}",
            protocol=protocol,
            match=Match(port=port),
            splits=splits,
            timeout=limit.length if protocol.is_http else None,
            implicit_timeout=limit.hidden and protocol.is_http,
            idle=idle_limit(Timeouts(), [(upstream, splits[0])]),
            retry=hidden_retry(place, self._questions) if protocol.is_http else None,
            origin=place,
        )

    def _routes(self, router: Source[VirtualRouterSpec]) -> Iterator[Route]:
        names: set[str] = set()
        for number, spec in enumerate(router.spec.routes):
            place = router.origin(f"spec.routes[{number}]")
            kinds = _written_kinds(spec)
            if len(kinds) != 1 or spec.name in names:
                self._report.error(
                    "MIG312",
                    place,
                    f"route {spec.name} of {router.ref} has the name of another route"
                    if spec.name in names
                    else f"route {spec.name} of {router.ref} must be of one kind, and has {', '.join(kinds) or 'none'}",
                    "correct the route; App Mesh refuses it",
                )
            if kinds:
                kind = next(iter(kinds))
                yield self._route(spec, kinds[kind], kind, place)
            names.add(spec.name)

    def _route(self, spec: RouteSpec, rule: AnyRouteSpec, kind: str, place: Origin) -> Route:
        protocol, inner = dict(_KINDS)[kind], Origin(place.ref, f"{place.path}.{kind}")
        self._check_match(rule, inner)
        splits = tuple(self._splits(rule, inner))
        targets = [(self._upstreams[split.upstream], split) for split in splits]
        own = timeouts(rule.timeout)
        effective = effective_limit(own, targets)
        if protocol.is_http:
            self._note_limits(inner, effective)
        return Route(
            name=spec.name,
            protocol=protocol,
            match=_match(rule),
            splits=splits,
            timeout=effective.limit.length if protocol.is_http else None,
            implicit_timeout=effective.limit.hidden and protocol.is_http,
            idle=idle_limit(own, targets),
            retry=self._retry(rule, inner),
            priority=spec.priority,
            origin=place,
        )

    def _retry(self, rule: AnyRouteSpec, place: Origin) -> Retry | None:
        match rule:
            case TcpRouteSpec():
                return None
            case HttpRouteSpec() | GrpcRouteSpec():
                inner = Origin(place.ref, f"{place.path}.retryPolicy")
                if rule.retry_policy is None:
                    return hidden_retry(inner, self._questions)
                return written_retry(rule.retry_policy, inner)

    def _splits(self, rule: AnyRouteSpec, place: Origin) -> Iterator[Split]:
        targets = rule.action.weighted_targets
        if not any(target.weight for target in targets):
            self._report.warning(
                "MIG329",
                Origin(place.ref, f"{place.path}.action.weightedTargets"),
                f"all weights at {place.path} of {place.ref} are zero: App Mesh does not say where requests go then",
                "give a target a weight, or remove the route",
            )
        for number, target in enumerate(targets):
            inner = Origin(place.ref, f"{place.path}.action.weightedTargets[{number}].virtualNodeRef")
            split = self._split(target, inner)
            if split is not None:
                yield split

    def _split(self, target: WeightedTarget, place: Origin) -> Split | None:
        if target.virtual_node_ref is None:
            refuse_outside(target.virtual_node_arn, place, self._report)
            return None
        upstream = self._upstream(target.virtual_node_ref, place)
        return Split(upstream=upstream.id, weight=target.weight, port=target.port or None)

    def _upstream(self, reference: Reference, place: Origin) -> Upstream:
        """The upstream of a reference; a dead one, without address and pods, where nobody made the VirtualNode."""
        found = resolve(
            self._inventory,
            self._inventory.nodes,
            Wanted(kind="VirtualNode", reference=reference, place=place),
            self._report,
        )
        name = found.id if found else full_id(reference, place.ref.namespace)
        if name not in self._upstreams:
            namespace, _, short = name.partition("/")
            ref = ObjectRef(APPMESH, "VirtualNode", namespace, short)
            self._upstreams[name] = Upstream(id=name, origin=Origin(ref), source_name=default_name(ref), address=None)
        return self._upstreams[name]

    def _check_match(self, rule: AnyRouteSpec, place: Origin) -> None:
        if isinstance(rule, HttpRouteSpec) and (rule.match.prefix is None) == (rule.match.path is None):
            self._report.warning(
                "MIG312",
                Origin(place.ref, f"{place.path}.match"),
                f"{place.ref} must match by prefix or by path at {place.path}, not by both or neither: "
                f"{'every path' if rule.match.path is None else 'path'} is taken",
                "write one of them; App Mesh refuses the route",
            )

    def _note_limits(self, place: Origin, effective: Effective) -> None:
        if effective.differing:
            self._report.warning(
                "MIG331",
                Origin(place.ref, f"{place.path}.timeout"),
                f"the targets of {place.path} of {place.ref} have differing limits, and Istio takes one for the route: "
                f"{effective.limit.length or 'none'} is taken, the most generous",
                "give the targets' listeners one timeout",
            )
        elif effective.cut:
            self._report.warning(
                "MIG331",
                Origin(place.ref, f"{place.path}.timeout"),
                f"the limit written at {place.path} of {place.ref} never held: the target's listener has none, "
                "and its hidden 15s cuts it; 15s is carried",
                "write the timeout on the target VirtualNode's listener too, if the longer one is meant",
            )


def _written_kinds(spec: RouteSpec) -> Mapping[str, AnyRouteSpec]:
    written: tuple[tuple[str, AnyRouteSpec | None], ...] = (
        ("httpRoute", spec.http_route),
        ("http2Route", spec.http2_route),
        ("grpcRoute", spec.grpc_route),
        ("tcpRoute", spec.tcp_route),
    )
    return {kind: rule for kind, rule in written if rule is not None}


def _match(rule: AnyRouteSpec) -> Match:
    match rule:
        case HttpRouteSpec():
            return http_match(rule.match)
        case GrpcRouteSpec():
            return grpc_match(rule.match)
        case TcpRouteSpec():
            return tcp_match(rule.match)
