"""`meshmig rehearse`: the whole migration on the embedded cluster, approving itself, every request counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from meshmig.commands.apply import Carried, carry_out, pass_time, run_shown
from meshmig.commands.approve import approve_all
from meshmig.commands.building import plan_snapshot, require_plan
from meshmig.commands.opening import Place, World, rehearsal_world, require_migration
from meshmig.commands.result import PodsCounted, Requests, Result
from meshmig.diagnostics import Diagnostic, RejectedError, Severity, in_order, reject
from meshmig.execution.readiness import containers, is_meshed
from meshmig.model.objects import Manifest
from meshmig.model.plan import Judge, Plan
from meshmig.model.units import Duration
from meshmig.ports import Observer, UnavailableError
from meshmig.sandbox.cluster import EmbeddedCluster
from meshmig.sandbox.faults import OF_TRAFFIC, Fault, Faults, KilledError, parse_fault
from meshmig.sandbox.faulty_cluster import FaultyCluster

_APPROVER = "rehearsal"
_RESTARTS = 500
"""How often a run that died or found no API server is started again."""
_AFTER_OUTAGE = Duration.of(minutes=1)
"""How long after a run that found no API server the next one is started."""


def rehearse(file: str, place: Place, faults: Sequence[str], observer: Observer) -> Result:
    """Run every stage in virtual time; an outcome other than `finished` says what stopped it.

    Raises:
        RejectedError: the file, the plan or a fault's name is at fault.
    """
    migration, loaded = require_migration(file, place)
    planted = Faults(planted=parse_faults(faults))
    world = rehearsal_world(migration, place, planted)
    if world.embedded is None:
        raise AssertionError("a rehearsal always runs on an embedded cluster")
    built = plan_snapshot(migration, world.embedded.snapshot(), world.findings)
    plan = require_plan(built)
    _require_stages(plan, planted.planted)
    if isinstance(world.cluster, FaultyCluster):
        world.cluster.accidents.aim(plan)
    before = _count_pods(world.embedded, is_meshed)
    carried = to_the_end(plan, world, observer)
    pods = PodsCounted(
        before=before,
        istio=_count_pods(world.embedded, lambda pod: "istio-proxy" in containers(pod)),
        appmesh=_count_pods(world.embedded, is_meshed),
    )
    shown = replace(run_shown(plan, carried), requests=_requests(world), pods=pods, next_command="")
    findings = in_order((*built.findings, *_spent(plan, planted)))
    return Result(outcome=carried.result.outcome, findings=findings, shown=shown, sources=loaded.sources)


def parse_faults(texts: Sequence[str]) -> tuple[Fault, ...]:
    """Read `NAME@STAGE` words.

    Raises:
        RejectedError: with every wrong one.
    """
    parsed = [parse_fault(text) for text in texts]
    wrong = [item for item in parsed if not isinstance(item, Fault)]
    if wrong:
        raise RejectedError(wrong)
    return tuple(item for item in parsed if isinstance(item, Fault))


def _require_stages(plan: Plan, faults: Sequence[Fault]) -> None:
    numbers = ", ".join(str(stage.number) for stage in plan.stages)
    wrong = [
        reject("MIG642", f"`{fault}` is planted in a stage that is not there", f"the stages are: {numbers}").findings[0]
        for fault in faults
        if plan.stage(fault.stage) is None
    ]
    if wrong:
        raise RejectedError(wrong)


def _spent(plan: Plan, faults: Faults) -> Iterator[Diagnostic]:
    """Say which faults hit nothing: their rehearsal proves nothing about them.

    A fault of the traffic hits nothing where no gate judges, though requests of pods that moved earlier fail by it.
    """
    judged = {step.stage for step in plan.step.values() if isinstance(step.action, Judge)}
    for fault in faults.planted:
        if fault not in faults.spent and (fault.name not in OF_TRAFFIC or fault.stage in judged):
            continue
        yield Diagnostic(
            code="MIG643",
            severity=Severity.WARNING,
            message=f"`{fault}` hit nothing: stage {fault.stage} did nothing that it could break, or was not reached",
            help="plant it in a stage that moves a workload, under a gate where it is a fault of the traffic",
        )


def to_the_end(plan: Plan, world: World, observer: Observer) -> Carried:
    """Go on after each approval, closed window, death and outage; a rehearsal that it can help no further ends.

    Raises:
        UnavailableError: the API server never came back.
    """
    for _ in range(_RESTARTS):
        try:
            carried = carry_out(plan, world, observer)
            approved = approve_all(plan, world, carried, _APPROVER)
            if not pass_time(world, carried.result) and not approved:
                return carried
        except KilledError:
            if isinstance(world.cluster, FaultyCluster):
                world.cluster.revive()
        except UnavailableError:
            world.clock.wait(_AFTER_OUTAGE)
    raise UnavailableError(f"the rehearsal was started {_RESTARTS} times and did not come to its end")


def _count_pods(cluster: EmbeddedCluster, takes: Callable[[Manifest], bool]) -> int:
    return sum(takes(Manifest(pod)) for pod in cluster.of_kind("", "Pod"))


def _requests(world: World) -> Requests:
    traffic = world.traffic
    if traffic is None:
        return Requests(sent=0, lost=0, by_cause={})
    counted = traffic.requests
    return Requests(
        sent=counted.sent,
        lost=counted.lost,
        by_cause=dict(counted.by_cause),
        least_per_flow=counted.least_per_flow,
        states=counted.states,
        flows=len(traffic.flows),
        broken_before=traffic.broken_before,
    )
