"""What is measured, how it is asked, and how it is judged."""

from meshmig.gates.judge import Asked, Evidence, Judged, decide, judge
from meshmig.gates.queries import Answer, ask
from meshmig.gates.scrape import IN_NO_MESH, NOBODY, Moment, PodName, Scrape, Side, scrape
from meshmig.gates.tally import Counts

__all__ = [
    "IN_NO_MESH",
    "NOBODY",
    "Answer",
    "Asked",
    "Counts",
    "Evidence",
    "Judged",
    "Moment",
    "PodName",
    "Scrape",
    "Side",
    "ask",
    "decide",
    "judge",
    "scrape",
]
