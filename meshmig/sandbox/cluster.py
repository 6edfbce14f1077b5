"""The embedded cluster: a Kubernetes API server in this process, with both meshes' injectors, over virtual time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from meshmig.diagnostics import reject
from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Json, Manifest, ObjectRef, Snapshot
from meshmig.model.resources import APPMESH, ResourceType
from meshmig.model.units import Duration, Instant
from meshmig.ports import ANY, Page, Precondition, Store, WatchEvent
from meshmig.sandbox import kubelet
from meshmig.sandbox.api import Requests
from meshmig.sandbox.clock import VirtualClock
from meshmig.sandbox.controllers import Controllers
from meshmig.sandbox.installing import istio_control_plane
from meshmig.sandbox.persistence import Journal, is_written
from meshmig.sandbox.seeding import LIFE
from meshmig.sandbox.seeding import seed as seed_state
from meshmig.sandbox.state import State, ref_of
from meshmig.sandbox.writing import Writer

_INSTALLER = "istioctl"


def is_booted(store: Store) -> bool:
    """Whether a store already holds an embedded cluster."""
    return is_written(store)


def boot(  # noqa: PLR0913 - the facts of a new world, all by name
    store: Store | None,
    manifests: Iterable[Manifest],
    *,
    clock: VirtualClock | None = None,
    control_plane: ControlPlane,
    seed: int = 0,
    name: str = "",
) -> "EmbeddedCluster":
    """Make a cluster in which these objects have lived with App Mesh; then its control plane goes, if it is gone.

    The clock stands afterwards where it stood before: the objects have lived before that moment. A store that holds a
    cluster already is opened instead; without a store the cluster ends with the process.

    Raises:
        RejectedError: the store holds something else.
    """
    clock = clock or VirtualClock.at_start()
    if store is not None and is_booted(store):
        return open_cluster(store, clock=clock, name=name)
    now = clock.now()
    clock.set(Instant(now.ms - LIFE.ms))
    state = State(Journal(store), clock.now)
    state.facts |= {"name": name, "seed": seed, "control_plane": ControlPlane.ALIVE.value}
    cluster = EmbeddedCluster(state, clock)
    listed = tuple(manifests)

    def live() -> None:
        seed_state(Writer(state), listed, clock.wait)
        if control_plane is ControlPlane.GONE:
            cluster.switch_off()

    state.silently(live)
    return cluster


def open_cluster(store: Store, *, clock: VirtualClock | None = None, name: str = "") -> "EmbeddedCluster":
    """Open the cluster that an earlier process left, at the moment where it left it.

    Raises:
        RejectedError: the store holds something else, or a cluster of another name.
    """
    clock = clock or VirtualClock.at_start()
    state = State(Journal(store), clock.now)
    state.load(lambda: clock.set(Instant(int(state.facts["now_ms"]))))
    held = str(state.facts.get("name", ""))
    if name and held != name:
        raise reject(
            "MIG631",
            f"the embedded cluster's state is of {held!r}, not of {name!r}",
            "name another folder with `--state DIR`, or delete the state to begin anew",
        )
    return EmbeddedCluster(state, clock)


class EmbeddedCluster:
    """The `Cluster` port over a state; controllers act while virtual time passes."""

    def __init__(self, state: State, clock: VirtualClock) -> None:
        self._state = state
        self.clock = clock
        self._writer = Writer(state)
        self._requests = Requests(state, self._writer, clock)
        clock.attach(Controllers(self._writer))

    @property
    def name(self) -> str:
        """The folder that the cluster is made of."""
        return str(self._state.facts.get("name", ""))

    @property
    def objects(self) -> Mapping[ObjectRef, Mapping[str, Json]]:
        """Every live object; read only."""
        return MappingProxyType(self._state.objects)

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._state.version

    @property
    def control_plane(self) -> ControlPlane:
        """Whether App Mesh's control plane answers."""
        return ControlPlane(self._state.facts["control_plane"])

    def first_known(self, fact: str, value: Json) -> Json:
        """Return what was known of the cluster when it was asked first; kept for every later process."""
        if fact not in self._state.facts:
            self._state.remember(**{fact: value})
            self._state.commit()
        return self._state.facts[fact]

    @property
    def frozen(self) -> tuple[Manifest, ...]:
        """App Mesh's objects and the Services as running App Mesh Envoys know them.

        The live ones while the control plane lives; afterwards those of the moment when it was switched off.
        """
        kept = self._state.facts.get("frozen")
        return tuple(Manifest(body) for body in (self._configuration() if kept is None else kept))

    def of_kind(self, group: str, kind: str) -> tuple[Mapping[str, Json], ...]:
        """Return every live object of a kind, in order."""
        return tuple(self._state.of_kind(group, kind))

    def on_change(self, callback: Callable[[ObjectRef], None]) -> None:
        """Call back after every accepted write, and every moment at which controllers changed something.

        The callback hears one changed object of each kind, so that many changes at one moment are one state.
        """

        def tell(moved: tuple[ObjectRef, ...]) -> None:
            for ref in {(ref.group, ref.kind): ref for ref in reversed(moved)}.values():
                callback(ref)

        self._state.committed.append(tell)

    def snapshot(self) -> Snapshot:
        """Return every object as one reading."""
        return Snapshot.of((Manifest(body) for body in self._state.objects.values()), self.name)

    def switch_off(self) -> None:
        """End App Mesh's control plane: what runs is frozen, what starts from now on never becomes ready."""
        if self.control_plane is ControlPlane.ALIVE:
            self._state.remember(control_plane=ControlPlane.GONE.value, frozen=self._configuration())
            self._state.commit()

    def forget(self) -> None:
        """Let continue tokens and versions of before now expire, as an API server's compaction and restart do."""
        self._requests.forget()

    def restart(self, ref: ObjectRef) -> None:
        """Restart a running pod's containers in place.

        Raises:
            NotFoundError: there is no such pod.
        """
        kubelet.restart(self._writer, self._writer.live(ref))
        self._state.commit()

    def edit(self, manifest: Manifest, manager: str) -> None:
        """Replace an object as somebody else.

        Raises:
            ClusterError: the object is not there, or is refused.
        """
        self._writer.update(self._writer.live(manifest.ref), manifest.body, manager)
        self._state.commit()

    def _configuration(self) -> list[Mapping[str, Json]]:
        refs = sorted(self._state.objects)
        wanted = (ref for ref in refs if ref.api_version == APPMESH or (ref.kind == "Service" and not ref.group))
        return [self._state.objects[ref] for ref in wanted]

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the live object; raises NotFoundError."""
        return self._requests.get(ref)

    def list_page(self, resource: ResourceType, namespace: str = "", *, limit: int = 0, token: str = "") -> Page:
        """Return one page of a kind; raises GoneError for an expired token, NotFoundError for an unknown kind."""
        return self._requests.list_page(resource, namespace, limit, token)

    def watch(
        self, resource: ResourceType, namespace: str = "", *, resource_version: str, timeout: Duration
    ) -> Iterator[WatchEvent]:
        """Yield what happens while the timeout passes in virtual time; raises GoneError for a version too old."""
        return self._requests.watch(resource, namespace, resource_version, timeout)

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object; raises ConflictError where the name is taken."""
        return self._requests.create(manifest)

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object; raises ConflictError where its resourceVersion is not the live one."""
        return self._requests.replace(manifest)

    def apply(self, manifest: Manifest, *, force: bool = False) -> Manifest:
        """Server-side apply as field manager `meshmig`; raises ConflictError with the causes."""
        return self._requests.apply(manifest, force=force)

    def patch(
        self, ref: ObjectRef, body: Mapping[str, Json], *, require: Precondition = ANY, status: bool = False
    ) -> Manifest:
        """JSON merge patch of the object, or of its status; raises NotFoundError, ConflictError."""
        return self._requests.patch(ref, body, require, status=status)

    def delete(self, ref: ObjectRef, *, require: Precondition = ANY) -> None:
        """Ask for deletion; finalizers may keep the object. Raises NotFoundError."""
        self._requests.delete(ref, require)

    def whoami(self) -> str:
        """Nobody: a folder knows no users."""
        return ""

    def ensure_control_plane(self, revision: str) -> None:
        """Make Istio's namespace, istiod, and its injection webhook, where they are missing."""
        for body in istio_control_plane(revision):
            if ref_of(body) not in self._state.objects:
                self._writer.create(body, _INSTALLER)
        self._state.commit()
