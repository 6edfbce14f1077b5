"""VirtualGateways and GatewayRoutes to edges."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from meshmig.model.mesh import (
    ClusterService,
    Edge,
    EdgeRoute,
    Host,
    HostnameMatch,
    Listener,
    MatchKind,
    Origin,
    Protocol,
    Rewrite,
    TlsMode,
)
from meshmig.model.objects import ObjectRef
from meshmig.model.resources import APPMESH
from meshmig.sources.appmesh.cluster import Template
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.inventory import Inventory, Source, Wanted, default_name, full_id, resolve
from meshmig.sources.appmesh.matches import grpc_match, http_match, in_trial_order
from meshmig.sources.appmesh.nodes import access_log, connection_limits, health_check, refuse_outside
from meshmig.sources.appmesh.questions import GATEWAY_TLS, HOST_REWRITE, Questions
from meshmig.sources.appmesh.schema import (
    GatewayGrpcRoute,
    GatewayHttpRoute,
    GatewayListenerSpec,
    GatewayRouteSpec,
    HostnameRewrite,
    HostnameSpec,
    HttpRewriteSpec,
    Reference,
    VirtualGatewaySpec,
)
from meshmig.sources.appmesh.selectors import selects
from meshmig.sources.appmesh.tls import default_client_tls, server_tls
from meshmig.sources.appmesh.workloads import Crew

_LAST_PRIORITY = 1000
AnyRule = GatewayHttpRoute | GatewayGrpcRoute


class EdgeLift:
    """Lifts edges; a VirtualService that a route names and nobody made is added to `hosts` without routes."""

    def __init__(self, inventory: Inventory, hosts: dict[str, Host], questions: Questions, report: Report) -> None:
        self._inventory, self._hosts, self._questions, self._report = inventory, hosts, questions, report

    def edges(self, crew: Crew) -> tuple[Edge, ...]:
        """Build the edge of every VirtualGateway, by id."""
        routes: dict[str, list[EdgeRoute]] = defaultdict(list)
        for source in self._inventory.gateway_routes.values():
            gateway = self._gateway(source)
            route = self._route(source) if gateway else None
            if gateway and route:
                routes[gateway].append(route)
        return tuple(
            self._edge(source, crew.gateways[source.id], routes[source.id])
            for source in self._inventory.gateways.values()
        )

    def _edge(
        self, source: Source[VirtualGatewaySpec], crew: tuple[Template, ...], routes: Iterable[EdgeRoute]
    ) -> Edge:
        if not crew:
            self._report.warning(
                "MIG322",
                source.origin("spec.podSelector"),
                f"{source.ref} takes no pods of the mesh: it has no gateway that could be moved",
            )
        spec = source.spec
        return Edge(
            id=source.id,
            origin=source.origin(),
            source_name=spec.aws_name or default_name(source.ref),
            workloads=tuple(sorted(template.ref.id for template in crew)),
            services=self._front_services(crew),
            listeners=tuple(self._listener(source, number) for number in range(len(spec.listeners))),
            routes=in_trial_order(routes, self._report),
            client_tls=default_client_tls(spec.backend_defaults, source.origin("spec.backendDefaults"), self._report),
            access_log=access_log(spec.logging),
        )

    def _front_services(self, crew: tuple[Template, ...]) -> tuple[ClusterService, ...]:
        cluster = self._inventory.cluster
        found = {
            service.id: service
            for template in crew
            for service in cluster.services_of(template.ref.namespace, template.labels)
        }
        return tuple(found[name] for name in sorted(found))

    def _listener(self, source: Source[VirtualGatewaySpec], number: int) -> Listener:
        spec: GatewayListenerSpec = source.spec.listeners[number]
        written = spec.tls
        place = source.origin(f"spec.listeners[{number}]")
        if spec.tls and spec.tls.validation and spec.tls.validation.trust.acm:
            self._report.warning(
                "MIG313",
                Origin(place.ref, f"{place.path}.tls.validation.trust.acm"),
                f"{source.ref} trusts ACM on a listener, which the controller drops: it never had effect",
            )
            written = spec.tls.model_copy(update={"validation": None})
        tls = server_tls(written, Origin(place.ref, f"{place.path}.tls"), self._report)
        if tls is not None and tls.mode is TlsMode.PERMISSIVE:
            is_plain = self._questions.choice(GATEWAY_TLS) == "plaintext"
            tls = replace(tls, mode=TlsMode.DISABLED if is_plain else TlsMode.STRICT)
        return Listener(
            port=spec.port_mapping.port,
            protocol=Protocol(spec.port_mapping.protocol),
            tls=tls,
            limits=connection_limits(spec.connection_pool, spec.port_mapping.protocol),
            health_check=health_check(spec.health_check),
            origin=place,
        )

    def _gateway(self, source: Source[GatewayRouteSpec]) -> str | None:
        """The VirtualGateway of a route: the one written at its creation, else the only one that selects it."""
        written = source.spec.virtual_gateway_ref
        if written is not None:
            reference = Reference(name=written.name, namespace=written.namespace)
            place = source.origin("spec.virtualGatewayRef")
            gateways = self._inventory.gateways
            found = resolve(
                self._inventory, gateways, Wanted(kind="VirtualGateway", reference=reference, place=place), self._report
            )
            return found.id if found else None
        takers = takers_of(self._inventory, source)
        if len(takers) == 1:
            return takers[0]
        self._report.warning(
            "MIG332",
            source.origin(),
            f"{source.ref} is taken by {' and '.join(takers) if takers else 'no VirtualGateway'}, "
            "and App Mesh refuses such a route: it has no effect",
            "correct the VirtualGateways' namespaceSelector or gatewayRouteSelector",
        )
        return None

    def _route(self, source: Source[GatewayRouteSpec]) -> EdgeRoute | None:
        rules = _written_rules(source.spec)
        if len(rules) != 1:
            self._report.error(
                "MIG312",
                source.origin("spec"),
                f"{source.ref} must have one kind of route, and has {', '.join(rules) or 'none'}",
                "correct the route; App Mesh refuses it",
            )
            return None
        kind, rule = next(iter(rules.items()))
        host = self._host(rule, source.origin(f"spec.{kind}.action.target.virtualService.virtualServiceRef"))
        if host is None:
            return None
        self._check_rewrite(rule, source.origin(f"spec.{kind}.action.rewrite"))
        return EdgeRoute(
            name=source.ref.name,
            protocol=Protocol(kind.removesuffix("Route")),
            match=http_match(rule.match) if isinstance(rule, GatewayHttpRoute) else grpc_match(rule.match),
            hostname=_hostname(rule.match.hostname),
            rewrite=self._rewrite(rule, host),
            host=host.id,
            port=rule.action.target.port or None,
            priority=_LAST_PRIORITY if source.spec.priority is None else source.spec.priority,
            origin=source.origin(f"spec.{kind}"),
        )

    def _host(self, rule: AnyRule, place: Origin) -> Host | None:
        target = rule.action.target.virtual_service
        if target.virtual_service_ref is None:
            refuse_outside(target.virtual_service_arn, place, self._report)
            return None
        services, reference = self._inventory.services, target.virtual_service_ref
        found = resolve(
            self._inventory, services, Wanted(kind="VirtualService", reference=reference, place=place), self._report
        )
        name = found.id if found else full_id(reference, place.ref.namespace)
        if name not in self._hosts:
            namespace, _, short = name.partition("/")
            origin = Origin(ObjectRef(APPMESH, "VirtualService", namespace, short))
            self._hosts[name] = Host(id=name, name=f"{short}.{namespace}", origin=origin, routes=())
        return self._hosts[name]

    def _rewrite(self, rule: AnyRule, host: Host) -> Rewrite:
        hostname = rule.action.rewrite.hostname if rule.action.rewrite else None
        written = hostname is not None and hostname.default_target_hostname is not None
        authority = host.name if self._changes_authority(hostname) else None
        hidden = authority is not None and not written
        if isinstance(rule, GatewayGrpcRoute):
            return Rewrite(authority=authority, implicit_authority=hidden)
        changes = rule.action.rewrite
        prefix = _prefix(changes) if rule.match.prefix is not None else None
        path = changes.path.exact if changes and changes.path and rule.match.path else None
        implicit = prefix is not None and not (changes and changes.prefix and changes.prefix.model_fields_set)
        return Rewrite(
            prefix=prefix,
            path=path,
            authority=authority,
            implicit_prefix=implicit,
            implicit_authority=hidden,
        )

    def _changes_authority(self, written: HostnameRewrite | None) -> bool:
        if written is not None and written.default_target_hostname is not None:
            return written.default_target_hostname == "ENABLED"
        return self._questions.choice(HOST_REWRITE) == "rewrite"

    def _check_rewrite(self, rule: AnyRule, place: Origin) -> None:
        rewrite = rule.action.rewrite
        if not isinstance(rewrite, HttpRewriteSpec) or not isinstance(rule, GatewayHttpRoute):
            return
        for name, part, fitting in (
            ("prefix", rewrite.prefix, rule.match.prefix is not None),
            ("path", rewrite.path, rule.match.path is not None),
        ):
            if part is not None and not fitting:
                self._report.warning(
                    "MIG313",
                    Origin(place.ref, f"{place.path}.{name}"),
                    f"{place.ref} rewrites the {name} and does not match by it: App Mesh refuses it, it is left out",
                    f"match by {name}, or remove the rewrite",
                )


def takers_of(inventory: Inventory, source: Source[GatewayRouteSpec]) -> tuple[str, ...]:
    """Return the ids of the VirtualGateways that select a GatewayRoute."""
    labels = inventory.cluster.namespaces.get(source.ref.namespace, {})
    return tuple(
        gateway.id
        for gateway in inventory.gateways.values()
        if selects(gateway.spec.namespace_selector, labels)
        and (gateway.spec.gateway_route_selector is None or selects(gateway.spec.gateway_route_selector, source.labels))
    )


def _written_rules(spec: GatewayRouteSpec) -> Mapping[str, AnyRule]:
    written: tuple[tuple[str, AnyRule | None], ...] = (
        ("httpRoute", spec.http_route),
        ("http2Route", spec.http2_route),
        ("grpcRoute", spec.grpc_route),
    )
    return {kind: rule for kind, rule in written if rule is not None}


def _prefix(changes: HttpRewriteSpec | None) -> str | None:
    written = changes.prefix if changes else None
    if written is not None and written.value is not None:
        return written.value
    return None if written is not None and written.default_prefix == "DISABLED" else "/"


def _hostname(written: HostnameSpec | None) -> HostnameMatch | None:
    if written is None:
        return None
    if written.exact is not None:
        return HostnameMatch(kind=MatchKind.EXACT, value=written.exact)
    return HostnameMatch(kind=MatchKind.SUFFIX, value=written.suffix) if written.suffix is not None else None
