"""Canary: a copy beside the old pods, traffic in steps, the gate after each, the old pods kept and then drained."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from meshmig.model.intent import OnFailure, Profile, Strategy
from meshmig.model.mesh import Workload
from meshmig.model.plan import (
    Bake,
    Confirm,
    Judge,
    JudgeMode,
    Mechanism,
    PatchObject,
    Pause,
    Unit,
    WorkloadDrained,
    WorkloadReady,
    Write,
)
from meshmig.planning.companions import autoscalers, budgets
from meshmig.planning.copies import (
    copy_ref,
    copy_workload,
    exclusive_services,
    placement_of,
    relabelling,
    same_pods,
    upstreams_of,
)
from meshmig.planning.journey import Journey, Wanted, apply_of, chained, owned
from meshmig.planning.moving import Moving
from meshmig.planning.shifting import flip, shift
from meshmig.planning.staging import place, routes_to, would_change
from meshmig.targets.istio import service_manifest
from meshmig.traffic.replica_share import ALL, copies_for, share_of


def move_by_copy(journey: Journey, workloads: Sequence[Workload], profile: Profile, after: tuple[str, ...]) -> str:
    """Add the steps of one unit; returns the id of the step that settles it (all its traffic is new)."""
    moving = _moving(journey, workloads, profile)
    journey.units.append(_unit(journey, moving))
    last = _copies(journey, moving, after)
    last = _steps(journey, moving, last)
    settled = flip(journey, moving, last)
    for workload in workloads:
        journey.moved[workload.id] = settled
    _drain(journey, moving, _finish(journey, moving, settled))
    return settled


def _moving(journey: Journey, workloads: Sequence[Workload], profile: Profile) -> Moving:
    mesh = journey.mesh
    upstreams = upstreams_of(mesh, workloads)
    groups = {workload.id: same_pods(mesh, workload) for workload in workloads}
    found = {service.id: service for group in groups.values() for service in exclusive_services(mesh, group)}
    services = tuple(found[name] for name in sorted(found))
    labels = {name: relabelling(mesh, group) for name, group in groups.items()}
    known = journey.callers
    inside = {workload.id for workload in workloads}
    calling = tuple(sorted({c for w in workloads for c in known[w.id]} - inside))
    place(journey, upstreams, 1)
    weighted = would_change(journey, routes_to(journey, upstreams))
    place(journey, upstreams, 0)
    in_istio = bool(calling) and all(name in journey.moved for name in calling)
    by_share = bool(services) and len(workloads) == 1 and not (weighted and in_istio)
    return Moving(
        unit=" + ".join(sorted(inside)),
        workloads=tuple(workloads),
        upstreams=upstreams,
        services=services,
        labels=labels,
        profile=profile,
        callers=calling,
        by_share=by_share,
    )


def _unit(journey: Journey, moving: Moving) -> Unit:
    mechanisms = [Mechanism.REPLICA_SHARE] if moving.by_share else [Mechanism.ISTIO_WEIGHTS]
    if moving.services:
        mechanisms.append(Mechanism.SERVICE_SELECTOR)
    return Unit(
        id=moving.unit,
        stage=journey.stage,
        workloads=tuple(workload.id for workload in moving.workloads),
        strategy=Strategy.CANARY,
        mechanisms=tuple(mechanisms),
        callers=moving.callers,
        notes=tuple(_notes(moving)),
    )


def _notes(moving: Moving) -> Iterator[str]:
    changed = ", ".join(sorted({key for labels in moving.labels.values() for key in labels.keys}))
    if changed:
        yield f"the copy's label {changed} differs, so that the old Services do not select it"
    shared = {s.id for w in moving.workloads for s in w.services} - {s.id for s in moving.services}
    if shared:
        yield f"{', '.join(sorted(shared))} also selects others: its callers reach old and new by replica share"
    if not moving.callers:
        yield "no caller is declared: callers without a proxy follow the Service"


def _copies(journey: Journey, moving: Moving, after: tuple[str, ...]) -> tuple[str, ...]:
    """Make the copy's Service and pods; nobody is sent there yet."""
    last = after
    for upstream in moving.upstreams:
        placement = journey.placements[upstream.id]
        if placement.new is not None:
            manifest = service_manifest(placement.new, upstream)
            title = f"Service for the copy: {manifest.ref.id}"
            step = journey.write(apply_of(manifest), Wanted(title=title, unit=moving.unit, after=last))
            last = chained([step]) or last
    for workload in moving.workloads:
        last = budgets(journey, moving, workload, last)
        last = chained([_copy(journey, moving, workload, last)]) or last
    return last


