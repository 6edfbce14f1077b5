"""How requests are treated on their way: DestinationRules, outside names, sidecars, access logs, mTLS modes."""

from collections.abc import Iterable, Iterator, Mapping

from meshmig.model.mesh import (
    BackendUse,
    ClientTls,
    CloudMapName,
    ClusterService,
    ConnectionLimits,
    EgressPolicy,
    ExternalHost,
    Listener,
    Mesh,
    OutlierPolicy,
    TlsMode,
    Upstream,
    Workload,
)
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING, TELEMETRY
from meshmig.targets.istio.destinations import service_port
from meshmig.targets.istio.routing import host_name, seconds
from meshmig.targets.istio.security import permissive_objects
from meshmig.targets.istio.settings import Named, Placements, Settings, object_name, stamped

WORKLOAD = "meshmig.io/workload"
"""The label of a workload's Istio pods; its value is the workload's name."""


def policy_objects(mesh: Mesh, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return every object that is no route: sorted by reference, one DestinationRule a Service host."""
    found = [
        *_destination_rules(mesh, mesh.upstreams, placements, settings),
        *_outside(mesh, settings),
        *(_telemetry(mesh, workload, settings) for workload in mesh.workloads),
        *sidecar_objects(mesh, settings, closed=False),
        *permissive_objects(mesh, settings),
    ]
    return tuple(sorted((manifest for manifest in found if manifest is not None), key=lambda item: item.ref))


def rule_objects(
    mesh: Mesh, upstreams: Iterable[Upstream], placements: Placements, settings: Settings
) -> tuple[Manifest, ...]:
    """Return the DestinationRules of some Upstreams' Services."""
    return tuple(_destination_rules(mesh, upstreams, placements, settings))


def _destination_rules(
    mesh: Mesh, upstreams: Iterable[Upstream], placements: Placements, settings: Settings
) -> Iterator[Manifest]:
    made: dict[str, Manifest] = {}
    for upstream in upstreams:
        placement = placements.get(upstream.id)
        # The original Service comes last: once nothing old stands behind it, it speaks Istio's own mTLS.
        sides = ((placement.old, True), (placement.new, False)) if placement else ((upstream.service, True),)
        sides = (*sides, (upstream.service, False))
        for service, old in sides:
            if service is not None and service.fqdn not in made:
                tls = _client_tls(mesh, upstream) if old else None
                made[service.fqdn] = _rule(upstream, service, tls, settings)
    yield from made.values()


def _rule(upstream: Upstream, service: ClusterService, tls: ClientTls | None, settings: Settings) -> Manifest:
    policy: dict[str, Json] = {"loadBalancer": {"simple": "ROUND_ROBIN"}}
    outlier = next((listener.outlier for listener in upstream.listeners if listener.outlier), None)
    if outlier is not None:
        policy["outlierDetection"] = _outlier(outlier)
        policy["loadBalancer"] |= {"localityLbSetting": {"enabled": False}}
    idle = [listener.timeouts.idle for listener in upstream.listeners if listener.timeouts.idle]
    if idle and idle[0].ms and upstream.listeners[0].protocol.is_http:
        policy["connectionPool"] = {"http": {"idleTimeout": seconds(idle[0])}}
    if tls is not None:
        policy["tls"] = _tls(upstream, tls)
    named = Named(
        api_version=NETWORKING,
        kind="DestinationRule",
        namespace=service.namespace,
        name=service.name,
        origin=upstream.origin,
    )
    return stamped(named, {"host": service.fqdn, "trafficPolicy": policy}, settings)


def _outlier(policy: OutlierPolicy) -> dict[str, Json]:
    return {
        "consecutive5xxErrors": policy.max_server_errors,
        "interval": seconds(policy.interval),
        "baseEjectionTime": seconds(policy.base_ejection),
        "maxEjectionPercent": max(1, policy.max_ejection_percent),
        "minHealthPercent": 0,
    }


def _client_tls(mesh: Mesh, upstream: Upstream) -> ClientTls | None:
    """The TLS that App Mesh's callers start towards a STRICT listener; the first caller's files speak for all."""
    if not any(listener.tls and listener.tls.mode is TlsMode.STRICT for listener in upstream.listeners):
        return None
    hosts = {host.id for host in mesh.hosts if upstream.id in host.upstreams}
    policies = [use.client_tls for use in _uses(mesh) if use.host in hosts and use.client_tls is not None]
    policies += [edge.client_tls for edge in mesh.edges if edge.client_tls is not None]
    return policies[0] if policies else ClientTls(enforce=True)


def _uses(mesh: Mesh) -> Iterator[BackendUse]:
    for upstream in mesh.upstreams:
        yield from upstream.backends


def _tls(upstream: Upstream, client: ClientTls) -> dict[str, Json]:
    found: dict[str, Json] = {"mode": "SIMPLE"}
    if client.certificate is not None and client.certificate.kind == "file":
        chain, key = (*client.certificate.names, "")[:2]
        found = {"mode": "MUTUAL", "clientCertificate": chain, "privateKey": key}
    if client.trust is not None and client.trust.kind == "file":
        found["caCertificates"] = client.trust.names[0]
    else:
        found["insecureSkipVerify"] = True
    names = list(client.server_names) or [name for name in [_discovery_name(upstream)] if name]
    if names and "insecureSkipVerify" not in found:
        found["subjectAltNames"] = names
        found["sni"] = names[0]
    return found


def _discovery_name(upstream: Upstream) -> str:
    match upstream.address:
        case ClusterService() as service:
            return service.fqdn
        case ExternalHost(hostname=hostname):
            return hostname
        case CloudMapName() as name:
            return f"{name.service}.{name.namespace}"
        case None:
            return ""


def _outside(mesh: Mesh, settings: Settings) -> Iterator[Manifest]:
    for upstream in mesh.upstreams:
        match upstream.address:
            case ExternalHost() as address:
                named = _of(upstream, "ServiceEntry")
                ports = [_entry_port(listener) for listener in upstream.listeners]
                if ports:
                    resolution = "DNS" if address.every_address else "DNS_ROUND_ROBIN"
                    spec = {"hosts": [address.hostname], "location": "MESH_EXTERNAL"}
                    yield stamped(named, spec | {"ports": ports, "resolution": resolution}, settings)
            case _:
                continue


def _of(upstream: Upstream, kind: str) -> Named:
    name = f"{upstream.origin.ref.name}-outside"
    return Named(
        api_version=NETWORKING, kind=kind, namespace=upstream.namespace, name=object_name(name), origin=upstream.origin
    )


def _entry_port(listener: Listener) -> Json:
    protocol = listener.protocol.value
    return {"number": listener.port, "name": f"{protocol}-{listener.port}", "protocol": protocol.upper()}


def _telemetry(mesh: Mesh, workload: Workload, settings: Settings) -> Manifest | None:
    upstream = mesh.upstream.get(workload.upstream or "")
    edge = mesh.edge.get(workload.edge or "")
    log = upstream.access_log if upstream else edge.access_log if edge else None
    if log is None:
        return None
    name, namespace = workload.ref.name, workload.ref.namespace
    origin = upstream.origin if upstream else edge.origin if edge else mesh.origin
    named = Named(api_version=TELEMETRY, kind="Telemetry", namespace=namespace, name=name, origin=origin)
    spec = {
        "selector": {"matchLabels": {WORKLOAD: name}},
        "accessLogging": [{"providers": [{"name": "envoy"}]}],
    }
    return stamped(named, spec, settings)


def sidecar_objects(mesh: Mesh, settings: Settings, *, closed: bool) -> tuple[Manifest, ...]:
    """Return one Sidecar a workload that needs one: its own connection limits; `closed` also its egress."""
    found = (_sidecar(mesh, workload, settings, closed=closed) for workload in mesh.workloads)
    return tuple(manifest for manifest in found if manifest is not None)


def _sidecar(mesh: Mesh, workload: Workload, settings: Settings, *, closed: bool) -> Manifest | None:
    upstream = mesh.upstream.get(workload.upstream or "")
    if upstream is None:
        return None
    spec: dict[str, Json] = {}
    pool = _pool(listener.limits for listener in upstream.listeners)
    if pool:
        spec["inboundConnectionPool"] = pool
    if closed and mesh.egress is EgressPolicy.DROP:
        spec["outboundTrafficPolicy"] = {"mode": "REGISTRY_ONLY"}
        spec["egress"] = [{"hosts": ["istio-system/*", *_reachable(mesh, upstream)]}]
    if not spec:
        return None
    name, namespace = workload.ref.name, workload.ref.namespace
    named = Named(api_version=NETWORKING, kind="Sidecar", namespace=namespace, name=name, origin=upstream.origin)
    return stamped(named, {"workloadSelector": {"labels": {WORKLOAD: name}}} | spec, settings)


def _reachable(mesh: Mesh, upstream: Upstream) -> list[str]:
    hosts: set[str] = set()
    for use in upstream.backends:
        host = mesh.host.get(use.host)
        if host is None:
            continue
        hosts.add(f"{host.namespace}/{host_name(host)}")
        targets = (mesh.upstream[name] for name in host.upstreams if name in mesh.upstream)
        services = [target.service for target in targets if target.service is not None]
        hosts |= {f"{service.namespace}/{service.fqdn}" for service in services}
        hosts |= {
            f"{service.namespace}/{service.name}-istio.{service.namespace}.svc.cluster.local" for service in services
        }
    return sorted(hosts)


def _pool(limits: Iterable[ConnectionLimits | None]) -> Mapping[str, Json]:
    first = next((limit for limit in limits if limit is not None), None)
    if first is None:
        return {}
    http: dict[str, Json] = {}
    if first.max_pending_requests:
        http["http1MaxPendingRequests"] = first.max_pending_requests
    if first.max_requests:
        http["http2MaxRequests"] = first.max_requests
    pool: dict[str, Json] = {"http": http} if http else {}
    if first.max_connections:
        pool["tcp"] = {"maxConnections": first.max_connections}
    return pool


__all__ = ["WORKLOAD", "policy_objects", "service_port", "sidecar_objects"]
