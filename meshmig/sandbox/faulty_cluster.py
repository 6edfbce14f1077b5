"""The door to an embedded cluster through which faults of the API server and of the process come."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.resources import ResourceType
from meshmig.model.units import Duration, Instant
from meshmig.ports import ANY, ClusterError, Page, Precondition, UnavailableError, WatchEvent
from meshmig.sandbox.accidents import Accidents
from meshmig.sandbox.cluster import EmbeddedCluster
from meshmig.sandbox.faults import FaultName, Faults, KilledError

T = TypeVar("T")

OUTAGE = Duration.of(minutes=3)
"""How long the API server is out of reach."""
_TRIES = 5
_FIRST_PAUSE_MS = 250
"""How often, and how long apart, a client asks again what was refused for a while: as the real client does."""
_SHORT, _LONG = 2, _TRIES + 1
"""How often in a row a throttling server refuses a request: less, and more, than a client asks by itself."""
_OWN_NAMESPACE = "meshmig"
"""Where journal and lock lie: their writes are not steps."""


class FaultyCluster:
    """The `Cluster` port of an embedded cluster, whose client retries, whose server fails, whose process dies."""

    def __init__(self, inner: EmbeddedCluster, faults: Faults) -> None:
        self._inner, self._faults = inner, faults
        self.accidents = Accidents(inner, faults)
        self._dead = False
        self._writes = 0
        self._next_death, self._deaths = 2, 0
        self._asked = 0
        self._back_at: Instant | None = None

    def revive(self) -> None:
        """Start the process again."""
        self._dead = False

    @property
    def name(self) -> str:
        """What the cluster calls itself."""
        return self._inner.name

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the live object."""
        return self._read(lambda: self._inner.get(ref))

    def list_page(self, resource: ResourceType, namespace: str = "", *, limit: int = 0, token: str = "") -> Page:
        """Return one page of a kind."""
        return self._read(lambda: self._inner.list_page(resource, namespace, limit=limit, token=token))

    def watch(
        self, resource: ResourceType, namespace: str = "", *, resource_version: str, timeout: Duration
    ) -> Iterator[WatchEvent]:
        """Yield what happens after a version."""
        version = resource_version
        return self._read(lambda: self._inner.watch(resource, namespace, resource_version=version, timeout=timeout))

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object."""
        return self._write(manifest.ref, lambda: self._inner.create(manifest))

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object."""
        return self._write(manifest.ref, lambda: self._inner.replace(manifest))

    def apply(self, manifest: Manifest, *, force: bool = False) -> Manifest:
        """Server-side apply."""
        return self._write(manifest.ref, lambda: self._inner.apply(manifest, force=force))

    def patch(
        self, ref: ObjectRef, body: Mapping[str, Json], *, require: Precondition = ANY, status: bool = False
    ) -> Manifest:
        """JSON merge patch."""
        return self._write(ref, lambda: self._inner.patch(ref, body, require=require, status=status))

    def delete(self, ref: ObjectRef, *, require: Precondition = ANY) -> None:
        """Ask for deletion."""
        self._write(ref, lambda: self._inner.delete(ref, require=require))

    def whoami(self) -> str:
        """Return who asks."""
        return self._inner.whoami()

    def ensure_control_plane(self, revision: str) -> None:
        """Make Istio's control plane."""
        self._inner.ensure_control_plane(revision)

    def _read(self, call: Callable[[], T]) -> T:
        self._require_life()
        self._reach()
        self._throttle(_SHORT)
        return call()

    def _write(self, ref: ObjectRef, call: Callable[[], T]) -> T:
        self._require_life()
        self._reach()
        is_step = _OWN_NAMESPACE not in {ref.namespace, ref.name}
        self._throttle(_LONG if is_step else _SHORT)
        answer = self._mortal(call)
        if is_step:
            self.accidents.strike(ref)
            self._fall_silent()
        return answer

    def _require_life(self) -> None:
        if self._dead:
            raise KilledError

    def _mortal(self, call: Callable[[], T]) -> T:
        """Die around some writes, at growing distances: every other time before, else after it was carried out."""
        if not self._faults.in_force(FaultName.KILL):
            return call()
        self._writes += 1
        dies = self._writes == self._next_death
        if dies:
            self._dead = True
            self._deaths += 1
            self._next_death += self._deaths + 2
        if dies and self._deaths % 2:
            raise KilledError
        answer = call()
        if dies:
            raise KilledError
        return answer

    def _reach(self) -> None:
        """Fail while the API server is out of reach, once the client has tried for a while."""
        for attempt in range(_TRIES):
            if self._back_at is None or self._back_at <= self._inner.clock.now():
                return
            self._inner.clock.wait(Duration(_FIRST_PAUSE_MS * 2**attempt))
        raise UnavailableError(f"the API server of {self.name} cannot be reached: connection refused")

    def _throttle(self, refusals: int) -> None:
        """Refuse every third request so often in a row; the client asks again, and hands the refusal on at its end."""
        if not self._faults.in_force(FaultName.API_429):
            return
        self._asked += 1
        if self._asked % 3:
            return
        for attempt in range(min(refusals, _TRIES)):
            self._inner.clock.wait(Duration(_FIRST_PAUSE_MS * 2**attempt))
        if refusals > _TRIES:
            raise ClusterError(429, "TooManyRequests", "the server has received too many requests, try again later")

    def _fall_silent(self) -> None:
        """Be out of reach from the stage's first write on: after it was carried out, before anybody noted that."""
        if self._faults.is_waiting(FaultName.API_DOWN) and self._faults.in_force(FaultName.API_DOWN):
            self._back_at = self._inner.clock.now().plus(OUTAGE)
