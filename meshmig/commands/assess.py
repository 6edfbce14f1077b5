"""`meshmig assess`: how this mesh fits each alternative that AWS offered, feature used by feature used."""

from pathlib import Path

from meshmig.adapters.folder import read_folder
from meshmig.adapters.reading import read_snapshot
from meshmig.checks import ALTERNATIVES, uses
from meshmig.commands.opening import Place, open_real, require_migration
from meshmig.commands.result import AssessShown, Result
from meshmig.diagnostics import Diagnostic, RejectedError, has_errors, in_order
from meshmig.model.intent import ClusterKind
from meshmig.model.objects import Snapshot
from meshmig.model.run import Outcome
from meshmig.sources.appmesh import lift


def assess(file: str, place: Place) -> Result:
    """Assess the mesh that a migration names, from its folder or its cluster; read only."""
    migration, loaded = require_migration(file)
    if migration.cluster.kind is ClusterKind.FILES:
        snapshot, findings = _folder(Path(migration.file).parent / migration.cluster.value, migration.cluster.value)
    else:
        snapshot, findings = read_snapshot(open_real(migration.cluster, place.kubeconfig)), ()
    return _assessed(snapshot, migration.mesh, (*loaded.findings, *findings))


def assess_folder(folder: str, mesh: str) -> Result:
    """Assess the mesh of a folder of manifests: no `.mig` file is needed."""
    snapshot, findings = _folder(Path(folder), folder)
    return _assessed(snapshot, mesh, findings)


def _folder(path: Path, name: str) -> tuple[Snapshot, tuple[Diagnostic, ...]]:
    folder = read_folder(path)
    if has_errors(folder.findings):
        raise RejectedError(folder.findings)
    return Snapshot.of(folder.manifests, name), folder.findings


def _assessed(snapshot: Snapshot, mesh_name: str, findings: tuple[Diagnostic, ...]) -> Result:
    """What the translation to Istio refuses does not stop an assessment: it is one of its verdicts."""
    lifted = lift(snapshot, mesh_name)
    if lifted.mesh is None:
        return Result(outcome=Outcome.REFUSED, findings=in_order((*findings, *lifted.findings)))
    shown = AssessShown(
        mesh=lifted.mesh.name,
        cluster=snapshot.cluster,
        alternatives=ALTERNATIVES,
        uses=uses(lifted.ledger),
    )
    return Result(outcome=Outcome.OK, findings=in_order(findings), shown=shown)
