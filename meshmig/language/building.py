"""From the grammar's rules to the tree: one method a rule, named after it; the parser calls them bottom-up.

Every rule keeps all its tokens, so a node's place runs from its first part to its last.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from lark import Transformer

from meshmig.language import tree
from meshmig.language.tree import Extent, Token

Parts = list[Any]


def _at(parts: Parts) -> Extent:
    return Extent(parts[0].at.start, parts[-1].at.end)


def _nodes(parts: Iterable[object]) -> tuple[Any, ...]:
    return tuple(part for part in parts if not isinstance(part, Token))


def _of(parts: Parts, *types: str) -> tuple[Token, ...]:
    return tuple(part for part in parts if isinstance(part, Token) and part.type in types)


def _first(parts: Parts, *types: str) -> Token | None:
    return next(iter(_of(parts, *types)), None)


def _behind(parts: Parts, sign: str) -> Token | None:
    """Return the token that follows a sign."""
    return next((after for before, after in pairwise(parts) if before.type == sign), None)


def _node(parts: Parts, kind: type) -> Any:  # noqa: ANN401 - the parts of a rule are of mixed kinds
    return next((part for part in parts if isinstance(part, kind)), None)


class Builder(Transformer[Token, tree.File]):
    """Builds nodes; holds no state."""

    def start(self, parts: Parts) -> tree.File:
        """A whole file, behind `mig 1`."""
        return tree.File(items=tuple(parts[2:]))

    def use(self, parts: Parts) -> tree.Use:
        """`use TEXT`."""
        return tree.Use(path=parts[1], at=_at(parts))

    def migration(self, parts: Parts) -> tree.Migration:
        """`migration NAME { parts }`."""
        return tree.Migration(name=parts[1], parts=tuple(parts[3:-1]), at=_at(parts))

    def cluster(self, parts: Parts) -> tree.Place:
        """`cluster context TEXT`, `in-cluster` or `files TEXT`, with settings; `to` and `metrics` look alike."""
        value = _first(parts[2:3], "TEXT")
        return tree.Place(key=parts[0], kind=parts[1], value=value, settings=_nodes(parts[2:]), at=_at(parts))

    target = cluster
    metrics = cluster

    def setting(self, parts: Parts) -> tree.Setting:
        """A key and its value, the last word; a key alone is its own value."""
        return tree.Setting(key=parts[0], value=parts[-1], at=_at(parts))

    control_plane = setting
    source = setting
    target_setting = setting
    scrape = setting
    finish = setting
    on_failure = setting
    strategy = setting
    bake = setting
    judged = setting
    keep = setting
    protect = setting
    install = setting
    wait = setting
    approve = setting
    enforce = setting
    retire = setting

    def measure(self, parts: Parts) -> tree.Measure:
        """`errors`, `success_rate` or `slower_than QUANTITY`."""
        return tree.Measure(word=parts[0], threshold=_first(parts, "QUANTITY"), at=_at(parts))

    def relative(self, parts: Parts) -> tree.Relative:
        """`old`, `* QUANTITY`, `+ QUANTITY`."""
        return tree.Relative(old=parts[0], ratio=_behind(parts, "STAR"), slack=_behind(parts, "PLUS"), at=_at(parts))

    def absolute(self, parts: Parts) -> tree.Absolute:
        """`QUANTITY over QUANTITY`."""
        return tree.Absolute(bound=parts[0], window=_behind(parts, "OVER"), at=_at(parts))

    def require(self, parts: Parts) -> tree.Require:
        """`require MEASURE <= BOUND`."""
        return tree.Require(measure=parts[1], comparison=parts[2], bound=parts[3], at=_at(parts))

    def advance(self, parts: Parts) -> tree.Setting:
        """`advance when unharmed after QUANTITY requests`."""
        return tree.Setting(key=parts[0], value=parts[4], at=_at(parts))

    def no_data(self, parts: Parts) -> tree.Setting:
        """`no_data wait QUANTITY then pause`."""
        return tree.Setting(key=parts[0], value=parts[2], at=_at(parts))

    def gate(self, parts: Parts) -> tree.Gate:
        """`gate NAME { parts }`."""
        return tree.Gate(name=parts[1], parts=tuple(parts[3:-1]), at=_at(parts))

    def steps(self, parts: Parts) -> tree.Steps:
        """`steps QUANTITY, QUANTITY`."""
        return tree.Steps(key=parts[0], values=_of(parts, "QUANTITY"), at=_at(parts))

    def approve_before(self, parts: Parts) -> tree.ApproveBefore:
        """`approve before QUANTITY by TEXT`."""
        return tree.ApproveBefore(percent=parts[2], team=parts[4], at=_at(parts))

    def profile(self, parts: Parts) -> tree.Profile:
        """`profile NAME { parts }`."""
        return tree.Profile(name=parts[1], parts=tuple(parts[3:-1]), at=_at(parts))

    def workloads(self, parts: Parts) -> tree.Patterns:
        """`workloads PATH, PATH`, and `except` alike."""
        return tree.Patterns(key=parts[0], items=_of(parts, "PATH"), at=_at(parts))

    except_ = workloads

    def condition(self, parts: Parts) -> tree.Condition:
        """`label(TEXT) == TEXT`."""
        return tree.Condition(key=parts[2], sign=parts[4], value=parts[5], at=_at(parts))

    def where(self, parts: Parts) -> tree.Where:
        """`where CONDITION and CONDITION`."""
        return tree.Where(conditions=_nodes(parts), at=_at(parts))

    def expect(self, parts: Parts) -> tree.Expect:
        """`expect QUANTITY..QUANTITY`."""
        return tree.Expect(key=parts[0], low=parts[1], high=_behind(parts, "RANGE"), at=_at(parts))

    def group(self, parts: Parts) -> tree.Group:
        """`group NAME { parts }`."""
        return tree.Group(name=parts[1], parts=tuple(parts[3:-1]), at=_at(parts))

    def selection(self, parts: Parts) -> tree.Selection:
        """A comma list of names, patterns and `rest`."""
        return tree.Selection(items=_of(parts, "NAME", "PATH", "REST"), at=_at(parts))

    def overrides(self, parts: Parts) -> tree.Overrides:
        """`with { parts }`."""
        return tree.Overrides(parts=_nodes(parts), at=_at(parts))

    def move(self, parts: Parts) -> tree.Move:
        """`move SELECTION using NAME with { … }`."""
        overrides = _node(parts, tree.Overrides)
        return tree.Move(selection=parts[1], profile=parts[3], overrides=overrides, at=_at(parts))

    def wave_limit(self, parts: Parts) -> tree.Limit:
        """`at most QUANTITY` or `QUANTITY at once`."""
        key = parts[1] if parts[1].type == "MOST" else parts[2]
        return tree.Limit(key=key, count=_of(parts, "QUANTITY")[0], at=_at(parts))

    def between(self, parts: Parts) -> tree.Between:
        """`between { wait …  check … }`."""
        return tree.Between(parts=_nodes(parts), at=_at(parts))

    def waves(self, parts: Parts) -> tree.Waves:
        """`waves SELECTION by calls, LIMITS using NAME with { … } between { … }`."""
        using = next(index for index, part in enumerate(parts) if isinstance(part, Token) and part.type == "USING")
        return tree.Waves(
            selection=parts[1],
            limits=tuple(part for part in parts if isinstance(part, tree.Limit)),
            profile=parts[using + 1],
            overrides=_node(parts, tree.Overrides),
            between=_node(parts, tree.Between),
            at=_at(parts),
        )

    def check(self, parts: Parts) -> tree.Check:
        """`check NAME for QUANTITY`."""
        return tree.Check(gate=parts[1], length=_behind(parts, "FOR"), at=_at(parts))

    def stage(self, parts: Parts) -> tree.Stage:
        """`stage QUANTITY TEXT { actions }`."""
        return tree.Stage(number=parts[1], title=parts[2], actions=tuple(parts[4:-1]), at=_at(parts))

    def allow(self, parts: Parts) -> tree.Allow:
        """`allow NAME because TEXT`."""
        return tree.Allow(code=parts[1], because=parts[3], at=_at(parts))

    def answer(self, parts: Parts) -> tree.Answer:
        """`answer QUESTION = CHOICE`."""
        return tree.Answer(question=parts[1], choice=parts[3], at=_at(parts))


setattr(Builder, "except", Builder.except_)
