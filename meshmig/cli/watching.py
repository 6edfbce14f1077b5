"""`status --watch`: the status again whenever it changed, until everything is done or Ctrl-C."""

import sys
from collections.abc import Callable
from dataclasses import replace

from meshmig.adapters.clock import SystemClock
from meshmig.cli.stopping import stoppable
from meshmig.cli.views.human import human
from meshmig.commands.result import Nothing, Result, StatusShown
from meshmig.model.run import StageState
from meshmig.model.units import Duration
from meshmig.ports import StoppedError

_EVERY = Duration.of(seconds=5)


def watch(look: Callable[[], Result], *, verbose: bool) -> Result:
    """Print what `look` shows whenever it differs from before; returns the last look, with nothing left to show."""
    clock, told = SystemClock(), ""
    with stoppable() as stopping:
        stopping.watch(clock)
        while True:
            result = look()
            text = human(result, verbose=verbose)
            if text != told:
                print(text if not told else f"\n{text}", end="", file=sys.stdout, flush=True)
                told = text
            if _is_over(result):
                return replace(result, shown=Nothing())
            try:
                clock.wait(_EVERY)
            except StoppedError:
                return replace(result, shown=Nothing())


def _is_over(result: Result) -> bool:
    shown = result.shown
    stages = shown.run.stages if isinstance(shown, StatusShown) else ()
    return bool(stages) and all(state is StageState.DONE for _, state in stages)
