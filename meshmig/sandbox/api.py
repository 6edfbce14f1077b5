"""The requests of an API server: create, replace, patch, apply, delete, list, watch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.resources import ResourceType, resource_of
from meshmig.model.units import Duration, Instant
from meshmig.ports import FIELD_MANAGER, Page, Precondition, WatchEvent
from meshmig.sandbox import refusals, strategies
from meshmig.sandbox.clock import VirtualClock
from meshmig.sandbox.defaults import defaulted
from meshmig.sandbox.managers import Manager, applied, blank_of
from meshmig.sandbox.merging import json_merge
from meshmig.sandbox.schema import is_built_in
from meshmig.sandbox.state import Body, State, ref_of, served
from meshmig.sandbox.times import written
from meshmig.sandbox.typing_rules import nulls, repeated_items, tidied, unknown_fields, wrong_types
from meshmig.sandbox.writing import Writer

_TOKEN_LIFE = Duration.of(minutes=5)
"""How long an API server answers for a continue token: etcd's compaction interval."""

_REPLACED_BY_VERSION = {
    "Lease",
    "PodDisruptionBudget",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
}
"""Built-in kinds whose replacement must carry a resourceVersion; so must every custom resource's."""

_STEP = Duration.of(seconds=1)


@dataclass(slots=True)
class _Cursor:
    """The rest of a list as it was at its first page."""

    items: list[Body]
    version: str
    until: Instant


@dataclass(slots=True)
class Requests:
    """Answers requests of one field manager; every accepted write is persisted before it returns."""

    state: State
    writer: Writer
    clock: VirtualClock
    _cursors: dict[str, _Cursor] = field(default_factory=dict)

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the live object."""
        body = self.writer.live(_served(ref))
        return Manifest(body if body["apiVersion"] == ref.api_version else body | {"apiVersion": ref.api_version})

    def list_page(self, resource: ResourceType, namespace: str, limit: int, token: str) -> Page:
        """Return one page of a kind, as it was at the first page."""
        if token:
            cursor = self._continued(token)
        else:
            _require_served(resource)
            items = list(self.state.of_kind(resource.group, resource.kind, namespace))
            until = self.clock.now().plus(_TOKEN_LIFE)
            cursor = _Cursor(items, str(self.state.version), until)
        page, rest = (cursor.items[:limit], cursor.items[limit:]) if limit else (cursor.items, [])
        following = ""
        if rest:
            following = f"{cursor.version}.{self.state.chance('token', token, cursor.version, len(rest)):016x}"
            self._cursors[following] = _Cursor(rest, cursor.version, cursor.until)
        return Page(tuple(Manifest(body) for body in page), cursor.version, following)

    def _continued(self, token: str) -> _Cursor:
        cursor = self._cursors.get(token)
        if cursor is None and not token.partition(".")[0].isdecimal():
            raise refusals.bad_request("invalid continue token")
        if cursor is None or cursor.until < self.clock.now():
            raise refusals.expired("the provided continue parameter")
        return cursor

    def watch(
        self, resource: ResourceType, namespace: str, resource_version: str, timeout: Duration
    ) -> Iterator[WatchEvent]:
        """Yield what happens after a version; virtual time passes while nothing does."""
        seen = int(resource_version or self.state.version)
        if seen < self.state.forgotten:
            raise refusals.expired(f"resourceVersion {resource_version}")
        end = self.clock.now().plus(timeout)
        while True:
            for version, event, body in tuple(self.state.history):
                if version > seen:
                    seen = version
                    if _is_meant(ref_of(body), resource, namespace):
                        yield WatchEvent(event, Manifest(body))
            left = end.since(self.clock.now())
            if not left.ms:
                return
            self.clock.wait(min(left, _STEP))

    def forget(self) -> None:
        """Answer no continue token and no watch that begins before now."""
        self._cursors.clear()
        self.state.forget_history()

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object."""
        body = _decoded(manifest)
        if body["metadata"].get("resourceVersion"):
            raise refusals.versioned_creation()
        _strictly(body)
        return self._done(self.writer.create(tidied(_without_status(body)), FIELD_MANAGER))

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object."""
        body = _decoded(manifest)
        _strictly(body)
        ref = ref_of(body)
        live = self.writer.live(ref)
        version = str(body["metadata"].get("resourceVersion") or "")
        if not version and (ref.kind in _REPLACED_BY_VERSION or not is_built_in(ref.api_version, ref.kind)):
            raise refusals.unversioned(ref)
        _require_for_replacement(ref, live, Precondition(str(body["metadata"].get("uid") or ""), version))
        return self._done(self.writer.update(live, tidied(body), FIELD_MANAGER))

    def apply(self, manifest: Manifest, *, force: bool) -> Manifest:
        """Server-side apply."""
        body = _without_status(_decoded(manifest))
        ref = ref_of(body)
        _typed(ref, body)
        metadata = body["metadata"]
        if metadata.get("managedFields"):
            raise refusals.bad_request("metadata.managedFields must be nil")
        require = Precondition(str(metadata.get("uid") or ""), str(metadata.get("resourceVersion") or ""))
        body = strategies.named(self.state, body)
        live = self.state.objects.get(ref)
        now, by = written(self.clock.now()), Manager(FIELD_MANAGER, "Apply", ref.api_version)
        if live is None:
            if require.uid:
                raise refusals.conflict(ref, f"uid mismatch: the provided object specified uid {require.uid}")
            made = applied(blank_of(ref.api_version, ref.kind), body, by, now, force=force)
            return self._done(self.writer.insert(_blank_less(defaulted(tidied(_without_status(made))))))
        _require(ref, live, require)
        new = tidied(applied(live, body, by, now, force=force))
        emptied = tuple(nulls(new.get("spec"), "spec")) if not is_built_in(ref.api_version, ref.kind) else ()
        if emptied and emptied != tuple(nulls(body.get("spec"), "spec")):
            raise refusals.mistyped(ref, emptied)
        return self._done(self.writer.change(live, defaulted(new)))

    def patch(self, ref: ObjectRef, body: Mapping[str, Json], require: Precondition, *, status: bool) -> Manifest:
        """Merge a JSON patch into an object or its status."""
        ref = _served(ref)
        live = self.writer.live(ref)
        _require(ref, live, require)
        asked = body.get("metadata") or {}
        _require(ref, live, Precondition(str(asked.get("uid") or ""), str(asked.get("resourceVersion") or "")))
        new: Body = json_merge(live, body)
        _patched(new)
        if ref_of(new) != ref:
            raise refusals.bad_request(
                f"the name of the object ({ref_of(new)}) does not match the name on the URL ({ref})"
            )
        new = tidied(new)
        if status:
            return self._done(self.writer.set_status(live, new.get("status") or {}, FIELD_MANAGER))
        return self._done(self.writer.update(live, new, FIELD_MANAGER))

    def delete(self, ref: ObjectRef, require: Precondition) -> None:
        """Ask for deletion; dependents go in the background."""
        ref = _served(ref)
        live = self.writer.live(ref)
        _require_for_deletion(ref, live, require)
        self.writer.delete(live)
        self.state.commit()

    def _done(self, body: Body) -> Manifest:
        self.state.commit()
        return Manifest(body)


def _decoded(manifest: Manifest) -> Body:
    """Return the object under its served version."""
    body = dict(manifest.body)
    ref = manifest.ref
    if not isinstance(body.get("metadata"), Mapping) or not ref.kind:
        raise refusals.bad_request("the object provided is unrecognized: it has no kind or no metadata")
    return body | {"apiVersion": _served(ref).api_version, "metadata": dict(body["metadata"])}


def _served(ref: ObjectRef) -> ObjectRef:
    found = served(ref)
    if resource_of(found) is None and not is_built_in(ref.api_version, ref.kind):
        raise refusals.not_served(ref)
    return found


def _require_served(resource: ResourceType) -> None:
    ref = ObjectRef(resource.api_version, resource.kind, "", "")
    if resource_of(ref) is None and not is_built_in(resource.api_version, resource.kind):
        raise refusals.not_served(ref)


def _is_meant(ref: ObjectRef, resource: ResourceType, namespace: str) -> bool:
    is_kind = (ref.group, ref.kind) == (resource.group, resource.kind)
    return is_kind and (not namespace or ref.namespace == namespace)


def _without_status(body: Body) -> Body:
    return {key: value for key, value in body.items() if key != "status"}


def _blank_less(body: Body) -> Body:
    """Drop what only stood for the server's empty fields."""
    return {key: value for key, value in body.items() if value is not None and not (key == "spec" and value == {})}


