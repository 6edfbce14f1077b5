"""What a check before a move sees, what it could not look at, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.objects import ObjectRef


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a thing was seen: the object, the field in it, the value it has."""

    ref: ObjectRef | None = None
    path: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Fired:
    """One thing that a check found; the message does not repeat the object's name, so that equal ones can be folded.

    An empty remedy is the check's own; a severity of None too.
    """

    evidence: Evidence
    message: str
    remedy: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a check could not look at, and what it would need; `partly`: the rest was looked at.

    `pod` is the pod (or workload) that the reason names, so that reasons that differ in it alone can be folded.
    """

    reason: str
    partly: bool = False
    pod: str = ""


Seen = Fired | Gap


class State(StrEnum):
    """What became of a check."""

    FIRED = "fired"
    CLEAR = "clear"
    NOT_LOOKED_AT = "not looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A check's result: what it found, what it could not look at; `accepted` is the reason of the file's `allow`."""

    code: str
    title: str
    fired: tuple[Fired, ...]
    gaps: tuple[Gap, ...]
    findings: tuple[Diagnostic, ...]
    """One a `fired`, in the same order, with the check's defaults filled in."""
    accepted: str = ""

    @property
    def state(self) -> State:
        """Fired, clear, or not looked at at all."""
        if self.fired:
            return State.FIRED
        return State.NOT_LOOKED_AT if any(not gap.partly for gap in self.gaps) else State.CLEAR

    @property
    def severity(self) -> Severity | None:
        """The heaviest of the findings."""
        order = (Severity.ERROR, Severity.WARNING, Severity.INFO)
        present = {finding.severity for finding in self.findings}
        return next((severity for severity in order if severity in present), None)
