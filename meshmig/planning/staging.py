"""Writing what changed in Istio between two moments of the journey, for the hosts that lead to an upstream."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from meshmig.model.mesh import Mesh, Placement, Upstream
from meshmig.model.objects import Manifest
from meshmig.model.plan import ChangeAction, Shift
from meshmig.planning.journey import Journey, Wanted, apply_of, chained
from meshmig.targets.istio import edge_objects, host_objects


def routes_to(journey: Journey, upstreams: Sequence[Upstream]) -> tuple[Manifest, ...]:
    """Render the routes of every Host and Edge that leads to these upstreams, at the present placements."""
    mesh = journey.mesh
    hosts, edges = leading_to(mesh, (upstream.id for upstream in upstreams))
    found = [m for name in hosts for m in host_objects(mesh, name, journey.placements, journey.settings)]
    found += [m for name in edges for m in edge_objects(mesh, name, journey.placements, journey.settings)]
    return tuple(found)


def leading_to(mesh: Mesh, upstreams: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the Hosts that lead to these upstreams, and the Edges that lead to those, by id and in order."""
    hosts = sorted({host.id for name in upstreams for host in mesh.hosts_of.get(name, ())})
    edges = sorted({edge.id for name in hosts for edge in mesh.edges_of.get(name, ())})
    return tuple(hosts), tuple(edges)


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
