"""A plan as a partial order of events, and every version that an object may have on the way."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from meshmig.diffs import predict
from meshmig.model.objects import Manifest, ObjectRef, Snapshot
from meshmig.model.plan import PatchPods, Plan, Step, WorkloadDrained, WorkloadReady

LARGEST = 20_000
"""Places of one lattice beyond which it is not walked."""

Place = tuple[int, int]
"""Which of some steps were begun and which ended, as bits by their position among them."""


class TooManyPlacesError(Exception):
    """A lattice of places is too large to walk."""


@dataclass(frozen=True)
class Course:
    """All steps of a plan in order, each with the steps that surely end before it begins."""

    source: Snapshot
    steps: tuple[Step, ...]
    before: tuple[int, ...]
    """By position: the bits of the steps that must have ended."""
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

    def ever(self, ref: ObjectRef) -> tuple[Manifest, ...]:
        """Return every version that an object has when its writes are made in the plan's order."""
        current = self.source.get(ref)
        found = [current] if current is not None else []
        begun = 0
        for position in self.writers.get(ref, ()):
            begun |= 1 << position
            current = self.version(ref, begun)
            if current is not None:
                found.append(current)
        return tuple(found)

    def version(self, ref: ObjectRef, begun: int) -> Manifest | None:
        """Return an object as it is when just these of the plan's steps were begun."""
        writers = [position for position in self.writers.get(ref, ()) if begun >> position & 1]
        key = (ref, sum(1 << position for position in writers))
        if key not in self.versions:
            self.versions[key] = self._made(ref, writers)
        return self.versions[key]

    def _made(self, ref: ObjectRef, writers: Sequence[int]) -> Manifest | None:
        if not writers:
            return self.source.get(ref)
        earlier = self.version(ref, sum(1 << position for position in writers[:-1]))
        write = self.steps[writers[-1]].write
        return earlier if write is None or isinstance(write, PatchPods) else predict(earlier, write)

    def places(self, positions: Sequence[int]) -> Iterator[Place]:
        """Walk every place that the plan may stand in, as far as these steps tell places apart.

        A step that waits for pods is begun and ends later; others end as they begin. Each set of steps that respects
        the plan's order is met once: those of other steps can always be completed around it.

        Raises:
            TooManyPlacesError: there are more than LARGEST.
        """
        needed = [sum(1 << n for n, other in enumerate(positions) if self.before[p] >> other & 1) for p in positions]
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
    steps = tuple(step for stage in plan.stages for step in stage.steps)
    number = {step.id: position for position, step in enumerate(steps)}
    before: list[int] = []
    behind = done = 0
    stage = steps[0].stage if steps else 0
    for position, step in enumerate(steps):
        if step.stage != stage:
            stage, behind = step.stage, done
        earlier = behind
        for name in step.after:
            if name in number and number[name] < position:
                earlier |= before[number[name]] | 1 << number[name]
        before.append(earlier)
        done |= 1 << position
    return Course(source, steps, tuple(before))
