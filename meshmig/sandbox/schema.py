"""The schemas of Kubernetes 1.36's own kinds and of Istio 1.31's: fields, list keys, what is atomic.

`kinds.json` is the API server's own OpenAPI v3 document, `istio_kinds.json` the CustomResourceDefinitions, cut down to
that: a type is a map from field to shape; a shape is
`$s` (text), `$i`, `$n`, `$b`, `$x` (number or text), `$q` (quantity), `*` (anything), the name of a type, or one of
`{o: type}` (atomic), `{m: shape}` / `{am: shape}` (map, atomic map), `{a: shape}` (atomic list), `{v: shape}` (set) and
`{k: [keys], e: shape}` (list keyed by fields).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from meshmig.model.objects import Json


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf of one JSON type."""

    kind: str


@dataclass(frozen=True, slots=True)
class Anything:
    """A value without schema: custom resources. Maps are granular, lists atomic."""


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """An object with named fields, some of them required."""

    name: str
    fields: Mapping[str, "Shape"]
    required: tuple[str, ...] = ()
    atomic: bool = False
    is_open: bool = False
    """Other fields are allowed, of any shape."""


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with free keys."""

    element: "Shape"
    atomic: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; `keys` name the fields that identify an item of an associative one."""

    element: "Shape"
    relation: Literal["atomic", "set", "map"] = "atomic"
    keys: tuple[str, ...] = field(default=())


Shape = Scalar | Anything | Struct | MapOf | ListOf

ANYTHING = Anything()
_METADATA = "apis.meta.v1.ObjectMeta"
_WITHOUT_GENERATION = {"v1", "autoscaling/v2", "coordination.k8s.io/v1", "rbac.authorization.k8s.io/v1"}
_WITH_GENERATION = {("v1", "Pod")}


def shape_of(api_version: str, kind: str) -> Shape:
    """Return the shape of a kind; of a custom resource that is not known, only the metadata is typed."""
    built_in = _built_in(api_version, kind)
    return built_in if built_in is not None else _custom(api_version, kind)


def is_built_in(api_version: str, kind: str) -> bool:
    """Whether the API server knows the kind without a CustomResourceDefinition."""
    return f"{api_version}/{kind}" in _document("kinds")["kinds"] or kind == "CustomResourceDefinition"


def has_generation(api_version: str, kind: str) -> bool:
    """Whether objects of the kind carry `metadata.generation`."""
    return api_version not in _WITHOUT_GENERATION or (api_version, kind) in _WITH_GENERATION


def child(shape: Shape, key: str) -> Shape | None:
    """Return the shape of an object's field; None where a typed object has no such field."""
    match shape:
        case Struct():
            return shape.fields.get(key, ANYTHING if shape.is_open else None)
        case MapOf():
            return shape.element
        case _:
            return ANYTHING


@cache
def _document(name: str) -> Mapping[str, Any]:
    return json.loads(files("meshmig.sandbox").joinpath(f"{name}.json").read_bytes())  # type: ignore[no-any-return]


@cache
def _built_in(api_version: str, kind: str) -> Struct | None:
    name = _document("kinds")["kinds"].get(f"{api_version}/{kind}")
    return None if name is None else _struct("kinds", name)


@cache
def _custom(api_version: str, kind: str) -> Struct:
    metadata = _struct("kinds", _METADATA)
    common: dict[str, Shape] = {"apiVersion": Scalar("$s"), "kind": Scalar("$s"), "metadata": metadata}
    name = _document("istio_kinds")["kinds"].get(f"{api_version}/{kind}")
    if name is None:
        return Struct("", common, is_open=True)
    return Struct(name, {**common, **_struct("istio_kinds", name).fields, "status": ANYTHING})


@cache
def _struct(document: str, name: str) -> Struct:
    whole = _document(document)
    fields = {key: _shape(document, raw) for key, raw in whole["types"][name].items()}
    return Struct(name, fields, tuple(whole.get("required", {}).get(name, ())))


def _shape(document: str, raw: Json) -> Shape:
    match raw:
        case "*":
            return ANYTHING
        case str() if raw.startswith("$"):
            return Scalar(raw)
        case str():
            return _struct(document, raw)
        case {"o": name}:
            whole = _struct(document, name)
            return Struct(whole.name, whole.fields, whole.required, atomic=True)
        case {"m": element}:
            return MapOf(_shape(document, element))
        case {"am": element}:
            return MapOf(_shape(document, element), atomic=True)
        case {"k": keys, "e": element}:
            return ListOf(_shape(document, element), "map", tuple(sorted(keys)))
        case {"v": element}:
            return ListOf(_shape(document, element), "set")
        case _:
            return ListOf(_shape(document, raw["a"]))
