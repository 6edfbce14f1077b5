"""The proof of routing: every entry of App Mesh compared with what Istio's objects make of the same requests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from meshmig.model.objects import Manifest, ObjectRef, Snapshot
from meshmig.proof.appmesh import HostRoutes, host_routes
from meshmig.proof.appmesh_gateways import gateway_rules, listeners_of
from meshmig.proof.appmesh_objects import Members, members_of
from meshmig.proof.comparing import Class, compare
from meshmig.proof.egress import unlisted
from meshmig.proof.istio import gateway_table, sidecar_table
from meshmig.proof.istio_objects import Config, View, view_key
from meshmig.proof.model import Entry, Rule, Table
from meshmig.proof.registry import Pods, Registry


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What is compared: the source as it was read, and the objects of the target's cluster.

    `target` holds every object at that moment, Services and workloads too. `answers` are those of the file.
    """

    source: Snapshot
    target: Sequence[Manifest]
    mesh: str = ""
    answers: Mapping[str, str]

    @cached_property
    def members(self) -> Members | None:
        """The mesh's members; None where the source has no such Mesh."""
        return members_of(self.source, Registry(self.source.manifests), self.mesh, self.answers)


def classes_of(sides: Sides) -> tuple[Class, ...]:
    """Compare every host, port and protocol of the mesh, and every gateway's port."""
    members = sides.members
    if members is None:
        return ()
    target = tuple(sides.target)
    config = Config(target, Registry(target))
    copies = _copies(config.registry)
    found: list[Class] = []
    for name in members.services:
        for view, entry, table in _sidecars(members, config, copies, name):
            found += compare(entry, table, sidecar_table(config, view, entry))
    for view, entry, table in unlisted(members, config, copies):
        found += compare(entry, table, sidecar_table(config, view, entry))
    for entry, table, pods in _gateways(members, copies):
        found += compare(entry, table, gateway_table(config, pods, entry))
    return tuple(found)


def _copies(registry: Registry) -> Mapping[str, tuple[Pods, ...]]:
    """The pods of the target by whose they count as, copies before originals."""
    found: dict[str, list[Pods]] = {}
    for pods in registry.pods:
        found.setdefault(pods.counts_as, []).append(pods)
    return {name: tuple(sorted(listed, key=lambda p: p.ref.id == p.counts_as)) for name, listed in found.items()}


def _sidecars(
    members: Members, config: Config, copies: Mapping[str, tuple[Pods, ...]], name: str
) -> Iterator[tuple[View, Entry, Table]]:
    host = host_routes(members, name)
    if host is None:
        return
    for view in _views(members, config, copies, name):
        for port, protocol in host.ports:
            entry = Entry(view.namespace, host.name, port, protocol)
            if view.sidecar is not None:
                entry = replace(entry, client=f"{view.namespace} ({view.sidecar.ref})")
            yield view, entry, _host_table(host, entry)


def _host_table(host: HostRoutes, entry: Entry) -> Table:
    rules: tuple[Rule, ...] = tuple(rule.as_rule() for rule in host.at(entry.port, http=entry.is_http))
    return Table(rules, host.causes)


def _views(members: Members, config: Config, copies: Mapping[str, tuple[Pods, ...]], name: str) -> tuple[View, ...]:
    """How the callers of a host see Istio, each way once; a host without callers is seen from its own namespace."""
    found: dict[tuple[str, ObjectRef | None, tuple[tuple[str, str], ...]], View] = {}
    for caller in members.callers.get(name, ()):
        node = members.nodes[caller]
        for pods in members.pods(node):
            mirrored = copies.get(pods.counts_as, (pods,))[0]
            view = config.view(mirrored, pods.ref.namespace)
            found.setdefault(view_key(view), view)
    if not found:
        view = config.view(None, members.services[name].ref.namespace)
        found[view_key(view)] = view
    return tuple(found[key] for key in sorted(found, key=str))


def _gateways(
    members: Members, copies: Mapping[str, tuple[Pods, ...]]
) -> Iterator[tuple[Entry, Table, tuple[Pods, ...]]]:
    for name, gateway in members.gateways.items():
        own = members.pods(gateway)
        pods = tuple(copy for item in own for copy in copies.get(item.counts_as, (item,)))
        for port, protocol in listeners_of(gateway):
            entry = Entry(name, "", port, protocol, gateway=True)
            yield entry, Table(gateway_rules(members, gateway, protocol, port)), pods
