"""DestinationRules: balancing, ejection, idle limits and TLS towards each Service or outside name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from meshmig.model.mesh import (
    ClusterService,
    ExternalHost,
    Mesh,
    Origin,
    OutlierPolicy,
    Protocol,
    Upstream,
    Workload,
)
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING
from meshmig.model.units import Duration
from meshmig.targets.istio.client_tls import by_port, kept_ports, outside_tls, server_tls, strict_ports
from meshmig.targets.istio.settings import Named, Placements, Settings, object_name, seconds, stamped

Policy = dict[str, Json]
PortTls = Mapping[int, Policy]
"""TLS settings by container port."""

_CONNECT_TIMEOUT = "1s"
"""App Mesh's, towards every other node (a real config dump); Istio would wait ten."""

_NO_TLS: Policy = {"mode": "DISABLE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """What a rule is for: a name, its ports as callers dial them by container port, where it came from."""

    name: str
    object: str
    namespace: str
    ports: Mapping[int, int]
    origin: Origin


def rule_objects(
    mesh: Mesh, upstreams: Iterable[Upstream], placements: Placements, settings: Settings
) -> tuple[Manifest, ...]:
    """Return the DestinationRules of some Upstreams' Services and outside names, one a host."""
    made: dict[str, Manifest] = {}
    for upstream in upstreams:
        for host, tls in _sides(mesh, upstream, placements):
            if host.name not in made:
                made[host.name] = _rule(mesh, upstream, host, tls, settings)
        for service in _other_services(mesh, upstream):
            if service.fqdn not in made and _plain_ports(mesh, upstream, service):
                made[service.fqdn] = _rule(mesh, upstream, _service_host(service, upstream.origin), {}, settings)
    return tuple(made.values())


def _sides(mesh: Mesh, upstream: Upstream, placements: Placements) -> Iterator[tuple[_Host, PortTls]]:
    """The old side speaks App Mesh's TLS, the new one Istio's own, unless its certificate is kept."""
    if isinstance(upstream.address, ExternalHost):
        outside = outside_tls(mesh, upstream)
        ports = tuple(listener.port for listener in upstream.listeners)
        yield _outside_host(upstream, upstream.address), by_port(upstream, outside, ports) if outside else {}
        return
    client = server_tls(mesh, upstream)
    old = by_port(upstream, client, strict_ports(upstream)) if client else {}
    kept = by_port(upstream, client, kept_ports(upstream)) if client else {}
    placement = placements.get(upstream.id)
    # The original Service comes last: once nothing old stands behind it, it speaks Istio's own mTLS.
    sides = ((placement.old, old), (placement.new, kept)) if placement else ((upstream.service, old),)
    for service, tls in (*sides, (upstream.service, kept)):
        if service is not None:
            yield _service_host(service, upstream.origin), tls


def _service_host(service: ClusterService, origin: Origin) -> _Host:
    ports = {port.target_port: port.port for port in service.ports}
    return _Host(name=service.fqdn, object=service.name, namespace=service.namespace, ports=ports, origin=origin)


def _outside_host(upstream: Upstream, address: ExternalHost) -> _Host:
    name = object_name(f"{upstream.origin.ref.name}-outside")
    ports = {listener.port: listener.port for listener in upstream.listeners}
    return _Host(name=address.hostname, object=name, namespace=upstream.namespace, ports=ports, origin=upstream.origin)


def _rule(mesh: Mesh, upstream: Upstream, host: _Host, tls: PortTls, settings: Settings) -> Manifest:
    policy = _policy(mesh, upstream)
    plain = _plain_ports(mesh, upstream, host)
    special = {**dict.fromkeys(plain, _NO_TLS), **tls}
    is_uniform = bool(tls) and not plain and host.ports.keys() <= tls.keys()
    if is_uniform:
        policy = policy | {"tls": next(iter(tls.values()))}
    elif special:
        # A port's settings replace the host's wholesale, so they are repeated.
        policy = policy | {
            "portLevelSettings": [
                {"port": {"number": host.ports[port]}} | policy | {"tls": special[port]}
                for port in sorted(special, key=lambda port: host.ports.get(port, port))
                if port in host.ports
            ]
        }
    named = Named(
        api_version=NETWORKING, kind="DestinationRule", namespace=host.namespace, name=host.object, origin=host.origin
    )
    return stamped(named, {"host": host.name, "trafficPolicy": policy}, settings)


def _policy(mesh: Mesh, upstream: Upstream) -> Policy:
    policy: Policy = {"loadBalancer": {"simple": "ROUND_ROBIN"}}
    outlier = next((listener.outlier for listener in upstream.listeners if listener.outlier), None)
    if outlier is not None:
        policy["outlierDetection"] = _outlier(outlier)
        # Ejection switches failover between zones on, which App Mesh did not have.
        policy["loadBalancer"] |= {"localityLbSetting": {"enabled": False}}
    return policy | {"connectionPool": _pool(mesh, upstream)}


def _outlier(policy: OutlierPolicy) -> Policy:
    return {
        "consecutive5xxErrors": policy.max_server_errors,
        "interval": seconds(policy.interval),
        "baseEjectionTime": seconds(policy.base_ejection),
        "maxEjectionPercent": max(1, policy.max_ejection_percent),
        "minHealthPercent": 0,
    }


def _pool(mesh: Mesh, upstream: Upstream) -> Policy:
    http = _least([limit for protocol, limit in _idle_limits(mesh, upstream) if protocol.is_http])
    tcp = _least([limit for protocol, limit in _idle_limits(mesh, upstream) if not protocol.is_http])
    pool: Policy = {"tcp": {"connectTimeout": _CONNECT_TIMEOUT}}
    if tcp is not None:
        pool["tcp"]["idleTimeout"] = seconds(tcp)
    if http is not None and http.ms:
        pool["http"] = {"idleTimeout": seconds(http)}
    return pool


def _idle_limits(mesh: Mesh, upstream: Upstream) -> Iterator[tuple[Protocol, Duration]]:
    for listener in upstream.listeners:
        if listener.timeouts.idle is not None:
            yield listener.protocol, listener.timeouts.idle
    for host in mesh.hosts_of.get(upstream.id, ()):
        for route in host.routes:
            if route.idle is not None and any(split.upstream == upstream.id for split in route.splits):
                yield route.protocol, route.idle


def _least(limits: list[Duration]) -> Duration | None:
    """The tightest limit; zero, which is none, only where nothing else is written."""
    return min((limit for limit in limits if limit.ms), default=min(limits, default=None))


def _plain_ports(mesh: Mesh, upstream: Upstream, host: "_Host | ClusterService") -> tuple[int, ...]:
    """The container ports that the sidecars of an upstream's pods do not take over, so that mTLS would fail there."""
    settings = [mesh.workload[name].proxy.inbound_ports for name in upstream.workloads if name in mesh.workload]
    if not settings or any(ports is None for ports in settings):
        return ()
    taken = {port for ports in settings for port in ports or ()}
    offered = host.ports if isinstance(host, _Host) else [port.target_port for port in host.ports]
    return tuple(port for port in offered if port not in taken)


def _other_services(mesh: Mesh, upstream: Upstream) -> Iterator[ClusterService]:
    """The Services that select an upstream's pods and are not its address: monitoring, for one."""
    workloads: Iterator[Workload] = (mesh.workload[name] for name in upstream.workloads if name in mesh.workload)
    found = {service.id: service for workload in workloads for service in workload.services}
    if upstream.service is not None:
        found.pop(upstream.service.id, None)
    yield from found.values()
