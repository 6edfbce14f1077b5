"""`meshmig plan`: the whole journey, or what is left of a recorded one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from meshmig.commands.building import build_plan
from meshmig.commands.opening import Place, World, open_world, require_migration
from meshmig.commands.recorded import Recorded, read_recorded, replanned
from meshmig.commands.result import Nothing, PlanShown, Result
from meshmig.diagnostics import Diagnostic, Severity, has_errors, in_order, reject
from meshmig.model.intent import Migration
from meshmig.model.objects import Json
from meshmig.model.plan import Plan, Step
from meshmig.model.run import Approved, Outcome
from meshmig.planning import written


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """The arguments of `plan`."""

    stage: int | None = None
    output: str = ""
    full_ledger: bool = False
    detailed: bool = False
    emit: str = ""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan with the steps that lie behind it, and the approvals in force, by step."""

    plan: Plan | None
    findings: tuple[Diagnostic, ...]
    done: frozenset[str] = frozenset()
    approved: Mapping[str, Approved] = field(default_factory=dict)


def plan(file: str, place: Place, options: PlanOptions) -> Result:
    """Plan from the live cluster, read only; a recorded run shows what is left of it."""
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=False)
    planned = plan_now(migration, world)
    findings = in_order((*loaded.findings, *planned.findings))
    if planned.plan is None or has_errors(findings):
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        shown = PlanShown(plan=planned.plan, stage=options.stage, errors=errors) if planned.plan else Nothing()
        return Result(outcome=Outcome.REFUSED, findings=findings, shown=shown, sources=loaded.sources)
    _require_stage(planned.plan, options.stage)
    if options.output:
        save_plan(planned.plan, options.output, file)
    if options.emit:
        _emit(planned.plan, Path(options.emit))
    shown = PlanShown(
        plan=planned.plan,
        stage=options.stage,
        done=planned.done,
        approved=planned.approved,
        full_ledger=options.full_ledger,
        saved=options.output,
    )
    outcome = Outcome.CHANGES if options.detailed and _changes(planned, options.stage) else Outcome.OK
    return Result(outcome=outcome, findings=findings, shown=shown, sources=loaded.sources)


def plan_now(migration: Migration, world: World) -> Planned:
    """Plan the journey, or return the recorded one with what is done; a changed file is planned anew."""
    recorded = read_recorded(world, migration.name)
    if recorded is None:
        built = build_plan(migration, world.cluster, world.findings)
        return Planned(plan=built.plan, findings=built.findings)
    if recorded.plan.fingerprint == migration.fingerprint:
        return _as_recorded(recorded)
    return _anew(recorded, migration, world)


def _as_recorded(recorded: Recorded) -> Planned:
    return Planned(
        plan=recorded.plan,
        findings=recorded.plan.findings,
        done=recorded.done,
        approved=recorded.state.approved,
    )


def _anew(recorded: Recorded, migration: Migration, world: World) -> Planned:
    built = replanned(recorded, migration, world)
    return Planned(plan=built.plan, findings=built.findings, done=recorded.done)


def save_plan(plan: Plan, output: str, file: str) -> None:
    """Write the plan as canonical JSON, whole or not at all."""
    path = Path(output)
    relative = os.path.relpath(file, path.parent)
    beside = path.with_name(f".{path.name}.meshmig")
    try:
        with beside.open("w", encoding="utf-8") as stream:
            stream.writelines(written(replace(plan, file=relative)))
        beside.replace(path)
    except OSError as error:
        raise reject("MIG604", f"{output} cannot be written: {error.strerror}", "name a place that can") from error


def _require_stage(plan: Plan, number: int | None) -> None:
    if number is not None and plan.stage(number) is None:
        numbers = ", ".join(str(stage.number) for stage in plan.stages)
        raise reject("MIG006", f"there is no stage {number}", f"the stages are: {numbers}")


def _changes(planned: Planned, stage: int | None) -> bool:
    plan = planned.plan
    steps = [] if plan is None else [step for part in plan.stages for step in part.steps]
    return any(_open(step, planned.done) for step in steps if stage in (None, step.stage))


def _open(step: Step, done: frozenset[str]) -> bool:
    return step.write is not None and step.id not in done


def _emit(plan: Plan, folder: Path) -> None:
    from meshmig.adapters.yaml_text import dump
    from meshmig.planning import final_objects

    folder.mkdir(parents=True, exist_ok=True)
    for manifest in final_objects(plan):
        ref = manifest.ref
        name = f"{ref.kind.lower()}-{ref.namespace or 'cluster'}-{ref.name}.yaml"
        body: Mapping[str, Json] = manifest.body
        (folder / name).write_text(dump([body]), encoding="utf-8")
