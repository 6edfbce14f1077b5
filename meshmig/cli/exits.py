"""The exit code of every outcome: a contract with people's scripts."""

from collections.abc import Mapping

from meshmig.model.run import Outcome

EXIT: Mapping[Outcome, int] = {
    Outcome.OK: 0,
    Outcome.FINISHED: 0,
    Outcome.REFUSED: 1,
    Outcome.USAGE: 1,
    Outcome.CHANGES: 2,
    Outcome.STALE: 3,
    Outcome.HELD: 4,
    Outcome.ROLLED_BACK: 4,
    Outcome.WAITING: 5,
    Outcome.LOCKED: 6,
    Outcome.UNREACHABLE: 7,
    Outcome.BUG: 70,
}
