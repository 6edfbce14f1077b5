"""Careful looks into JSON of unknown shape: what is not what was hoped for reads as empty."""

from collections.abc import Mapping

from meshmig.model.objects import Json


def mapping(value: Json) -> Mapping[str, Json]:
    """Return the value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Json) -> tuple[Json, ...]:
    """Return the value's items if it is a list, else none."""
    return tuple(value) if isinstance(value, list | tuple) else ()


def texts(value: Json) -> Mapping[str, str]:
    """Return the entries of a mapping whose values are texts (labels, annotations)."""
    return {str(key): entry for key, entry in mapping(value).items() if isinstance(entry, str)}


def text(value: Json) -> str:
    """Return the value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def number(value: Json) -> int | None:
    """Return the value if it is a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def at(value: Json, *path: str) -> Json:
    """Return what lies at a path of mappings, None where a step is missing."""
    for step in path:
        value = mapping(value).get(step)
    return value