def _copy(journey: Journey, moving: Moving, workload: Workload, after: tuple[str, ...]) -> str:
    live = journey.live(workload.ref)
    if live is None:
        return ""
    manifest = copy_workload(journey.mesh, live, workload, moving.labels[workload.id], journey.settings)
    if moving.by_share and "replicas" in manifest.spec:
        body = dict(manifest.body) | {"spec": dict(manifest.spec) | {"replicas": _first_share(moving, workload)}}
        manifest = replace(manifest, body=body)
    wanted = Wanted(
        title=f"copy {workload.id} with Istio's sidecar: {manifest.ref.id}",
        unit=moving.unit,
        after=after,
        waits=(WorkloadReady(ref=manifest.ref, container="istio-proxy", without="envoy"),),
        because=moving.profile.span,
    )
    return journey.write(apply_of(manifest), wanted)


def _first_share(moving: Moving, workload: Workload) -> int:
    first = next((percent for percent in moving.profile.steps if percent < ALL), ALL)
    return copies_for(first, workload.replicas)


def _steps(journey: Journey, moving: Moving, last: tuple[str, ...]) -> tuple[str, ...]:
    done = 0
    for percent in moving.profile.steps:
        if percent == ALL and done:
            last = _proof(journey, moving, done, last)
        last = _approvals(journey, moving, _reaching(moving, percent), last)
        reached, last = shift(journey, moving, (done, percent), last)
        if percent == ALL and moving.by_share:
            break
        if reached == done and percent != ALL:
            continue
        done = reached
        last = _bake_and_judge(journey, moving, done, last)
    return last


def _reaching(moving: Moving, percent: int) -> int:
    """Return the share that a step leads to: a replica share is rounded up, past what it asks for."""
    if not moving.by_share or percent >= ALL:
        return percent
    replicas = moving.workloads[0].replicas
    return max(percent, share_of(copies_for(percent, replicas), replicas))


def _approvals(journey: Journey, moving: Moving, percent: int, last: tuple[str, ...]) -> tuple[str, ...]:
    reached = journey.reached.get(moving.unit, 0)
    for approval in moving.profile.approvals:
        if reached < approval.percent <= percent:
            reason = f"before {approval.percent} % of {moving.unit}"
            wanted = Wanted(title=f"{approval.team} says yes {reason}", unit=moving.unit, after=last)
            last = (journey.add(Confirm(team=approval.team, reason=reason), wanted),)
    return last


def _bake_and_judge(journey: Journey, moving: Moving, percent: int, last: tuple[str, ...]) -> tuple[str, ...]:
    profile = moving.profile
    if profile.bake.ms:
        wanted = Wanted(title=f"{moving.unit} bakes {profile.bake} at {percent} %", unit=moving.unit, after=last)
        last = (journey.add(Bake(length=profile.bake), wanted),)
    return _judges(journey, moving, percent, JudgeMode.ADVANCE, last)


def _judges(journey: Journey, moving: Moving, percent: int, mode: JudgeMode, last: tuple[str, ...]) -> tuple[str, ...]:
    profile = moving.profile
    if not profile.gate:
        return last
    gate = journey.request.migration.gate(profile.gate)
    uncalled = _uncalled(journey, moving)
    for workload in moving.workloads:
        if not workload.services and workload.edge is None:
            continue
        judge = Judge(
            gate=profile.gate,
            mode=JudgeMode.UNCALLED if uncalled else mode,
            percent_new=percent,
            old=workload.ref,
            new=copy_ref(workload),
            on_failure=profile.on_failure or gate.on_failure or OnFailure.ROLLBACK,
        )
        asks = "proves" if judge.mode is JudgeMode.FINISH else "on"
        title = f"gate {profile.gate} {asks} {workload.id} at {percent} %"
        last = (journey.add(judge, Wanted(title=title, unit=moving.unit, after=last)),)
    return last


