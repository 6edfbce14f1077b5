"""One call on its way through a plan: which steps it can tell apart, and what breaks in which place."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import PatchPods, UnsafeCall
from meshmig.proof.callers import HostCalls, Node, Scene, destinations, service_ref
from meshmig.proof.course import Course, Place
from meshmig.proof.generations import Generation, Proxy, makes_pods_alike, proxy_of
from meshmig.proof.handshakes import ServerTls, client_mode, peer_mode, refusal, server_tls
from meshmig.proof.moments import Moments

_NO_TLS = ServerTls()


@dataclass(frozen=True, slots=True)
class Call:
    """A caller and what it calls: a host through a sidecar or gateway, or a Service where there is no proxy."""

    caller: str
    workloads: tuple[ObjectRef, ...] = ()
    host: HostCalls | None = None
    is_gateway: bool = False
    service: ObjectRef | None = None
    exposed: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A callee that cannot be reached, and why."""

    callee: str
    reason: str


@dataclass(frozen=True)
class Walk:
    """A call to some of its callees; `only` are the Services, `among` the workloads, that it is narrowed to."""

    scene: Scene
    call: Call
    only: frozenset[ObjectRef] | None = None
    among: frozenset[ObjectRef] | None = None
    _known: dict[tuple[Proxy, int, str, tuple[int, ...]], Broken | None] = field(default_factory=dict)

    @property
    def course(self) -> Course:
        """The plan's course."""
        return self.scene.course

    @cached_property
    def moments(self) -> Moments:
        """The places of the walk."""
        positions, settled = self._moving_parts()
        return Moments(self.scene, tuple(positions), settled)

    @cached_property
    def services(self) -> tuple[ObjectRef, ...]:
        """Every Service that the call may go through."""
        found = self._all_services()
        return tuple(ref for ref in found if self.only is None or ref in self.only)

    def _all_services(self) -> Iterable[ObjectRef]:
        host = self.call.host
        if host is None:
            return (self.call.service,) if self.call.service is not None else ()
        if not self.call.is_gateway:
            return host.services
        ours = {ref for service in host.services for ref in self.scene.served(service)}
        named = (ref for route in self.scene.gateway_routes for ref in self.scene.named_by(route))
        return dict.fromkeys((*host.services, *(ref for ref in named if ours & set(self.scene.served(ref)))))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The VirtualNodes whose pods may answer."""
        every = self.call.host.nodes if self.call.host is not None else ()
        return tuple(node for node in every if not node.is_outside and self._is_among(node))

    def _is_among(self, node: Node) -> bool:
        if self.among is None:
            return True
        return node.service in self.services if node.service is not None else bool(self.among & set(node.workloads))

    @cached_property
    def answering(self) -> tuple[ObjectRef, ...]:
        """Every workload whose pods may answer."""
        found = [ref for service in self.services for ref in self.scene.served(service)]
        return tuple(dict.fromkeys((*found, *(ref for node in self.nodes for ref in node.workloads))))

    @cached_property
    def callees(self) -> tuple[str, ...]:
        """Whose pods those are."""
        return tuple(sorted({self.scene.name_of[ref] for ref in self.answering if ref in self.scene.name_of}))

    @cached_property
    def routes(self) -> tuple[ObjectRef, ...]:
        """The VirtualServices that may route the call."""
        if self.call.host is None:
            return ()
        return self.scene.gateway_routes if self.call.is_gateway else self.call.host.routes

    @cached_property
    def rules(self) -> Mapping[ObjectRef, tuple[ObjectRef, ...]]:
        """The DestinationRules of each Service."""
        by_host = self.scene.rules
        return {ref: by_host.get(f"{ref.name}.{ref.namespace}.svc.cluster.local", ()) for ref in self.services}

    @cached_property
    def policies(self) -> tuple[ObjectRef, ...]:
        """The PeerAuthentications that callees may obey."""
        homes = {ref.namespace for ref in self.answering} | {"istio-system"}
        return tuple(ref for ref in self.scene.policies if ref.namespace in homes)

    def all_places(self) -> tuple[int, list[UnsafeCall]]:
        """Look at every place; returns how many, and each thing that breaks once, at the first place that shows it.

        What was broken before the journey began is no fault of the plan.

        Raises:
            TooManyPlacesError: the places are too many.
        """
        known = set() if self.scene.joined else set(self._broken((0, 0)))
        looked, unsafe = 0, []
        for place in self.course.places(self.moments.positions):
            looked += 1
            for broken in self._broken(place):
                if broken not in known:
                    known.add(broken)
                    found = UnsafeCall(
                        state=self._named(place), caller=self.call.caller, callee=broken.callee, reason=broken.reason
                    )
                    unsafe.append(found)
        return looked, unsafe

    def _moving_parts(self) -> tuple[list[int], frozenset[int]]:
        """The steps that this call can tell apart, and those that surely lie behind whenever they could matter.

        Nobody obeys a route or a DestinationRule before the caller has an Istio proxy, or a PeerAuthentication before
        a callee has one: steps that write these and always come before are independent of the call.
        """
        own = [service for ref in self.call.workloads for service in self.scene.selecting.get(ref, ())]
        sending = [route for service in own for route in self.scene.senders.get(service, ())]
        pods = (*self.call.workloads, *self.answering)
        moving = {p for ref in (*pods, *self.services, *own) for p in self._changing(ref)}
        moving |= {p for ref in sending for p in self._changing(ref, frozenset(own))}
        settled: set[int] = set()
        rules = [(ref, None) for refs in self.rules.values() for ref in refs]
        routed = [*rules, *((ref, frozenset(self.services)) for ref in self.routes)]
        policies: list[tuple[ObjectRef, frozenset[ObjectRef] | None]] = [(ref, None) for ref in self.policies]
        for listed, joining in (
            (routed, self._joining(self.call.workloads)),
            (policies, self._joining(self.answering)),
        ):
            for position in (p for ref, named in listed for p in self._changing(ref, named)):
                if not all(self.course.precedes(position, joined) for joined in joining):
                    moving.add(position)
                elif joining:
                    settled.add(position)
        return sorted(moving), frozenset(settled)

    def _changing(self, ref: ObjectRef, named: frozenset[ObjectRef] | None = None) -> Iterator[int]:
        """The steps that change an object in what a call can see; all of them where their order is open."""
        writers = self.course.writers.get(ref, ())
        ordered = all(self.course.precedes(p, q) for p, q in pairwise(writers))
        before = self.course.source.get(ref)
        for number, position in enumerate(writers):
            write = self.course.steps[position].write
            if isinstance(write, PatchPods):
                if (write.body.get("metadata") or {}).get("labels"):
                    yield position
                continue
            after = self.course.version(ref, (1 << (number + 1)) - 1)
            if not ordered or not _alike(ref, before, after, named):
                yield position
            before = after

    def _joining(self, refs: Iterable[ObjectRef]) -> list[int]:
        """The steps by which workloads get pods with an Istio proxy."""
        found = []
        for ref in refs:
            for number, position in enumerate(self.course.writers.get(ref, ())):
                version = self.course.version(ref, (1 << (number + 1)) - 1)
                if version is not None and proxy_of(version, Proxy.NONE) is Proxy.ISTIO:
                    found.append(position)
                    break
        return found

    def _named(self, place: Place) -> str:
        """Say where a place is: the last steps that were begun."""
        begun, ended = place
        positions = self.moments.positions
        seen = [n for n in range(len(positions)) if begun >> n & 1]
        latest = [n for n in seen if not any(self.course.precedes(positions[n], positions[m]) for m in seen)]
        words = []
        for number in latest[-3:]:
            step = self.course.steps[positions[number]]
            word = "after" if ended >> number & 1 else "while waiting in"
            words.append(f"{word} step {step.id} ({step.title})")
        return " and ".join(words) or "as it stands"

    def _broken(self, place: Place) -> Iterator[Broken]:
        if self.call.service is not None:
            yield from self._unproxied(place, self.call.service)
            return
        for kind in sorted(self.moments.callers(self.call.workloads, place)):
            match kind:
                case Proxy.APPMESH:
                    yield from self._by_appmesh(place)
                case Proxy.ISTIO:
                    yield from self._by_istio(place)
                case Proxy.NONE:
                    own = self.call.host.own if self.call.host is not None else None
                    if own is not None and own in self.services:
                        yield from self._unproxied(place, own)

    def _by_appmesh(self, place: Place) -> Iterator[Broken]:
        for node in self.nodes:
            pods = self._dialled(node, place)
            if not pods:
                where = f"behind VirtualNode {node.id}, where App Mesh's proxies send requests"
                yield Broken(self._whose(node.workloads, node.id), f"no pod is ready {where}")
            for item in pods:
                yield from self._handshake(Proxy.APPMESH, item, place, "")

    def _dialled(self, node: Node, place: Place) -> Sequence[Generation]:
        """Who answers an App Mesh caller: the pods of the Service, or those that were registered in Cloud Map."""
        if node.service is not None:
            return self.moments.ready(node.service, place)
        found = (pods for ref in node.workloads for pods in self.moments.pods(ref, place))
        return [pods for pods in found if pods.ready and pods.proxy is Proxy.APPMESH]

    def _by_istio(self, place: Place) -> Iterator[Broken]:
        host = self.call.host
        live = [ref for ref in self.routes if self.moments.live(ref, place) is not None]
        own = host.own if host is not None and not self.call.is_gateway else None
        if not live and own is not None and own in self.services:
            yield from self._sent(place, (own, None, ""), f"Service {own.id}")
        for route in live if self.call.is_gateway else live[:1]:
            for name, port, subset in self.moments.sent(route, place):
                service = service_ref(name)
                if service is not None and service in self.rules:
                    yield from self._sent(place, (service, port, subset), str(route))

    def _sent(self, place: Place, to: tuple[ObjectRef, int | None, str], by: str) -> Iterator[Broken]:
        service, port, subset = to
        if not self.scene.served(service):
            return
        rule = next((m for ref in self.rules[service] if (m := self.moments.live(ref, place)) is not None), None)
        pods = self.moments.ready(service, place, _subset_labels(rule, subset))
        if not pods:
            callee = self._whose(self.scene.served(service), service.id)
            yield Broken(callee, f"no pod is ready behind Service {service.id}, where {by} sends requests")
        for item in pods:
            yield from self._handshake(Proxy.ISTIO, item, place, client_mode(rule, subset, port or 0))

    def _unproxied(self, place: Place, service: ObjectRef) -> Iterator[Broken]:
        manifest = self.moments.live(service, place)
        if manifest is None or not manifest.spec.get("selector"):
            return
        pods = self.moments.ready(service, place)
        if not pods:
            callee = self._whose(self.scene.served(service), service.id)
            yield Broken(callee, f"no pod is ready behind Service {service.id}")
        for item in pods if self.call.exposed or self.call.host is not None else ():
            yield from self._handshake(Proxy.NONE, item, place, "")

    def _handshake(self, caller: Proxy, pods: Generation, place: Place, client: str) -> Iterator[Broken]:
        made = tuple(self.moments.begun(ref, place[0]) for ref in self.policies)
        key = (caller, id(pods), client, made)
        if key not in self._known:
            self._known[key] = self._refused(caller, pods, place, client)
        broken = self._known[key]
        if broken is not None:
            yield broken

    def _refused(self, caller: Proxy, pods: Generation, place: Place, client: str) -> Broken | None:
        callee = self._whose([pods.ref], pods.ref.id)
        node = self.scene.node_of.get(callee)
        tls = server_tls(node, None) if node is not None else _NO_TLS
        policies = [m for ref in self.policies if (m := self.moments.live(ref, place)) is not None]
        mode = "PERMISSIVE" if pods.is_gateway else peer_mode(policies, pods, 0)
        reason = refusal(caller, pods.proxy, tls, mode, client)
        return Broken(callee, reason) if reason else None

    def _whose(self, refs: Iterable[ObjectRef], otherwise: str) -> str:
        return next((self.scene.name_of[ref] for ref in refs if ref in self.scene.name_of), otherwise)


def _alike(ref: ObjectRef, one: Manifest | None, other: Manifest | None, named: frozenset[ObjectRef] | None) -> bool:
    """Whether a call cannot tell two versions of an object apart."""
    if ref.group == "apps":
        return makes_pods_alike(one, other)
    if one is None or other is None:
        return one is other
    if ref.kind == "VirtualService":
        return _sent_to(one, named) == _sent_to(other, named)
    if ref.kind == "Service":
        return bool(one.spec.get("selector") == other.spec.get("selector"))
    return one.spec == other.spec


def _sent_to(route: Manifest, named: frozenset[ObjectRef] | None) -> frozenset[tuple[str, int | None, str]]:
    found = destinations(route)
    return frozenset(item for item in found if named is None or service_ref(item[0]) in named)


def _subset_labels(rule: Manifest | None, subset: str) -> Mapping[str, str]:
    subsets: Sequence[Mapping[str, Json]] = (rule.spec.get("subsets") or ()) if rule is not None else ()
    named = (item.get("labels") or {} for item in subsets if subset and item.get("name") == subset)
    return next(named, {})
