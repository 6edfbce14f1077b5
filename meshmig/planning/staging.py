"""Writing what changed in Istio between two moments of the journey, for the hosts that lead to an upstream."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from meshmig.model.mesh import Placement, Upstream
from meshmig.model.objects import Manifest
from meshmig.model.plan import ChangeAction, Shift
from meshmig.planning.journey import Journey, Wanted, apply_of, chained
from meshmig.targets.istio import edge_objects, host_objects


def routes_to(journey: Journey, upstreams: Sequence[Upstream]) -> tuple[Manifest, ...]:
    """Render the routes of every Host and Edge that leads to these upstreams, at the present placements."""
    mesh, names = journey.mesh, {upstream.id for upstream in upstreams}
    hosts = [host for host in mesh.hosts if names & set(host.upstreams)]
    found = [m for host in hosts for m in host_objects(mesh, host.id, journey.placements, journey.settings)]
    reached = {host.id for host in hosts}
    for edge in mesh.edges:
        if any(route.host in reached for route in edge.routes):
            found += edge_objects(mesh, edge.id, journey.placements, journey.settings)
    return tuple(found)


def place(journey: Journey, upstreams: Iterable[Upstream], percent: int) -> None:
    """Set the new side's share of these upstreams."""
    for upstream in upstreams:
        placement = journey.placements.get(upstream.id)
        if placement is not None:
            journey.placements[upstream.id] = replace(placement, percent_new=percent)


def settle(journey: Journey, upstreams: Iterable[Upstream]) -> None:
    """Take the old side out of these upstreams' placements: nothing is sent there any more."""
    for upstream in upstreams:
        placement = journey.placements.get(upstream.id)
        if placement is not None:
            journey.placements[upstream.id] = Placement(
                upstream=upstream.id, old=None, new=placement.new, percent_new=100
            )


def write_all(
    journey: Journey, manifests: Iterable[Manifest], wanted: Wanted, *, force: bool = False
) -> tuple[str, ...]:
    """Write each manifest that changes, one after the other; returns the ids of the steps made."""
    made: list[str] = []
    for manifest in manifests:
        after = (made[-1],) if made else wanted.after
        title = f"{wanted.title} {manifest.ref}"
        made.append(journey.write(apply_of(manifest, force=force), replace(wanted, title=title, after=after)))
        made = list(chained(made))
    return tuple(made)


def shift_of(template: Shift, start: int, goal: int, requested: int) -> Shift:
    """Return a shift between two shares; write and change are filled in by the journey."""
    return replace(template, percent_from=start, percent_to=goal, requested_percent=requested)


def would_change(journey: Journey, manifests: Iterable[Manifest]) -> bool:
    """Say whether writing these would change anything."""
    from meshmig.planning.journey import change_of

    return any(
        change_of(journey.live(manifest.ref), apply_of(manifest)).action is not ChangeAction.NONE
        for manifest in manifests
    )
