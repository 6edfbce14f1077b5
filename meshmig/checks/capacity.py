"""Whether the copies and their sidecars find room: nodes, quotas, limits."""

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

from meshmig.checks.facts import Facts
from meshmig.checks.quantity import bytes_text, cores, quantity
from meshmig.diagnostics import Severity
from meshmig.model.mesh import Workload
from meshmig.model.objects import Json, Manifest
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.cluster import Template
from meshmig.sources.appmesh.shape import at, items, mapping

Sizes = tuple[Fraction, Fraction]
"""CPU in cores, memory in bytes."""

SIDECAR: Sizes = (Fraction(1, 10), Fraction(128 * 2**20))
SIDECAR_LIMIT: Sizes = (Fraction(2), Fraction(2**30))
"""Istio's default requests and limits (manifests/charts/istio-control/istio-discovery/values.yaml)."""

_NAMES = ("cpu", "memory")
_TEXT = {"cpu": cores, "memory": bytes_text}


def room(facts: Facts) -> Iterator[Seen]:
    """P43: no room for the copies."""
    if facts.meshed:
        yield from _nodes(facts)
    for quota in facts.snapshot.of_kind("", "ResourceQuota"):
        if quota.ref.namespace in facts.mesh.namespaces:
            yield from _quota(facts, quota)
    for limits in facts.snapshot.of_kind("", "LimitRange"):
        if limits.ref.namespace in facts.mesh.namespaces:
            yield from _limits(limits)
    for kind in ("ResourceQuota", "LimitRange"):
        if kind in facts.unread:
            yield Gap(facts.unread[kind], partly=True)


def _largest_copy(facts: Facts) -> tuple[Workload, Sizes, int]:
    sized = [(workload, _pod(template, workload), workload.replicas) for workload, template in facts.meshed]
    return max(sized, key=lambda one: (one[1][0] * one[2], one[1][1] * one[2], one[0].id))


def _pod(template: Template, workload: Workload) -> Sizes:
    asked = [mapping(at(container, "resources", "requests")) for container in template.containers]
    sums = [sum((quantity(one.get(name)) or Fraction(0) for one in asked), Fraction(0)) for name in _NAMES]
    own = (quantity(workload.proxy.cpu_request), quantity(workload.proxy.memory_request))
    return sums[0] + (own[0] or SIDECAR[0]), sums[1] + (own[1] or SIDECAR[1])


def _nodes(facts: Facts) -> Iterator[Seen]:
    if reason := facts.blind("Node") or facts.blind("Pod"):
        yield Gap(reason, partly=True)
        return
    workload, pod, replicas = _largest_copy(facts)
    free = _free(facts)
    for index, name in enumerate(_NAMES):
        needed = pod[index] * replicas
        if needed > free[name]:
            show = _TEXT[name]
            yield Fired(
                Evidence(
                    workload.ref,
                    f"requests.{name}",
                    f"{show(needed)} needed, {show(max(free[name], Fraction(0)))} free",
                ),
                f"the nodes have not enough {name} for the largest copy with its sidecars beside the old pods",
                "add nodes before its stage, or move it in smaller waves",
            )
    if replicas > free["pods"]:
        yield Fired(
            Evidence(workload.ref, "spec.replicas", f"{replicas} pods needed, {int(free['pods'])} places free"),
            "the nodes have no places (or addresses) left for the largest copy's pods",
            "add nodes before its stage, or move it in smaller waves",
        )


def _free(facts: Facts) -> dict[str, Fraction]:
    free: dict[str, Fraction] = defaultdict(Fraction)
    nodes = {node.ref.name for node in facts.snapshot.of_kind("", "Node") if node.spec.get("unschedulable") is not True}
    for node in facts.snapshot.of_kind("", "Node"):
        for name in (*_NAMES, "pods"):
            if node.ref.name in nodes:
                free[name] += quantity(mapping(node.status.get("allocatable")).get(name)) or 0
    for pod in facts.snapshot.of_kind("", "Pod"):
        if pod.spec.get("nodeName") in nodes and pod.status.get("phase") not in {"Succeeded", "Failed"}:
            free["pods"] -= 1
            for container in items(pod.spec.get("containers")):
                for name in _NAMES:
                    free[name] -= quantity(mapping(at(container, "resources", "requests")).get(name)) or 0
    return free


def _quota(facts: Facts, quota: Manifest) -> Iterator[Seen]:
    mine = [(w, _pod(t, w), w.replicas) for w, t in facts.meshed if w.ref.namespace == quota.ref.namespace]
    hard, used = mapping(quota.spec.get("hard")), mapping(quota.status.get("used"))
    if not mine:
        return
    for keys, needed_of in (
        (("pods", "count/pods"), lambda one: Fraction(one[2])),
        (("requests.cpu", "cpu"), lambda one: one[1][0] * one[2]),
        (("requests.memory", "memory"), lambda one: one[1][1] * one[2]),
        (("limits.cpu",), lambda one: SIDECAR_LIMIT[0] * one[2]),
        (("limits.memory",), lambda one: SIDECAR_LIMIT[1] * one[2]),
    ):
        needed = max(needed_of(one) for one in mine)
        for key in keys:
            limit = quantity(hard.get(key))
            if limit is not None and needed > limit - _taken(used, key, facts, quota):
                yield Fired(
                    Evidence(quota.ref, f"spec.hard[{key}]", f"{hard[key]}, used {used.get(key, 'unknown')}"),
                    f"the quota has no room for the largest copy and its sidecars ({_amount(key, needed)} more)",
                    "raise the quota for the length of the journey",
                )


def _taken(used: Json, key: str, facts: Facts, quota: Manifest) -> Fraction:
    told = quantity(mapping(used).get(key))
    if told is not None:
        return told
    mine = [(w, _pod(t, w)) for w, t in facts.meshed if w.ref.namespace == quota.ref.namespace]
    if key.endswith("pods"):
        return Fraction(sum(workload.replicas for workload, _ in mine))
    index = 0 if key.endswith("cpu") else 1
    return sum(((pod[index] - SIDECAR[index]) * workload.replicas for workload, pod in mine), Fraction(0))


def _amount(key: str, needed: Fraction) -> str:
    if key.endswith("cpu"):
        return cores(needed)
    return bytes_text(needed) if key.endswith("memory") else f"{int(needed)} pods"


def _limits(manifest: Manifest) -> Iterator[Seen]:
    for index, limit in enumerate(map(mapping, items(manifest.spec.get("limits")))):
        if limit.get("type") != "Container":
            continue
        for position, name in enumerate(_NAMES):
            most, least = quantity(at(limit, "max", name)), quantity(at(limit, "min", name))
            show = _TEXT[name]
            if most is not None and most < SIDECAR_LIMIT[position]:
                yield Fired(
                    Evidence(manifest.ref, f"spec.limits[{index}].max.{name}", str(at(limit, "max", name))),
                    f"Istio's sidecar has a limit of {show(SIDECAR_LIMIT[position])} {name}: its pods would be refused",
                    f"raise the range, or set sidecar.istio.io/proxy{'CPU' if name == 'cpu' else 'Memory'}Limit",
                )
            if least is not None and least > SIDECAR[position]:
                yield Fired(
                    Evidence(manifest.ref, f"spec.limits[{index}].min.{name}", str(at(limit, "min", name))),
                    f"Istio's sidecar requests {show(SIDECAR[position])} {name}: its pods would be refused",
                    f"lower the range, or set sidecar.istio.io/proxy{'CPU' if name == 'cpu' else 'Memory'}",
                    Severity.ERROR,
                )
