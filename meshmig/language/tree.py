"""The tree of one `.mig` file: what is written, not yet what it means. Every node knows its place in the text."""

from dataclasses import dataclass
from typing import NamedTuple


class Extent(NamedTuple):
    """A stretch of the text, by offsets of characters; `end` is exclusive."""

    start: int
    end: int


class Token(NamedTuple):
    """One word, literal or sign; `type` is its terminal in the grammar. A tuple is three times as fast to make."""

    type: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind the last character."""
        return self.start + len(self.text)

    @property
    def at(self) -> Extent:
        """Where it stands."""
        return Extent(self.start, self.start + len(self.text))

    @property
    def inner(self) -> str:
        """What a text in quotes says."""
        return self.text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if self.text[:1] == '"' else self.text


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
    """`errors`, `success_rate`, or `slower_than 250ms` with its threshold."""

    word: Token
    threshold: Token | None
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
class Gate:
    """`gate NAME { … }`."""

    name: Token
    parts: tuple[Require | Setting, ...]
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
    """`move SELECTION using PROFILE with { … }`."""

    selection: Selection
    profile: Token
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


Action = Setting | Move | Waves | Check


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


Item = Use | Migration | Gate | Profile | Group | Stage | Allow | Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A whole file, in the order written."""

    items: tuple[Item, ...]
