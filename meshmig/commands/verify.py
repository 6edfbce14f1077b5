"""`meshmig verify`: the proof of the routing and of the calls, for our own manifests or anybody's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meshmig.adapters.folder import read_folder
from meshmig.adapters.reading import read_snapshot
from meshmig.commands.building import Built, prove_plan, read_source
from meshmig.commands.opening import Place, World, open_world, require_migration
from meshmig.commands.plan import plan_now
from meshmig.commands.recorded import before_the_run, read_recorded
from meshmig.commands.result import ProofShown, Result
from meshmig.diagnostics import Diagnostic, RejectedError, has_errors, in_order, reject
from meshmig.diffs import predict
from meshmig.model.intent import Migration
from meshmig.model.objects import Manifest, Snapshot
from meshmig.model.plan import ApplyObject
from meshmig.model.run import Outcome
from meshmig.proof import Case, Proved, prove, witness_data

_ISTIO = ("networking.istio.io", "security.istio.io")


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    """The arguments of `verify`: a folder of other manifests, and a file for the witnesses."""

    istio: str = ""
    witnesses: str = ""


def verify(file: str, place: Place, options: VerifyOptions) -> Result:
    """Prove what the plan leads to, or what the manifests of a folder do, against App Mesh's objects; read only.

    Raises:
        RejectedError: the file or the folder cannot be read, or the mesh cannot be planned.
    """
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=False)
    source = _source(migration, world)
    if options.istio:
        proved, found = _judged(migration, source, Path(options.istio))
    else:
        proved, found = _planned(migration, world, source)
    if options.witnesses:
        _write(options.witnesses, proved)
    findings = in_order((*loaded.findings, *found, *proved.findings))
    outcome = Outcome.REFUSED if has_errors(findings) else Outcome.OK
    shown = ProofShown(name=migration.name, proved=proved, of=options.istio or "the plan", witnesses=options.witnesses)
    return Result(outcome=outcome, findings=findings, shown=shown, sources=loaded.sources)


def _source(migration: Migration, world: World) -> Snapshot:
    """The mesh as it was before the run, whatever was done since."""
    live = read_snapshot(world.cluster)
    recorded = read_recorded(world, migration.name)
    return before_the_run(recorded, live) if recorded is not None else live


def _planned(migration: Migration, world: World, source: Snapshot) -> tuple[Proved, Sequence[Diagnostic]]:
    planned = plan_now(migration, world)
    if planned.plan is None:
        raise RejectedError(planned.findings)
    return prove_plan(migration, source, Built(plan=planned.plan, findings=planned.findings)), planned.findings


def _judged(migration: Migration, source: Snapshot, folder: Path) -> tuple[Proved, Sequence[Diagnostic]]:
    lifted = read_source(migration, source)
    read = read_folder(folder)
    found = (*lifted.findings, *read.findings)
    if has_errors(read.findings):
        raise RejectedError(read.findings)
    if not any(manifest.ref.group in _ISTIO for manifest in read.manifests):
        raise reject("MIG705", f"{folder} holds no Istio objects", "name the folder of the manifests to judge")
    case = Case(
        source=source,
        target=_over(source, read.manifests),
        mesh=migration.mesh,
        answers={answer.id: answer.choice for answer in migration.answers},
        ledger=lifted.ledger,
        findings=found,
    )
    return prove(case), found


def _over(source: Snapshot, given: Sequence[Manifest]) -> tuple[Manifest, ...]:
    """The cluster with the folder's objects applied to it, and no Istio objects but those."""
    objects = {manifest.ref: manifest for manifest in source if manifest.ref.group not in _ISTIO}
    for manifest in given:
        objects[manifest.ref] = predict(objects.get(manifest.ref), ApplyObject(manifest=manifest)) or manifest
    return tuple(objects.values())


def _write(path: str, proved: Proved) -> None:
    document = {"schema": "meshmig/witnesses/v1", "witnesses": [witness_data(item) for item in proved.classes]}
    text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise reject("MIG604", f"{path} cannot be written: {error.strerror}", "name a place that can") from error
