"""The objects of the embedded cluster, versioned, every change appended to the store before it is answered."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from meshmig.diagnostics import reject
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.units import Instant
from meshmig.ports import Store

LOG = "cluster.jsonl"
FORMAT = "meshmig/cluster/v1"


def ref_of(body: Mapping[str, Json]) -> ObjectRef:
    """Return an object's reference."""
    return Manifest(body).ref


class Table:
    """Objects by reference, with resourceVersions, uids, generations and the facts of the sandbox."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._seed = seed
        self.objects: dict[ObjectRef, Mapping[str, Json]] = {}
        self.kinds: dict[tuple[str, str], dict[ObjectRef, Mapping[str, Json]]] = {}
        self.facts: dict[str, Json] = {}
        self.version = 0
        self.changed: list[Callable[[ObjectRef], None]] = []

    def load(self) -> None:
        """Read the log back; a torn last line was never answered, so it is dropped.

        Raises:
            RejectedError: the store holds something else.
        """
        data = self._store.read(LOG) or b""
        lines = data.split(b"\n")
        for line in lines[:-1]:
            self._replay(json.loads(line))
        if self.facts.get("format") != FORMAT:
            text = "the state folder does not hold an embedded cluster of this version of meshmig"
            raise reject("MIG630", text, "name another --state folder, or delete this one to begin anew")
        self._compact()

    def _replay(self, entry: Mapping[str, Json]) -> None:
        self.version = max(self.version, int(entry.get("v", 0)))
        if "put" in entry:
            self._place(ref_of(entry["put"]), entry["put"])
        elif "del" in entry:
            self._remove(ObjectRef(*entry["del"]))
        else:
            self.facts |= entry["facts"]

    def _compact(self) -> None:
        entries = [{"v": self.version, "facts": self.facts}]
        entries += [{"v": self.version, "put": body} for _, body in sorted(self.objects.items())]
        self._store.write(LOG, b"".join(_line(entry) for entry in entries))

    def remember(self, **facts: Json) -> None:
        """Keep facts of the sandbox (its time, its world) beside the objects."""
        self.facts |= facts
        self._store.append(LOG, _line({"v": self.version, "facts": facts}))

    def put(self, body: Mapping[str, Json], now: Instant) -> Mapping[str, Json]:
        """Store an object as created or changed; returns it with its server-filled metadata."""
        ref = ref_of(body)
        live = self.objects.get(ref)
        if live is not None and _same(live, body):
            return live
        self.version += 1
        metadata = dict(body["metadata"])
        metadata["uid"] = live["metadata"]["uid"] if live else self._uid(ref)
        metadata["creationTimestamp"] = live["metadata"]["creationTimestamp"] if live else moment(now)
        metadata["resourceVersion"] = str(self.version)
        if live is None:
            metadata["generation"] = 1
        elif live.get("spec") != body.get("spec"):
            metadata["generation"] = int(live["metadata"].get("generation", 1)) + 1
        stored = dict(body) | {"metadata": metadata}
        self._store.append(LOG, _line({"v": self.version, "put": stored}))
        self._place(ref, stored)
        self._tell(ref)
        return stored

    def delete(self, ref: ObjectRef) -> None:
        """Take an object out."""
        self.version += 1
        self._store.append(LOG, _line({"v": self.version, "del": [ref.api_version, ref.kind, ref.namespace, ref.name]}))
        self._remove(ref)
        self._tell(ref)

    def of_kind(self, group: str, kind: str) -> tuple[Mapping[str, Json], ...]:
        """Return the objects of a kind in order."""
        found = self.kinds.get((group, kind), {})
        return tuple(found[ref] for ref in sorted(found))

    def _place(self, ref: ObjectRef, body: Mapping[str, Json]) -> None:
        self.objects[ref] = body
        self.kinds.setdefault((ref.group, ref.kind), {})[ref] = body

    def _remove(self, ref: ObjectRef) -> None:
        self.objects.pop(ref, None)
        self.kinds.get((ref.group, ref.kind), {}).pop(ref, None)

    def _tell(self, ref: ObjectRef) -> None:
        for callback in self.changed:
            callback(ref)

    def _uid(self, ref: ObjectRef) -> str:
        text = hashlib.sha256(f"{self._seed} {ref} {self.version}".encode()).hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"

    def suffix(self, name: str, length: int = 5) -> str:
        """Return a generated name's end, as API servers make them: no vowels, no look-alikes."""
        letters = "bcdfghjklmnpqrstvwxz2456789"
        number = int.from_bytes(hashlib.sha256(f"{self._seed} {name} {self.version}".encode()).digest()[:8], "big")
        return "".join(letters[(number >> (5 * place)) % len(letters)] for place in range(length))


def _same(live: Mapping[str, Json], body: Mapping[str, Json]) -> bool:
    volatile = {"uid", "resourceVersion", "generation", "creationTimestamp"}
    left = {k: v for k, v in live["metadata"].items() if k not in volatile}
    right = {k: v for k, v in body["metadata"].items() if k not in volatile}
    return left == right and {k: v for k, v in live.items() if k != "metadata"} == {
        k: v for k, v in body.items() if k != "metadata"
    }


def _line(entry: Mapping[str, Json]) -> bytes:
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def moment(now: Instant) -> str:
    """Write a moment as Kubernetes does."""
    return datetime.fromtimestamp(now.ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
