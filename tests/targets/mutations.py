"""Every occurrence of every leaf of a mesh's objects, and the same mesh with that value alone changed."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from meshmig.sources.appmesh.schema import KINDS, Part

APPMESH = "appmesh.k8s.aws/v1beta2"
OTHERWISE: Mapping[str, object] = {
    "rewrite.prefix.value": "/x/",
    "match.hostname.suffix": ".other.example.com",
    "Route.timeout.idle.value": 7,
    "podSelector.matchExpressions[].operator": "NotIn",
    "namespaceSelector.matchExpressions[].operator": "NotIn",
    "gatewayRouteSelector.matchExpressions[].operator": "NotIn",
    "healthCheck.protocol": "grpc",
    "httpRoute.match.port": 81,
    "http2Route.match.port": 81,
    "grpcRoute.match.port": 81,
}
"""Values that must be chosen, by the end of the leaf's path."""


GONE = object()
"""In place of another value, where a field has only one."""


@dataclass(frozen=True)
class Occurrence:
    """A leaf at one place: the object's number, the steps to the value, its path in the schema, its other value."""

    number: int
    kind: str
    leaf: str
    steps: tuple[str | int, ...]
    other: object

    def applied(self, bodies: list[dict]) -> list[dict]:
        """The bodies with this value alone changed."""
        changed = list(bodies)
        changed[self.number] = copy.deepcopy(bodies[self.number])
        place: Any = changed[self.number]
        for step in self.steps[:-1]:
            place = place[step]
        if self.other is GONE:
            del place[self.steps[-1]]
        else:
            place[self.steps[-1]] = self.other
        return changed


def occurrences(bodies: list[dict]) -> Iterator[Occurrence]:
    """Every leaf that is written somewhere."""
    for number, body in enumerate(bodies):
        if body["apiVersion"] == APPMESH:
            kind = body["kind"]
            for leaf, steps, annotation, value in _leaves(KINDS[kind], body["spec"], "spec", ("spec",)):
                yield Occurrence(number, kind, leaf, steps, _other(leaf, annotation, value))


Found = Iterator[tuple[str, tuple[str | int, ...], Any, Any]]


def _leaves(schema: type[Part], body: Mapping, path: str, steps: tuple[str | int, ...]) -> Found:
    for name, field in schema.model_fields.items():
        key = field.alias or name
        if key in body:
            yield from _below(field.annotation, body[key], f"{path}.{key}", (*steps, key))


def _below(annotation: Any, value: Any, path: str, steps: tuple[str | int, ...]) -> Found:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield from _leaves(annotation, value, path, steps)
    elif origin is tuple:
        for place, item in enumerate(value):
            yield from _below(arguments[0], item, f"{path}[]", (*steps, place))
    elif NoneType in arguments:
        yield from _below(next(a for a in arguments if a is not NoneType), value, path, steps)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield path, (*steps, key), annotation, inner
    else:
        yield path, steps, annotation, value


def _other(leaf: str, annotation: Any, value: Any) -> object:
    chosen = next((other for end, other in OTHERWISE.items() if leaf.endswith(end)), None)
    if chosen is not None and chosen != value:
        return chosen
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        if len(choices) == 1:
            return GONE
        return choices[(choices.index(value) + 1) % len(choices)]
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
    raise AssertionError(leaf)
