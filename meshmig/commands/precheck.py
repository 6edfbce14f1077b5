"""`meshmig precheck`: everything that can be seen to go wrong before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meshmig.adapters.dumps import read_dump_files
from meshmig.adapters.folder import read_folder
from meshmig.adapters.reading import read_snapshot
from meshmig.checks import (
    CHECKS,
    EXTRA_RESOURCES,
    INSTALL,
    MOVE,
    QUERIES,
    Facts,
    Measured,
    Server,
    idle_allows,
    look,
    read_dumps,
    unknown_pods,
)
from meshmig.commands.building import world_of
from meshmig.commands.opening import Place, World, open_world, require_migration, state_store
from meshmig.commands.result import PrecheckShown, Result
from meshmig.diagnostics import Diagnostic, RejectedError, Severity, has_errors, in_order
from meshmig.model.intent import ClusterKind, Migration
from meshmig.model.mesh import Mesh
from meshmig.model.objects import Manifest, Snapshot
from meshmig.model.run import Outcome
from meshmig.planning import call_order
from meshmig.planning.copies import relabelling
from meshmig.ports import ClusterError, Reviews, UnavailableError
from meshmig.sandbox.cluster import is_booted
from meshmig.sources.appmesh import lift

_TOLD_BY_CHECKS = frozenset({"MIG316", "MIG317", "MIG318", "MIG319", "MIG320", "MIG324"})
"""What reading the mesh reports as an error, and a check reports as its own finding."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read of the world, and why the rest was not."""

    snapshot: Snapshot
    live: bool
    findings: tuple[Diagnostic, ...] = ()
    unread: Mapping[str, str] | None = None
    server: Server | None = None
    measured: Measured | None = None
    unmeasured: str = ""


def precheck(file: str, place: Place, dump: str = "") -> Result:
    """Look at the file, the cluster, Prometheus and the dumps; nothing is written, and no Secret is read."""
    migration, loaded = require_migration(file, place)
    reading = _read(migration, place)
    lifted = lift(reading.snapshot, migration.mesh, {answer.id: answer.choice for answer in migration.answers})
    told = in_order((*loaded.findings, *reading.findings, *_beside_checks(lifted.findings)))
    if lifted.mesh is None:
        return Result(outcome=Outcome.REFUSED, findings=told, sources=loaded.sources)
    dumps, wrong = read_dumps(read_dump_files(Path(dump))) if dump else ((), ())
    units = call_order(lifted.mesh)
    facts = Facts(
        snapshot=reading.snapshot,
        mesh=lifted.mesh,
        ledger=lifted.ledger,
        world=world_of(migration, reading.snapshot),
        migration=migration,
        live=reading.live,
        findings=lifted.findings,
        units=units,
        renamed=_renamed(lifted.mesh, units),
        server=reading.server,
        measured=reading.measured,
        unmeasured=reading.unmeasured,
        dumps=dumps,
        unread=reading.unread or {},
    )
    results = look(facts, CHECKS)
    beside = in_order((*told, *wrong, *unknown_pods(facts), *idle_allows(migration.allows, results)))
    findings = (*beside, *(finding for result in results for finding in result.findings))
    shown = PrecheckShown(
        name=migration.name, mesh=lifted.mesh.name, cluster=reading.snapshot.cluster, results=results, beside=beside
    )
    outcome = Outcome.REFUSED if has_errors(findings) else Outcome.OK
    return Result(outcome=outcome, findings=findings, shown=shown, sources=loaded.sources)


def _renamed(mesh: Mesh, units: tuple[tuple[str, ...], ...]) -> Mapping[str, tuple[str, ...]]:
    """Say which label keys the copy of each workload has with another value."""
    found: dict[str, tuple[str, ...]] = {}
    for unit in units:
        found |= dict.fromkeys(unit, relabelling(mesh, [mesh.workload[name] for name in unit]).keys)
    return found


def _beside_checks(findings: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    return tuple(one for one in findings if one.severity is Severity.ERROR and one.code not in _TOLD_BY_CHECKS)


def _read(migration: Migration, place: Place) -> Reading:
    choice = migration.cluster
    if choice.kind is ClusterKind.FILES and not is_booted(state_store(migration, place)):
        return _folder(migration)
    world = open_world(migration, place, writes=False)
    extra, unread = _extra(world)
    snapshot = read_snapshot(world.cluster)
    found = {manifest.ref: manifest for manifest in (*snapshot.manifests, *extra)}
    measured, unmeasured = _measure(world)
    return Reading(
        snapshot=Snapshot.of(found.values(), snapshot.cluster),
        live=True,
        findings=world.findings,
        unread=unread,
        server=_server(world),
        measured=measured,
        unmeasured=unmeasured,
    )


def _folder(migration: Migration) -> Reading:
    folder = read_folder(Path(migration.file).parent / migration.cluster.value)
    if has_errors(folder.findings):
        raise RejectedError(folder.findings)
    return Reading(
        snapshot=Snapshot.of(folder.manifests, migration.cluster.value),
        live=False,
        findings=folder.findings,
        unmeasured="a folder of manifests has no metrics",
    )


def _extra(world: World) -> tuple[tuple[Manifest, ...], Mapping[str, str]]:
    """List what only checks look at; a missing right is a gap there, not an end."""
    found: list[Manifest] = []
    unread: dict[str, str] = {}
    for resource in EXTRA_RESOURCES:
        try:
            found += read_snapshot(world.cluster, (resource,)).manifests
        except RejectedError:
            unread[resource.kind] = f"needs the right to list {resource.plural}"
    return tuple(found), unread


def _server(world: World) -> Server | None:
    match world.cluster:
        case Reviews() as server:
            missing = tuple(
                right
                for right in (*INSTALL, *MOVE)
                if not server.may(right.verb, right.group, right.resource, right.namespace)
            )
            return Server(version=server.version(), missing=missing)
        case _:
            return None


def _measure(world: World) -> tuple[Measured | None, str]:
    if world.embedded is not None:
        return None, "requests flow in the embedded cluster only while a run lasts"
    if world.metrics is None:
        return None, 'the file names no `metrics prometheus "URL"`'
    now = world.clock.now()
    try:
        answers = {name: world.metrics.select(query.metric, query.matchers, now) for name, query in QUERIES.items()}
    except (UnavailableError, ClusterError) as error:
        return None, str(error)
    return Measured(series=answers), ""
