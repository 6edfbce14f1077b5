"""Whose objects and fields a plan writes: what is not meshmig's is adopted or taken over by the file's word alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.diffs import owners_of
from meshmig.diffs.keys import ATOMIC
from meshmig.model.intent import Adoption, TakeOver
from meshmig.model.objects import Json, Manifest, ObjectRef, Snapshot
from meshmig.model.plan import ApplyObject, Change, ChangeAction, Claim, PatchObject
from meshmig.ports import FIELD_MANAGER

CODES = {
    "MIG405": "An object of that name exists and is not meshmig's",
    "MIG417": "A field belongs to another manager",
    "MIG419": "An `adopt` or `take_over` is of no use",
}

_MANAGED_BY = "app.kubernetes.io/managed-by"
_IN_ATOMIC = re.compile(rf"(.*?\.(?:{'|'.join(sorted(ATOMIC))}))[.\[]")
_HANDS = ("kubectl", "before-first-apply", "kube-controller-manager")
"""Managers that do not come back to a field once it was written: people at a terminal, and the HPA while `protect`
holds it still. Every other manager is a tool that may write its value again."""


@dataclass(kw_only=True)
class Ownership:
    """What the file adopts and takes over, and what of it the plan needed so far."""

    snapshot: Snapshot
    adoptions: Sequence[Adoption]
    take_overs: Sequence[TakeOver]
    claims: list[Claim] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    adopted: set[ObjectRef] = field(default_factory=set)
    _used: set[int] = field(default_factory=set)
    _seen: set[tuple[ObjectRef, str]] = field(default_factory=set)

    def settle(self, before: Manifest, write: ApplyObject, change: Change) -> tuple[ApplyObject, str]:
        """Return the write as it may be made over an object that was there before the journey, and a note on it.

        `before` is the object as the cluster has it, `change` what the write changes in it. What the file does not
        allow becomes a finding.
        """
        if _is_whole(write.manifest):
            return self._adopted(before, write)
        notes = [self._taken(before, path, managers) for path, managers in _foreign(before, change)]
        return write, "; ".join(dict.fromkeys(filter(None, notes)))

    def _adopted(self, before: Manifest, write: ApplyObject) -> tuple[ApplyObject, str]:
        if _is_ours(before):
            self._mark(self.adoptions, before.ref)
            return write, ""
        managers = _managers(before)
        by = f" ({', '.join(managers)} wrote it)" if managers else ""
        said = self._mark(self.adoptions, before.ref)
        if before.ref in self.adopted:
            return replace(write, force=True), ""
        self.adopted.add(before.ref)
        self.claims.append(Claim(ref=before.ref, managers=managers, said=said))
        if not said:
            message = f"{before.ref} exists and is not meshmig's{by}: the plan would write over it"
            help_text = f"take it away, or make it meshmig's: adopt {before.ref.kind} {before.ref.id}"
            self._refuse("MIG405", before.ref, message, help_text)
        return replace(write, force=True), f"adopted{by}"

    def _taken(self, before: Manifest, path: str, managers: tuple[str, ...]) -> str:
        said = [name for name in managers if self._is_said(before.ref, path, name)]
        fighting = [name for name in managers if name not in said and not name.startswith(_HANDS)]
        if (before.ref, path) not in self._seen:
            self._seen.add((before.ref, path))
            self.claims.append(Claim(ref=before.ref, field=path, managers=managers, said=len(said) == len(managers)))
            for name in fighting:
                message = f"{path} of {before.ref} belongs to {name}, which may write its value again"
                words = f'take_over {before.ref.kind} {before.ref.id} "{path}" from "{name}"'
                help_text = f"change it at its source as well, and say so here: {words}"
                self._refuse("MIG417", before.ref, message, help_text, path)
        return f"{path} taken over from {', '.join(managers)}"

    def _is_said(self, ref: ObjectRef, path: str, manager: str) -> bool:
        said = False
        for place, item in enumerate(self.take_overs, start=len(self.adoptions)):
            covers = path == item.field or path.startswith((f"{item.field}.", f"{item.field}["))
            if _names(item, ref) and covers and item.manager == manager:
                self._used.add(place)
                said = True
        return said

    def _mark(self, items: Sequence[Adoption], ref: ObjectRef) -> bool:
        found = [place for place, item in enumerate(items) if _names(item, ref)]
        self._used.update(found)
        return bool(found)

    def _refuse(self, code: str, ref: ObjectRef, message: str, help_text: str, path: str = "") -> None:
        self.findings.append(
            Diagnostic(
                code=code, severity=Severity.ERROR, message=message, help=help_text, object=ref.object_name, path=path
            )
        )

    def idle(self) -> Iterator[Diagnostic]:
        """Yield the words that the plan had no use for: a name that is written wrong is one of them."""
        words: tuple[Adoption | TakeOver, ...] = (*self.adoptions, *self.take_overs)
        for place, item in enumerate(words):
            if place not in self._used and not any(_names(item, m.ref) and _is_ours(m) for m in self.snapshot):
                name = f"{item.namespace}/{item.name}" if item.namespace else item.name
                what = f"adopt {item.kind} {name}"
                if isinstance(item, TakeOver):
                    what = f'take_over {item.kind} {name} "{item.field}" from "{item.manager}"'
                message = f"`{what}` is of no use: the plan writes no such thing of another's"
                help_text = "take it out, or mend its kind, name, field or manager"
                yield Diagnostic(
                    code="MIG419", severity=Severity.WARNING, message=message, help=help_text, span=item.span
                )


def left_over(before: Manifest, write: ApplyObject) -> PatchObject | None:
    """Return the patch that takes out what an adopted object has and meshmig's does not: an apply leaves it there."""
    body = _nulls(before.spec, write.manifest.spec)
    return PatchObject(ref=before.ref, body={"spec": body}) if body else None


def _nulls(before: Json, after: Json) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in before.items():
        if name not in after:
            found[name] = None
        elif isinstance(value, dict) and isinstance(after[name], dict) and (inner := _nulls(value, after[name])):
            found[name] = inner
    return found


def _is_whole(manifest: Manifest) -> bool:
    """Whether the write holds all of an object, as meshmig makes it; else only a few fields of somebody's."""
    return manifest.labels.get(_MANAGED_BY) == FIELD_MANAGER


def _is_ours(live: Manifest) -> bool:
    return live.labels.get(_MANAGED_BY) == FIELD_MANAGER or FIELD_MANAGER in _managers(live)


def _managers(live: Manifest) -> tuple[str, ...]:
    entries = live.metadata.get("managedFields") or ()
    return tuple(dict.fromkeys(str(entry.get("manager", "")) for entry in entries if not entry.get("subresource")))


def _foreign(before: Manifest, change: Change) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the fields that change and belong to others, whole maps by their own name, with their managers."""
    if change.action is not ChangeAction.UPDATE:
        return
    for path in dict.fromkeys(_owned_path(item.path) for item in change.fields):
        managers = owners_of(before, path)
        if managers and FIELD_MANAGER not in managers:
            yield path, managers


def _owned_path(path: str) -> str:
    """Cut a path at a map that is replaced whole: its keys are not owned one by one."""
    match = _IN_ATOMIC.match(path)
    return match[1] if match else path


def _names(item: Adoption | TakeOver, ref: ObjectRef) -> bool:
    named = f"{item.namespace}/{item.name}" if item.namespace else item.name
    return item.kind == ref.kind and fnmatchcase(ref.id, named)
