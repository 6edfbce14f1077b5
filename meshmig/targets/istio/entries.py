"""ServiceEntries: names that are no Service of the cluster, so that Istio's proxies know them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from meshmig.model.mesh import (
    CloudMapName,
    ClusterService,
    EgressPolicy,
    ExternalHost,
    Host,
    Mesh,
    Origin,
    Protocol,
    Upstream,
)
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING
from meshmig.targets.istio.settings import Named, Placements, Settings, object_name, stamped

Ports = Mapping[int, Protocol]
AWS = "*.amazonaws.com"
"""What App Mesh always lets pass, whatever its egress filter says."""

_HTTPS, _HTTP = 443, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """One name to be declared."""

    hostname: str
    object: str
    namespace: str
    ports: Ports
    origin: Origin


def host_entry(mesh: Mesh, host: Host, placements: Placements, settings: Settings) -> Manifest | None:
    """Return the entry of a Host whose name is no Service: it resolves to the first address that it leads to."""
    if host.service is not None:
        return None
    upstreams = [mesh.upstream[name] for name in host.upstreams if name in mesh.upstream]
    outside = [u for u in upstreams if isinstance(u.address, ExternalHost) and u.address.hostname == host.name]
    ports = dict(host.ports) | {listener.port: listener.protocol for u in outside for listener in u.listeners}
    name = _Name(
        hostname=host.name,
        object=host.origin.ref.name,
        namespace=host.namespace,
        ports=ports,
        origin=host.origin,
    )
    if outside:
        return _entry(name, _resolved(outside[0].address), settings)
    return _entry(name, _endpoints(upstreams, placements), settings)


def outside_entries(mesh: Mesh, placements: Placements, settings: Settings) -> Iterator[Manifest]:
    """Yield one entry a name outside the cluster or of Cloud Map, unless a Host of that name declares it."""
    declared = {host.name for host in mesh.hosts}
    found: dict[str, list[Upstream]] = {}
    for upstream in mesh.upstreams:
        foreign = _foreign_name(upstream)
        if foreign and foreign not in declared and upstream.listeners:
            found.setdefault(foreign, []).append(upstream)
    for hostname, upstreams in found.items():
        first = upstreams[0]
        name = _Name(
            hostname=hostname,
            object=object_name(f"{first.origin.ref.name}-outside"),
            namespace=first.namespace,
            ports={item.port: item.protocol for upstream in upstreams for item in upstream.listeners},
            origin=first.origin,
        )
        is_outside = isinstance(first.address, ExternalHost)
        spec = _resolved(first.address) if is_outside else _cloud_map(first, upstreams, placements)
        yield _entry(name, spec, settings)


def aws_entry(mesh: Mesh, settings: Settings) -> Manifest | None:
    """Return what keeps AWS's own endpoints open where egress is closed."""
    if mesh.egress is not EgressPolicy.DROP or not mesh.namespaces:
        return None
    ports: list[Json] = [
        {"number": _HTTP, "name": "http", "protocol": "HTTP"},
        {"number": _HTTPS, "name": "tls", "protocol": "TLS"},
    ]
    spec: dict[str, Json] = {"hosts": [AWS], "location": "MESH_EXTERNAL", "ports": ports, "resolution": "NONE"}
    named = Named(
        api_version=NETWORKING,
        kind="ServiceEntry",
        namespace=mesh.namespaces[0],
        name="meshmig-amazonaws",
        origin=mesh.origin,
    )
    return stamped(named, spec, settings)


def has_foreign_names(mesh: Mesh) -> bool:
    """Say whether pods dial a name of the mesh that no Service of the cluster has."""
    return any(host.service is None and host.routes for host in mesh.hosts) or any(
        isinstance(upstream.address, CloudMapName) for upstream in mesh.upstreams
    )


def foreign_host(upstream: Upstream) -> str:
    """Return the name by which Istio reaches an upstream that has no Service; empty where there is none."""
    return _foreign_name(upstream) if upstream.service is None else ""


def _foreign_name(upstream: Upstream) -> str:
    match upstream.address:
        case ExternalHost(hostname=hostname):
            return hostname
        case CloudMapName() as name:
            return name.hostname
        case ClusterService() | None:
            return ""


def _entry(name: _Name, how: Mapping[str, Json], settings: Settings) -> Manifest:
    ports: list[Json] = [
        {"number": number, "name": f"{protocol.value}-{number}", "protocol": protocol.value.upper()}
        for number, protocol in name.ports.items()
    ]
    named = Named(
        api_version=NETWORKING, kind="ServiceEntry", namespace=name.namespace, name=name.object, origin=name.origin
    )
    return stamped(named, {"hosts": [name.hostname], "ports": ports, **how}, settings)


def _resolved(address: object) -> dict[str, Json]:
    every = isinstance(address, ExternalHost) and address.every_address
    return {"location": "MESH_EXTERNAL", "resolution": "DNS" if every else "DNS_ROUND_ROBIN"}


def _cloud_map(first: Upstream, upstreams: Sequence[Upstream], placements: Placements) -> dict[str, Json]:
    """The pods behind a Cloud Map name by their Services; without pods, by the attributes, which are pod labels."""
    found = _endpoints(upstreams, placements)
    if "endpoints" in found:
        return found
    labels = dict(first.address.attributes) if isinstance(first.address, CloudMapName) else {}
    if labels:
        return {"location": "MESH_INTERNAL", "resolution": "STATIC", "workloadSelector": {"labels": labels}}
    return {"location": "MESH_EXTERNAL", "resolution": "DNS"}


def _endpoints(upstreams: Sequence[Upstream], placements: Placements) -> dict[str, Json]:
    services = [service for upstream in upstreams for service in _services(upstream, placements)]
    if services:
        endpoints: list[Json] = [{"address": services[0].fqdn}]
        return {"location": "MESH_INTERNAL", "resolution": "DNS", "endpoints": endpoints}
    is_outside = any(isinstance(upstream.address, ExternalHost) for upstream in upstreams)
    return {"location": "MESH_EXTERNAL" if is_outside else "MESH_INTERNAL", "resolution": "NONE"}


def _services(upstream: Upstream, placements: Placements) -> Iterator[ClusterService]:
    placement = placements.get(upstream.id)
    if upstream.service is not None:
        yield upstream.service
    elif placement is not None:
        yield from (service for service in (placement.old, placement.new) if service is not None)
