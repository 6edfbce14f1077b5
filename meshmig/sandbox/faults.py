"""Faults that a rehearsal plants on purpose: in the pods, in the metrics, in the API server."""

import difflib
from dataclasses import dataclass

from meshmig.diagnostics import Diagnostic, reject

NAMES = ("errors-new", "errors-both", "latency-new", "blind", "idle")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, in force while one stage runs."""

    name: str
    stage: int


def parse_fault(text: str) -> Fault | Diagnostic:
    """Read `NAME@STAGE`; a finding where it is none."""
    name, _, stage = text.partition("@")
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the faults are: {', '.join(NAMES)}"
        return reject("MIG640", f"there is no fault `{name}`", hint).findings[0]
    if not stage.isdigit():
        return reject("MIG641", f"`{text}` does not say in which stage", f"write {name}@4").findings[0]
    return Fault(name, int(stage))
