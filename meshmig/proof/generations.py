"""The pods of a workload at one place of a journey: which generations stand side by side, whose proxy they carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import PatchPods, WorkloadReady
from meshmig.proof.course import Course
from meshmig.proof.registry import ORIGIN, WORKLOAD_KINDS


class Proxy(StrEnum):
    """Whose proxy a pod carries."""

    APPMESH = "App Mesh"
    ISTIO = "Istio"
    NONE = "no proxy"


@dataclass(frozen=True, slots=True)
class Generation:
    """Pods made from one template: their labels as they are now, their proxy, whether they are ready.

    A gateway's own port takes plain text whatever PeerAuthentication says.
    """

    ref: ObjectRef
    labels: Mapping[str, str]
    proxy: Proxy
    ready: bool
    is_gateway: bool = False


def counts_as(manifest: Manifest) -> str:
    """Return whose pods a workload's count as: those of the one that it was copied from."""
    kind, _, origin = str(manifest.annotations.get(ORIGIN, "")).partition(" ")
    return origin if kind in WORKLOAD_KINDS else manifest.ref.id


def generations(course: Course, ref: ObjectRef, place: tuple[int, int], first: Proxy) -> tuple[Generation, ...]:
    """Return a workload's pods where these of its writes were begun, and these ended (bits by place among its writers).

    Pods are gone as soon as a write takes them away, and ready only when the step that waits for them has ended; while
    a template changes, the pods of both stand side by side. `first` is whose proxy the pods had before the journey.
    """
    begun, ended = place
    current = course.source.get(ref)
    found = _first(current, first)
    done = 0
    for number, position in enumerate(course.writers.get(ref, ())):
        if not begun >> number & 1:
            continue
        step, done = course.steps[position], done | 1 << number
        if isinstance(step.write, PatchPods):
            found = _labelled(found, step.write.body)
            continue
        before, current = current, course.version(ref, done)
        waited = any(isinstance(item, WorkloadReady) and item.ref == ref for item in step.waits)
        found = _after(found, (before, current), ready=waited and bool(ended >> number & 1), before=first)
    return found


def _first(manifest: Manifest | None, proxy: Proxy) -> tuple[Generation, ...]:
    if manifest is None or not _replicas(manifest):
        return ()
    return (Generation(manifest.ref, _labels(manifest), proxy, ready=True),)


def _after(
    found: tuple[Generation, ...], change: tuple[Manifest | None, Manifest | None], *, ready: bool, before: Proxy
) -> tuple[Generation, ...]:
    old, new = change
    if new is None or not _replicas(new):
        return ()
    made = Generation(new.ref, _labels(new), proxy_of(new, before), ready=True, is_gateway=_is_gateway(new))
    if not found:
        return (replace(made, ready=ready),)
    if old is not None and _template(old) == _template(new):
        return found
    return (made,) if ready else (*found, made)


def _labelled(found: Sequence[Generation], body: Mapping[str, Json]) -> tuple[Generation, ...]:
    added = (body.get("metadata") or {}).get("labels") or {}
    return tuple(replace(item, labels=dict(item.labels) | added) for item in found) if added else tuple(found)


def proxy_of(manifest: Manifest, otherwise: Proxy) -> Proxy:
    """Return whose proxy a template's pods get; `otherwise` where it says nothing about Istio."""
    template = _template(manifest).get("metadata") or {}
    labels, annotations = template.get("labels") or {}, template.get("annotations") or {}
    switch = labels.get("sidecar.istio.io/inject") or annotations.get("sidecar.istio.io/inject")
    if switch == "true" or labels.get("istio.io/rev") or annotations.get("inject.istio.io/templates"):
        return Proxy.ISTIO
    off = annotations.get("appmesh.k8s.aws/sidecarInjectorWebhook") == "disabled"
    return Proxy.NONE if switch == "false" or off else otherwise


def _is_gateway(manifest: Manifest) -> bool:
    annotations = (_template(manifest).get("metadata") or {}).get("annotations") or {}
    return bool(annotations.get("inject.istio.io/templates") == "gateway")


def makes_pods_alike(one: Manifest | None, other: Manifest | None) -> bool:
    """Whether two versions of a workload have the same pods, as far as calls can tell: number aside."""
    if one is None or other is None:
        return one is other
    return _replicas(one) == _replicas(other) and _template(one) == _template(other)


def _template(manifest: Manifest) -> Mapping[str, Json]:
    return manifest.spec.get("template") or {}


def _labels(manifest: Manifest) -> Mapping[str, str]:
    return (_template(manifest).get("metadata") or {}).get("labels") or {}


def _replicas(manifest: Manifest) -> bool:
    replicas = manifest.spec.get("replicas", 1)
    return replicas is None or int(replicas) > 0
