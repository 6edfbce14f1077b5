"""A plan: the whole journey as a value. Every step writes at most one object (or one workload's live pods)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

from meshmig.diagnostics import Diagnostic, Span
from meshmig.model.intent import (
    ClusterChoice,
    ControlPlane,
    Gate,
    MetricsChoice,
    Notify,
    OnFailure,
    Param,
    Strategy,
    Window,
)
from meshmig.model.mesh import Ledger, Question
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.units import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Which of the two worlds was found, and why; `said` when the file decided it."""

    control_plane: ControlPlane
    evidence: tuple[str, ...]
    said: bool = False


class ChangeAction(StrEnum):
    """What a write does to its object."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field's change; `path` like `spec.http[0].timeout`; None is "not there"; `note` says where it comes from."""

    path: str
    before: Json = None
    after: Json = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a write changes, as predicted when the plan was made."""

    action: ChangeAction
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyObject:
    """Server-side apply of one manifest that holds owned fields only; `force` takes over the fields it names."""

    manifest: Manifest
    force: bool = False
    kind: Literal["apply"] = "apply"

    @property
    def ref(self) -> ObjectRef:
        """The object written."""
        return self.manifest.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchObject:
    """JSON merge patch of one object: for fields that must vanish (labels, finalizers), where null removes."""

    ref: ObjectRef
    body: Mapping[str, Json]
    kind: Literal["patch"] = "patch"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchPods:
    """JSON merge patch of every live pod of a workload, never of its template (a template edit is a restart).

    `workload` is the owner (Deployment, StatefulSet, DaemonSet); pods are found when the step runs.
    """

    workload: ObjectRef
    body: Mapping[str, Json]
    kind: Literal["patch_pods"] = "patch_pods"

    @property
    def ref(self) -> ObjectRef:
        """The pods, by a wildcard name."""
        return ObjectRef("v1", "Pod", self.workload.namespace, f"{self.workload.name}-*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteObject:
    """Delete one object; a missing one is no failure.

    `finalizers`: once it is going, take them off. Nobody answers them, and only then can nobody put them on again.
    """

    ref: ObjectRef
    finalizers: bool = False
    kind: Literal["delete"] = "delete"


Write = ApplyObject | PatchObject | PatchPods | DeleteObject


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadReady:
    """A workload's rollout is complete, all replicas Ready; each pod has `container`, none has `without`."""

    ref: ObjectRef
    container: str = ""
    without: str = ""
    kind: Literal["workload_ready"] = "workload_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadDrained:
    """A workload has no pod left."""

    ref: ObjectRef
    kind: Literal["workload_drained"] = "workload_drained"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsReady:
    """A Service has at least `minimum` ready endpoints."""

    ref: ObjectRef
    minimum: int = 1
    kind: Literal["endpoints_ready"] = "endpoints_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectGone:
    """The object is not there any more."""

    ref: ObjectRef
    kind: Literal["object_gone"] = "object_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneReady:
    """An Istio control plane of that revision serves injection: its webhook exists and istiod has a ready pod."""

    revision: str
    kind: Literal["control_plane_ready"] = "control_plane_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMeshedPods:
    """No pod in these namespaces carries App Mesh's `envoy` container."""

    namespaces: tuple[str, ...]
    kind: Literal["no_meshed_pods"] = "no_meshed_pods"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobComplete:
    """A Job ran to its end; where it failed, or did not end in time, `on_failure` says what follows."""

    ref: ObjectRef
    on_failure: OnFailure
    kind: Literal["job_complete"] = "job_complete"


Condition = (
    WorkloadReady | WorkloadDrained | EndpointsReady | ObjectGone | ControlPlaneReady | NoMeshedPods | JobComplete
)


class Mechanism(StrEnum):
    """How a unit's traffic is moved."""

    ISTIO_WEIGHTS = "istio_weights"
    REPLICA_SHARE = "replica_share"
    SERVICE_SELECTOR = "service_selector"
    ROLLOUT = "rollout"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStep:
    """Write one object for a reason that is not traffic."""

    write: Write
    change: Change
    kind: Literal["write"] = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Write one object that moves the unit's traffic from `percent_from` to `percent_to` new.

    `requested_percent` is what the file asked for, where the mechanism could only come near.
    """

    mechanism: Mechanism
    percent_from: int
    percent_to: int
    requested_percent: int
    write: Write
    change: Change
    kind: Literal["shift"] = "shift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Await:
    """Only wait for the step's conditions; `advice` is what a person does meanwhile (the Helm command)."""

    advice: str = ""
    kind: Literal["await"] = "await"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bake:
    """Let time pass under the present traffic."""

    length: Duration
    kind: Literal["bake"] = "bake"


