"""Everything that can go wrong with a move and can be seen before it: one small pure function a check."""

from meshmig.checks.alternatives import ALTERNATIVES
from meshmig.checks.check import Check
from meshmig.checks.dumps import PodDump, read_dumps
from meshmig.checks.facts import Facts, Server
from meshmig.checks.features import uses
from meshmig.checks.metrics import QUERIES, Measured
from meshmig.checks.registry import CHECKS, CODES
from meshmig.checks.resources import EXTRA_RESOURCES
from meshmig.checks.rights import INSTALL, MOVE, Right
from meshmig.checks.running import idle_allows, look, unknown_pods

__all__ = [
    "ALTERNATIVES",
    "CHECKS",
    "CODES",
    "EXTRA_RESOURCES",
    "INSTALL",
    "MOVE",
    "QUERIES",
    "Check",
    "Facts",
    "Measured",
    "PodDump",
    "Right",
    "Server",
    "idle_allows",
    "look",
    "read_dumps",
    "unknown_pods",
    "uses",
]
