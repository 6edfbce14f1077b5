"""The corpus as a table: `python -m tests.corpus.table [SET…]`; the same bytes each time.

A line a set: stages, objects written, fields by their fate, kinds of requests, requests sent and lost, refusals.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.corpus.sets import folder_of, names
from tests.program import Ran, meshmig

COLUMNS = ("set", "outcome", "stages", "objects", "carried", "approx.", "asked", "refused", "flows", "sent", "lost")
_WIDTHS = (46, 9, 6, 7, 7, 7, 5, 7, 5, 8, 4)


def row(name: str, folder: Path) -> tuple[tuple[str, ...], str]:
    """Run a set through init, plan and rehearse; return its cells, and the codes that refuse it."""
    made = meshmig("init", "--files", str(folder_of(name)), "-o", "site.mig", "--json", cwd=folder)
    if made.exit:
        return (name, made.outcome, *[""] * 9), _codes(made)
    planned = meshmig("plan", "site.mig", "--json", cwd=folder)
    ledger = planned.data.get("ledger", {}).get("counts", {})
    fates = [str(ledger.get(fate, "")) for fate in ("carried", "approximated", "asked", "refused")]
    if planned.exit:
        return (name, planned.outcome, "", "", *fates, "", "", ""), _codes(planned)
    rehearsed = meshmig("rehearse", "site.mig", "--json", cwd=folder)
    requests = rehearsed.data["requests"]
    counts = [str(requests[what]) for what in ("flows", "sent", "lost")]
    stages = planned.data["stages"]
    return (name, rehearsed.outcome, str(len(stages)), str(len(_objects(stages))), *fates, *counts), ""


def _objects(stages: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    found = (step.get("object") for stage in stages for step in stage["steps"] if step.get("changes"))
    return {tuple(sorted((key, str(value)) for key, value in each.items())) for each in found if each}


def _codes(ran: Ran) -> str:
    counted = Counter(ran.codes)
    return ", ".join(f"{code} × {count}" if count > 1 else code for code, count in sorted(counted.items()))


def _line(cells: tuple[str, ...]) -> str:
    first, *others = (f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    return " ".join((first, *others))


def lines(chosen: list[str]) -> Iterator[str]:
    """Yield the table."""
    yield _line(COLUMNS) + " refused for"
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            cells, codes = row(name, Path(folder))
        yield f"{_line(cells)} {codes}".rstrip()


if __name__ == "__main__":
    for line in lines(sys.argv[1:] or names()):
        print(line, flush=True)
