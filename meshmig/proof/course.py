"""A plan as a partial order of events, and every version that an object may have on the way."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from meshmig.diffs import predict
from meshmig.model.objects import Manifest, ObjectRef, Snapshot
from meshmig.model.plan import PatchPods, Plan, Stage, Step, WorkloadDrained, WorkloadReady

LARGEST = 20_000
"""Places of one lattice beyond which it is not walked."""

Place = tuple[int, int]
"""Which of some steps were begun and which ended, as bits by their position among them."""


class TooManyPlacesError(Exception):
    """A lattice of places is too large to walk."""


@dataclass(frozen=True, slots=True)
class Rank:
    """Where a step stands in the order: segments follow each other, `inside` are the steps before it in its own.

    A segment begins at position `start`; bit n of `inside` is the step at `start + n`.
    """

    segment: int
    start: int
    inside: int


@dataclass(frozen=True)
class Course:
    """All steps of a plan in order, and which of them surely end before which begin."""

    source: Snapshot
    steps: tuple[Step, ...]
    ranks: tuple[Rank, ...]
    versions: dict[tuple[ObjectRef, int], Manifest | None] = field(default_factory=dict)

    @cached_property
    def writers(self) -> Mapping[ObjectRef, tuple[int, ...]]:
        """The positions of the steps that write each object, in the plan's order; pods count as their workload."""
        found: dict[ObjectRef, list[int]] = {}
        for position, step in enumerate(self.steps):
            if step.write is not None:
                ref = step.write.workload if isinstance(step.write, PatchPods) else step.write.ref
                found.setdefault(ref, []).append(position)
        return {ref: tuple(listed) for ref, listed in found.items()}

    def precedes(self, earlier: int, later: int) -> bool:
        """Say whether a step has surely ended when another begins."""
        one, other = self.ranks[earlier], self.ranks[later]
        if one.segment != other.segment:
            return one.segment < other.segment
        return bool(other.inside >> (earlier - other.start) & 1)

    def ever(self, ref: ObjectRef) -> tuple[Manifest, ...]:
        """Return every version that an object has when its writes are made in the plan's order."""
        count = len(self.writers.get(ref, ()))
        found = (self.version(ref, (1 << begun) - 1) for begun in range(count + 1))
        return tuple(version for version in found if version is not None)

    def version(self, ref: ObjectRef, begun: int) -> Manifest | None:
        """Return an object as it is when just these of its writes were made: bits by their place among its writers."""
        left, missing = begun, []
        while left and (ref, left) not in self.versions:
            missing.append(left.bit_length() - 1)
            left ^= 1 << missing[-1]
        current = self.versions[ref, left] if left else self.source.get(ref)
        for last in reversed(missing):
            left |= 1 << last
            write = self.steps[self.writers[ref][last]].write
            if write is not None and not isinstance(write, PatchPods):
                current = predict(current, write)
            self.versions[ref, left] = current
        return current

    def places(self, positions: Sequence[int]) -> Iterator[Place]:
        """Walk every place that the plan may stand in, as far as these steps tell places apart.

        A step that waits for pods is begun and ends later; others end as they begin. Each set of steps that respects
        the plan's order is met once: those of other steps can always be completed around it.

        Raises:
            TooManyPlacesError: there are more than LARGEST.
        """
        needed = [sum(1 << n for n, other in enumerate(positions) if self.precedes(other, p)) for p in positions]
        slow = [waits_for_pods(self.steps[position]) for position in positions]
        waiting: deque[Place] = deque([(0, 0)])
        seen = {(0, 0)}
        while waiting:
            place = waiting.popleft()
            yield place
            for following in _following(place, needed, slow):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
            if len(seen) > LARGEST:
                raise TooManyPlacesError


def _following(place: Place, needed: Sequence[int], slow: Sequence[bool]) -> Iterator[Place]:
    begun, ended = place
    for number, (need, waits) in enumerate(zip(needed, slow, strict=True)):
        bit = 1 << number
        if not begun & bit and need & ~ended == 0:
            yield begun | bit, ended if waits else ended | bit
        elif begun & bit and not ended & bit:
            yield begun, ended | bit


def waits_for_pods(step: Step) -> bool:
    """Whether pods come or go between a step's beginning and its end."""
    return any(isinstance(condition, WorkloadReady | WorkloadDrained) for condition in step.waits)


def course_of(plan: Plan, source: Snapshot) -> Course:
    """Order a plan's steps: by `after`, and a stage after the whole stage before it."""
    ranks: list[Rank] = []
    for stage in plan.stages:
        segment = ranks[-1].segment + 1 if ranks else 0
        first = len(ranks)
        ranks += _cut(stage, first, segment) or _whole(stage, first, segment)
    return Course(source, tuple(step for stage in plan.stages for step in stage.steps), tuple(ranks))


def _cut(stage: Stage, first: int, segment: int) -> list[Rank] | None:
    """Rank a stage's steps, a segment from each step that waits for all before it; None where a later one does not.

    Without segments each step of a stage of 200,000 would carry 200,000 bits.
    """
    number = {step.id: first + index for index, step in enumerate(stage.steps)}
    ranks: list[Rank] = []
    start = first
    for position, step in enumerate(stage.steps, first):
        inside = _inside(step, number, (ranks, first, start), position)
        if position > start and inside == (1 << (position - start)) - 1:
            segment, start, inside = segment + 1, position, 0
        elif start != first and not inside & 1:
            return None
        ranks.append(Rank(segment, start, inside))
    return ranks


def _whole(stage: Stage, first: int, segment: int) -> list[Rank]:
    number = {step.id: first + index for index, step in enumerate(stage.steps)}
    ranks: list[Rank] = []
    for position, step in enumerate(stage.steps, first):
        ranks.append(Rank(segment, first, _inside(step, number, (ranks, first, first), position)))
    return ranks


def _inside(step: Step, number: Mapping[str, int], made: tuple[list[Rank], int, int], position: int) -> int:
    ranks, first, start = made
    inside = 0
    for name in step.after:
        earlier = number.get(name, position)
        if start <= earlier < position:
            inside |= ranks[earlier - first].inside | 1 << (earlier - start)
    return inside
