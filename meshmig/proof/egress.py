"""Names that callers did not list: App Mesh refuses them where its filter is closed, Istio only where told."""

from collections.abc import Iterator, Mapping

from meshmig.model.objects import Manifest
from meshmig.proof.appmesh import host_routes
from meshmig.proof.appmesh_objects import Members
from meshmig.proof.istio_objects import Config, View, view_key
from meshmig.proof.model import Cause, Entry, Outcome, Refused, Rule, Table, Unrouted
from meshmig.proof.registry import Pods

OUTSIDE = "unlisted.example.com"
"""A name outside the cluster that nobody made known to either mesh."""
_HTTP = 80


def unlisted(
    members: Members, config: Config, copies: Mapping[str, tuple[Pods, ...]]
) -> Iterator[tuple[View, Entry, Table]]:
    """Yield an outside name for every way in which callers see Istio; under a closed filter a host of the mesh too.

    An open filter lets unlisted hosts pass to the address that was dialled: there App Mesh routes nothing.
    """
    outside: dict[object, tuple[View, Entry, Table]] = {}
    inside: dict[object, tuple[View, Entry, Table]] = {}
    for node in members.nodes.values():
        table = _table(members, node)
        for pods in members.pods(node):
            view = config.view(copies.get(pods.counts_as, (pods,))[0], pods.ref.namespace)
            key, client = view_key(view), _client(pods, view)
            outside.setdefault(key, (view, Entry(client, OUTSIDE, _HTTP, "http"), table))
            entry = None if members.is_open or key in inside else _unlisted_host(members, node, client)
            if entry is not None:
                inside[key] = (view, entry, table)
    yield from outside.values()
    yield from inside.values()


def _table(members: Members, node: Manifest) -> Table:
    causes = (Cause(members.mesh.ref, "spec.egressFilter"), Cause(node.ref, "spec.backends"))
    outcome: Outcome = Unrouted() if members.is_open else Refused("it is none of the backends")
    return Table((Rule((), outcome, causes),), causes)


def _unlisted_host(members: Members, node: Manifest, client: str) -> Entry | None:
    listed = frozenset(members.backends(node))
    for name in members.services:
        host = host_routes(members, name) if name not in listed else None
        if host is not None and host.ports:
            port, protocol = host.ports[0]
            return Entry(client, host.name, port, protocol)
    return None


def _client(pods: Pods, view: View) -> str:
    """The workload that stands for all who see the mesh alike."""
    return pods.counts_as if view.sidecar is None else f"{pods.counts_as} ({view.sidecar.ref})"