class JudgeMode(StrEnum):
    """What a gate is asked for."""

    ADVANCE = "advance"
    """No evidence of harm after enough requests."""
    FINISH = "finish"
    """Evidence of no harm, before the old side goes."""
    UNCALLED = "uncalled"
    """No caller is declared: every pod must be scraped and fresh, zero requests are no fault; shown as unjudged."""
    PLAINTEXT = "plaintext"
    """Before STRICT: the workloads' plaintext requests must be measured zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Ask a gate about a unit at `percent_new`.

    `old` and `new` are the workloads whose pods are compared (their Deployment refs), `ports` those they serve.
    """

    gate: str
    mode: JudgeMode
    percent_new: int
    old: ObjectRef | None
    new: ObjectRef | None
    on_failure: OnFailure
    kind: Literal["judge"] = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Wait for a person of `team`."""

    team: str
    reason: str
    kind: Literal["approve"] = "approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """`wait` of the file, `keep` of a profile: time that must pass."""

    length: Duration
    reason: str
    kind: Literal["wait"] = "wait"


Action = WriteStep | Shift | Await | Bake | Judge | Confirm | Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. It is done when its write is done and every condition in `waits` holds.

    `id` is `STAGE.N`. `after` names the steps that must be done first; steps that are not ordered by it may run at
    once. `undo` is run in order to take this step back. `irreversible` says why it cannot be taken back, `undo` is
    then the compensation. `deadline` limits the waiting; a missed one holds the run.
    """

    id: str
    stage: int
    title: str
    action: Action
    unit: str = ""
    after: tuple[str, ...] = ()
    waits: tuple[Condition, ...] = ()
    deadline: Duration = Duration(10 * 60_000)
    undo: tuple[Write, ...] = ()
    irreversible: str = ""
    note: str = ""
    because: Span | None = field(default=None, compare=False)

    @property
    def write(self) -> Write | None:
        """The write that the step makes, if it makes one."""
        return self.action.write if isinstance(self.action, WriteStep | Shift) else None

    @property
    def change(self) -> Change | None:
        """The predicted change of that write."""
        return self.action.change if isinstance(self.action, WriteStep | Shift) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Workloads that move together; `callers` are Workload and Edge ids, `notes` what the reader must know."""

    id: str
    stage: int
    workloads: tuple[str, ...]
    strategy: Strategy
    mechanisms: tuple[Mechanism, ...]
    callers: tuple[str, ...] = ()
    wave: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage: a graph of steps, listed in an order that respects `after`.

    `at_once` limits how many units run side by side. `point_of_no_return` is the id of the first irreversible step.
    """

    number: int
    title: str
    doc: str = ""
    steps: tuple[Step, ...] = ()
    at_once: int = 1
    point_of_no_return: str = ""
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An object that becomes meshmig's, or one `field` of it; `managers` had it before, `said` by the file's word."""

    ref: ObjectRef
    field: str = ""
    managers: tuple[str, ...] = ()
    said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What a selection of a stage stands for: workloads in the order in which they move."""

    stage: int
    text: str
    workloads: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the file decides for the whole plan, and what its words came to."""

    params: tuple[Param, ...] = ()
    windows: tuple[Window, ...] = ()
    raw: tuple[ObjectRef, ...] = ()
    selected: tuple[Selected, ...] = ()
    notifications: tuple[Notify, ...] = ()
    claims: tuple[Claim, ...] = ()


PLAN_SCHEMA = "meshmig/plan/v1"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The reviewed artefact: all that `apply` needs, and nothing that it may decide anew but gate verdicts.

    `digest` is the SHA-256 of the canonical JSON without itself and without `file`.
    """

    migration: str
    file: str
    """The `.mig` file, relative to the plan file."""
    fingerprint: str
    cluster: ClusterChoice
    cluster_name: str
    mesh: str
    namespaces: tuple[str, ...]
    revision: str
    metrics: MetricsChoice | None
    world: World
    gates: tuple[Gate, ...]
    units: tuple[Unit, ...]
    stages: tuple[Stage, ...]
    ledger: Ledger
    terms: Terms = Terms()
    questions: tuple[Question, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    proof: "Proof | None" = None
    digest: str = ""
    schema: str = PLAN_SCHEMA

    @cached_property
    def step(self) -> Mapping[str, Step]:
        """Every step by id."""
        return {step.id: step for stage in self.stages for step in stage.steps}

    def stage(self, number: int) -> Stage | None:
        """The stage of that number, if there is one."""
        return next((stage for stage in self.stages if stage.number == number), None)

    def gate(self, name: str) -> Gate:
        """The gate of that name."""
        return next(gate for gate in self.gates if gate.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsafeCall:
    """A caller that cannot reach its callee in a state: after which step, who, whom, why."""

    state: str
    caller: str
    callee: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingProof:
    """How many classes of requests were compared, and what came of it.

    `announced` differ as the ledger, a finding or an answer said; `unannounced` differ and nobody said so;
    `undecided` could not be compared.
    """

    compared: int = 0
    equal: int = 0
    announced: int = 0
    unannounced: int = 0
    undecided: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was proved: of the routing at the journey's end, and of the calls in every state on the way.

    `states` were looked at, for `pairs` of caller and callee, and `unsafe` are the calls that break.
    """

    routing: RoutingProof = RoutingProof()
    states: int = 0
    pairs: int = 0
    unsafe: tuple[UnsafeCall, ...] = ()
