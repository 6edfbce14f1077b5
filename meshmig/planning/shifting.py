"""The steps that move a unit's traffic: by Istio's weights, by replica share, and by the Service's selector."""

from dataclasses import replace

from meshmig.model.objects import ObjectRef
from meshmig.model.plan import (
    Change,
    ChangeAction,
    EndpointsReady,
    Mechanism,
    PatchObject,
    PatchPods,
    Shift,
    WorkloadReady,
)
from meshmig.planning.copies import SERVES, copy_ref, service_ref
from meshmig.planning.journey import Journey, Wanted, apply_of, chained
from meshmig.planning.moving import Moving
from meshmig.planning.staging import place, routes_to, settle, write_all
from meshmig.targets.istio import rule_objects
from meshmig.traffic.replica_share import ALL, copies_for, share_of

_NO_REF = ObjectRef("", "", "", "")


def shift(journey: Journey, moving: Moving, way: tuple[int, int], last: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Add the steps from one share to the next; returns the share reached and the steps to wait for."""
    start, goal = way
    if moving.by_share:
        return _shift_by_share(journey, moving, way, last) if goal < ALL else (start, last)
    place(journey, moving.upstreams, goal)
    wanted = Wanted(
        title=f"{moving.unit} {start} % → {goal} %:",
        unit=moving.unit,
        after=last,
        shift=_shift_template(Mechanism.ISTIO_WEIGHTS, start, goal, goal),
    )
    made = write_all(journey, routes_to(journey, moving.upstreams), wanted)
    return goal, made[-1:] or last


def _shift_by_share(
    journey: Journey, moving: Moving, way: tuple[int, int], last: tuple[str, ...]
) -> tuple[int, tuple[str, ...]]:
    """Widen the Service to old pods and copy once, then let the copy grow: the share is copies of all."""
    start, requested = way
    workload = moving.workloads[0]
    copies = copies_for(requested, workload.replicas)
    share = share_of(copies, workload.replicas)
    if share <= start:
        return start, last
    note = (
        ""
        if share == requested
        else f"{requested} % was asked; {copies} of {copies + workload.replicas} pods is {share} %"
    )
    shift = _shift_template(Mechanism.REPLICA_SHARE, start, share, requested)
    wanted = Wanted(title=f"{moving.unit} {start} % → {share} %:", unit=moving.unit, after=last, note=note, shift=shift)
    ref = copy_ref(workload)
    # A patch, since an apply of fewer fields than before would give the others up.
    scaled = PatchObject(ref=ref, body={"spec": {"replicas": copies}})
    ready = (WorkloadReady(ref=ref, container="istio-proxy", without="envoy"),)
    grown = journey.write(
        scaled, replace(wanted, title=f"{wanted.title} {copies} copies of {workload.id}", waits=ready)
    )
    last = chained([grown]) or last
    if start == 0:
        last = _widen(journey, moving, replace(wanted, after=last))
    return share, last


def _widen(journey: Journey, moving: Moving, wanted: Wanted) -> tuple[str, ...]:
    workload = moving.workloads[0]
    label = {SERVES: workload.ref.name}
    marked = journey.write(
        PatchPods(workload=workload.ref, body={"metadata": {"labels": label}}),
        replace(wanted, title=f"label the live pods of {workload.id}", shift=None, note=""),
    )
    last = chained([marked]) or wanted.after
    for service in moving.services:
        ref = service_ref(service)
        ready = (EndpointsReady(ref=ref, minimum=workload.replicas),)
        title = f"{wanted.title} {ref} selects old pods and copy"
        step = replace(wanted, title=title, after=last, waits=ready)
        last = chained([journey.write(apply_of(journey.service_fields(ref, selector=label), force=True), step)]) or last
    return last


def flip(journey: Journey, moving: Moving, last: tuple[str, ...]) -> str:
    """Let the original Services select the copy alone, so that callers without a proxy follow."""
    if moving.by_share:
        last = _full_copy(journey, moving, last)
    settle(journey, moving.upstreams)
    policies = rule_objects(journey.mesh, moving.upstreams, journey.placements, journey.settings)
    hosts = {service.id for service in moving.services}
    plain = [m for m in policies if m.ref.kind == "DestinationRule" and m.ref.id in hosts]
    wanted = Wanted(title="old TLS settings out of", unit=moving.unit, after=last)
    last = write_all(journey, plain, wanted)[-1:] or last
    start = journey.reached.get(moving.unit, 0)
    for service in moving.services:
        labels = next(moving.labels[w.id] for w in moving.workloads if service in w.services)
        selector = labels.of(dict(service.selector or {})) | {"meshmig.io/dataplane": "istio"}
        ref = service_ref(service)
        step = Wanted(
            title=f"{moving.unit} → 100 %: {ref} selects the copy alone",
            unit=moving.unit,
            after=last,
            waits=(EndpointsReady(ref=ref),),
            shift=_shift_template(Mechanism.SERVICE_SELECTOR, start, 100, 100),
        )
        last = (
            chained([journey.write(apply_of(journey.service_fields(ref, selector=selector), force=True), step)]) or last
        )
    if moving.by_share and moving.upstreams:
        routes = Wanted(title="routes to the copy alone:", unit=moving.unit, after=last)
        last = write_all(journey, routes_to(journey, moving.upstreams), routes)[-1:] or last
    return last[-1] if last else ""


def _full_copy(journey: Journey, moving: Moving, last: tuple[str, ...]) -> tuple[str, ...]:
    for workload in moving.workloads:
        ref = copy_ref(workload)
        wanted = Wanted(
            title=f"as many copies as old pods: {ref.id}",
            unit=moving.unit,
            after=last,
            waits=(WorkloadReady(ref=ref, container="istio-proxy", without="envoy"),),
        )
        last = (
            chained([journey.write(PatchObject(ref=ref, body={"spec": {"replicas": workload.replicas}}), wanted)])
            or last
        )
    return last


def _shift_template(mechanism: Mechanism, start: int, goal: int, requested: int) -> Shift:
    placeholder = PatchObject(ref=_NO_REF, body={})
    return Shift(
        mechanism=mechanism,
        percent_from=start,
        percent_to=goal,
        requested_percent=requested,
        write=placeholder,
        change=Change(action=ChangeAction.NONE),
    )
