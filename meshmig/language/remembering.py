"""What had no mistake the last time a migration was resolved, so that an editor resolves only what changed."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

from meshmig.language.report import Report
from meshmig.language.tree import Extent

Value = TypeVar("Value")


class Placed(Protocol):
    """A node of the tree."""

    @property
    def at(self) -> Extent:
        """Where it stands."""


Node = TypeVar("Node", bound=Placed)


class Memory:
    """Results by all that they depend on but their place; kept from one time to the next, if they told no mistake."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, object] = {}
        self._again: dict[Hashable, object] = {}

    def begin(self) -> None:
        """Begin another time: what was not asked for in the last one is forgotten."""
        self._kept, self._again = self._again, {}

    def knows(self, key: Hashable) -> bool:
        """Say whether a result is remembered."""
        return key in self._kept

    def once(self, key: Hashable, reports: Sequence[Report], work: Callable[[], Value]) -> Value:
        """Return what the work gives, or gave the last time where it told nothing in any of the reports."""
        if key in self._kept:
            value = cast("Value", self._kept[key])
        else:
            before = sum(report.touched for report in reports)
            value = work()
            if sum(report.touched for report in reports) != before:
                return value
        self._again[key] = value
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Does work on nodes, or remembers its result by the node's text; without a memory it does all of it.

    `around` is what the work looks at besides the node: names, values. `excuses` are reasons for which work tells
    nothing although it could: what told nothing without any tells nothing with some. Places in a remembered result are
    those of an earlier text.
    """

    memory: Memory | None
    reports: tuple[Report, ...]
    around: Hashable = ()
    excuses: Hashable = None

    def within(self, around: Hashable, excuses: Hashable = None) -> "Once":
        """Return the same for work that looks at more."""
        return replace(self, around=hash((self.around, around)), excuses=self.excuses if excuses is None else excuses)

    def do(self, what: str, node: Node, report: Report, work: Callable[[Node], Value]) -> Value:
        """Do one piece of work on a node, named `what`."""
        if self.memory is None or report.is_damaged(node.at):
            return work(node)
        text = report.source.text[node.at.start : node.at.end]
        key: Hashable = (what, self.around, text)
        if self.excuses is not None and not self.memory.knows(key):
            key = (key, self.excuses)
        return self.memory.once(key, self.reports, lambda: work(node))
