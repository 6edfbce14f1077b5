"""Where requests go when the journey is over: to each address's own Service, or to one that is made for it."""

from collections.abc import Mapping

from meshmig.model.mesh import ClusterService, ExternalHost, Mesh, Placement, Upstream
from meshmig.model.objects import Manifest
from meshmig.targets.istio.services import listener_ports, service_manifest, suffixed


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
    return tuple(service_manifest(service, upstream) for upstream, service in made if service is not None)


def _made(upstream: Upstream) -> ClusterService | None:
    if isinstance(upstream.address, ExternalHost) or not upstream.pod_labels or not upstream.workloads:
        return None
    return ClusterService(
        namespace=upstream.namespace,
        name=suffixed(upstream.origin.ref.name),
        ports=listener_ports(upstream),
        selector=upstream.pod_labels,
    )
