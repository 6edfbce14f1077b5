"""One place of a journey, as one call sees it: which pods are ready behind a name, and who is sent requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from meshmig.model.objects import Manifest, ObjectRef
from meshmig.proof.callers import Scene, Sent, service_ref
from meshmig.proof.course import Place
from meshmig.proof.generations import Generation, Proxy, generations

Writes = Sequence[tuple[int, int]]
"""The writes of one object that a call can tell apart: place among the object's writers, bit in a Place."""


@dataclass(frozen=True)
class Moments:
    """The places of one walk: `positions` are the steps that it tells apart, `settled` those that lie behind always."""

    scene: Scene
    positions: Sequence[int] = ()
    settled: frozenset[int] = frozenset()
    _writes: dict[ObjectRef, tuple[int, Writes]] = field(default_factory=dict)
    _pods: dict[tuple[ObjectRef, int, int], tuple[Generation, ...]] = field(default_factory=dict)

    def pods(self, ref: ObjectRef, place: Place) -> tuple[Generation, ...]:
        """Return a workload's pods."""
        begun, ended = self.begun(ref, place[0]), self.begun(ref, place[1])
        key = (ref, begun, ended)
        if key not in self._pods:
            first = self.scene.first_proxy.get(ref, Proxy.NONE)
            self._pods[key] = generations(self.scene.course, ref, (begun, ended), first)
        return self._pods[key]

    def ready(self, service: ObjectRef, place: Place, subset: Mapping[str, str] | None = None) -> list[Generation]:
        """Return the ready pods behind a Service, of a subset where one is given."""
        manifest = self.live(service, place)
        selector = (manifest.spec.get("selector") or {}) if manifest is not None else {}
        if not selector:
            return []
        wanted = (dict(selector) | dict(subset)).items() if subset else selector.items()
        found = (pods for ref in self.scene.served(service) for pods in self.pods(ref, place))
        return [pods for pods in found if pods.ready and wanted <= pods.labels.items()]

    def live(self, ref: ObjectRef, place: Place) -> Manifest | None:
        """Return an object as it is there."""
        return self.scene.course.version(ref, self.begun(ref, place[0]))

    def sent(self, route: ObjectRef, place: Place) -> tuple[Sent, ...]:
        """Return where a VirtualService sends requests there."""
        return self.scene.sent(route, self.begun(route, place[0]))

    def callers(self, refs: Iterable[ObjectRef], place: Place) -> frozenset[Proxy]:
        """Return whose proxies the ready pods of a caller carry, of those that make calls.

        Pods behind a Service make calls only while somebody sends them requests; pods that no Service ever selects
        have work of their own.
        """
        found = (pods for ref in refs for pods in self.pods(ref, place) if pods.ready)
        return frozenset(pods.proxy for pods in found if self._works(pods, place))

    def begun(self, ref: ObjectRef, bits: int) -> int:
        """Return which of an object's writes were made, by their place among its writers."""
        if ref not in self._writes:
            self._writes[ref] = self._told_apart(ref)
        made, writes = self._writes[ref]
        for number, bit in writes:
            if bits >> bit & 1:
                made |= 1 << number
        return made

    def _told_apart(self, ref: ObjectRef) -> tuple[int, Writes]:
        bit = {position: number for number, position in enumerate(self.positions)}
        writers = self.scene.course.writers.get(ref, ())
        behind = sum(1 << number for number, position in enumerate(writers) if position in self.settled)
        return behind, [(number, bit[position]) for number, position in enumerate(writers) if position in bit]

    def _works(self, pods: Generation, place: Place) -> bool:
        services = self.scene.selecting.get(pods.ref, ())
        source = self.scene.course.source
        if not any(source.get(service) is not None for service in services):
            return True
        return any(self._is_sent(service, place) and self._selects(service, pods, place) for service in services)

    def _selects(self, service: ObjectRef, pods: Generation, place: Place) -> bool:
        manifest = self.live(service, place)
        selector = (manifest.spec.get("selector") or {}) if manifest is not None else {}
        return bool(selector) and selector.items() <= pods.labels.items()

    def _is_sent(self, service: ObjectRef, place: Place) -> bool:
        """Services that were there before are called by name; those made on the way only where a route names them."""
        if self.scene.course.source.get(service) is not None:
            return True
        routes = self.scene.senders.get(service, ())
        return any(service_ref(host) == service for route in routes for host, *_ in self.sent(route, place))
