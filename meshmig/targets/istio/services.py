"""Services that are made for the mesh: their ports say what they speak, as Istio wants it."""

from meshmig.model.mesh import ClusterService, ServicePort, Upstream
from meshmig.model.objects import Json, Manifest
from meshmig.targets.istio.settings import MANAGED_BY, ORIGIN

SUFFIX = "-istio"
"""How the names of made Services and copies end."""

_LONGEST_NAME = 63


def suffixed(name: str) -> str:
    """Return a name with the suffix, cut so that it stays a DNS label."""
    return f"{name[: _LONGEST_NAME - len(SUFFIX)]}{SUFFIX}"


def listener_ports(upstream: Upstream) -> tuple[ServicePort, ...]:
    """Return the ports of a Service for an upstream that has none: its listeners' own numbers."""
    return tuple(
        ServicePort(port=listener.port, target_port=listener.port, name=f"{listener.protocol.value}-{listener.port}")
        for listener in upstream.listeners
    )


def service_manifest(service: ClusterService, upstream: Upstream) -> Manifest:
    """Return a Service that meshmig makes, every port's protocol declared from its listener."""
    metadata = {
        "name": service.name,
        "namespace": service.namespace,
        "labels": {MANAGED_BY: "meshmig"},
        "annotations": {ORIGIN: str(upstream.origin.ref)},
    }
    spec = {"selector": dict(service.selector or {}), "ports": [_port(port, upstream) for port in service.ports]}
    return Manifest({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def _port(port: ServicePort, upstream: Upstream) -> Json:
    listener = upstream.listener(port.target_port)
    found: dict[str, Json] = {"port": port.port, "targetPort": port.target_port}
    if port.name:
        found["name"] = port.name
    if listener is not None:
        found["appProtocol"] = listener.protocol.value
    return found
