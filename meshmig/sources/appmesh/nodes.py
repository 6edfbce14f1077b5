"""VirtualNodes to upstreams: address, listeners, backends, access log."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from meshmig.model.mesh import (
    AccessLog,
    Address,
    BackendUse,
    ClientTls,
    CloudMapName,
    ClusterService,
    ConnectionLimits,
    ExternalHost,
    HealthCheck,
    Listener,
    Origin,
    OutlierPolicy,
    Protocol,
    ServerTls,
    Timeouts,
    TlsMode,
    Upstream,
)
from meshmig.model.units import Duration
from meshmig.sources.appmesh.cluster import Cluster, Template
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.inventory import Inventory, Source, Wanted, default_name, resolve
from meshmig.sources.appmesh.questions import (
    CERTIFICATES,
    HEALTH_CHECKS,
    INBOUND_PORTS,
    OUTLIER_DETECTION,
    Questions,
)
from meshmig.sources.appmesh.schema import (
    BackendGroupSpec,
    ConnectionPool,
    DnsDiscovery,
    DurationSpec,
    GatewayConnectionPool,
    GatewayHealthCheckPolicy,
    HealthCheckPolicy,
    HttpPool,
    ListenerSpec,
    ListenerTimeout,
    Logging,
    OutlierDetection,
    RequestPool,
    RequestTimeout,
    TcpPool,
    TcpTimeout,
    VirtualNodeSpec,
)
from meshmig.sources.appmesh.selectors import equalities
from meshmig.sources.appmesh.tls import client_tls, default_client_tls, server_tls
from meshmig.sources.appmesh.workloads import Crew, Served

EVERY_SERVICE = "*"
_LEAST_THRESHOLD = 2


def lift_upstreams(inventory: Inventory, crew: Crew, questions: Questions, report: Report) -> dict[str, Upstream]:
    """Build the upstream of every VirtualNode, by id."""
    return {
        source.id: _NodeLift(inventory, source, crew.nodes[source.id], report).upstream(questions)
        for source in inventory.nodes.values()
    }


def served_by(upstreams: Mapping[str, Upstream], questions: Questions) -> Mapping[str, Served]:
    """Say what each VirtualNode's listeners ask of its pods, as far as a person decides it."""
    return {name: _served(upstream, questions) for name, upstream in upstreams.items() if upstream.workloads}


def _served(upstream: Upstream, questions: Questions) -> Served:
    ports = tuple(listener.port for listener in upstream.listeners)
    check = next((listener.health_check for listener in upstream.listeners if listener.health_check), None)
    return Served(
        ports=ports if questions.choice(INBOUND_PORTS) == "listeners" else None,
        probe=check if check and questions.choice(HEALTH_CHECKS) == "probe" else None,
    )


def cluster_service(cluster: Cluster, name: str, namespace: str) -> ClusterService | None:
    """Find the Service that a name means, in any spelling; a bare name is looked up in `namespace`."""
    labels = name.rstrip(".").split(".")
    if len(labels) > 2 and labels[2] != "svc":  # noqa: PLR2004 - name.namespace.svc[.domain]
        return None
    return cluster.services.get(f"{labels[1] if len(labels) > 1 else namespace}/{labels[0]}")


def duration(written: DurationSpec | None) -> Duration | None:
    """Lift a duration."""
    if written is None:
        return None
    return Duration.of(seconds=written.value) if written.unit == "s" else Duration.of(ms=written.value)


def timeouts(written: RequestTimeout | TcpTimeout | None) -> Timeouts:
    """Lift the limits of a route or of a listener's protocol."""
    if written is None:
        return Timeouts()
    per_request = written.per_request if isinstance(written, RequestTimeout) else None
    return Timeouts(per_request=duration(per_request), idle=duration(written.idle))


def connection_limits(pool: ConnectionPool | GatewayConnectionPool | None, protocol: str) -> ConnectionLimits | None:
    """Lift the limits that fit the listener's protocol."""
    match getattr(pool, protocol, None):
        case HttpPool(max_connections=connections, max_pending_requests=pending):
            return ConnectionLimits(max_connections=connections, max_pending_requests=pending)
        case TcpPool(max_connections=connections):
            return ConnectionLimits(max_connections=connections)
        case RequestPool(max_requests=requests):
            return ConnectionLimits(max_requests=requests)
        case _:
            return None


def health_check(check: HealthCheckPolicy | GatewayHealthCheckPolicy | None) -> HealthCheck | None:
    """Lift an active health check."""
    if check is None:
        return None
    return HealthCheck(
        protocol=Protocol(check.protocol),
        path=check.path or "",
        port=check.port,
        interval=Duration(check.interval_millis),
        timeout=Duration(check.timeout_millis),
        healthy_threshold=check.healthy_threshold or _LEAST_THRESHOLD,
        unhealthy_threshold=check.unhealthy_threshold,
    )


def access_log(logging: Logging | None) -> AccessLog | None:
    """Lift the access log, if there is one."""
    file = logging.access_log.file if logging and logging.access_log else None
    if file is None:
        return None
    fields = (file.format.json_fields if file.format else None) or ()
    return AccessLog(
        path=file.path,
        text=file.format.text if file.format else None,
        fields=tuple((field.key, field.value) for field in fields),
    )


