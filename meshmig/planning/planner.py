"""A migration and a mesh become a plan, stage by stage, each on the predicted state after the ones before."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from meshmig.diagnostics import Severity, in_order
from meshmig.model.intent import (
    Approve,
    Check,
    Enforce,
    InstallIstio,
    Mirror,
    Move,
    Notify,
    OnFailure,
    Param,
    Profile,
    Protect,
    RetireAppMesh,
    RunJob,
    StageAction,
    StageIntent,
    Strategy,
    Wait,
    Waves,
    Window,
)
from meshmig.model.mesh import Workload
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import Confirm, Judge, JudgeMode, Pause, Plan, Stage, Terms
from meshmig.planning.canary import initial_placements, move_by_copy
from meshmig.planning.copies import copy_ref
from meshmig.planning.finishing import enforce, retire
from meshmig.planning.ground import install, protect
from meshmig.planning.hazards import allowed, blind_gates, hazards, unenforced, unwritten_raw
from meshmig.planning.in_place import move_in_place
from meshmig.planning.jobs import run_job
from meshmig.planning.journey import Journey, PlanRequest, Wanted
from meshmig.planning.ownership import Ownership
from meshmig.planning.selection import select
from meshmig.planning.staging import leading_to
from meshmig.targets.istio import findings as target_findings

Word = TypeVar("Word", Notify, Param, Window)


def make_plan(request: PlanRequest) -> Plan:
    """Plan every stage; errors stand in the plan's findings. Its digest is made once it is whole: `digest_of`."""
    words = request.migration
    ownership = Ownership(snapshot=request.snapshot, adoptions=words.adoptions, take_overs=words.take_overs)
    journey = Journey(request=request, objects=dict(request.snapshot.by_ref), placements={}, ownership=ownership)
    initial_placements(journey)
    stages = tuple(_stage(journey, intent) for intent in request.migration.stages)
    found = (*request.findings, *journey.findings, *ownership.findings, *ownership.idle())
    found += (*unwritten_raw(journey), *unenforced(journey), *blind_gates(journey))
    found += (*hazards(journey), *target_findings(journey.mesh, journey.settings))
    migration, mesh = request.migration, request.mesh
    return Plan(
        migration=migration.name,
        file=migration.file,
        fingerprint=migration.fingerprint,
        cluster=replace(migration.cluster, span=None),
        cluster_name=request.snapshot.cluster,
        mesh=mesh.name,
        namespaces=mesh.namespaces,
        revision=migration.target.revision,
        metrics=migration.metrics and replace(migration.metrics, span=None),
        world=request.world,
        gates=migration.gates,
        units=tuple(journey.units),
        stages=stages,
        ledger=request.ledger,
        terms=Terms(
            params=_unplaced(migration.params),
            windows=_unplaced(migration.windows),
            notifications=_unplaced(migration.notifications),
            raw=tuple(manifest.ref for manifest in request.raw),
            selected=tuple(journey.selected),
            claims=tuple(ownership.claims),
        ),
        questions=mesh.questions,
        findings=in_order(allowed(found, migration.allows)),
    )


def _unplaced(words: Iterable[Word]) -> tuple[Word, ...]:
    """Where a word stands in the file is no part of a plan."""
    return tuple(replace(word, span=None) for word in words)


def final_objects(plan: Plan) -> tuple[Manifest, ...]:
    """Return the manifests that the plan's last applies leave behind."""
    from meshmig.model.plan import ApplyObject, DeleteObject

    kept: dict[object, Manifest] = {}
    for stage in plan.stages:
        for step in stage.steps:
            match step.write:
                case ApplyObject(manifest=manifest):
                    kept[manifest.ref] = manifest
                case DeleteObject(ref=ref):
                    kept.pop(ref, None)
                case _:
                    continue
    return tuple(sorted(kept.values(), key=lambda manifest: manifest.ref))


def _stage(journey: Journey, intent: StageIntent) -> Stage:
    journey.begin_stage(intent.number)
    first = len(journey.steps)
    for action in intent.actions:
        if isinstance(action, Approve):
            reason = f"before stage {intent.number}"
            wanted = Wanted(title=f"{action.team} says yes before stage {intent.number}", because=action.span)
            journey.stand_behind((journey.add(Confirm(team=action.team, reason=reason), wanted),))
    at_once = 1
    for action in intent.actions:
        at_once = max(at_once, _action(journey, action, intent.on_failure))
        journey.raise_barrier()
    steps = tuple(journey.steps[first:])
    turn = next((step.id for step in steps if step.irreversible), "")
    return Stage(
        number=intent.number,
        title=intent.title,
        doc=intent.doc,
        steps=steps,
        at_once=at_once,
        point_of_no_return=turn,
        windows=_unplaced(intent.windows),
    )


