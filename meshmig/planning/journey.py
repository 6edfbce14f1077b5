"""The journey under construction: the predicted cluster, the placements, and the steps so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from meshmig.diagnostics import Diagnostic, Severity, Span
from meshmig.diffs import difference, inverse, predict, removal
from meshmig.model.intent import ControlPlane, Migration
from meshmig.model.mesh import Ledger, Mesh, Placement
from meshmig.model.objects import Json, Manifest, ObjectRef, Snapshot
from meshmig.model.plan import (
    Action,
    ApplyObject,
    Change,
    ChangeAction,
    Condition,
    DeleteObject,
    PatchObject,
    PatchPods,
    Shift,
    Step,
    Unit,
    World,
    Write,
    WriteStep,
)
from meshmig.planning.order import call_order, callers
from meshmig.targets.istio import Settings, declared_ports


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """All that a plan is made of."""

    migration: Migration
    mesh: Mesh
    ledger: Ledger
    snapshot: Snapshot
    world: World
    findings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A step as its maker describes it; the journey adds the change, the undo and the id."""

    title: str
    unit: str = ""
    after: tuple[str, ...] = ()
    waits: tuple[Condition, ...] = ()
    note: str = ""
    irreversible: str = ""
    compensation: tuple[Write, ...] = ()
    shift: Shift | None = None
    because: Span | None = None


@dataclass(kw_only=True)
class Journey:
    """What is known after the steps so far; the one mutable thing of the planner."""

    request: PlanRequest
    objects: dict[ObjectRef, Manifest]
    placements: dict[str, Placement]
    steps: list[Step] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    """Workload id to the step that settled it."""
    drained: dict[str, str] = field(default_factory=dict)
    """Workload id to the step that takes its old pods away."""
    made: dict[int, int] = field(default_factory=dict)
    """How many steps each stage has."""
    reached: dict[str, int] = field(default_factory=dict)
    """The highest share that each unit's shifts lead to so far."""
    stage: int = 0
    barrier: tuple[str, ...] = ()
    """The steps that everything that follows in this stage waits for."""

    @property
    def mesh(self) -> Mesh:
        """The source mesh."""
        return self.request.mesh

    @cached_property
    def callers(self) -> Mapping[str, tuple[str, ...]]:
        """Who calls each workload."""
        return callers(self.request.mesh)

    @cached_property
    def order(self) -> tuple[tuple[str, ...], ...]:
        """The units in the order of the calls."""
        return call_order(self.request.mesh)

    @cached_property
    def declared(self) -> Mapping[str, list[Json]]:
        """The ports of each Service whose protocol Istio has to be told, by the Service's id."""
        return declared_ports(self.request.mesh)

    def service_fields(self, ref: ObjectRef, **fields: Json) -> Manifest:
        """Build what is owned of a Service: an apply gives up what it leaves out, so the protocols stay in it."""
        ports = self.declared.get(ref.id)
        return owned(ref, fields | ({"ports": ports} if ports else {}))

    @property
    def settings(self) -> Settings:
        """What rendering needs."""
        return Settings(choice=self.request.migration.target)

    @property
    def gone(self) -> bool:
        """Whether App Mesh's control plane is gone."""
        return self.request.world.control_plane is ControlPlane.GONE

    def live(self, ref: ObjectRef) -> Manifest | None:
        """The predicted object."""
        return self.objects.get(ref)

    def write(self, write: Write, wanted: Wanted) -> str:
        """Add the step that makes a write; returns its id, or empty where nothing would change."""
        live = self.objects.get(write.ref)
        change = change_of(live, write)
        if change.action is ChangeAction.NONE:
            return ""
        undo = wanted.compensation or inverse(live, write)
        action: Action = WriteStep(write=write, change=change)
        if wanted.shift is not None:
            action = replace(wanted.shift, write=write, change=change)
        after = predict(live, write)
        if after is None:
            self.objects.pop(write.ref, None)
        elif not isinstance(write, PatchPods):
            self.objects[write.ref] = after
        return self.add(action, wanted, undo)

    def add(self, action: Action, wanted: Wanted, undo: tuple[Write, ...] = ()) -> str:
        """Add a step and return its id."""
        step = Step(
            id=f"{self.stage}.{self._numbered()}",
            stage=self.stage,
            title=wanted.title,
            action=action,
            unit=wanted.unit,
            after=tuple(dict.fromkeys(name for name in (*self.barrier, *wanted.after) if name)),
            waits=wanted.waits,
            undo=undo,
            irreversible=wanted.irreversible,
            note=wanted.note,
            because=wanted.because,
        )
        if isinstance(action, Shift):
            self.reached[wanted.unit] = max(self.reached.get(wanted.unit, 0), action.percent_to)
        self.steps.append(step)
        return step.id

    def _numbered(self) -> int:
        self.made[self.stage] = self.made.get(self.stage, 0) + 1
        return self.made[self.stage]

    def find(self, code: str, severity: Severity, message: str, **place: "Json") -> None:
        """Note a finding."""
        self.findings.append(Diagnostic(code=code, severity=severity, message=message, **place))

    def raise_barrier(self) -> None:
        """Let everything that follows in this stage wait for what was added so far."""
        waited = {name for step in self.steps for name in step.after}
        ends = (step.id for step in self.steps if step.stage == self.stage and step.id not in waited)
        self.barrier = tuple(ends) or self.barrier


def change_of(live: Manifest | None, write: Write) -> Change:
    """Predict what a write changes."""
    match write:
        case ApplyObject(manifest=manifest):
            return difference(live, manifest)
        case PatchObject():
            if live is None:
                return Change(action=ChangeAction.NONE)
            return _patch_change(live, write)
        case PatchPods(workload=workload, body=body):
            pods = Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": workload.name}} | dict(body))
            return replace(difference(None, pods), action=ChangeAction.UPDATE)
        case DeleteObject():
            return removal(live)


def _patch_change(live: Manifest, write: PatchObject) -> Change:
    after = predict(live, write)
    if after is None or after.body == live.body:
        return Change(action=ChangeAction.NONE)
    fields = (
        *difference(live, after).fields,
        *(
            replace(item, before=item.after, after=None)
            for item in difference(after, live).fields
            if item.before is None
        ),
    )
    return Change(action=ChangeAction.UPDATE, fields=fields)


def apply_of(manifest: Manifest, *, force: bool = False) -> ApplyObject:
    """Build a server-side apply."""
    return ApplyObject(manifest=manifest, force=force)


def owned(ref: ObjectRef, spec: Mapping[str, Json]) -> Manifest:
    """Build the manifest of the owned fields of an object that exists."""
    metadata = {"name": ref.name} | ({"namespace": ref.namespace} if ref.namespace else {})
    return Manifest({"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "spec": dict(spec)})


def chained(ids: Iterable[str]) -> tuple[str, ...]:
    """Keep the ids of steps that were really made."""
    return tuple(name for name in ids if name)
