"""What each port of a Service speaks: App Mesh asked its VirtualNodes and routers, Istio asks the Service."""

from collections.abc import Iterator, Mapping

from meshmig.model.mesh import ClusterService, Mesh, Protocol
from meshmig.model.objects import Json

_SAME: Mapping[str, Protocol] = {"kubernetes.io/h2c": Protocol.HTTP2}


def declared_ports(mesh: Mesh) -> Mapping[str, list[Json]]:
    """Return, by the Service's id, the fields of its ports that declare a protocol and do not say so yet."""
    found: dict[str, dict[int, Protocol]] = {}
    services: dict[str, ClusterService] = {}
    # Later words win: what the pods' listeners speak counts more than what callers were told.
    for service, port, protocol in (*_by_hosts(mesh), *_by_listeners(mesh)):
        services[service.id] = service
        found.setdefault(service.id, {})[port] = protocol
    made = {name: [*_missing(services[name], ports)] for name, ports in sorted(found.items())}
    return {name: fields for name, fields in made.items() if fields}


def _by_hosts(mesh: Mesh) -> Iterator[tuple[ClusterService, int, Protocol]]:
    for host in mesh.hosts:
        for port, protocol in host.ports if host.service is not None else ():
            if host.service is not None:
                yield host.service, port, protocol


def _by_listeners(mesh: Mesh) -> Iterator[tuple[ClusterService, int, Protocol]]:
    for upstream in mesh.upstreams:
        for listener in upstream.listeners if upstream.service is not None else ():
            port = upstream.service.port_for(listener.port) if upstream.service is not None else None
            if upstream.service is not None and port is not None:
                yield upstream.service, port, listener.protocol


def _missing(service: ClusterService, wanted: Mapping[int, Protocol]) -> Iterator[Json]:
    for port in service.ports:
        protocol = wanted.get(port.port)
        written = _SAME.get(port.app_protocol, port.app_protocol)
        if protocol is not None and written != protocol.value:
            yield {"port": port.port, "protocol": "TCP", "appProtocol": protocol.value}