def _strictly(body: Body) -> None:
    unknown = unknown_fields(body)
    if unknown:
        listed = ", ".join(f'unknown field "{name}"' for name in unknown)
        raise refusals.bad_request(f"{body['kind']} cannot be handled: strict decoding error: {listed}")
    wrong = wrong_types(body)
    if wrong and not is_built_in(str(body["apiVersion"]), str(body["kind"])):
        raise refusals.mistyped(ref_of(body), [path.partition(":")[0].lstrip(".") for path in wrong])
    if wrong:
        raise refusals.bad_request(f"{body['kind']} cannot be handled: json: cannot unmarshal {'; '.join(wrong)}")


def _typed(ref: ObjectRef, body: Body) -> None:
    unknown = (f".{name}: field not declared in schema" for name in unknown_fields(body))
    listed = [*unknown, *wrong_types(body), *repeated_items(body)]
    if listed:
        raise refusals.untyped(ref, "; ".join(listed))


def _patched(new: Body) -> None:
    unknown = unknown_fields(new)
    if unknown or is_built_in(str(new["apiVersion"]), str(new["kind"])):
        wrong = (*unknown, *wrong_types(new))
        if wrong:
            raise refusals.unpatchable(wrong)
    else:
        _strictly(new)


def _require(ref: ObjectRef, live: Body, require: Precondition) -> None:
    metadata = live["metadata"]
    if require.uid and require.uid != metadata["uid"]:
        raise refusals.other_uid(ref, require.uid)
    if require.resource_version and require.resource_version != metadata["resourceVersion"]:
        raise refusals.modified(ref)


def _require_for_replacement(ref: ObjectRef, live: Body, require: Precondition) -> None:
    if require.uid and require.uid != live["metadata"]["uid"]:
        text = f"UID in precondition: {require.uid}, UID in object meta: {live['metadata']['uid']}"
        raise refusals.conflict(ref, f"Precondition failed: {text}")
    _require(ref, live, require)


def _require_for_deletion(ref: ObjectRef, live: Body, require: Precondition) -> None:
    pairs = (("UID", require.uid, "uid"), ("ResourceVersion", require.resource_version, "resourceVersion"))
    for word, wanted, name in pairs:
        if wanted and wanted != live["metadata"][name]:
            why = f"the {word} in the precondition ({wanted}) does not match the {word} in record"
            raise refusals.undeletable(ref, f"{why} ({live['metadata'][name]})")
