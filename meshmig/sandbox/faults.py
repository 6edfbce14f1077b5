"""Faults that a rehearsal plants on purpose: which there are, which are in force, and which hit something."""

import difflib
from dataclasses import dataclass, field
from enum import StrEnum

from meshmig.diagnostics import Diagnostic, reject


class FaultName(StrEnum):
    """What can be broken."""

    ERRORS_NEW = "errors-new"
    """The new side fails 5 % of its requests."""
    ERRORS_BOTH = "errors-both"
    """Both sides do."""
    LATENCY_NEW = "latency-new"
    """The new side answers 20 % of its requests late."""
    BLIND = "blind"
    """The new side's metrics are not scraped."""
    IDLE = "idle"
    """Nobody sends."""
    POD_RESTART = "pod-restart"
    """A pod of the first workload that the stage moves restarts."""
    API_429 = "api-429"
    """The API server asks to come again later, time after time."""
    API_DOWN = "api-down"
    """The API server cannot be reached for a while."""
    CONFLICT = "conflict"
    """Somebody else takes a field that the stage writes later."""
    KILL = "kill"
    """The process is killed around its writes and started again."""


OF_TRAFFIC = frozenset(
    {FaultName.ERRORS_NEW, FaultName.ERRORS_BOTH, FaultName.LATENCY_NEW, FaultName.BLIND, FaultName.IDLE}
)
"""What only a gate can notice."""
NAMES = tuple(name.value for name in FaultName)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, in force while one stage runs."""

    name: FaultName
    stage: int

    def __str__(self) -> str:
        """Write it as the command line does."""
        return f"{self.name}@{self.stage}"


class KilledError(BaseException):
    """The process died here: nothing catches this but whoever starts it again."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults of one rehearsal; `stage` is the one that runs, `struck` the faults that had something to hit."""

    planted: tuple[Fault, ...] = ()
    stage: int = 0
    struck: set[Fault] = field(default_factory=set)

    def in_force(self, name: FaultName) -> bool:
        """Whether a fault is in force now; asking for it where it would act marks it as having struck."""
        found = Fault(name, self.stage)
        if found in self.planted:
            self.struck.add(found)
            return True
        return False

    def is_waiting(self, name: FaultName) -> bool:
        """Whether a fault of the present stage has not struck yet."""
        found = Fault(name, self.stage)
        return found in self.planted and found not in self.struck

    @property
    def spent(self) -> tuple[Fault, ...]:
        """The planted faults that hit nothing."""
        return tuple(fault for fault in self.planted if fault not in self.struck)


def parse_fault(text: str) -> Fault | Diagnostic:
    """Read `NAME@STAGE`; a finding where it is none."""
    name, _, stage = text.partition("@")
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the faults are: {', '.join(NAMES)}"
        return reject("MIG640", f"there is no fault `{name}`", hint).findings[0]
    if not stage.isdecimal():
        return reject("MIG641", f"`{text}` does not say in which stage", f"write {name}@4").findings[0]
    return Fault(FaultName(name), int(stage))
