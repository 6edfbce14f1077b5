"""What a `.mig` file asks for: names resolved, units typed, each part with the span that says it."""

from dataclasses import dataclass
from enum import StrEnum

from meshmig.diagnostics import Span
from meshmig.model.units import Duration, Instant, Percent


class ClusterKind(StrEnum):
    """How the cluster is reached."""

    CONTEXT = "context"
    IN_CLUSTER = "in_cluster"
    FILES = "files"


class ControlPlane(StrEnum):
    """Whether the source mesh's control plane still answers."""

    ALIVE = "alive"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterChoice:
    """`cluster …`: the kubeconfig context or the folder in `value`; `control_plane` where the file says it."""

    kind: ClusterKind
    value: str = ""
    control_plane: ControlPlane | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IstioChoice:
    """`to istio { … }`; revision `default` is the unnamed one."""

    revision: str = "default"
    mtls_strict: bool = True
    """What `enforce mtls` may tighten to; `mtls permissive` forbids that stage action."""
    mtls_said: bool = False
    """Whether the file says `mtls` itself: what is `strict` by default alone was asked by nobody."""
    egress_declared: bool = False
    """`egress declared`: App Mesh's DROP_ALL is kept by Sidecars and ServiceEntries; else open."""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsChoice:
    """`metrics prometheus "URL" { scrape 15s }`; an embedded cluster needs none."""

    url: str
    scrape: Duration = Duration(15_000)
    span: Span | None = None


class Measure(StrEnum):
    """What a requirement looks at."""

    ERRORS = "errors"
    SLOWER_THAN = "slower_than"
    SUCCESS_RATE = "success_rate"
    QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeRequirement:
    """`require errors <= old * RATIO + SLACK`; `threshold` is set for `slower_than 250ms`."""

    measure: Measure
    ratio: float
    slack: Percent
    threshold: Duration | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteRequirement:
    """`require success_rate >= 98% over 5m`: a floor (`at_least`) or a ceiling over a window."""

    measure: Measure
    bound: Percent
    at_least: bool
    window: Duration
    threshold: Duration | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRequirement:
    """`require query "PROMQL" <= 64Mi`: one's own series, which must be one number.

    `bound` is in the units of Prometheus: seconds, a ratio, bytes, events a second; `bound_text` as it is written.
    """

    query: str
    bound: float
    bound_text: str
    at_least: bool
    measure: Measure = Measure.QUERY
    span: Span | None = None


Requirement = RelativeRequirement | AbsoluteRequirement | QueryRequirement


class OnFailure(StrEnum):
    """What a gate's harm leads to."""

    ROLLBACK = "rollback"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """`gate NAME { … }`: what healthy means.

    `advance_after`: requests on the new side without evidence of harm that let a step go on. `finish_within`: how
    long the evidence of no harm may take before the old side goes; None: no proof is asked. `no_data_wait`: how
    long blindness may last before the run pauses. `harm_odds` and `safe_odds`: what the two accounts must reach.
    """

    name: str
    requirements: tuple[Requirement, ...]
    advance_after: int = 500
    finish_within: Duration | None = None
    no_data_wait: Duration = Duration(20 * 60_000)
    harm_odds: float = 100.0
    safe_odds: float = 20.0
    on_failure: OnFailure = OnFailure.ROLLBACK
    doc: str = ""
    span: Span | None = None


class Strategy(StrEnum):
    """How one workload moves."""

    CANARY = "canary"
    IN_PLACE = "in_place"
    BLUE_GREEN = "blue_green"
    MIRROR = "mirror"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalBefore:
    """`approve before 50% by "team"`."""

    percent: int
    team: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`profile NAME { … }`: how one workload moves. `steps` are whole percents, rising, ending in 100.

    `gate` names the gate that judges after each bake; empty: only readiness is waited for. `keep`: how long the
    old pods stay after the last step.
    """

    name: str
    strategy: Strategy = Strategy.CANARY
    steps: tuple[int, ...] = (100,)
    bake: Duration = Duration(0)
    gate: str = ""
    approvals: tuple[ApprovalBefore, ...] = ()
    keep: Duration = Duration(0)
    on_failure: OnFailure | None = None
    doc: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """`shop/catalog` or `shop/detail-*`: a workload's namespace and name, `*` standing for any text."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCondition:
    """`where label("tier") == "web"` (or `!=`), on the pod template's labels."""

    key: str
    value: str
    equal: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which workloads: patterns, minus exceptions, of those the ones that meet every condition.

    `rest` stands for all that no earlier or other selection of the migration names.
    """

    patterns: tuple[Pattern, ...] = ()
    excepts: tuple[Pattern, ...] = ()
    conditions: tuple[LabelCondition, ...] = ()
    expect: tuple[int, int] | None = None
    rest: bool = False
    group: str = ""
    """The group's name, where the selection is one."""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protect:
    """`protect`: hold what still runs."""

    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallIstio:
    """`install istio`: wait for a healthy revision, then stage the translated objects."""

    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`move SELECTION using PROFILE [into NAMESPACE] [with { … }]`; `profile` already holds the overrides."""

    selection: Selection
    profile: Profile
    into: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """`waves SELECTION by calls, at most N, M at once using PROFILE between { wait … check … }`."""

    selection: Selection
    profile: Profile
    at_most: int = 20
    at_once: int = 1
    between_wait: Duration = Duration(0)
    between_gate: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`check GATE [for 10m]`: a gate over every unit moved so far."""

    gate: str
    length: Duration = Duration(0)
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """`wait 24h`."""

    length: Duration
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """`approve by "team"`: gates the stage's first write, wherever it stands."""

    team: str
    span: Span | None = None


