"""One row of the registry."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from meshmig.checks.facts import Facts
from meshmig.diagnostics import Severity
from meshmig.model.precheck import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row of the registry: what is asked, how much a yes weighs, what to do about it."""

    code: str
    title: str
    severity: Severity
    remedy: str
    look: Callable[[Facts], Iterable[Seen]]