def _proof(journey: Journey, moving: Moving, percent: int, last: tuple[str, ...]) -> tuple[str, ...]:
    """Ask for evidence of no harm where the gate wants it; it can be had only while both sides serve."""
    gate = moving.profile.gate
    if not gate or journey.request.migration.gate(gate).finish_within is None or _uncalled(journey, moving):
        return last
    return _judges(journey, moving, percent, JudgeMode.FINISH, last)


def _uncalled(journey: Journey, moving: Moving) -> bool:
    return not (moving.callers and _reached(journey, moving)) and not _exposed(moving)


def _reached(journey: Journey, moving: Moving) -> bool:
    """Whether a route sends these workloads anything at all: a target of weight 0 is called by nobody."""
    return any(upstream.id in journey.mesh.weighted for upstream in moving.upstreams)


def _exposed(moving: Moving) -> bool:
    """Whether somebody outside the mesh calls: an edge, or a Service that leads out of the cluster."""
    return any(w.edge is not None for w in moving.workloads) or any(
        service.type in {"LoadBalancer", "NodePort"} for service in moving.services
    )


def _finish(journey: Journey, moving: Moving, settled: str) -> tuple[str, ...]:
    last: tuple[str, ...] = chained([settled])
    profile = moving.profile
    if moving.by_share:
        last = _bake_and_judge(journey, moving, 100, last)
    if profile.steps[0] == ALL:
        last = _proof(journey, moving, ALL, last)
    for workload in moving.workloads:
        last = autoscalers(journey, moving, workload, last)
    if profile.keep.ms:
        reason = f"old pods of {moving.unit} stay {profile.keep}"
        last = (
            journey.add(Pause(length=profile.keep, reason=reason), Wanted(title=reason, unit=moving.unit, after=last)),
        )
    return last


def _drain(journey: Journey, moving: Moving, last: tuple[str, ...]) -> None:
    for workload in moving.workloads:
        if workload.ref.kind == "DaemonSet":
            continue
        why = "App Mesh is gone: its pods cannot come back, only plain ones" if journey.gone else ""
        wanted = Wanted(
            title=f"old pods of {workload.id} go",
            unit=moving.unit,
            after=(*last, *_callers_drained(journey, workload)),
            waits=(WorkloadDrained(ref=workload.ref),),
            irreversible=why,
            compensation=_plain_pods(workload) if journey.gone else (),
        )
        made = journey.write(apply_of(owned(workload.ref, {"replicas": 0}), force=True), wanted)
        journey.drained[workload.id] = made
        last = chained([made]) or last


def _callers_drained(journey: Journey, workload: Workload) -> tuple[str, ...]:
    """The steps of this stage after which no old pod is left that may call this workload's old pods.

    By Cloud Map an App Mesh caller knows only App Mesh pods, and it may have work of its own that no route takes away.
    """
    steps = (journey.drained.get(caller, "") for caller in journey.callers[workload.id])
    return tuple(step for step in steps if step.startswith(f"{journey.stage}."))


def _plain_pods(workload: Workload) -> tuple[Write, ...]:
    """What stands in for the old pods: the same, without any mesh."""
    off = {"appmesh.k8s.aws/sidecarInjectorWebhook": "disabled"}
    metadata = {"annotations": off, "labels": {"sidecar.istio.io/inject": "false"}}
    spec = {"replicas": workload.replicas, "template": {"metadata": metadata}}
    return (PatchObject(ref=workload.ref, body={"spec": spec}),)


def initial_placements(journey: Journey) -> None:
    """Place every upstream with pods on its old side."""
    mesh = journey.mesh
    for upstream in mesh.upstreams:
        workloads = [mesh.workload[name] for name in upstream.workloads]
        if workloads:
            journey.placements[upstream.id] = placement_of(mesh, upstream, workloads, relabelling(mesh, workloads))
