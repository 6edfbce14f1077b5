"""Values as YAML with a comment above each that says what it came from."""

from collections.abc import Iterator, Mapping, Sequence

from meshmig.adapters.yaml_text import dump
from meshmig.model.objects import Json
from meshmig.targets.istio import Value

_INDENT = "  "
_Tree = dict[str, "_Tree | Value | Json"]


def values_text(head: str, values: Sequence[Value], around: Mapping[str, Json]) -> str:
    """Write values, nested by their paths, below the fixed fields of `around`."""
    tree = _copied(around)
    for value in values:
        place = tree
        for step in value.path[:-1]:
            inner = place.setdefault(step, {})
            assert isinstance(inner, dict)  # noqa: S101 - no value's path leads through another value
            place = inner
        place[value.path[-1]] = value
    return "\n".join([f"# {head}", *_lines(tree, 0)]) + "\n"


def _copied(body: Mapping[str, Json]) -> _Tree:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in body.items()}


def _lines(tree: _Tree, depth: int) -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, Value):
            yield f"{_INDENT * depth}# {value.because}"
            yield from _dumped(name, value.value, depth)
        elif isinstance(value, dict):
            yield f"{_INDENT * depth}{name}:"
            yield from _lines(value, depth + 1)
        else:
            yield from _dumped(name, value, depth)


def _dumped(name: str, value: Json, depth: int) -> Iterator[str]:
    for line in dump([{name: value}]).removeprefix("---\n").splitlines():
        yield f"{_INDENT * depth}{line}"
