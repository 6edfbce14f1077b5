"""Ports that App Mesh's proxies dial and no Service offers."""

from collections.abc import Iterable

from meshmig.model.mesh import ClusterService, Upstream
from meshmig.sources.appmesh.findings import Report


def report_unoffered_ports(upstreams: Iterable[Upstream], report: Report) -> None:
    """Tell of listeners whose port the Service of the node's address does not offer.

    App Mesh's proxies dial the listener's port at that address, whatever the Service's ports lead to: nobody answers.
    Istio goes by the Service's port that leads to the listener, and reaches the pods.
    """
    for upstream in upstreams:
        address = upstream.address
        if not isinstance(address, ClusterService) or address.headless:
            continue
        offered = {port.port for port in address.ports}
        for listener in upstream.listeners:
            if listener.port not in offered and address.port_for(listener.port) is not None:
                report.info(
                    "MIG336",
                    upstream.origin,
                    f"App Mesh's callers of {upstream.origin.ref} dial {listener.port} at Service {address.id}, which "
                    "does not offer that port: they never reached it this way, and will after the move",
                    "nothing to do; or take the route to it away, if nobody should get there",
                )
