"""In place: the same Deployment, its template patched, its pods replaced one by one."""

from collections.abc import Sequence

from meshmig.diagnostics import Severity
from meshmig.diffs import normalise
from meshmig.model.intent import OnFailure, Profile, Strategy
from meshmig.model.mesh import TlsMode, Upstream, Workload
from meshmig.model.plan import Bake, Judge, JudgeMode, Mechanism, Unit, WorkloadReady
from meshmig.planning.copies import upstreams_of
from meshmig.planning.journey import Journey, Wanted, apply_of, chained, owned
from meshmig.targets.istio import enrol


def move_in_place(journey: Journey, workloads: Sequence[Workload], profile: Profile, after: tuple[str, ...]) -> str:
    """Add the steps of one unit; returns the id of the step that settles it."""
    unit = " + ".join(workload.id for workload in workloads)
    known = journey.callers
    calling = tuple(sorted({c for w in workloads for c in known[w.id]} - {w.id for w in workloads}))
    journey.units.append(
        Unit(
            id=unit,
            stage=journey.stage,
            workloads=tuple(workload.id for workload in workloads),
            strategy=Strategy.IN_PLACE,
            mechanisms=(Mechanism.ROLLOUT,),
            callers=calling,
            notes=("old and new pods serve side by side while the rollout goes on",),
        )
    )
    last = after
    for workload in workloads:
        _hazards(journey, workload, profile, calling)
        last = chained([_roll(journey, unit, workload, last)]) or last
        last = _judge(journey, unit, workload, profile, last)
    settled = last[-1] if last else ""
    for workload in workloads:
        journey.moved[workload.id] = settled
    return settled


def _roll(journey: Journey, unit: str, workload: Workload, after: tuple[str, ...]) -> str:
    live = journey.live(workload.ref)
    if live is None:
        return ""
    template = enrol(normalise(live).spec.get("template") or {}, workload, journey.settings)
    template = {"metadata": template["metadata"]}
    why = "App Mesh is gone: a replaced pod cannot come back" if journey.gone else ""
    wanted = Wanted(
        title=f"{workload.id} restarts with Istio's sidecar",
        unit=unit,
        after=after,
        waits=(WorkloadReady(ref=workload.ref, container="istio-proxy", without="envoy"),),
        irreversible=why,
    )
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    spec = {"template": template} | ({"strategy": strategy} if workload.ref.kind == "Deployment" else {})
    return journey.write(apply_of(owned(workload.ref, spec), force=True), wanted)


def _judge(journey: Journey, unit: str, workload: Workload, profile: Profile, last: tuple[str, ...]) -> tuple[str, ...]:
    if profile.bake.ms:
        wanted = Wanted(title=f"{unit} bakes {profile.bake}", unit=unit, after=last)
        last = (journey.add(Bake(length=profile.bake), wanted),)
    if not profile.gate or not workload.services:
        return last
    judge = Judge(
        gate=profile.gate,
        mode=JudgeMode.UNCALLED if not journey.callers[workload.id] else JudgeMode.ADVANCE,
        percent_new=100,
        old=None,
        new=workload.ref,
        on_failure=profile.on_failure or OnFailure.PAUSE,
    )
    wanted = Wanted(title=f"gate {profile.gate} on {workload.id}", unit=unit, after=last)
    return (journey.add(judge, wanted),)


def _hazards(journey: Journey, workload: Workload, profile: Profile, calling: tuple[str, ...]) -> None:
    name = workload.ref.object_name
    if journey.gone:
        journey.find(
            "MIG401",
            Severity.ERROR,
            f"{workload.id} moves in place, and App Mesh is gone: a replaced pod cannot go back",
            help='move it by copy (`strategy canary`), or accept it: allow MIG401 because "…"',
            object=name,
            span=profile.span,
        )
    if not workload.stops_gracefully:
        journey.find(
            "MIG412",
            Severity.WARNING,
            f"{workload.id} moves in place, has no preStop and stops at SIGTERM: about 3 in 1,000 requests fail",
            help='move it by copy, give it a preStop, or accept it: allow MIG412 because "…"',
            object=name,
            span=profile.span,
        )
    waiting = [caller for caller in calling if caller not in journey.moved]
    if waiting and any(_has_tls(upstream) for upstream in upstreams_of(journey.mesh, [workload])):
        journey.find(
            "MIG402",
            Severity.ERROR,
            f"{workload.id} ends TLS for callers that are still in App Mesh: {', '.join(waiting)}",
            help="move the callers first",
            object=name,
            span=profile.span,
        )


def _has_tls(upstream: Upstream) -> bool:
    return any(listener.tls and listener.tls.mode is not TlsMode.DISABLED for listener in upstream.listeners)
