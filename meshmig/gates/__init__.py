"""What is measured, how it is asked, and how it is judged."""

from meshmig.gates.judge import Asked, Judged, judge
from meshmig.gates.query import Counts, counts

__all__ = ["Asked", "Counts", "Judged", "counts", "judge"]
