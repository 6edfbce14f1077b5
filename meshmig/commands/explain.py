"""`meshmig explain CODE`: the page of a code."""

import difflib
from collections.abc import Mapping

from meshmig.commands.result import PageShown, Result
from meshmig.diagnostics import reject
from meshmig.model.run import Outcome


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
    return {}
