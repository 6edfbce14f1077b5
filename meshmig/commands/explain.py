"""`meshmig explain CODE`: the page of a code."""

import difflib

from meshmig.catalogue import codes, page
from meshmig.commands.result import PageShown, Result
from meshmig.diagnostics import reject
from meshmig.model.run import Outcome


def explain(code: str) -> Result:
    """Return the page of a code; `mig204` and `204` mean MIG204.

    Raises:
        RejectedError: no finding carries that code.
    """
    wanted = f"MIG{code}" if code.isdigit() else code.upper()
    found = page(wanted)
    if found is None:
        near = difflib.get_close_matches(wanted, codes(), n=1)
        help_text = f"did you mean {near[0]}?" if near else "codes look like MIG204; findings show them"
        raise reject("MIG005", f"there is no code `{code}`", help_text)
    return Result(outcome=Outcome.OK, shown=PageShown(code=wanted, page=found.text))
