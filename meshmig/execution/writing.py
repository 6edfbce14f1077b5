"""Carrying one write out, and retrying what an API server asks to retry."""

from collections.abc import Callable
from typing import TypeVar

from meshmig.execution.conditions import live, pods_of
from meshmig.execution.readiness import job_end
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import ApplyObject, DeleteObject, PatchObject, PatchPods, Write
from meshmig.model.units import Duration
from meshmig.ports import Clock, Cluster, ClusterError, InvalidError, NotFoundError

T = TypeVar("T")

_TRIES = 6
_GONE_TRIES = 60
_TOO_MANY = 429
_SERVER_ERROR = 500


def carry_out(cluster: Cluster, write: Write, clock: Clock) -> Manifest | None:
    """Make a write; every kind may be made twice without harm. Returns the object afterwards.

    Raises:
        ClusterError: the API server refused it for good.
    """
    match write:
        case ApplyObject(manifest=manifest, force=force):
            if manifest.ref.kind == "Job":
                _clear_failed(cluster, manifest.ref, clock)
            return patiently(lambda: cluster.apply(manifest, force=force), clock)
        case PatchObject(ref=ref, body=body):
            return _unless_gone(lambda: patiently(lambda: cluster.patch(ref, body), clock))
        case PatchPods(workload=workload, body=body):
            for pod in pods_of(cluster, workload):
                _unless_gone(lambda ref=pod.ref: patiently(lambda: cluster.patch(ref, body), clock))  # type: ignore[misc]
            return None
        case DeleteObject(ref=ref, finalizers=finalizers):
            _unless_gone(lambda: patiently(lambda: cluster.delete(ref), clock))
            if finalizers:
                body = {"metadata": {"finalizers": None}}
                _unless_gone(lambda: patiently(lambda: cluster.patch(ref, body), clock))
            return None


def _clear_failed(cluster: Cluster, ref: ObjectRef, clock: Clock) -> None:
    """Take a failed Job away before its step is tried again: an apply would leave it as it is."""
    job = live(cluster, ref)
    if job is None or not job_end(job)[1]:
        return
    _unless_gone(lambda: patiently(lambda: cluster.delete(ref), clock))
    for _ in range(_GONE_TRIES):
        if live(cluster, ref) is None:
            return
        clock.wait(Duration(1_000))


def patiently(call: Callable[[], T], clock: Clock) -> T:
    """Repeat a call that is refused for a while (429, 5xx), waiting longer each time."""
    for attempt in range(_TRIES):
        try:
            return call()
        except ClusterError as error:
            passing = error.status == _TOO_MANY or error.status >= _SERVER_ERROR
            passing = passing and not isinstance(error, InvalidError)
            if not passing or attempt == _TRIES - 1:
                raise
            clock.wait(Duration(500 * 2**attempt))
    raise AssertionError("the last try returns or raises")


def _unless_gone(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except NotFoundError:
        return None
