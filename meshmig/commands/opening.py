"""Opening: which `.mig` file, which cluster, which metrics, as ports that every command takes."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from meshmig.adapters.clock import SystemClock
from meshmig.adapters.folder import read_folder
from meshmig.adapters.process import holder_name
from meshmig.adapters.store import FolderStore
from meshmig.diagnostics import Diagnostic, RejectedError, has_errors, reject
from meshmig.language import MAX_BYTES, Loaded, load
from meshmig.model.intent import ClusterChoice, ClusterKind, ControlPlane, MetricsChoice, Migration
from meshmig.ports import Clock, Cluster, MetricsSource, Store
from meshmig.sandbox.cluster import EmbeddedCluster, boot, is_booted, open_cluster
from meshmig.sandbox.faults import Faults
from meshmig.sandbox.faulty_cluster import FaultyCluster
from meshmig.sandbox.traffic import Traffic

STDIN = "<stdin>"
"""What the standard input is called in findings."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the command line says about where things are."""

    state: str = ""
    seed: int = 0
    kubeconfig: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    """Values for the file's params, by name, instead of its own."""
    on_clock: Callable[[Clock], None] = lambda _: None
    """Hears of the clock that the command waits by, so that a signal can stop it."""


@dataclass(frozen=True, kw_only=True)
class World:
    """The ports of one command.

    `embedded`, its `traffic` and the `faults` of a rehearsal are None on a real cluster; a read-only command has no
    traffic either: it asks nobody for metrics.
    """

    cluster: Cluster
    clock: Clock
    metrics: MetricsSource | None
    embedded: EmbeddedCluster | None = None
    traffic: Traffic | None = None
    faults: Faults | None = None
    findings: tuple[Diagnostic, ...] = ()


def find_migration(given: str | None, directory: Path) -> str:
    """Return the given file, or the only `.mig` file of the folder that holds a migration.

    Raises:
        RejectedError: there is none, or there are several.
    """
    if given:
        return given
    candidates = [path.name for path in sorted(directory.glob("*.mig")) if _holds_migration(path)]
    match candidates:
        case [only]:
            return only
        case []:
            raise reject(
                "MIG601",
                "this folder has no .mig file with a migration",
                "name the FILE, or make one with: meshmig init --files DIR -o site.mig",
            )
        case _:
            raise reject("MIG602", f"this folder has several migrations: {', '.join(candidates)}", "name the FILE")


def _holds_migration(path: Path) -> bool:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.lstrip().startswith("migration ") for line in lines)


def load_migration(file: str, params: Mapping[str, str]) -> Loaded:
    """Read a `.mig` file with what it uses; findings are in the result."""
    return load(file, read_text_file, params=params)


def read_text_file(name: str) -> bytes:
    """Read a `.mig` file, or the standard input, at most one byte more than such a file may have.

    Raises:
        OSError: it cannot be read.
    """
    if name == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def require_migration(file: str, place: Place | None = None) -> tuple[Migration, Loaded]:
    """Read a `.mig` file that must be right.

    Raises:
        RejectedError: with every error of the file.
    """
    loaded = load_migration(file, place.params if place else {})
    if loaded.migration is None or has_errors(loaded.findings):
        raise RejectedError(loaded.findings)
    return loaded.migration, loaded


def state_store(migration: Migration, place: Place) -> FolderStore:
    """Return where an embedded cluster's state lies: beside the `.mig`, or where `--state` says."""
    folder = Path(place.state) if place.state else Path(migration.file).parent / ".meshmig" / migration.name
    return FolderStore(folder)


def open_world(migration: Migration, place: Place, *, writes: bool) -> World:
    """Open the cluster that the migration names; a read-only command leaves no state behind."""
    choice = migration.cluster
    if choice.kind is ClusterKind.FILES:
        stored = state_store(migration, place)
        if writes:
            stored.hold(holder_name())
        store = stored if writes or is_booted(stored) else None
        opened = _embedded(migration, store, place)
        return _with_traffic(opened, Faults()) if writes else opened
    cluster, clock = open_real(choice, place.kubeconfig), SystemClock()
    place.on_clock(clock)
    return World(cluster=cluster, clock=clock, metrics=_prometheus(migration.metrics))


def rehearsal_world(migration: Migration, place: Place, faults: Faults) -> World:
    """Make an embedded cluster in memory that looks like the migration's cluster as it is before the run."""
    choice = migration.cluster
    if choice.kind is ClusterKind.FILES:
        return _with_traffic(_embedded(migration, None, place), faults)
    from meshmig.adapters.reading import read_snapshot

    snapshot = read_snapshot(open_real(choice, place.kubeconfig))
    embedded = boot(
        None,
        snapshot.manifests,
        control_plane=choice.control_plane or ControlPlane.GONE,
        seed=place.seed,
        name=snapshot.cluster,
    )
    return _with_traffic(_world_of(embedded, place), faults)


def open_real(choice: ClusterChoice, kubeconfig: str) -> Cluster:
    """Connect to a cluster by context, or from inside it."""
    from meshmig.adapters.kube import connect

    if choice.kind is ClusterKind.IN_CLUSTER:
        return connect(None, in_cluster=True)
    return connect(choice.value or None, kubeconfig=kubeconfig or None)


def _embedded(migration: Migration, store: Store | None, place: Place) -> World:
    if store is not None and is_booted(store):
        return _world_of(open_cluster(store, name=migration.cluster.value), place)
    folder = read_folder(Path(migration.file).parent / migration.cluster.value)
    if has_errors(folder.findings):
        raise RejectedError(folder.findings)
    embedded = boot(
        store,
        folder.manifests,
        control_plane=migration.cluster.control_plane or ControlPlane.GONE,
        seed=place.seed,
        name=migration.cluster.value,
    )
    return replace(_world_of(embedded, place), findings=folder.findings)


def _world_of(embedded: EmbeddedCluster, place: Place) -> World:
    place.on_clock(embedded.clock)
    return World(cluster=embedded, clock=embedded.clock, metrics=None, embedded=embedded)


def _with_traffic(world: World, faults: Faults) -> World:
    """Let requests flow; what is planted comes through the door of the cluster and through the metrics."""
    embedded = world.embedded
    if embedded is None:
        return world
    traffic = Traffic(embedded, faults)
    door = FaultyCluster(embedded, faults) if faults.planted else embedded
    return replace(world, cluster=door, metrics=traffic, traffic=traffic, faults=faults)


def _prometheus(choice: MetricsChoice | None) -> MetricsSource | None:
    if choice is None:
        return None
    from meshmig.adapters.prometheus import PrometheusMetrics

    return PrometheusMetrics(choice.url)
