"""VirtualNodes that Cloud Map cannot tell apart."""

from collections.abc import Iterable

from meshmig.model.mesh import CloudMapName, Upstream
from meshmig.sources.appmesh.findings import Report


def report_shared_names(upstreams: Iterable[Upstream], report: Report) -> None:
    """Warn of nodes whose Cloud Map name and attributes also take other nodes' pods.

    App Mesh then sends each node's share to the pods of all of them; after the move each share goes to its own pods.
    """
    named = [(upstream, upstream.address) for upstream in upstreams if isinstance(upstream.address, CloudMapName)]
    for upstream, name in named:
        others = [other.id for other, offered in named if other is not upstream and _takes(name, offered)]
        if others:
            report.warning(
                "MIG335",
                upstream.origin,
                f"{upstream.origin.ref} registers as {name.hostname}, and so does {' and '.join(others)}: App Mesh "
                "sends its share to the pods of all of them, Istio to its own alone",
                "nothing to do if the weights say what is meant; attributes would tell the nodes apart",
            )


def _takes(wanted: CloudMapName, offered: CloudMapName) -> bool:
    same = (wanted.namespace, wanted.service) == (offered.namespace, offered.service)
    return same and set(wanted.attributes) <= set(offered.attributes)
