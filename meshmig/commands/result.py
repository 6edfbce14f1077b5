"""What a command hands to the views: an outcome, findings, and the value to show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshmig.diagnostics import Diagnostic
from meshmig.gates import Asked
from meshmig.model.fit import Alternative, Use
from meshmig.model.mesh import Question
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import Judge, Plan, Step
from meshmig.model.precheck import Looked
from meshmig.model.run import Approved, Outcome, StageState, Verdict
from meshmig.model.units import Instant
from meshmig.proof import Proved


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """A command that ended before it had anything to show."""


@dataclass(frozen=True, kw_only=True)
class FilesShown:
    """What became of `.mig` files: the texts to print (`--diff`), and the files named."""

    files: tuple[str, ...]
    changed: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class PageShown:
    """The page of a code."""

    code: str
    page: str


@dataclass(frozen=True, kw_only=True)
class InitShown:
    """A written migration: its text, the inventory, the questions that stand open; `file` where it was saved."""

    text: str
    workloads: tuple[str, ...]
    questions: tuple[Question, ...]
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanShown:
    """A plan, of it one stage or step where asked.

    `done` are the steps that a recorded run has behind it; with `errors` the plan is refused for so many findings.
    """

    plan: Plan
    stage: int | None = None
    step: str = ""
    done: frozenset[str] = frozenset()
    approved: Mapping[str, Approved] = field(default_factory=dict)
    """The approvals in force, by step."""
    full_ledger: bool = False
    saved: str = ""
    errors: int = 0


@dataclass(frozen=True, kw_only=True)
class DocumentShown:
    """A whole document in a form of its own: Markdown, HTML, a graph, a List of objects."""

    text: str
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GeneratedShown:
    """Generated files: the text of all objects or values, each file, and the folder where they were written."""

    text: str
    files: tuple[tuple[str, str], ...]
    objects: tuple[Manifest, ...]
    folder: str = ""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A field that is no longer as the plan saw it, and who wrote it."""

    object: ObjectRef
    path: str
    planned: Json
    live: Json
    manager: str


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What the embedded cluster's traffic counted."""

    sent: int
    lost: int
    by_cause: Mapping[str, int]
    least_per_flow: int = 0
    """The fewest requests that a caller-callee pair or gateway route sent in one state."""
    states: int = 0
    flows: int = 0
    """Pairs and gateway routes that send."""
    broken_before: int = 0
    """Those that lost requests before anything was done: nothing can be said of them."""


@dataclass(frozen=True, kw_only=True)
class PodsCounted:
    """Pods in the mesh: of App Mesh before the run, and of each mesh at its end."""

    before: int
    istio: int
    appmesh: int


@dataclass(frozen=True, kw_only=True)
class Yes:
    """An approval in force: of which step, for which team, by whom; `again`: asked for twice, the first one stands."""

    step: str
    title: str
    team: str
    by: str
    because: str
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class RunShown:
    """Where a run stands after a command."""

    name: str
    digest: str
    stages: tuple[tuple[int, StageState], ...]
    writes: int
    traffic: tuple[tuple[str, int], ...]
    plain: tuple[str, ...] = ()
    """The units whose old pods are in no mesh any more."""
    titles: tuple[str, ...] = ()
    """The stages' titles, in their order."""
    reason: str = ""
    next_command: str = ""
    approvals: tuple[Yes, ...] = ()
    """Of `approve` those that it gave or found given; else those of the stages that remain."""
    moved: tuple[Moved, ...] = ()
    requests: Requests | None = None
    pods: PodsCounted | None = None


@dataclass(frozen=True, kw_only=True)
class StatusShown:
    """A run with its lock and journal, and how many stages and units there are."""

    run: RunShown
    plan: Plan | None
    lock: Mapping[str, Json]
    journal: int
    objects: tuple[Manifest, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class RollbackShown:
    """What a rollback restored exactly, what it could only compensate, and what stays."""

    run: RunShown
    restored: tuple[str, ...]
    compensated: tuple[str, ...]
    irreversible: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BackAhead:
    """What a rollback would take back: a stage, how many steps of it stand, and which of them cannot come back."""

    number: int
    title: str
    steps: int
    irreversible: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DriftShown:
    """Fields of objects that meshmig wrote and others changed since."""

    moved: tuple[Moved, ...]


@dataclass(frozen=True, kw_only=True)
class LockShown:
    """The lock as it is, or as it was before it was broken."""

    lock: Mapping[str, Json]
    broken: bool = False


@dataclass(frozen=True, kw_only=True)
class ProofShown:
    """A proof: of which migration, of what (`the plan`, or a folder), and where the witnesses were written."""

    name: str
    proved: Proved
    of: str
    witnesses: str = ""


@dataclass(frozen=True, kw_only=True)
class AssessShown:
    """How a mesh fits each alternative: the features that it uses, each with one fit an alternative."""

    mesh: str
    cluster: str
    alternatives: tuple[Alternative, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One look of a gate: journal entry `number`, what it knew, what was decided then, and what is decided again.

    `again` is None where the counts alone cannot decide it.
    """

    number: int
    at: Instant
    step: str
    asked: Asked
    recorded: Verdict
    recorded_reason: str
    again: Verdict | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class GateShown:
    """A gate's look and the step that asks for it, whose state is `state`; `now`: it was taken just now."""

    plan: Plan
    step: Step
    asking: Judge
    seen: Seen
    state: str
    now: bool = False
    explain: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplayShown:
    """Every look of a recorded run, decided again."""

    name: str
    events: int
    looks: tuple[Seen, ...]

    @property
    def differing(self) -> tuple[Seen, ...]:
        """The looks whose verdict is another one now."""
        return tuple(look for look in self.looks if look.again not in (None, look.recorded))


@dataclass(frozen=True, kw_only=True)
class PrecheckShown:
    """What every check found or could not look at; `beside` are the findings that no check made."""

    name: str
    mesh: str
    cluster: str
    results: tuple[Looked, ...]
    beside: tuple[Diagnostic, ...] = ()


Shown = (
    Nothing
    | FilesShown
    | PageShown
    | InitShown
    | PlanShown
    | DocumentShown
    | GeneratedShown
    | RunShown
    | StatusShown
    | RollbackShown
    | DriftShown
    | LockShown
    | ProofShown
    | PrecheckShown
    | AssessShown
    | GateShown
    | ReplayShown
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One command's end; `sources` are the `.mig` texts that the findings' spans point into."""

    outcome: Outcome
    findings: tuple[Diagnostic, ...] = ()
    shown: Shown = field(default_factory=Nothing)
    sources: Mapping[str, str] = field(default_factory=dict)
