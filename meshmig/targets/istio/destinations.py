"""Weighted destinations of a route, at one moment of the journey."""

from collections.abc import Iterable
from functools import reduce
from math import gcd

from meshmig.model.mesh import ClusterService, Mesh, Split, Upstream
from meshmig.model.objects import Json
from meshmig.targets.istio.entries import foreign_host
from meshmig.targets.istio.settings import Placements


def destinations(mesh: Mesh, splits: Iterable[Split], placements: Placements) -> list[dict[str, Json]]:
    """Return a route's destinations; shares stay exact, since Istio's weights are relative."""
    weighted: dict[tuple[str, int | None], int] = {}
    for split in splits:
        upstream = mesh.upstream.get(split.upstream)
        if upstream is None:
            continue
        for host, port, share in _sides(upstream, split, placements):
            if share and split.weight:
                weighted[host, port] = weighted.get((host, port), 0) + share * split.weight
    if len(weighted) == 1:
        return [{"destination": _destination(*next(iter(weighted)))}]
    common = reduce(gcd, weighted.values(), 0) or 1
    return [
        {"destination": _destination(host, port), "weight": share // common} for (host, port), share in weighted.items()
    ]


def _destination(host: str, port: int | None) -> dict[str, Json]:
    return {"host": host} | ({"port": {"number": port}} if port is not None else {})


def _sides(upstream: Upstream, split: Split, placements: Placements) -> list[tuple[str, int | None, int]]:
    listener = upstream.listener(split.port)
    container = listener.port if listener else split.port
    placement = placements.get(upstream.id)
    if placement is None:
        return [(host, port, 100) for host, port in _outside(upstream, container)]
    sides = ((placement.old, 100 - placement.percent_new), (placement.new, placement.percent_new))
    return [(service.fqdn, service_port(service, container), share) for service, share in sides if service is not None]


def _outside(upstream: Upstream, container: int | None) -> list[tuple[str, int | None]]:
    if upstream.service is not None:
        return [(upstream.service.fqdn, service_port(upstream.service, container))]
    name = foreign_host(upstream)
    return [(name, container)] if name else []


def service_port(service: ClusterService, container: int | None) -> int | None:
    """Return the Service port that leads to the container port; told only where there are several, or none fits."""
    if container is None:
        return None
    found = service.port_for(container)
    if found is not None:
        return found
    return service.ports[0].port if len(service.ports) == 1 else container
