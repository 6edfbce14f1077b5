"""Asking a person before anything is written."""

import sys
from collections.abc import Callable

from meshmig.diagnostics import reject


def confirm(what: str, *, agreed: bool, show: Callable[[], None] = lambda: None) -> None:
    """Return when the person agreed, by `--yes` or at the prompt; `show` tells first what they agree to.

    Raises:
        RejectedError: there is no terminal to ask at, or the person said no.
    """
    if agreed:
        return
    if not sys.stdin.isatty():
        raise reject("MIG002", f"cannot ask whether to {what}: there is no terminal", "say --yes")
    show()
    sys.stderr.write(f"{what}? Only `yes` goes on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "yes":
        raise reject("MIG003", "not agreed; nothing was changed", "answer yes, or say --yes")