class _NodeLift:
    def __init__(
        self, inventory: Inventory, source: Source[VirtualNodeSpec], crew: tuple[Template, ...], report: Report
    ) -> None:
        self._inventory, self._cluster = inventory, inventory.cluster
        self._source, self._spec, self._crew, self._report = source, source.spec, crew, report

    def upstream(self, questions: Questions) -> Upstream:
        address = self._address()
        service = address if isinstance(address, ClusterService) else self._service_by_selector(address)
        listeners = tuple(self._listener(at, spec, questions) for at, spec in enumerate(self._spec.listeners))
        if not isinstance(address, ExternalHost):
            self._check_pods(address)
            self._check_ports(service, listeners)
        return Upstream(
            id=self._source.id,
            origin=self._source.origin(),
            source_name=self._spec.aws_name or default_name(self._source.ref),
            address=address,
            service=service,
            workloads=tuple(sorted(template.ref.id for template in self._crew)),
            pod_labels=equalities(self._spec.pod_selector),
            listeners=listeners,
            backends=tuple(self._backends()),
            access_log=access_log(self._spec.logging),
        )

    def _address(self) -> Address | None:
        discovery = self._spec.service_discovery
        if discovery is None or (discovery.dns is None and discovery.aws_cloud_map is None):
            if self._spec.listeners:
                self._warn("MIG326", "serviceDiscovery", "has listeners and no service discovery: nobody can call it")
            return None
        if discovery.dns is None and discovery.aws_cloud_map is not None:
            name = discovery.aws_cloud_map
            attributes = tuple(sorted((attribute.key, attribute.value) for attribute in name.attributes))
            return CloudMapName(namespace=name.namespace_name, service=name.service_name, attributes=attributes)
        if discovery.aws_cloud_map is not None:
            self._report.error(
                "MIG312",
                self._source.origin("spec.serviceDiscovery"),
                f"{self._source.ref} has both dns and awsCloudMap, and App Mesh takes one of them",
                "remove the one that is not meant",
            )
        return self._dns_address(discovery.dns) if discovery.dns else None

    def _dns_address(self, dns: DnsDiscovery) -> Address | None:
        service = cluster_service(self._cluster, dns.hostname, self._source.ref.namespace)
        if service is not None:
            return service
        labels = dns.hostname.rstrip(".").split(".")
        if len(labels) == 1 or "svc" in labels[2:3]:
            self._warn(
                "MIG326",
                "serviceDiscovery.dns.hostname",
                f"has hostname {dns.hostname}, and there is no such Service: what leads there is dead",
                "add the Service's manifest, or remove the VirtualNode from its routes",
            )
            return None
        return ExternalHost(hostname=dns.hostname, every_address=dns.response_type == "ENDPOINTS")

    def _service_by_selector(self, address: Address | None) -> ClusterService | None:
        if isinstance(address, ExternalHost):
            return None
        label_sets = [template.labels for template in self._crew] or [equalities(self._spec.pod_selector) or {}]
        namespace, ports = self._source.ref.namespace, {spec.port_mapping.port for spec in self._spec.listeners}
        candidates = [
            service
            for service in self._cluster.services_of(namespace, label_sets[0])
            if all((service.selector or {}).items() <= labels.items() for labels in label_sets)
        ]

        def strangers(service: ClusterService) -> tuple[int, int, str]:
            missing = sum(service.port_for(port) is None for port in ports)
            return len(self._cluster.behind(service)), missing, service.name

        return min(candidates, key=strangers, default=None)

    def _check_pods(self, address: Address | None) -> None:
        is_own = self._spec.pod_selector is not None
        if is_own and not self._crew and (self._spec.listeners or address is not None):
            self._warn("MIG322", "podSelector", "takes no pods of the mesh: it has no proxy that could be moved")

    def _check_ports(self, service: ClusterService | None, listeners: tuple[Listener, ...]) -> None:
        for listener in listeners if service else ():
            if service and service.port_for(listener.port) is None:
                self._report.warning(
                    "MIG327",
                    listener.origin,
                    f"{self._source.ref} listens on {listener.port}, and no port of Service {service.id} leads there",
                    f"add a port with targetPort {listener.port} to Service {service.id}",
                )

    def _listener(self, number: int, spec: ListenerSpec, questions: Questions) -> Listener:
        place = self._source.origin(f"spec.listeners[{number}]")
        protocol = spec.port_mapping.protocol
        self._check_protocol(place, spec)
        return Listener(
            port=spec.port_mapping.port,
            protocol=Protocol(protocol),
            tls=_kept(server_tls(spec.tls, Origin(place.ref, f"{place.path}.tls"), self._report), questions),
            timeouts=timeouts(_for_protocol(spec.timeout, protocol)),
            outlier=self._outlier(spec.outlier_detection, questions),
            limits=connection_limits(spec.connection_pool, protocol),
            health_check=health_check(spec.health_check),
            origin=place,
        )

    def _check_protocol(self, place: Origin, spec: ListenerSpec) -> None:
        for name, part in (("timeout", spec.timeout), ("connectionPool", spec.connection_pool)):
            written = part.model_fields_set if part else set()
            for stranger in sorted(written - {spec.port_mapping.protocol}):
                self._report.warning(
                    "MIG313",
                    Origin(place.ref, f"{place.path}.{name}.{stranger}"),
                    f"{place.ref} sets {name} for {stranger} on a {spec.port_mapping.protocol} listener: "
                    "App Mesh refuses it, and it is left out here",
                    f"write it below {name}.{spec.port_mapping.protocol}",
                )

    def _outlier(self, spec: OutlierDetection | None, questions: Questions) -> OutlierPolicy | None:
        if spec is None or (self._is_one_address() and questions.choice(OUTLIER_DETECTION) == "omit"):
            return None
        return OutlierPolicy(
            max_server_errors=spec.max_server_errors,
            interval=duration(spec.interval) or Duration(0),
            base_ejection=duration(spec.base_ejection_duration) or Duration(0),
            max_ejection_percent=spec.max_ejection_percent,
        )

    def _is_one_address(self) -> bool:
        dns = self._spec.service_discovery.dns if self._spec.service_discovery else None
        return dns is not None and dns.response_type != "ENDPOINTS"

    def _backends(self) -> Iterator[BackendUse]:
        default = default_client_tls(
            self._spec.backend_defaults, self._source.origin("spec.backendDefaults"), self._report
        )
        uses: dict[str, ClientTls | None] = dict.fromkeys(self._grouped(), default)
        for number, backend in enumerate(self._spec.backends):
            place = self._source.origin(f"spec.backends[{number}].virtualService")
            host = self._backend_host(number)
            own = client_tls(
                backend.virtual_service.client_policy, Origin(place.ref, f"{place.path}.clientPolicy"), self._report
            )
            if host:
                uses[host] = own or default
        yield from (BackendUse(host=host, client_tls=uses[host]) for host in sorted(uses))

    def _backend_host(self, number: int) -> str | None:
        backend = self._spec.backends[number].virtual_service
        place = self._source.origin(f"spec.backends[{number}].virtualService.virtualServiceRef")
        if backend.virtual_service_ref is not None:
            wanted = Wanted(kind="VirtualService", reference=backend.virtual_service_ref, place=place)
            found = resolve(self._inventory, self._inventory.services, wanted, self._report)
            return found.id if found else None
        refuse_outside(backend.virtual_service_arn, place, self._report)
        return None

    def _grouped(self) -> Iterator[str]:
        if self._inventory.injector.backend_groups is False:
            if self._spec.backend_groups:
                text = "names backendGroups, and the controller runs without --enable-backend-groups: no effect"
                self._warn("MIG313", "backendGroups", text)
            return
        for number, reference in enumerate(self._spec.backend_groups):
            place = self._source.origin(f"spec.backendGroups[{number}]")
            wanted = Wanted(kind="BackendGroup", reference=reference, place=place)
            if reference.name == EVERY_SERVICE:
                namespace = reference.namespace or self._source.ref.namespace
                yield from (s.id for s in self._inventory.services.values() if s.ref.namespace == namespace)
            elif group := resolve(self._inventory, self._inventory.groups, wanted, self._report):
                yield from self._group_members(group)

    def _group_members(self, group: Source[BackendGroupSpec]) -> Iterator[str]:
        for number, reference in enumerate(group.spec.virtual_services):
            place = group.origin(f"spec.virtualservices[{number}]")
            wanted = Wanted(kind="VirtualService", reference=reference, place=place)
            if resolve(self._inventory, self._inventory.services, wanted, self._report):
                yield wanted.id

    def _warn(self, code: str, path: str, message: str, help_text: str = "") -> None:
        self._report.warning(code, self._source.origin(f"spec.{path}"), f"{self._source.ref} {message}", help_text)


def _kept(tls: ServerTls | None, questions: Questions) -> ServerTls | None:
    """Mark a certificate of files that a person wants to go on showing."""
    if tls is None or tls.mode is TlsMode.DISABLED or tls.certificate is None or tls.certificate.kind != "file":
        return tls
    return replace(tls, is_kept=questions.choice(CERTIFICATES) == "files")


def refuse_outside(arn: str | None, place: Origin, report: Report) -> None:
    """Report a reference that is an ARN, or that is missing altogether."""
    if arn is None:
        report.error(
            "MIG312",
            place,
            f"{place.ref} names nothing at {place.path}",
            "write a reference with the name of an object of this cluster",
        )
        return
    report.error(
        "MIG316",
        Origin(place.ref, place.path.removesuffix("Ref") + "ARN"),
        f"{place.ref} refers to {arn}, which lies outside this cluster: a human must decide how it is reached",
        "decide on an address (ServiceEntry, multi-cluster Istio, a gateway), then write the manifest without the ARN",
    )


def _for_protocol(timeout: ListenerTimeout | None, protocol: str) -> RequestTimeout | TcpTimeout | None:
    found = getattr(timeout, protocol, None)
    return found if isinstance(found, RequestTimeout | TcpTimeout) else None
