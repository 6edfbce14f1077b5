"""Every object of the embedded cluster with its indexes, its history, and what is still to be done."""

import gc
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.resources import APPMESH, resource_of
from meshmig.model.units import Instant
from meshmig.sandbox.agenda import Agenda, Task
from meshmig.sandbox.persistence import Commit, Journal

Body = dict[str, Any]
Changed = Callable[[ObjectRef, Body | None, Body | None], None]

_KEPT_EVENTS = 20_000
"""How many changes a watch can still start from."""


class State:
    """Objects by reference. Bodies are never changed in place: a change puts a new one."""

    def __init__(self, journal: Journal, now: Callable[[], Instant]) -> None:
        self.objects: dict[ObjectRef, Body] = {}
        self.version = 0
        self.facts: dict[str, Json] = {}
        self.agenda = Agenda()
        self.now = now
        self.history: deque[tuple[int, str, Body]] = deque(maxlen=_KEPT_EVENTS)
        self.forgotten = 0
        """The version of the last change that a watch can no longer be told of."""
        self.changed: list[Changed] = []
        self.committed: list[Callable[[tuple[ObjectRef, ...]], None]] = []
        self._journal = journal
        self._kinds: dict[tuple[str, str], set[ObjectRef]] = {}
        self._owned: dict[str, set[ObjectRef]] = {}
        self._labelled: dict[tuple[str, str, str, str], set[ObjectRef]] = {}
        self._addressed: dict[str, set[ObjectRef]] = {}
        self._commit = Commit(0, 0)
        self._is_silent = False

    def put(self, body: Body, event: str) -> None:
        """Keep a new state of an object; its resourceVersion must come from `next_version`."""
        ref = ref_of(body)
        before = self.objects.get(ref)
        self._place(ref, before, body)
        self._note(event, body)
        if not self._is_silent:
            self._commit.objects.append(body)
        self._tell(ref, before, body)

    def drop(self, ref: ObjectRef, last: Body) -> None:
        """Forget an object; `last` is what a watcher is told, with a resourceVersion from `next_version`."""
        before = self.objects[ref]
        self._remove(ref, before)
        self._note("DELETED", last)
        self._commit.gone.append(ref)
        self._tell(ref, before, None)

    def remember(self, **facts: Json) -> None:
        """Keep facts about the cluster itself."""
        self.facts.update(facts)
        self._commit.facts = {**self._commit.facts, **facts}

    def next_version(self) -> int:
        """Return a resourceVersion that is greater than every one before."""
        self.version += 1
        return self.version

    def commit(self) -> None:
        """Persist what changed since the last commit, then tell who listens; nothing where nothing changed."""
        if self._is_silent:
            return
        commit, self._commit = self._commit, Commit(0, 0)
        commit.tasks = self.agenda.changes()
        moved = tuple(dict.fromkeys((*(ref_of(body) for body in commit.objects), *commit.gone)))
        if not (moved or commit.tasks or commit.facts or self._time_moved()):
            return
        commit.now_ms, commit.version = self.now().ms, self.version
        self.facts["now_ms"] = commit.now_ms
        self._journal.append(commit)
        if self._journal.is_long:
            self.compact()
        for callback in self.committed if moved else ():
            callback(moved)

    def _time_moved(self) -> bool:
        return bool(self.facts.get("now_ms") != self.now().ms)

    def silently(self, work: Callable[[], None]) -> None:
        """Do work whose commits are not logged one by one, then write the whole state."""
        self._is_silent = True
        with _uncollected():
            work()
        self._is_silent = False
        self._commit = Commit(0, 0)
        self.agenda.changes()
        self.forget_history()
        self.compact()

    def forget_history(self) -> None:
        """Let no watch begin before now."""
        self.history.clear()
        self.forgotten = self.version

    def compact(self) -> None:
        """Write the whole state."""
        self.facts["now_ms"] = self.now().ms
        bodies = [self.objects[ref] for ref in sorted(self.objects)]
        tasks = dict(self.agenda)
        self._journal.compact(Commit(self.now().ms, self.version, list(bodies), [], tasks, self.facts))

    def load(self, set_clock: Callable[[], None]) -> None:
        """Read the state that an earlier process left; `set_clock` puts the clock at the fact `now_ms`.

        Raises:
            RejectedError: the store holds something else.
        """
        with _uncollected():
            for number, commit in enumerate(self._journal.read()):
                self._replay(commit, is_first=not number)
        set_clock()
        if self._journal.is_worth_a_snapshot:
            self.compact()

    def _replay(self, commit: Commit, *, is_first: bool) -> None:
        for body in commit.objects:
            ref, whole = ref_of(body), dict(body)
            known = self.objects.get(ref)
            self._place(ref, known, whole)
            if not is_first:
                self._note("MODIFIED" if known else "ADDED", whole)
        for ref in commit.gone:
            last = self.objects[ref]
            self._remove(ref, last)
            self._note("DELETED", last | {"metadata": last["metadata"] | {"resourceVersion": str(commit.version)}})
        for task, due in commit.tasks.items():
            self.agenda.put(task, due)
        self.version = commit.version
        self.facts |= {**commit.facts, "now_ms": commit.now_ms}
        if is_first:
            self.forgotten = self.version

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Body | None:
        """Return a live object by its names."""
        return self.objects.get(ObjectRef(api_version, kind, namespace, name))

    def of_kind(self, group: str, kind: str, namespace: str = "") -> Iterator[Body]:
        """Yield every live object of a kind, in order, of one namespace or of all."""
        for ref in sorted(self._kinds.get((group, kind), ())):
            if not namespace or ref.namespace == namespace:
                yield self.objects[ref]

    def owned_by(self, uid: str, kind: str = "") -> tuple[Body, ...]:
        """Return the objects that name an owner, in order."""
        refs = sorted(ref for ref in self._owned.get(uid, ()) if not kind or ref.kind == kind)
        return tuple(self.objects[ref] for ref in refs)

    def pods_selected(self, namespace: str, wanted: Mapping[str, str]) -> tuple[Body, ...]:
        """Return the pods that hold every wanted label, in order; none where nothing is wanted."""
        found: set[ObjectRef] | None = None
        for key, value in wanted.items():
            held = self._labelled.get(("Pod", namespace, key, value), set())
            found = held if found is None else found & held
        return tuple(self.objects[ref] for ref in sorted(found or ()))

    def selecting(self, kind: str, namespace: str, labels: Mapping[str, str]) -> tuple[Body, ...]:
        """Return the objects of a kind that may select those labels: all whose first wanted pair is among them."""
        pairs = [("", ""), *sorted(labels.items())]
        refs = {ref for key, value in pairs for ref in self._labelled.get((kind, namespace, key, value), ())}
        return tuple(self.objects[ref] for ref in sorted(refs))

    def is_used_address(self, address: str) -> bool:
        """Whether a Service or a pod has that IP address."""
        return bool(self._addressed.get(address))

    def later(self, controller: str, ref: ObjectRef, delay_ms: int) -> None:
        """Let a controller look at an object after that many milliseconds."""
        self.agenda.add(Task(controller, ref), Instant(self.now().ms + delay_ms))

    def chance(self, *words: object) -> int:
        """Return a number of 64 bits that depends on the seed and the words alone."""
        text = "\0".join(str(word) for word in (self.facts.get("seed", 0), *words))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def _place(self, ref: ObjectRef, before: Body | None, body: Body) -> None:
        if before is not None:
            self._unindex(ref, before)
        self.objects[ref] = body
        self._kinds.setdefault((ref.group, ref.kind), set()).add(ref)
        for index, key in self._index_keys(ref, body):
            index.setdefault(key, set()).add(ref)

    def _remove(self, ref: ObjectRef, before: Body) -> None:
        self._unindex(ref, before)
        del self.objects[ref]
        self._kinds[ref.group, ref.kind].discard(ref)

    def _unindex(self, ref: ObjectRef, body: Body) -> None:
        for index, key in self._index_keys(ref, body):
            index[key].discard(ref)

    def _index_keys(self, ref: ObjectRef, body: Body) -> Iterator[tuple[dict[Any, set[ObjectRef]], Any]]:
        for owner in body["metadata"].get("ownerReferences") or ():
            yield self._owned, owner.get("uid")
        for address in _addresses(ref, body):
            yield self._addressed, address
        for key, value in _pairs(ref, body):
            yield self._labelled, (ref.kind, ref.namespace, key, value)

    def _note(self, event: str, body: Body) -> None:
        if len(self.history) == _KEPT_EVENTS:
            self.forgotten = self.history[0][0]
        self.history.append((int(body["metadata"].get("resourceVersion") or 0), event, body))

    def _tell(self, ref: ObjectRef, before: Body | None, after: Body | None) -> None:
        for callback in self.changed:
            callback(ref, before, after)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the cycle collector: a large state has millions of live containers and not one cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _pairs(ref: ObjectRef, body: Body) -> Iterable[tuple[str, str]]:
    """A pod's labels; of what selects pods the first pair, or an empty one where it names no pair."""
    match ref.kind:
        case "Pod":
            return (body["metadata"].get("labels") or {}).items()
        case "Service" if not ref.group:
            return sorted(body.get("spec", {}).get("selector", {}).items())[:1]
        case "VirtualNode" | "VirtualGateway":
            selector = body.get("spec", {}).get("podSelector")
            return () if selector is None else sorted((selector.get("matchLabels") or {}).items())[:1] or [("", "")]
        case _:
            return ()


def _addresses(ref: ObjectRef, body: Body) -> Iterator[str]:
    match ref.kind:
        case "Pod":
            address = body.get("status", {}).get("podIP")
        case "Service" if not ref.group:
            address = body["spec"].get("clusterIP")
        case _:
            return
    if address and address != "None":
        yield str(address)


def ref_of(body: Mapping[str, Json]) -> ObjectRef:
    """Return an object's reference, under the version that the API server serves its kind in."""
    metadata = body["metadata"]
    return served(
        ObjectRef(
            str(body["apiVersion"]),
            str(body["kind"]),
            str(metadata.get("namespace") or ""),
            str(metadata.get("name") or ""),
        )
    )


def served(ref: ObjectRef) -> ObjectRef:
    """Return a reference under the version that the API server serves its kind in.

    App Mesh's v1beta1 is another language under the same names, served by nobody: it stays what it is.
    """
    resource = resource_of(ref)
    if resource is None or resource.api_version in {ref.api_version, APPMESH}:
        return ref
    return ObjectRef(resource.api_version, ref.kind, ref.namespace, ref.name)
