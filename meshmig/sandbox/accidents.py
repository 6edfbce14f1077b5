"""Accidents in an embedded cluster: a pod restarts, somebody edits an object, at the first write of a stage."""

from collections.abc import Iterator, Mapping
from typing import Any

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import ChangeAction, PatchPods, Plan, Step
from meshmig.ports import NotFoundError
from meshmig.sandbox.cluster import EmbeddedCluster
from meshmig.sandbox.faults import FaultName, Faults
from meshmig.sandbox.pods import appmesh_container, is_ready

INTRUDER = "kubectl-edit"
"""The field manager that a person's `kubectl edit` writes as."""


class Accidents:
    """Strikes a stage once it has begun to write; needs the plan to know whom the stage is about."""

    def __init__(self, cluster: EmbeddedCluster, faults: Faults) -> None:
        self._cluster, self._faults = cluster, faults
        self._plan: Plan | None = None

    def aim(self, plan: Plan) -> None:
        """Take the plan whose stages are to be struck."""
        self._plan = plan

    def strike(self, written: ObjectRef) -> None:
        """Let what is planted in the present stage happen, after that write."""
        if self._faults.is_waiting(FaultName.POD_RESTART):
            pod = next(self._mortal_pods(), None)
            if pod is not None and self._faults.in_force(FaultName.POD_RESTART):
                self._cluster.restart(pod)
        if self._faults.is_waiting(FaultName.CONFLICT):
            found = next(self._takeable(written), None)
            if found is not None and self._faults.in_force(FaultName.CONFLICT):
                self._cluster.edit(found, INTRUDER)

    def _mortal_pods(self) -> Iterator[ObjectRef]:
        """Yield the ready App Mesh pods of the workloads that the stage moves, in order."""
        plan = self._plan
        moved = (
            [name for unit in plan.units if unit.stage == self._faults.stage for name in unit.workloads] if plan else []
        )
        for body in self._cluster.of_kind("", "Pod"):
            place = f"{body['metadata']['namespace']}/"
            owner = body["metadata"]["name"]
            if is_ready(body) and appmesh_container(body) is not None and _is_of(place, owner, moved):
                yield Manifest(body).ref

    def _takeable(self, written: ObjectRef) -> Iterator[Manifest]:
        """Yield objects as somebody edits them: with another value in a field that a later step of the stage writes."""
        stage = self._plan.stage(self._faults.stage) if self._plan else None
        for step in stage.steps if stage else ():
            write = step.write
            if write is None or isinstance(write, PatchPods) or write.ref == written:
                continue
            try:
                live = self._cluster.get(write.ref)
            except NotFoundError:
                continue
            yield from _edits(live, step)


def _is_of(place: str, pod: str, workloads: list[str]) -> bool:
    return any(f"{place}{pod}".startswith(f"{workload}-") for workload in workloads)


def _edits(live: Manifest, step: Step) -> Iterator[Manifest]:
    change = step.change
    if change is None or change.action is not ChangeAction.UPDATE:
        return
    for item in change.fields:
        edited = _with_other_value(live.body, item.path, item.before, item.after)
        if edited is not None:
            yield Manifest(edited)


def _with_other_value(body: Mapping[str, Json], path: str, before: Json, after: Json) -> Mapping[str, Json] | None:
    """Return the object with a value at the path that is neither the old nor the wanted one; None where it has none."""
    other: Json
    match before:
        case bool():
            return None
        case int():
            other = max(before, after if isinstance(after, int) else 0) + 1
        case str():
            other = f"{before}-edited"
        case _:
            return None
    words = path.replace("]", "").replace("[", ".").split(".")
    made: Any = _copied(body, words, other)
    return None if made is None else dict(made)


def _copied(node: Any, words: list[str], value: Json) -> Any:  # noqa: ANN401 - a walk through JSON
    word, *rest = words
    inner = _inner(node, word)
    if inner is None:
        return None
    new = value if not rest else _copied(inner, rest, value)
    if new is None:
        return None
    if isinstance(node, list):
        return [new if item is inner else item for item in node]
    return {**node, word: new}


def _inner(node: Any, word: str) -> Any:  # noqa: ANN401 - a walk through JSON
    match node:
        case dict():
            return node.get(word)
        case list() if word.isdecimal() and int(word) < len(node):
            return node[int(word)]
        case list():
            return next((item for item in node if isinstance(item, dict) and word in item.values()), None)
        case _:
            return None
