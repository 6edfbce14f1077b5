"""Objects against their schemas: unknown fields, wrong types, repeated items, and what a typed server leaves out."""

from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json
from meshmig.sandbox.ownership import items
from meshmig.sandbox.schema import Anything, ListOf, MapOf, Scalar, Shape, Struct, is_built_in, shape_of
from meshmig.sandbox.state import Body


def unknown_fields(body: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the fields that the kind's schema does not have: `spec.template.spec.bar`, sorted."""
    return tuple(sorted(_unknown(body, shape_of(str(body["apiVersion"]), str(body["kind"])), "")))


def _unknown(value: Json, shape: Shape, path: str) -> Iterator[str]:
    match shape, value:
        case Struct(), dict():
            for key, inner in value.items():
                at = f"{path}.{key}" if path else key
                if key in shape.fields:
                    yield from _unknown(inner, shape.fields[key], at)
                elif not shape.is_open:
                    yield at
        case MapOf(), dict():
            for key, inner in value.items():
                yield from _unknown(inner, shape.element, f"{path}.{key}")
        case ListOf(), list():
            for index, inner in enumerate(value):
                yield from _unknown(inner, shape.element, f"{path}[{index}]")
        case _:
            return


def wrong_types(body: Mapping[str, Json]) -> tuple[str, ...]:
    """Return what is not of its schema's type: `spec.replicas: expected $i, got str`."""
    return tuple(sorted(_wrong(body, shape_of(str(body["apiVersion"]), str(body["kind"])), "")))


def _wrong(value: Json, shape: Shape, path: str) -> Iterator[str]:
    if value is None:
        return
    match shape, value:
        case Struct(), dict():
            for key, inner in value.items():
                if key in shape.fields:
                    yield from _wrong(inner, shape.fields[key], f"{path}.{key}")
        case MapOf(), dict():
            for key, inner in value.items():
                yield from _wrong(inner, shape.element, f"{path}.{key}")
        case ListOf(), list():
            for index, inner in enumerate(value):
                yield from _wrong(inner, shape.element, f"{path}[{index}]")
        case Scalar(), _ if _fits(value, shape.kind):
            return
        case Anything(), _:
            return
        case _:
            yield f"{path}: got {type(value).__name__}"


def _fits(value: Json, kind: str) -> bool:
    match kind:
        case "$s":
            return isinstance(value, str)
        case "$b":
            return isinstance(value, bool)
        case "$i":
            return isinstance(value, int) and not isinstance(value, bool)
        case "$n":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str | int | float) and not isinstance(value, bool)


def repeated_items(body: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the items that stand twice in a list whose items have keys."""
    return tuple(_repeated(body, shape_of(str(body["apiVersion"]), str(body["kind"])), ""))


def _repeated(value: Json, shape: Shape, path: str) -> Iterator[str]:
    match shape, value:
        case Struct(), dict():
            for key, inner in value.items():
                if key in shape.fields:
                    yield from _repeated(inner, shape.fields[key], f"{path}.{key}")
        case ListOf(relation="map" | "set"), list():
            seen: set[str] = set()
            for element, inner in items(value, shape):
                if element in seen:
                    yield f"{path}: duplicate entries for key {element}"
                seen.add(element)
                yield from _repeated(inner, shape.element, path)
        case _:
            return


def tidied(body: Mapping[str, Json]) -> Body:
    """Return the object without nulls and empty maps and lists, which a server's types do not write.

    Of a custom resource only the metadata is typed.
    """
    shape = shape_of(str(body["apiVersion"]), str(body["kind"]))
    if isinstance(shape, Struct) and not is_built_in(str(body["apiVersion"]), str(body["kind"])):
        return {**body, "metadata": _tidy(body["metadata"], shape.fields["metadata"])}
    whole: Body = _tidy(body, shape)
    return whole


def nulls(value: Json, path: str) -> Iterator[str]:
    """Yield the paths of maps that hold null."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if inner is None:
                yield f"{path}.{key}"
            yield from nulls(inner, f"{path}.{key}")


def _tidy(value: Json, shape: Shape) -> Json:
    match shape, value:
        case Struct(is_open=False, atomic=False), dict():
            inner = {key: _tidy(one, shape.fields.get(key, Anything())) for key, one in value.items()}
            return {key: one for key, one in inner.items() if not _is_left_out(one, shape.fields.get(key))}
        case ListOf(), list():
            return [_tidy(one, shape.element) for one in value]
        case _:
            return value


def _is_left_out(value: Json, shape: Shape | None) -> bool:
    return value is None or (isinstance(shape, MapOf | ListOf) and not value)
