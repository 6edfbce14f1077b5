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
    Selected,
    Shift,
    Step,
    Unit,
    World,
    Write,
    WriteStep,
)
from meshmig.model.units import Duration
from meshmig.planning.order import call_order, callers
from meshmig.planning.ownership import Ownership, left_over
from meshmig.targets.istio import Settings, declared_ports


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """All that a plan is made of."""

    migration: Migration
    mesh: Mesh
    ledger: Ledger
    snapshot: Snapshot
    world: World
    raw: tuple[Manifest, ...] = ()
    """What the file's `raw istio` blocks hold."""
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
    deadline: Duration = Duration(10 * 60_000)
    spelled: bool = False
    """Whether the action's own word says whose the object is: `retire appmesh` says App Mesh's."""


@dataclass(kw_only=True)
class Journey:
    """What is known after the steps so far; the one mutable thing of the planner."""

    request: PlanRequest
    objects: dict[ObjectRef, Manifest]
    placements: dict[str, Placement]
    ownership: Ownership
    steps: list[Step] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    selected: list[Selected] = field(default_factory=list)
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
    behind: set[str] = field(default_factory=set)
    """The steps that were added since the barrier was raised: who waits for one of them waits for the barrier."""
    ends: dict[str, None] = field(default_factory=dict)
    """The steps of this stage that no other waits for."""

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
        write, wanted = self._owned(write, change, wanted)
        change = change_of(self.objects.get(write.ref), write)
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

    def _owned(self, write: Write, change: Change, wanted: Wanted) -> tuple[Write, Wanted]:
        """Settle whose object or fields an apply writes; what an adopted object has too much goes first."""
        before = self.request.snapshot.get(write.ref)
        if before is None or not isinstance(write, ApplyObject) or wanted.spelled:
            return write, wanted
        adopts = write.ref not in self.ownership.adopted
        write, note = self.ownership.settle(before, write, change)
        wanted = replace(wanted, note="; ".join(filter(None, (wanted.note, note))))
        if adopts and write.ref in self.ownership.adopted and (patch := left_over(before, write)):
            title = f"take out of {write.ref} what is not meshmig's"
            made = self.write(patch, replace(wanted, title=title, waits=(), shift=None))
            wanted = replace(wanted, after=(made,))
        return write, wanted

    def add(self, action: Action, wanted: Wanted, undo: tuple[Write, ...] = ()) -> str:
        """Add a step and return its id."""
        step = Step(
            id=f"{self.stage}.{self._numbered()}",
            stage=self.stage,
            title=wanted.title,
            action=action,
            unit=wanted.unit,
            after=self._after(wanted.after),
            waits=wanted.waits,
            deadline=wanted.deadline,
            undo=undo,
            irreversible=wanted.irreversible,
            note=wanted.note,
            because=wanted.because,
        )
        if isinstance(action, Shift):
            self.reached[wanted.unit] = max(self.reached.get(wanted.unit, 0), action.percent_to)
        self.steps.append(step)
        for name in step.after:
            self.ends.pop(name, None)
        self.ends[step.id] = None
        self.behind.add(step.id)
        return step.id

    def _after(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """The barrier stands in a step only where nothing else leads to it: else large stages grow as their square."""
        barrier = () if self.behind.intersection(wanted) else self.barrier
        return tuple(dict.fromkeys(name for name in (*barrier, *wanted) if name))

    @property
    def next_id(self) -> str:
        """The id that the next step gets."""
        return f"{self.stage}.{self.made.get(self.stage, 0) + 1}"

    def _numbered(self) -> int:
        self.made[self.stage] = self.made.get(self.stage, 0) + 1
        return self.made[self.stage]

    def find(self, code: str, severity: Severity, message: str, **place: "Json") -> None:
        """Note a finding."""
        self.findings.append(Diagnostic(code=code, severity=severity, message=message, **place))

    def begin_stage(self, number: int) -> None:
        """Number the steps that follow anew, and let them wait for nothing yet."""
        self.stage = number
        self.ends.clear()
        self.stand_behind(())

    def raise_barrier(self) -> None:
        """Let everything that follows in this stage wait for what was added so far."""
        self.stand_behind(tuple(self.ends) or self.barrier)

    def stand_behind(self, steps: tuple[str, ...]) -> None:
        """Let everything that follows in this stage wait for these steps."""
        self.barrier = steps
        self.behind.clear()


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
    whole = predict(live, write)
    if whole is None or whole.body == live.body:
        return Change(action=ChangeAction.NONE)
    live, after = _touched(live, write.body), _touched(whole, write.body)
    fields = (
        *difference(live, after).fields,
        *(
            replace(item, before=item.after, after=None)
            for item in difference(after, live).fields
            if item.before is None
        ),
    )
    return Change(action=ChangeAction.UPDATE, fields=fields)


def _touched(manifest: Manifest, patch: Mapping[str, Json]) -> Manifest:
    """Return the object with what a patch touches, and no more: the rest cannot have changed."""
    identity = {name: manifest.body[name] for name in ("apiVersion", "kind") if name in manifest.body}
    names = {"name": manifest.ref.name, "namespace": manifest.ref.namespace}
    body = identity | _named(manifest.body, patch)
    return Manifest(body | {"metadata": names | (body.get("metadata") or {})})


def _named(value: Mapping[str, Json], patch: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, inner in patch.items():
        if name in value:
            both = isinstance(inner, Mapping) and isinstance(value[name], Mapping)
            found[name] = _named(value[name], inner) if both else value[name]
    return found


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
