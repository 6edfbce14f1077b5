"""What controllers have to look at, and when; the same key is kept once, at its earliest moment."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meshmig.model.objects import ObjectRef
from meshmig.model.units import Instant


@dataclass(frozen=True, slots=True, order=True)
class Task:
    """A controller's name and the object that it shall look at."""

    controller: str
    ref: ObjectRef


class Agenda:
    """Tasks by their moment; equal moments are worked off in the order of the tasks."""

    def __init__(self) -> None:
        self._due: dict[Task, int] = {}
        self._heap: list[tuple[int, Task]] = []
        self._changed: dict[Task, int | None] = {}

    def add(self, task: Task, moment: Instant) -> None:
        """Look at that object at that moment, or earlier where it is on the agenda already."""
        known = self._due.get(task)
        if known is None or moment.ms < known:
            self.put(task, moment.ms)
            self._changed[task] = moment.ms

    def put(self, task: Task, due_ms: int | None) -> None:
        """Set a task's moment without noting it as a change: what a log said. None takes it off."""
        if due_ms is None:
            self._due.pop(task, None)
            return
        self._due[task] = due_ms
        heapq.heappush(self._heap, (due_ms, task))

    def next_due(self) -> Instant | None:
        """Return the moment of the next task."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return Instant(self._heap[0][0]) if self._heap else None

    def take(self, now: Instant) -> tuple[Task, ...]:
        """Take off every task that is due by now."""
        taken: list[Task] = []
        while (due := self.next_due()) is not None and due <= now:
            _, task = heapq.heappop(self._heap)
            del self._due[task]
            self._changed[task] = None
            taken.append(task)
        return tuple(taken)

    def changes(self) -> Mapping[Task, int | None]:
        """Hand over what changed since the last call: a moment, or None for a task that is done."""
        changed, self._changed = self._changed, {}
        return changed

    def __iter__(self) -> Iterator[tuple[Task, int]]:
        return iter(sorted(self._due.items()))
