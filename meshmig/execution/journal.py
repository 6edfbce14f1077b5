"""The write-ahead journal, kept in the cluster as ConfigMaps: any machine can go on with a run."""

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from meshmig.codec import canonical, from_json, to_json
from meshmig.diagnostics import reject
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.run import Event, Happening, PlanReplaced, RunStarted
from meshmig.model.units import Instant
from meshmig.ports import Cluster, ConflictError, NotFoundError

NAMESPACE = "meshmig"
_LABEL = "meshmig.io/migration"
_PER_CHUNK = 40
_PLAN_BYTES = 700_000
"""A ConfigMap holds 1 MiB at most; base64 and its frame take the rest."""


class Journal:
    """The events of one migration. Each append carries the chunk's resourceVersion: a loser's late write is refused."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name
        self._chunk: Manifest | None = None
        self._length = 0

    def read(self) -> tuple[Event, ...]:
        """Read every event in order; empty where no run was recorded.

        Raises:
            RejectedError: an entry is missing or is not meshmig's.
        """
        events: list[Event] = []
        number = 0
        self._chunk = None
        while (chunk := self._get(self._chunk_ref(number))) is not None:
            self._chunk = chunk
            data = chunk.body.get("data") or {}
            events += [self._event(key, data[key]) for key in sorted(data)]
            number += 1
        self._length = len(events)
        if [event.number for event in events] != list(range(1, len(events) + 1)):
            what = f"the journal of {self._name} has a gap"
            raise reject("MIG501", what, f"look at the ConfigMaps labelled {_LABEL}={self._name}")
        return tuple(events)

    def _event(self, key: str, text: str) -> Event:
        try:
            data = json.loads(text)
        except ValueError as error:
            raise reject("MIG501", f"journal entry {key} is not JSON", "somebody edited the journal") from error
        happening = data.get("happening") or {}
        if "plan_in" in happening:
            happening["plan"] = self._plan(happening.pop("plan_in"))
        return from_json(Event, data, f"journal entry {key}")

    def append(self, at: Instant, happenings: Sequence[Happening]) -> tuple[Event, ...]:
        """Write events of one moment, whole or not at all, and return them numbered.

        Raises:
            ConflictError: another run wrote since this one read.
        """
        events = tuple(
            Event(number=self._length + place, at=at, happening=happening)
            for place, happening in enumerate(happenings, start=1)
        )
        for event in events:
            self._write(event)
        return events

    def _write(self, event: Event) -> None:
        place, index = divmod(event.number - 1, _PER_CHUNK)
        data = {f"{event.number:08d}": self._text(event)}
        if index == 0:
            body = _config_map(self._chunk_ref(place), self._name, {"data": data})
            self._chunk = self._cluster.create(Manifest(body))
        elif self._chunk is not None:
            body = {k: v for k, v in self._chunk.body.items() if k != "data"}
            body["data"] = {**(self._chunk.body.get("data") or {}), **data}
            self._chunk = self._cluster.replace(Manifest(body))
        self._length = event.number

    def _text(self, event: Event) -> str:
        data = to_json(Event, self._without_plan(event))
        if isinstance(event.happening, RunStarted | PlanReplaced):
            data["happening"]["plan_in"] = self._keep_plan(event.happening.plan)
        return canonical(data).decode()

    def _without_plan(self, event: Event) -> Event:
        happening = event.happening
        if isinstance(happening, RunStarted | PlanReplaced):
            return replace(event, happening=replace(happening, plan={}))
        return event

    def _keep_plan(self, plan: Json) -> list[str]:
        packed = gzip.compress(canonical(plan), mtime=0)
        names = []
        for place, part in enumerate(_parts(packed)):
            ref = self._ref(f"plan-{str(plan.get('digest', ''))[:10]}-{place}")
            body = _config_map(ref, self._name, {"binaryData": {"part": base64.b64encode(part).decode()}})
            if self._get(ref) is None:
                self._cluster.create(Manifest(body))
            names.append(ref.name)
        return names

    def _plan(self, names: Sequence[str]) -> Json:
        parts = []
        for name in names:
            manifest = self._get(ObjectRef("v1", "ConfigMap", NAMESPACE, name))
            if manifest is None:
                raise reject("MIG501", f"the journal's plan part {name} is missing", "somebody deleted it")
            parts.append(base64.b64decode(manifest.body["binaryData"]["part"]))
        return json.loads(gzip.decompress(b"".join(parts)))

    def _get(self, ref: ObjectRef) -> Manifest | None:
        try:
            return self._cluster.get(ref)
        except NotFoundError:
            return None

    def _chunk_ref(self, number: int) -> ObjectRef:
        return self._ref(f"journal-{number + 1:04d}")

    def _ref(self, suffix: str) -> ObjectRef:
        safe = self._name.replace("_", "-")
        return ObjectRef("v1", "ConfigMap", NAMESPACE, f"meshmig-{safe}-{suffix}")


def ensure_namespace(cluster: Cluster, name: str) -> None:
    """Make the namespace that holds journal and lock, where it is not there."""
    try:
        cluster.get(ObjectRef("v1", "Namespace", "", name))
    except NotFoundError:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        try:
            cluster.create(Manifest(body))
        except ConflictError:
            return


def _parts(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PLAN_BYTES):
        yield data[start : start + _PLAN_BYTES]


def _config_map(ref: ObjectRef, migration: str, content: dict[str, Json]) -> dict[str, Json]:
    labels = {"app.kubernetes.io/managed-by": "meshmig", _LABEL: migration}
    metadata = {"name": ref.name, "namespace": ref.namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata} | content
