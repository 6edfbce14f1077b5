"""Whether App Mesh's control plane still answers, by what the objects show."""

from collections.abc import Iterator

from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Manifest, Snapshot
from meshmig.model.plan import World
from meshmig.model.resources import APPMESH
from meshmig.sources.appmesh.shape import at, items, mapping, number, text
from meshmig.sources.appmesh.workloads import PROXY_CONTAINER, is_meshed_pod

END_OF_SERVICE = "2026-10-01T00:00:00Z"
"""The moment after App Mesh's last day; RFC 3339 in UTC compares as text."""

_GROUP = APPMESH.partition("/")[0]


def judge_world(snapshot: Snapshot, said: ControlPlane | None) -> World:
    """Say which of the two worlds a snapshot shows, and why; what the file says wins.

    Alive needs proof: an object whose condition turned True after the service's end, and nothing against it. The
    controller's own health proves nothing: its errors loop without end.
    """
    against, in_favour = tuple(_signs_of_the_end(snapshot)), tuple(_signs_of_life(snapshot))
    if said is not None:
        return World(control_plane=said, evidence=("the file says so", *against, *in_favour), said=True)
    if in_favour and not against:
        return World(control_plane=ControlPlane.ALIVE, evidence=in_favour)
    ended = "AWS ended App Mesh on 2026-09-30"
    silent = () if against else ("no object shows that anybody reconciled it since",)
    return World(control_plane=ControlPlane.GONE, evidence=(ended, *against, *silent))


def _signs_of_the_end(snapshot: Snapshot) -> Iterator[str]:
    stale = [manifest for manifest in _objects(snapshot) if _is_stale(manifest)]
    if stale:
        yield f"{_some(stale)} changed and nobody reconciled it"
    stuck = [pod for pod in snapshot.of_kind("", "Pod") if is_meshed_pod(pod) and _is_stuck(pod)]
    if stuck:
        yield f"the App Mesh proxy of {_some(stuck)} never became ready"


def _signs_of_life(snapshot: Snapshot) -> Iterator[str]:
    fresh = [manifest for manifest in _objects(snapshot) if not _is_stale(manifest) and _is_fresh(manifest)]
    if fresh:
        yield f"{_some(fresh)} was accepted after the end of App Mesh"


def _objects(snapshot: Snapshot) -> Iterator[Manifest]:
    return (manifest for manifest in snapshot if manifest.ref.group == _GROUP)


def _is_stale(manifest: Manifest) -> bool:
    written = number(at(manifest.body, "metadata", "generation"))
    observed = number(at(manifest.body, "status", "observedGeneration"))
    return written is not None and observed is not None and written > observed


def _is_fresh(manifest: Manifest) -> bool:
    conditions = map(mapping, items(at(manifest.body, "status", "conditions")))
    return any(
        condition.get("status") == "True" and text(condition.get("lastTransitionTime")) >= END_OF_SERVICE
        for condition in conditions
    )


def _is_stuck(pod: Manifest) -> bool:
    statuses = map(mapping, items(at(pod.body, "status", "containerStatuses")))
    born = text(at(pod.body, "metadata", "creationTimestamp"))
    proxies = [status for status in statuses if status.get("name") == PROXY_CONTAINER]
    return born >= END_OF_SERVICE and any(status.get("ready") is False for status in proxies)


def _some(manifests: list[Manifest]) -> str:
    more = f" and {len(manifests) - 1} more" if len(manifests) > 1 else ""
    return f"{manifests[0].ref}{more}"
