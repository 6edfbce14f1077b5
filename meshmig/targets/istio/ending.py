"""Where requests go when the journey is over: to each address's own Service, or to one that is made for it."""

from collections.abc import Mapping

from meshmig.model.mesh import ClusterService, ExternalHost, Mesh, Placement, ServicePort, Upstream
from meshmig.model.objects import Json, Manifest
from meshmig.targets.istio.settings import MANAGED_BY, ORIGIN

SUFFIX = "-istio"


def at_the_end(mesh: Mesh) -> Mapping[str, Placement]:
    """Place every upstream of the cluster on its new side alone."""
    found = {}
    for upstream in mesh.upstreams:
        service = upstream.service or _made(upstream)
        if service is not None:
            found[upstream.id] = Placement(upstream=upstream.id, old=None, new=service, percent_new=100)
    return found


def made_services(mesh: Mesh) -> tuple[Manifest, ...]:
    """Return a Service for every upstream whose pods were found by Cloud Map alone."""
    made = ((upstream, _made(upstream)) for upstream in mesh.upstreams if upstream.service is None)
    return tuple(_manifest(upstream, service) for upstream, service in made if service is not None)


def _made(upstream: Upstream) -> ClusterService | None:
    if isinstance(upstream.address, ExternalHost) or not upstream.pod_labels or not upstream.workloads:
        return None
    ports = tuple(
        ServicePort(
            port=listener.port,
            target_port=listener.port,
            name=f"{listener.protocol.value}-{listener.port}",
            app_protocol=listener.protocol.value,
        )
        for listener in upstream.listeners
    )
    name = f"{upstream.origin.ref.name[: 63 - len(SUFFIX)]}{SUFFIX}"
    return ClusterService(namespace=upstream.namespace, name=name, ports=ports, selector=upstream.pod_labels)


def _manifest(upstream: Upstream, service: ClusterService) -> Manifest:
    ports: list[Json] = [
        {"name": port.name, "port": port.port, "targetPort": port.target_port, "appProtocol": port.app_protocol}
        for port in service.ports
    ]
    metadata = {
        "name": service.name,
        "namespace": service.namespace,
        "labels": {MANAGED_BY: "meshmig"},
        "annotations": {ORIGIN: str(upstream.origin.ref)},
    }
    spec = {"selector": dict(service.selector or {}), "ports": ports}
    return Manifest({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
