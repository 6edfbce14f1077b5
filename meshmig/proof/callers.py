"""Who calls whom in a mesh, and every object of a journey on which such a call hangs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import PatchPods
from meshmig.proof.appmesh_objects import Id, Members, reference_id
from meshmig.proof.course import Course
from meshmig.proof.generations import Proxy, counts_as, proxy_of
from meshmig.proof.istio_objects import full_host
from meshmig.proof.registry import WORKLOAD_KINDS, fqdn

OUTSIDE = "callers outside the mesh"
_INJECTOR = "appmesh.k8s.aws/sidecarInjectorWebhook"
_ISTIO = "networking.istio.io"

Sent = tuple[str, int | None, str]
"""Where requests are sent: full host, port, subset."""


@dataclass(frozen=True, slots=True)
class Node:
    """A VirtualNode that a host leads to: the Service that it dials, None for Cloud Map or an outside name."""

    id: Id
    manifest: Manifest
    port: int | None
    service: ObjectRef | None
    workloads: tuple[ObjectRef, ...]
    is_outside: bool


@dataclass(frozen=True, slots=True)
class HostCalls:
    """A host: its nodes, its own Service, the VirtualServices that Istio may route it by, the Services they name."""

    id: Id
    name: str
    nodes: tuple[Node, ...]
    own: ObjectRef | None
    routes: tuple[ObjectRef, ...]
    services: tuple[ObjectRef, ...]


@dataclass(frozen=True)
class Scene:
    """A mesh on its way: its members as they were, and the course of the plan.

    `joined` takes every meshed pod for one with Istio's sidecar: a cluster that is judged, not a journey.
    """

    members: Members
    course: Course
    joined: bool = False
    _served: dict[ObjectRef, tuple[ObjectRef, ...]] = field(default_factory=dict)
    _hosts: dict[Id, HostCalls] = field(default_factory=dict)
    _named: dict[ObjectRef, tuple[ObjectRef, ...]] = field(default_factory=dict)
    _sent: dict[tuple[ObjectRef, int], tuple[Sent, ...]] = field(default_factory=dict)

    @cached_property
    def refs(self) -> tuple[ObjectRef, ...]:
        """Every object that is there at first or written on the way."""
        return tuple(sorted({*self.course.source.by_ref, *self.course.writers}))

    @cached_property
    def workloads(self) -> Mapping[Id, tuple[ObjectRef, ...]]:
        """The workloads whose pods count as each one's: itself and its copies."""
        found: dict[Id, list[ObjectRef]] = {}
        for ref in self._of("apps", *WORKLOAD_KINDS):
            for name in dict.fromkeys(counts_as(version) for version in self.course.ever(ref)):
                found.setdefault(name, []).append(ref)
        return {name: tuple(refs) for name, refs in found.items()}

    @cached_property
    def name_of(self) -> Mapping[ObjectRef, Id]:
        """Whose pods a workload's count as, by the last version."""
        return {ref: name for name, refs in self.workloads.items() for ref in refs}

    @cached_property
    def senders(self) -> Mapping[ObjectRef, tuple[ObjectRef, ...]]:
        """The VirtualServices that name each Service at any moment."""
        found: dict[ObjectRef, dict[ObjectRef, None]] = {}
        for route in self._of(_ISTIO, "VirtualService"):
            for service in self.named_by(route):
                found.setdefault(service, {})[route] = None
        return {service: tuple(routes) for service, routes in found.items()}

    @cached_property
    def selecting(self) -> Mapping[ObjectRef, tuple[ObjectRef, ...]]:
        """The Services that select each workload's pods at any moment."""
        found: dict[ObjectRef, list[ObjectRef]] = {}
        for service in (ref for ref in self.refs if ref.kind == "Service" and not ref.group):
            for ref in self.served(service):
                found.setdefault(ref, []).append(service)
        return {ref: tuple(services) for ref, services in found.items()}

    @cached_property
    def rules(self) -> Mapping[str, tuple[ObjectRef, ...]]:
        """DestinationRules by host."""
        return self._by_host("DestinationRule", lambda spec: [spec.get("host", "")])

    @cached_property
    def policies(self) -> tuple[ObjectRef, ...]:
        """PeerAuthentications."""
        return self._of("security.istio.io", "PeerAuthentication")

    @cached_property
    def mesh_routes(self) -> Mapping[str, tuple[ObjectRef, ...]]:
        """VirtualServices of sidecars by host."""
        return self._by_host("VirtualService", _mesh_hosts)

    @cached_property
    def gateway_routes(self) -> tuple[ObjectRef, ...]:
        """VirtualServices of gateways."""
        routes = self._of(_ISTIO, "VirtualService")
        return tuple(ref for ref in routes if any(_is_gateways(m) for m in self.course.ever(ref)))

    @cached_property
    def first_proxy(self) -> Mapping[ObjectRef, Proxy]:
        """Whose proxy each workload's pods have before the journey."""
        found: dict[ObjectRef, Proxy] = {}
        owners = (*self.members.nodes.values(), *self.members.gateways.values())
        for owner in owners:
            for pods in self.members.pods(owner):
                manifest = self.course.source.get(pods.ref)
                if manifest is not None and self._is_injected(manifest):
                    found[pods.ref] = Proxy.ISTIO if self.joined else proxy_of(manifest, Proxy.APPMESH)
        return found

    @cached_property
    def node_of(self) -> Mapping[Id, Manifest]:
        """The VirtualNode of each workload."""
        return {pods.counts_as: node for node in self.members.nodes.values() for pods in self.members.pods(node)}

    def host(self, name: Id) -> HostCalls | None:
        """Return a VirtualService with all that its calls may hang on."""
        if name not in self._hosts and name in self.members.services:
            self._hosts[name] = self._host(self.members.services[name])
        return self._hosts.get(name)

    def served(self, service: ObjectRef) -> tuple[ObjectRef, ...]:
        """Return the workloads that a Service selects at any moment of the journey."""
        if service not in self._served:
            self._served[service] = tuple(self._selected(service))
        return self._served[service]

    def _selected(self, service: ObjectRef) -> Iterator[ObjectRef]:
        selectors = (version.spec.get("selector") or {} for version in self.course.ever(service))
        found: dict[ObjectRef, None] = {}
        for wanted in (selector.items() for selector in selectors if selector):
            key, value = min(wanted)
            for ref in self._by_label.get((service.namespace, key, value), ()):
                if any(wanted <= labels.items() for labels in self._labels(ref)):
                    found[ref] = None
        return iter(sorted(found))

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str, str], tuple[ObjectRef, ...]]:
        found: dict[tuple[str, str, str], dict[ObjectRef, None]] = {}
        for ref in self._of("apps", *WORKLOAD_KINDS):
            for labels in self._labels(ref):
                for key, value in labels.items():
                    found.setdefault((ref.namespace, key, value), {})[ref] = None
        return {key: tuple(refs) for key, refs in found.items()}

    def _labels(self, ref: ObjectRef) -> Iterable[Mapping[str, str]]:
        """A workload's labels in every version, those that its live pods are given on the way added."""
        patched: dict[str, str] = {}
        for position in self.course.writers.get(ref, ()):
            write = self.course.steps[position].write
            if isinstance(write, PatchPods):
                patched |= (write.body.get("metadata") or {}).get("labels") or {}
        for version in self.course.ever(ref):
            labels = ((version.spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
            yield labels
            if patched:
                yield dict(labels) | patched

    def _host(self, service: Manifest) -> HostCalls:
        name = self.members.host_name(service)
        own = self.members.registry.resolve(name, service.ref.namespace)
        names = dict.fromkeys((fqdn(own), name) if own is not None else (name,))
        routes = tuple(dict.fromkeys(ref for host in names for ref in self.mesh_routes.get(host, ())))
        nodes = tuple(self._node(node, port) for node, port in self._targets(service))
        own_ref = own.ref if own is not None else None
        dialled = [node.service for node in nodes if node.service is not None]
        named = [ref for route in routes for ref in self.named_by(route)]
        services = tuple(dict.fromkeys((*([own_ref] if own_ref else []), *dialled, *named)))
        return HostCalls(service.ref.id, name, nodes, own_ref, routes, services)

    def named_by(self, route: ObjectRef) -> tuple[ObjectRef, ...]:
        """Return the Services that a VirtualService names as destinations at any moment."""
        if route not in self._named:
            self._named[route] = self._names(route)
        return self._named[route]

    def sent(self, route: ObjectRef, begun: int) -> tuple[Sent, ...]:
        """Return where a VirtualService sends requests after these of its writes, each place once."""
        if (route, begun) not in self._sent:
            version = self.course.version(route, begun)
            self._sent[route, begun] = tuple(dict.fromkeys(destinations(version))) if version is not None else ()
        return self._sent[route, begun]

    def _names(self, route: ObjectRef) -> tuple[ObjectRef, ...]:
        hosts = (host for version in self.course.ever(route) for host, *_ in destinations(version))
        return tuple(dict.fromkeys(ref for host in hosts if (ref := service_ref(host)) is not None))

    def _targets(self, service: Manifest) -> Iterator[tuple[Manifest, int | None]]:
        """The nodes that a host sends anything to, each with the port that is named."""
        provider = service.spec.get("provider") or {}
        home = service.ref.namespace
        if provider.get("virtualNode"):
            node = self.members.nodes.get(reference_id(provider["virtualNode"].get("virtualNodeRef") or {}, home))
            if node is not None:
                yield node, None
            return
        reference = (provider.get("virtualRouter") or {}).get("virtualRouterRef") or {}
        router = self.members.routers.get(reference_id(reference, home))
        for route in (router.spec.get("routes") or ()) if router is not None else ():
            for body in (route.get(kind) for kind in ("httpRoute", "http2Route", "grpcRoute", "tcpRoute")):
                for target in ((body or {}).get("action") or {}).get("weightedTargets") or ():
                    name = reference_id(target.get("virtualNodeRef") or {}, router.ref.namespace if router else home)
                    node = self.members.nodes.get(name)
                    if node is not None and int(target.get("weight") or 0):
                        yield node, target.get("port") or None

    def _node(self, node: Manifest, port: int | None) -> Node:
        hostname = str(((node.spec.get("serviceDiscovery") or {}).get("dns") or {}).get("hostname") or "")
        service = self.members.registry.resolve(hostname, node.ref.namespace) if hostname else None
        workloads = tuple(pods.ref for pods in self.members.pods(node))
        outside = bool(hostname) and service is None
        return Node(node.ref.id, node, port, service.ref if service is not None else None, workloads, outside)

    def _is_injected(self, manifest: Manifest) -> bool:
        template = manifest.spec.get("template") or {}
        switch = ((template.get("metadata") or {}).get("annotations") or {}).get(_INJECTOR)
        containers = (template.get("spec") or {}).get("containers") or ()
        if any(container.get("name") == "envoy" for container in containers):
            return True
        return (switch or self.members.namespaces.get(manifest.ref.namespace, {}).get(_INJECTOR)) == "enabled"

    def _of(self, group: str, *kinds: str) -> tuple[ObjectRef, ...]:
        return tuple(ref for ref in self.refs if ref.group == group and ref.kind in kinds)

    def _by_host(
        self, kind: str, hosts: Callable[[Mapping[str, Json]], Iterable[Json]]
    ) -> Mapping[str, tuple[ObjectRef, ...]]:
        found: dict[str, dict[ObjectRef, None]] = {}
        for ref in self._of(_ISTIO, kind):
            for version in self.course.ever(ref):
                for host in hosts(version.spec):
                    found.setdefault(full_host(str(host), ref.namespace), {})[ref] = None
        return {host: tuple(refs) for host, refs in found.items()}


def _mesh_hosts(spec: Mapping[str, Json]) -> Iterable[Json]:
    return spec.get("hosts") or () if "mesh" in (spec.get("gateways") or ["mesh"]) else ()


def _is_gateways(route: Manifest) -> bool:
    return bool(set(route.spec.get("gateways") or ()) - {"mesh"})


def destinations(route: Manifest) -> Iterator[Sent]:
    """Yield where a VirtualService sends requests: full host, port, subset; a weight of zero sends nothing."""
    for kind in ("http", "tcp", "tls"):
        for rule in route.spec.get(kind) or ():
            sent = rule.get("route") or ()
            for item in sent:
                if len(sent) == 1 or int(item.get("weight") or 0):
                    named = item.get("destination") or {}
                    host = full_host(str(named.get("host") or ""), route.ref.namespace)
                    yield host, (named.get("port") or {}).get("number"), str(named.get("subset") or "")


def service_ref(host: str) -> ObjectRef | None:
    """Return the Service of a full name; None for a name outside the cluster."""
    match host.split("."):
        case [name, namespace, "svc", "cluster", "local"]:
            return ObjectRef("v1", "Service", namespace, name)
        case _:
            return None
