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
_QUANTITIES = ("QUANTITY", "RATE", "NAMED_QUANTITY")
_LITERALS = ("TEXT", "QUANTITY", "RATE", "PATH")


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
    return next((after for before, after in pairwise(parts) if getattr(before, "type", "") == sign), None)


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

    def param(self, parts: Parts) -> tree.Param:
        """`param NAME in [ literals ] = literal`."""
        return tree.Param(name=parts[1], choices=_of(parts[4:-2], *_LITERALS), value=parts[-1], at=_at(parts))

    def named_text(self, parts: Parts) -> Token:
        """The name of a `param` where a text may stand; quantities and workloads alike."""
        token: Token = parts[0]
        return token._replace(type="NAMED_TEXT")

    def named_quantity(self, parts: Parts) -> Token:
        """The name of a `param` where a quantity may stand."""
        token: Token = parts[0]
        return token._replace(type="NAMED_QUANTITY")

    def named_path(self, parts: Parts) -> Token:
        """The name of a `param` where a workload may stand."""
        token: Token = parts[0]
        return token._replace(type="NAMED_PATH")

    def migration(self, parts: Parts) -> tree.Migration:
        """`migration NAME { parts }`."""
        return tree.Migration(name=parts[1], parts=tuple(parts[3:-1]), at=_at(parts))

    def cluster(self, parts: Parts) -> tree.Place:
        """`cluster context TEXT`, `in-cluster` or `files TEXT`, with settings; `to` and `metrics` look alike."""
        value = _first(parts[2:3], "TEXT", "NAMED_TEXT")
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
        """`errors`, `success_rate`, `slower_than QUANTITY` or `query TEXT`."""
        return tree.Measure(
            word=parts[0], threshold=_first(parts, *_QUANTITIES), query=_first(parts, "TEXT"), at=_at(parts)
        )

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

    def account(self, parts: Parts) -> list[Token]:
        """`harm QUANTITY` or `safe QUANTITY`, still as its two tokens."""
        return parts

    def confidence(self, parts: Parts) -> tree.Confidence:
        """`confidence QUANTITY`, or accounts."""
        accounts = {part[0].type: part[1] for part in parts if isinstance(part, list)}
        both = _first(parts, *_QUANTITIES)
        harm, safe = accounts.get("HARM", both), accounts.get("SAFE", both)
        last = parts[-1][1] if accounts else parts[-1]
        return tree.Confidence(key=parts[0], harm=harm, safe=safe, at=_at([parts[0], last]))

    def gate(self, parts: Parts) -> tree.Gate:
        """`gate NAME { parts }`."""
        return tree.Gate(name=parts[1], parts=tuple(parts[3:-1]), at=_at(parts))

    def steps(self, parts: Parts) -> tree.Steps:
        """`steps QUANTITY, QUANTITY`."""
        return tree.Steps(key=parts[0], values=_of(parts, *_QUANTITIES), at=_at(parts))

    def approve_before(self, parts: Parts) -> tree.ApproveBefore:
        """`approve before QUANTITY by TEXT`."""
        return tree.ApproveBefore(percent=parts[2], team=parts[4], at=_at(parts))

    def profile(self, parts: Parts) -> tree.Profile:
        """`profile NAME { parts }`."""
        return tree.Profile(name=parts[1], parts=tuple(parts[3:-1]), at=_at(parts))

    def workloads(self, parts: Parts) -> tree.Patterns:
        """`workloads PATH, PATH`, and `except` alike."""
        return tree.Patterns(key=parts[0], items=_of(parts, "PATH", "NAMED_PATH"), at=_at(parts))

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
        """`move SELECTION using NAME into NAME with { … }`."""
        return tree.Move(
            selection=parts[1],
            profile=parts[3],
            into=_behind(parts, "INTO"),
            overrides=_node(parts, tree.Overrides),
            at=_at(parts),
        )

    def wave_limit(self, parts: Parts) -> tree.Limit:
        """`at most QUANTITY` or `QUANTITY at once`."""
        key = parts[1] if parts[1].type == "MOST" else parts[2]
        return tree.Limit(key=key, count=_of(parts, *_QUANTITIES)[0], at=_at(parts))

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

    def mirror(self, parts: Parts) -> tree.Mirror:
        """`mirror SELECTION QUANTITY for QUANTITY`."""
        return tree.Mirror(selection=parts[1], percent=parts[2], length=parts[4], at=_at(parts))

    def run(self, parts: Parts) -> tree.RunJob:
        """`run job PATH within QUANTITY`."""
        return tree.RunJob(key=parts[0], job=parts[2], within=parts[4], at=_at(parts))

    def period(self, parts: Parts) -> tree.Period:
        """`TIME..TIME`."""
        return tree.Period(first=parts[0], last=parts[2], at=_at(parts))

    def span(self, parts: Parts) -> tree.Days:
        """`DAY` or `DAY..DAY`."""
        return tree.Days(first=parts[0], last=_behind(parts, "RANGE"), at=_at(parts))

    def days(self, parts: Parts) -> tuple[tree.Days, ...]:
        """A comma list of days."""
        return _nodes(parts)

    def hours(self, parts: Parts) -> tree.Period:
        """`CLOCK..CLOCK`, which looks like a period."""
        return self.period(parts)

    def recurring(self, parts: Parts) -> tree.Recurring:
        """`DAYS HOURS in TEXT`."""
        days = next((part for part in parts if type(part) is tuple), ())
        hours = _node(parts, tree.Period)
        first = days[0] if days else hours
        return tree.Recurring(
            days=days,
            hours=(hours.first, hours.last) if hours else None,
            zone=parts[-1],
            at=_at([first, parts[-1]]),
        )

    def window(self, parts: Parts) -> tree.Window:
        """`window WHEN` or `blackout WHEN`."""
        return tree.Window(key=parts[0], when=parts[1], at=_at(parts))

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

    def adopt(self, parts: Parts) -> tree.Adopt:
        """`adopt KIND NAME`."""
        return tree.Adopt(key=parts[0], kind=parts[1], name=parts[2], at=_at(parts))

    def take_over(self, parts: Parts) -> tree.TakeOver:
        """`take_over KIND NAME FIELD from MANAGER`."""
        key, kind, name, field, _, manager = parts
        return tree.TakeOver(key=key, kind=kind, name=name, field=field, manager=manager, at=_at(parts))

    def notify(self, parts: Parts) -> tree.Notify:
        """`notify webhook TEXT on start, failure`."""
        occasions = _of(parts[4:], "START", "WAIT", "FAILURE", "END")
        return tree.Notify(key=parts[0], channel=parts[1], target=parts[2], occasions=occasions, at=_at(parts))

    def raw(self, parts: Parts) -> tree.Raw:
        """`raw istio MANIFESTS`."""
        return tree.Raw(key=parts[0], manifests=parts[2], at=_at(parts))


setattr(Builder, "except", Builder.except_)
