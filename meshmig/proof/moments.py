"""One place of a journey: which pods are ready behind a name, and who is sent requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from meshmig.model.objects import Manifest, ObjectRef
from meshmig.proof.callers import Scene, destinations, service_ref
from meshmig.proof.course import Place
from meshmig.proof.generations import Generation, Proxy, generations


@dataclass(frozen=True)
class Moments:
    """The pods of a scene at any place, remembered by what they hang on."""

    scene: Scene
    _pods: dict[tuple[ObjectRef, int, int], tuple[Generation, ...]] = field(default_factory=dict)

    def pods(self, ref: ObjectRef, place: Place) -> tuple[Generation, ...]:
        """Return a workload's pods."""
        own = 0
        for position in self.scene.course.writers.get(ref, ()):
            own |= 1 << position
        key = (ref, place[0] & own, place[1] & own)
        if key not in self._pods:
            first = self.scene.first_proxy.get(ref, Proxy.NONE)
            self._pods[key] = generations(self.scene.course, ref, place, first)
        return self._pods[key]

    def ready(
        self, service: ObjectRef, place: Place, subset: Mapping[str, str] | None = None
    ) -> tuple[Generation, ...]:
        """Return the ready pods behind a Service, of a subset where one is given."""
        manifest = self.live(service, place)
        selector = dict(manifest.spec.get("selector") or {}) if manifest is not None else {}
        if not selector:
            return ()
        wanted = (selector | dict(subset or {})).items()
        found = (pods for ref in self.scene.served(service) for pods in self.pods(ref, place))
        return tuple(pods for pods in found if pods.ready and wanted <= pods.labels.items())

    def live(self, ref: ObjectRef, place: Place) -> Manifest | None:
        """Return an object as it is there."""
        return self.scene.course.version(ref, place[0])

    def callers(self, refs: Iterable[ObjectRef], place: Place) -> frozenset[Proxy]:
        """Return whose proxies the ready pods of a caller carry, of those that make calls.

        Pods behind a Service make calls only while somebody sends them requests; pods that no Service ever selects
        have work of their own.
        """
        found = (pods for ref in refs for pods in self.pods(ref, place) if pods.ready)
        return frozenset(pods.proxy for pods in found if self._works(pods, place))

    def _works(self, pods: Generation, place: Place) -> bool:
        services = self.scene.selecting.get(pods.ref, ())
        original = [service for service in services if self.scene.course.source.get(service) is not None]
        if not original:
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
        routes = (self.live(route, place) for route in self.scene.senders.get(service, ()))
        return any(service_ref(host) == service for route in routes if route for host, *_ in destinations(route))
