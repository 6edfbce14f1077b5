"""What names a workload's pods by their labels, and so needs a twin for the copy: policies, budgets, autoscalers."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from meshmig.diffs import normalise
from meshmig.model.mesh import Workload
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import DeleteObject, ObjectGone
from meshmig.planning.copies import Relabelling, copy_ref, relabelling, same_pods, twin_of
from meshmig.planning.journey import Journey, Wanted, apply_of, chained
from meshmig.planning.moving import Moving
from meshmig.sources.appmesh import takes
from meshmig.targets.istio import SUFFIX

Selector = Mapping[str, Json]


def policies(journey: Journey, after: tuple[str, ...]) -> tuple[str, ...]:
    """Stage a twin of every NetworkPolicy that names pods whose copies it would not name.

    Policies only add up, so a twin opens to the copies what the original opens to the old pods, and closes the copies
    to the rest as the original closes the old pods; nothing that runs is touched.
    """
    renamed = _relabellings(journey)
    last = after
    for policy in journey.request.snapshot.of_kind("networking.k8s.io", "NetworkPolicy"):
        for manifest in _twins(policy, renamed):
            wanted = Wanted(title=f"let {manifest.ref} name the copies too", after=last)
            last = chained([journey.write(apply_of(manifest), wanted)]) or last
    return last


def budgets(journey: Journey, moving: Moving, workload: Workload, after: tuple[str, ...]) -> tuple[str, ...]:
    """Give the copy a PodDisruptionBudget of its own where the old pods have one that does not name it."""
    last, labels = after, moving.labels[workload.id]
    for budget in _of_namespace(journey, "policy", "PodDisruptionBudget", workload):
        selector = budget.spec.get("selector")
        if not takes(selector, workload.labels) or takes(selector, labels.of(workload.labels)):
            continue
        spec = dict(budget.spec) | {"selector": _for_copies(selector, labels)}
        wanted = Wanted(title=f"budget of the copy: {budget.ref.id}{SUFFIX}", unit=moving.unit, after=last)
        last = chained([journey.write(apply_of(twin_of(budget.ref, spec)), wanted)]) or last
    return last


def autoscalers(journey: Journey, moving: Moving, workload: Workload, after: tuple[str, ...]) -> tuple[str, ...]:
    """Give the copy an autoscaler once all traffic is its own: scaling before would move the shares."""
    last = after
    for scaler in _scalers(journey, workload):
        spec = dict(normalise(scaler).spec)
        spec["scaleTargetRef"] = dict(spec["scaleTargetRef"]) | {"name": copy_ref(workload).name}
        wanted = Wanted(title=f"autoscaler of the copy: {scaler.ref.id}{SUFFIX}", unit=moving.unit, after=last)
        last = chained([journey.write(apply_of(twin_of(scaler.ref, spec)), wanted)]) or last
    return last


def leftovers(journey: Journey, workload: Workload, after: tuple[str, ...]) -> tuple[str, ...]:
    """Delete what is left of a deleted workload: its autoscalers and budgets that have a twin by now."""
    last = after
    of_budgets = _of_namespace(journey, "policy", "PodDisruptionBudget", workload)
    budget = (found for found in of_budgets if takes(found.spec.get("selector"), workload.labels))
    for manifest in chain(_scalers(journey, workload), budget):
        if twin_of(manifest.ref, {}).ref in journey.objects and manifest.ref in journey.objects:
            wanted = Wanted(title=f"delete {manifest.ref}", after=last, waits=(ObjectGone(ref=manifest.ref),))
            last = chained([journey.write(DeleteObject(ref=manifest.ref), wanted)]) or last
    return last


def _scalers(journey: Journey, workload: Workload) -> Iterator[Manifest]:
    for scaler in _of_namespace(journey, "autoscaling", "HorizontalPodAutoscaler", workload):
        target = scaler.spec.get("scaleTargetRef") or {}
        if (target.get("kind"), target.get("name")) == (workload.ref.kind, workload.ref.name):
            yield scaler


def _of_namespace(journey: Journey, group: str, kind: str, workload: Workload) -> Iterator[Manifest]:
    found = journey.request.snapshot.of_kind(group, kind)
    return (manifest for manifest in found if manifest.ref.namespace == workload.ref.namespace)


def _relabellings(journey: Journey) -> tuple[tuple[Workload, Relabelling], ...]:
    mesh = journey.mesh
    return tuple((workload, relabelling(mesh, same_pods(mesh, workload))) for workload in mesh.workloads)


Renamed = Sequence[tuple[Workload, Relabelling]]


def _twins(policy: Manifest, renamed: Renamed) -> Iterator[Manifest]:
    """One policy for each way in which the copies of the pods it selects, or of their peers, are named."""
    spec, namespace = policy.spec, policy.ref.namespace
    rules = {side: [_with_peers(rule, namespace, renamed) for rule in spec[side]] for side in _SIDES if side in spec}
    selectors = _variants(spec.get("podSelector") or {}, namespace, renamed)
    if any(rules[side] != list(spec[side]) for side in rules):
        selectors = (spec.get("podSelector") or {}, *selectors)
    for number, selector in enumerate(selectors, start=1):
        ref = policy.ref if number == 1 else ObjectRef(*_named(policy.ref, f"{policy.ref.name}-{number}"))
        yield twin_of(ref, dict(spec) | rules | {"podSelector": selector}, origin=policy.ref)


_SIDES = {"ingress": "from", "egress": "to"}


def _named(ref: ObjectRef, name: str) -> tuple[str, str, str, str]:
    return (ref.api_version, ref.kind, ref.namespace, name)


def _with_peers(rule: Mapping[str, Json], namespace: str, renamed: Renamed) -> Mapping[str, Json]:
    changed = dict(rule)
    for side in _SIDES.values():
        if side in rule:
            changed[side] = [twin for peer in rule[side] for twin in _peers(peer, namespace, renamed)]
    return changed


def _peers(peer: Mapping[str, Json], namespace: str, renamed: Renamed) -> Iterator[Mapping[str, Json]]:
    yield peer
    selector = peer.get("podSelector")
    if selector is not None:
        # A peer of other namespaces is widened to every copy's name: a pod that has such a label is a copy of ours.
        within = "" if "namespaceSelector" in peer else namespace
        yield from ({**peer, "podSelector": twin} for twin in _variants(selector, within, renamed))


def _variants(selector: Selector, namespace: str, renamed: Renamed) -> tuple[Selector, ...]:
    """Return the selectors that take the copies of the pods that a selector takes, where it does not take them."""
    found: list[Selector] = []
    for workload, labels in renamed:
        if namespace not in ("", workload.ref.namespace) or not takes(selector, workload.labels):
            continue
        if takes(selector, labels.of(workload.labels)):
            continue
        twin = _for_copies(selector, labels)
        if twin not in found:
            found.append(twin)
    return tuple(found)


def _for_copies(selector: Selector | None, labels: Relabelling) -> Selector:
    made = dict(selector or {})
    if "matchLabels" in made:
        made["matchLabels"] = labels.of(made["matchLabels"])
    if "matchExpressions" in made:
        made["matchExpressions"] = [_expression(item, labels) for item in made["matchExpressions"]]
    return made


def _expression(item: Mapping[str, Json], labels: Relabelling) -> Mapping[str, Json]:
    if item.get("operator") != "In" or item["key"] not in labels.keys:
        return item
    return {**item, "values": [labels.of({item["key"]: value})[item["key"]] for value in item["values"]]}
