"""What App Mesh's matches ask of a request, in the proof's words."""

from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json
from meshmig.proof.languages import Anything, Exact, Language, Pattern, Prefix, Range, Suffix
from meshmig.proof.model import AUTHORITY, HEADER, METHOD, PATH, QUERY, SCHEME, Condition

HTTP_KINDS = ("httpRoute", "http2Route", "grpcRoute")
LEAST_URGENT = 1001
"""One past the largest priority that can be written: routes without one come last."""


def conditions(kind: str, match: Mapping[str, Json]) -> tuple[Condition, ...]:
    """Return all that a route's match asks, but for the port."""
    return tuple(_grpc(match)) if kind == "grpcRoute" else tuple(_http(match))


def path_of(kind: str, match: Mapping[str, Json]) -> Language:
    """Return the paths that a match takes: exact wins over regex, regex over prefix."""
    if kind == "grpcRoute":
        service, method = match.get("serviceName"), match.get("methodName")
        if not service:
            return Anything()
        return Exact(f"/{service}/{method}") if method else Prefix(f"/{service}/")
    path = match.get("path") or {}
    if path.get("exact") is not None:
        return Exact(path["exact"])
    if path.get("regex") is not None:
        return Pattern(path["regex"])
    return Prefix(match["prefix"]) if match.get("prefix") is not None else Anything()


def trial_order(kind: str, match: Mapping[str, Json], priority: int | None, name: str) -> tuple[int, int, int, str]:
    """A sort key: the smaller priority, then the longer path, then more conditions, then the name."""
    language = path_of(kind, match)
    length = 0 if isinstance(language, Anything) else len(getattr(language, "text", ""))
    return (LEAST_URGENT if priority is None else priority, -length, -len(conditions(kind, match)), name)


def _http(match: Mapping[str, Json]) -> Iterator[Condition]:
    yield from _path(path_of("httpRoute", match))
    if match.get("method"):
        yield Condition(METHOD, Exact(match["method"]))
    if match.get("scheme"):
        yield Condition(SCHEME, Exact(match["scheme"]))
    yield from _headers(match.get("headers"))
    for query in match.get("queryParameters") or ():
        wanted = (query.get("match") or {}).get("exact")
        yield Condition(QUERY + query["name"], Anything() if wanted is None else Exact(wanted))
    yield from _hostname(match)


def _grpc(match: Mapping[str, Json]) -> Iterator[Condition]:
    yield from _path(path_of("grpcRoute", match))
    yield from _headers(match.get("metadata"))
    yield from _hostname(match)


def _path(language: Language) -> Iterator[Condition]:
    if not isinstance(language, Anything):
        yield Condition(PATH, language)


def _hostname(match: Mapping[str, Json]) -> Iterator[Condition]:
    hostname = match.get("hostname") or {}
    if hostname.get("exact") is not None:
        yield Condition(AUTHORITY, Exact(str(hostname["exact"]).lower()))
    elif hostname.get("suffix") is not None:
        yield Condition(AUTHORITY, Suffix(str(hostname["suffix"]).lower()))


def _headers(headers: Json) -> Iterator[Condition]:
    for header in headers or ():
        name, inverted = HEADER + str(header["name"]).lower(), bool(header.get("invert"))
        language = _value(header.get("match") or {})
        if isinstance(language, Anything):
            # Presence inverted takes only requests without the header.
            yield Condition(name, Anything(), negated=inverted, absent=inverted)
        else:
            # Envoy's inverted value match does not take a request without the header.
            yield Condition(name, language, negated=inverted)


def _value(match: Mapping[str, Json]) -> Language:
    if match.get("exact") is not None:
        return Exact(match["exact"])
    if match.get("prefix") is not None:
        return Prefix(match["prefix"])
    if match.get("suffix") is not None:
        return Suffix(match["suffix"])
    if match.get("regex") is not None:
        return Pattern(match["regex"])
    if match.get("range") is not None:
        return Range(int(match["range"].get("start", 0)), int(match["range"].get("end", 0)))
    return Anything()