def _action(journey: Journey, action: StageAction, on_failure: OnFailure) -> int:
    """Add an action's steps; returns how many units may move at once."""
    match action:
        case Protect():
            protect(journey)
        case InstallIstio():
            install(journey)
        case Move():
            _move(journey, select(journey, action.selection), action.profile, 1)
        case Waves():
            _waves(journey, action)
            return action.at_once
        case Check():
            _check(journey, action)
        case Wait(length=length):
            journey.add(Pause(length=length, reason=f"the file waits {length}"), Wanted(title=f"wait {length}"))
        case Approve():
            pass
        case Enforce():
            enforce(journey, action)
        case RetireAppMesh():
            retire(journey, action.span)
        case RunJob():
            run_job(journey, action, on_failure)
        case Mirror():
            text = "`mirror` is not built yet in this version"
            journey.find("MIG112", Severity.ERROR, text, help="take the statement away", span=action.span)
    return 1


def _move(journey: Journey, names: tuple[str, ...], profile: Profile, at_once: int, wave: int = 0) -> None:
    chosen = set(names)
    running: list[str] = []
    settled_on: dict[str, str] = {}
    for group in journey.order:
        members = tuple(name for name in group if name in chosen)
        if not members:
            continue
        after = [running[-at_once]] if len(running) >= at_once else []
        after += [settled_on[key] for key in _writes(journey, members) if key in settled_on]
        after += [journey.moved[c] for n in members for c in journey.callers[n] if journey.moved.get(c)]
        after = [name for name in after if name.startswith(f"{journey.stage}.")]
        settled = _unit(journey, members, profile, tuple(dict.fromkeys(after)))
        journey.units[-1] = replace(journey.units[-1], wave=wave)
        if settled:
            running.append(settled)
            settled_on |= dict.fromkeys(_writes(journey, members), settled)


def _unit(journey: Journey, members: tuple[str, ...], profile: Profile, after: tuple[str, ...]) -> str:
    workloads = [journey.mesh.workload[name] for name in members]
    if profile.strategy is Strategy.IN_PLACE:
        return move_in_place(journey, workloads, profile, after)
    for workload in workloads:
        if workload.owns_storage:
            message = f"{workload.id} owns storage: a copy cannot stand beside it"
            help_text = "move it with `strategy in_place`, or move its storage first"
            name = workload.ref.object_name
            journey.find("MIG415", Severity.ERROR, message, help=help_text, object=name, span=profile.span)
    return move_by_copy(journey, workloads, profile, after)


def _writes(journey: Journey, members: tuple[str, ...]) -> tuple[str, ...]:
    """Return the Hosts and Edges whose objects a unit's move writes: units that share one go one after the other."""
    upstreams = (journey.mesh.workload[name].upstream or "" for name in members)
    hosts, edges = leading_to(journey.mesh, upstreams)
    return (*hosts, *(f"edge {name}" for name in edges))


def _waves(journey: Journey, action: Waves) -> None:
    names = select(journey, action.selection)
    waves = [names[start : start + action.at_most] for start in range(0, len(names), action.at_most)]
    for number, wave in enumerate(waves, start=1):
        _move(journey, wave, action.profile, action.at_once, number)
        if number < len(waves):
            journey.raise_barrier()
            _between(journey, action)


def _between(journey: Journey, action: Waves) -> None:
    if action.between_wait.ms:
        pause = Pause(length=action.between_wait, reason="between waves")
        journey.stand_behind((journey.add(pause, Wanted(title=f"wait {action.between_wait} between waves")),))
    if action.between_gate:
        _check(journey, Check(gate=action.between_gate, span=action.span))
        journey.raise_barrier()


def _check(journey: Journey, action: Check) -> None:
    if action.length.ms:
        pause = Pause(length=action.length, reason=f"gate {action.gate} watches")
        journey.stand_behind((journey.add(pause, Wanted(title=f"watch {action.length}")),))
    for workload in journey.mesh.workloads:
        if workload.id not in journey.moved or not workload.services:
            continue
        uncalled = not journey.callers[workload.id]
        judge = Judge(
            gate=action.gate,
            mode=JudgeMode.UNCALLED if uncalled else JudgeMode.ADVANCE,
            percent_new=100,
            old=None,
            new=_serving(journey, workload),
            on_failure=OnFailure.PAUSE,
        )
        wanted = Wanted(title=f"gate {action.gate} on {workload.id}", because=action.span)
        journey.add(judge, wanted)


def _serving(journey: Journey, workload: Workload) -> ObjectRef:
    """Return the workload whose pods serve now: itself where it moved in place, else its copy."""
    in_place = any(workload.id in unit.workloads and unit.strategy is Strategy.IN_PLACE for unit in journey.units)
    return workload.ref if in_place else copy_ref(workload)
