"""`meshmig rehearse`: the whole migration on the embedded cluster, approving itself, every request counted."""

from collections.abc import Sequence
from dataclasses import replace

from meshmig.commands.apply import Carried, approve_all, carry_out, run_shown
from meshmig.commands.building import plan_snapshot, require_plan
from meshmig.commands.opening import Place, World, rehearsal_world, require_migration
from meshmig.commands.result import Requests, Result
from meshmig.diagnostics import RejectedError
from meshmig.model.plan import Plan
from meshmig.model.run import Outcome
from meshmig.ports import Observer
from meshmig.sandbox.faults import Fault, parse_fault

_APPROVER = "rehearsal"


def rehearse(file: str, place: Place, faults: Sequence[str], observer: Observer) -> Result:
    """Run every stage in virtual time; an outcome other than `finished` says what stopped it.

    Raises:
        RejectedError: the file, the plan or a fault's name is at fault.
    """
    migration, loaded = require_migration(file)
    world = rehearsal_world(migration, place, parse_faults(faults))
    if world.embedded is None:
        raise AssertionError("a rehearsal always runs on an embedded cluster")
    built = plan_snapshot(migration, world.embedded.snapshot(), world.findings)
    plan = require_plan(built)
    carried = _to_the_end(plan, world, observer)
    shown = replace(run_shown(plan, carried), requests=_requests(world), next_command="")
    return Result(outcome=carried.result.outcome, findings=built.findings, shown=shown, sources=loaded.sources)


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


def _to_the_end(plan: Plan, world: World, observer: Observer) -> Carried:
    """Go on after each approval; a rehearsal that waits for nothing that it can give ends."""
    carried = carry_out(plan, world, observer)
    while carried.result.outcome is Outcome.WAITING and approve_all(plan, world, carried, _APPROVER):
        carried = carry_out(plan, world, observer)
    return carried


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
    )
