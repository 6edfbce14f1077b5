"""The tree of one `.mig` file: what is written, not yet what it means. Every node knows its place in the text."""

from dataclasses import dataclass

from meshmig.language.tokens import Extent, Token

__all__ = ["Extent", "Token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A key with its one value: `bake 10m`, `fail rollback`, `mtls strict`, `wait 24h`; `protect` is its own value."""

    key: Token
    value: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """`use "gates.mig"`."""

    path: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """`param NAME in [CHOICES] = VALUE`."""

    name: Token
    choices: tuple[Token, ...]
    value: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`cluster …`, `to istio …`, `metrics …`: a kind, its text where it has one, and settings in braces."""

    key: Token
    kind: Token
    value: Token | None
    settings: tuple[Setting, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """`migration NAME { … }`."""

    name: Token
    parts: tuple[Place | Setting, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """`errors`, `success_rate`, `slower_than 250ms` with its threshold, or `query "PROMQL"` with its expression."""

    word: Token
    threshold: Token | None
    query: Token | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """`old * 1.25 + 0.05%`; either part may be missing."""

    old: Token
    ratio: Token | None
    slack: Token | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Absolute:
    """`98% over 5m`."""

    bound: Token
    window: Token | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Require:
    """`require MEASURE <= BOUND`."""

    measure: Measure
    comparison: Token
    bound: Relative | Absolute
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """`confidence 99%` for both accounts, or `confidence harm 99%, safe 95%`; None where an account is not named."""

    key: Token
    harm: Token | None
    safe: Token | None
    at: Extent


GatePart = Require | Confidence | Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """`gate NAME { … }`."""

    name: Token
    parts: tuple[GatePart, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """`steps 1%, 5%, 100%`."""

    key: Token
    values: tuple[Token, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveBefore:
    """`approve before 50% by "team"`."""

    percent: Token
    team: Token
    at: Extent


ProfilePart = Setting | Steps | ApproveBefore


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`profile NAME { … }`."""

    name: Token
    parts: tuple[ProfilePart, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """`with { … }` behind the profile of a move."""

    parts: tuple[ProfilePart, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """`workloads shop/cart, shop/cat-*` or `except …`."""

    key: Token
    items: tuple[Token, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`label("tier") == "web"`, or `!=`."""

    key: Token
    sign: Token
    value: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """`where CONDITION and CONDITION`."""

    conditions: tuple[Condition, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """`expect 2..6`; `high` is None where only one number is written."""

    key: Token
    low: Token
    high: Token | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`group NAME { … }`."""

    name: Token
    parts: tuple[Patterns | Where | Expect, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A comma list behind `move` or `waves`: names of groups, patterns, `rest`."""

    items: tuple[Token, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`move SELECTION using PROFILE into NAMESPACE with { … }`."""

    selection: Selection
    profile: Token
    into: Token | None
    overrides: Overrides | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`at most 20` (key `most`) or `4 at once` (key `once`)."""

    key: Token
    count: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """`between { wait 1h  check healthy }`."""

    parts: tuple[Setting, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """`waves SELECTION by calls, LIMITS using PROFILE with { … } between { … }`."""

    selection: Selection
    limits: tuple[Limit, ...]
    profile: Token
    overrides: Overrides | None
    between: Between | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`check GATE for 10m`."""

    gate: Token
    length: Token | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """`mirror SELECTION 10% for 30m`."""

    selection: Selection
    percent: Token
    length: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """`run job shop/smoke within 5m`."""

    key: Token
    job: Token
    within: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """`mon..fri`; `last` is None for one day."""

    first: Token
    last: Token | None
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """`mon..fri, sun 09:00..16:00 in "Europe/Berlin"`; without `hours` whole days, without `days` every day."""

    days: tuple[Days, ...]
    hours: tuple[Token, Token] | None
    zone: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """`2026-11-30T22:00Z..2026-12-01T04:00Z`."""

    first: Token
    last: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`window …` or `blackout …`."""

    key: Token
    when: Recurring | Period
    at: Extent


Action = Setting | Move | Waves | Mirror | Check | RunJob | Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`stage N "title" { … }`."""

    number: Token
    title: Token
    actions: tuple[Action, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """`allow CODE because "…"`."""

    code: Token
    because: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`answer QUESTION = CHOICE`."""

    question: Token
    choice: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """`adopt KIND NAMESPACE/NAME`."""

    key: Token
    kind: Token
    name: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """`take_over KIND NAMESPACE/NAME "spec.replicas" from "helm"`."""

    key: Token
    kind: Token
    name: Token
    field: Token
    manager: Token
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """`notify webhook "URL" on start, failure`; without occasions: of all."""

    key: Token
    channel: Token
    target: Token
    occasions: tuple[Token, ...]
    at: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """`raw istio { … }`; `manifests` is the YAML with its braces."""

    key: Token
    manifests: Token
    at: Extent


Decision = Allow | Answer | Adopt | TakeOver
Item = Use | Param | Migration | Gate | Profile | Group | Stage | Decision | Window | Notify | Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A whole file, in the order written."""

    items: tuple[Item, ...]
