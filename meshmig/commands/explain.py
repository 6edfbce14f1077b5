"""`meshmig explain CODE`: the page of a code."""

import difflib
from collections.abc import Mapping

from meshmig.commands.result import PageShown, Result
from meshmig.diagnostics import reject
from meshmig.model.run import Outcome

OURS: Mapping[str, str] = {
    "MIG001": "The command line cannot be taken",
    "MIG002": "There is no terminal to ask at",
    "MIG003": "The person did not agree",
    "MIG004": "A file is not in the canonical layout",
    "MIG005": "There is no such code",
    "MIG006": "There is no such stage or step",
    "MIG007": "Two outputs want stdout",
    "MIG008": "A lock is broken for a reason",
    "MIG009": "The language server is not installed",
    "MIG010": "An editor left the language server without a word",
    "MIG521": "Another plan of this migration is being applied",
    "MIG522": "No apply was started",
    "MIG523": "A folder knows no users: say who approves",
    "MIG524": "A stage asks for no such approval",
    "MIG525": "A stage was never begun",
    "MIG526": "A later stage stands on this one",
    "MIG527": "An earlier stage is not done",
    "MIG601": "A folder has no migration",
    "MIG602": "A folder has several migrations",
    "MIG603": "A file exists already",
    "MIG604": "A file cannot be read or written",
    "MIG605": "A saved plan is not JSON",
    "MIG606": "A file is no plan of this version",
    "MIG607": "A plan was changed after it was made",
    "MIG615": "A state folder cannot be read or written",
    "MIG640": "There is no such fault",
    "MIG641": "A fault does not say in which stage",
    "MIG642": "A fault is planted in a stage that is not there",
    "MIG643": "A fault hit nothing",
    "MIG650": "The API server or Prometheus cannot be reached",
    "MIG651": "The API server refused a request",
    "MIG652": "The process was asked to stop",
    "MIG901": "A plan or journal is not what meshmig wrote",
    "MIG999": "A bug in meshmig",
}
"""Codes that no single room below raises."""


def explain(code: str) -> Result:
    """Return the page of a code.

    Raises:
        RejectedError: no finding carries that code.
    """
    codes = catalogue()
    wanted = code.upper()
    if wanted not in codes:
        near = difflib.get_close_matches(wanted, codes, n=1)
        raise reject(
            "MIG005", f"there is no code `{code}`", f"did you mean {near[0]}?" if near else "codes look like MIG204"
        )
    return Result(outcome=Outcome.OK, shown=PageShown(code=wanted, page=f"{wanted}  {codes[wanted]}\n"))


def catalogue() -> Mapping[str, str]:
    """Return every code with its title, from the tables that the rooms keep."""
    return {code: title for table in tables() for code, title in table.items()}


def tables() -> tuple[Mapping[str, str], ...]:
    """Return the tables that the rooms keep."""
    from meshmig.adapters import folder, kube_config, prometheus, reading, yaml_text
    from meshmig.execution import engine
    from meshmig.language import CODES as LANGUAGE
    from meshmig.planning import hazards
    from meshmig.sandbox import persistence
    from meshmig.sources import appmesh
    from meshmig.targets.istio import whole

    rooms = (appmesh, whole, hazards, engine, yaml_text, reading, folder, kube_config, prometheus, persistence)
    return (OURS, LANGUAGE, *(room.CODES for room in rooms))