class Enforced(StrEnum):
    """What `enforce` tightens."""

    MTLS = "mtls"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforce:
    """`enforce mtls` or `enforce egress`."""

    what: Enforced
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireAppMesh:
    """`retire appmesh`: the tear-down, in its safe order."""

    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """`mirror SELECTION 10% for 30m`: a copy hears this share of the requests; its answers are thrown away."""

    selection: Selection
    percent: int
    length: Duration
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """`run job NAMESPACE/NAME within 5m`."""

    namespace: str
    name: str
    within: Duration
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """Days (0 is Monday) and minutes of the day in an IANA time zone; an end not after the start is the next day's."""

    days: tuple[int, ...]
    start_minute: int
    end_minute: int
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From one moment to another."""

    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`window …`: writes may start within; `blackout …`: they may not. `text` is what the file says."""

    when: Recurrence | Period
    blackout: bool
    text: str
    span: Span | None = None


StageAction = Protect | InstallIstio | Move | Waves | Mirror | Check | Wait | Approve | RunJob | Enforce | RetireAppMesh


@dataclass(frozen=True, slots=True, kw_only=True)
class StageIntent:
    """`stage N "title" { … }`, its actions in the order written; `on_failure` is what a failed job leads to."""

    number: int
    title: str
    actions: tuple[StageAction, ...]
    windows: tuple[Window, ...] = ()
    on_failure: OnFailure = OnFailure.PAUSE
    doc: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """`allow CODE because "…"`: accepts a finding of the planner."""

    code: str
    because: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`answer ID = CHOICE`: decides a question of the translation."""

    id: str
    choice: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """`adopt KIND NAMESPACE/NAME`: an object that exists becomes meshmig's; `namespace` is empty where it has none."""

    kind: str
    namespace: str
    name: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """`take_over KIND NAMESPACE/NAME "FIELD" from "MANAGER"`: one field of one manager becomes meshmig's.

    `*` in `namespace` and `name` stands for any text.
    """

    kind: str
    namespace: str
    name: str
    field: str
    manager: str
    span: Span | None = None


class Channel(StrEnum):
    """How a notification travels."""

    WEBHOOK = "webhook"
    COMMAND = "command"


class Occasion(StrEnum):
    """What is told of a stage."""

    START = "start"
    WAIT = "wait"
    FAILURE = "failure"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """`notify webhook "URL" on start, failure`; `target` is the address, or the command line."""

    channel: Channel
    target: str
    occasions: tuple[Occasion, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawManifests:
    """`raw istio { … }`: YAML as it stands in the file; `line` is the line of the file that `yaml` begins on."""

    yaml: str
    line: int
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """`param NAME in [CHOICES] = VALUE`; `value` is the chosen one, and part of the fingerprint."""

    name: str
    choices: tuple[str, ...]
    value: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A whole `.mig` file, resolved. `file` is its path as given; `mesh` is App Mesh's name of the source mesh."""

    name: str
    file: str
    cluster: ClusterChoice
    mesh: str
    target: IstioChoice
    metrics: MetricsChoice | None
    gates: tuple[Gate, ...]
    profiles: tuple[Profile, ...]
    stages: tuple[StageIntent, ...]
    allows: tuple[Allow, ...] = ()
    answers: tuple[Answer, ...] = ()
    params: tuple[Param, ...] = ()
    adoptions: tuple[Adoption, ...] = ()
    take_overs: tuple[TakeOver, ...] = ()
    windows: tuple[Window, ...] = ()
    notifications: tuple[Notify, ...] = ()
    raw: tuple[RawManifests, ...] = ()
    doc: str = ""
    span: Span | None = None
    fingerprint: str = ""
    """SHA-256 of the words and the params' values: comments and layout do not change it."""

    def gate(self, name: str) -> Gate:
        """Return the gate of that name; names were resolved when the file was read."""
        return next(gate for gate in self.gates if gate.name == name)
