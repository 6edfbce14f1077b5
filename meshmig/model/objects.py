"""Kubernetes objects as values: references, manifests, snapshots."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from meshmig.diagnostics import ObjectName

Json = Any
"""A JSON value; manifests are the one place past the borders where it is allowed."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """What names an object in a cluster; `namespace` is empty for cluster-scoped kinds."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def id(self) -> str:
        """`namespace/name`, or `name` where there is no namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def object_name(self) -> ObjectName:
        """The same reference in the words of a finding."""
        return ObjectName(api_version=self.api_version, kind=self.kind, namespace=self.namespace, name=self.name)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object's JSON; `body` is never changed after it was handed over."""

    body: Mapping[str, Json]
    source: str = field(default="", compare=False)
    """Where it was read: `file.yaml:12` or empty for an API server's answer."""

    @property
    def ref(self) -> ObjectRef:
        """The object's reference, from apiVersion, kind and metadata."""
        meta = self.metadata
        return ObjectRef(
            str(self.body.get("apiVersion", "")),
            str(self.body.get("kind", "")),
            str(meta.get("namespace") or ""),
            str(meta.get("name", "")),
        )

    @property
    def metadata(self) -> Mapping[str, Json]:
        """`metadata`, empty where it is missing."""
        return self.body.get("metadata") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        """`metadata.labels`, empty where it is missing."""
        return self.metadata.get("labels") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        """`metadata.annotations`, empty where it is missing."""
        return self.metadata.get("annotations") or {}

    @property
    def spec(self) -> Mapping[str, Json]:
        """`spec`, empty where it is missing."""
        return self.body.get("spec") or {}

    @property
    def status(self) -> Mapping[str, Json]:
        """`status`, empty where it is missing."""
        return self.body.get("status") or {}


@dataclass(frozen=True)
class Snapshot:
    """Every manifest in scope, read once, in the order of their references."""

    manifests: tuple[Manifest, ...]
    cluster: str = ""
    """What the cluster calls itself: the context's name, or the folder."""

    @staticmethod
    def of(manifests: Iterable[Manifest], cluster: str = "") -> "Snapshot":
        """Build a snapshot whose order does not depend on the order of reading."""
        return Snapshot(tuple(sorted(manifests, key=lambda manifest: manifest.ref)), cluster)

    @cached_property
    def by_ref(self) -> Mapping[ObjectRef, Manifest]:
        """Every manifest by its reference."""
        return {manifest.ref: manifest for manifest in self.manifests}

    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str], tuple[Manifest, ...]]:
        found: dict[tuple[str, str], list[Manifest]] = {}
        for manifest in self.manifests:
            ref = manifest.ref
            found.setdefault((ref.group, ref.kind), []).append(manifest)
        return {key: tuple(listed) for key, listed in found.items()}

    def get(self, ref: ObjectRef) -> Manifest | None:
        """Return the object of that reference, if it was read."""
        return self.by_ref.get(ref)

    def of_kind(self, group: str, kind: str) -> tuple[Manifest, ...]:
        """Return every object of a kind, whatever its version, in order."""
        return self._by_kind.get((group, kind), ())

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self.manifests)
