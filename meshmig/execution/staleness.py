"""Whether the cluster is still as the plan saw it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from meshmig.diffs import moved, owner_of
from meshmig.execution.conditions import live
from meshmig.model.objects import Json, ObjectRef
from meshmig.model.plan import PatchPods, Step
from meshmig.ports import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleField:
    """A field that is neither as planned nor as wanted, and who wrote it."""

    object: ObjectRef
    path: str
    planned: Json
    live: Json
    manager: str

    def __str__(self) -> str:
        """Say what moved, from what to what, and by whom."""
        by = f" by {self.manager}" if self.manager else ""
        return f"{self.object} {self.path}: planned {_shown(self.planned)}, now {_shown(self.live)}{by}"


def _shown(value: Json) -> str:
    return "absent" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)


def stale_fields(cluster: Cluster, steps: Sequence[Step]) -> tuple[StaleField, ...]:
    """Compare the first change of every object of a stage with the live object."""
    found: list[StaleField] = []
    seen: set[ObjectRef] = set()
    for step in steps:
        if step.write is None or step.change is None or isinstance(step.write, PatchPods) or step.write.ref in seen:
            continue
        seen.add(step.write.ref)
        manifest = live(cluster, step.write.ref)
        found += [
            StaleField(
                object=step.write.ref,
                path=item.path,
                planned=item.planned,
                live=item.live,
                manager=owner_of(manifest, item.path) if manifest else "",
            )
            for item in moved(step.change, manifest)
        ]
    return tuple(found)
