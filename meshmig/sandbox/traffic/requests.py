"""Requests made to meet a route, and the flows that send them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meshmig.model.objects import Json


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a caller makes it; `port` is the one dialled, None for a host's only one."""

    authority: str
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    http: bool = True


@dataclass(frozen=True, slots=True)
class Flow:
    """A kind of request that is sent all the time.

    `caller` is the virtual node whose pods send; None for an outside client, which dials `service` (namespace, name).
    `allowed` are the virtual nodes at which a caller's requests may end.
    """

    name: str
    request: Request
    caller: Mapping[str, Json] | None = None
    service: tuple[str, str] | None = None
    allowed: tuple[Mapping[str, Json], ...] = ()


def synthesised(authority: str, match: Mapping[str, Json], *, http: bool, port: int | None) -> Request:
    """Make a request that a route's match takes."""
    path = _path(match)
    headers = {h["name"].lower(): _value(h.get("match") or {}) for h in _headers(match) if not h.get("invert")}
    query = {q["name"]: str((q.get("match") or {}).get("exact", "x")) for q in match.get("queryParameters") or ()}
    method = str(match.get("method") or ("POST" if "serviceName" in match else "GET"))
    return Request(authority, path, method, headers, query, match.get("port") or port, http)


def joined(outer: Request, inner: Request, prefix: str) -> Request:
    """Make a request that a gateway's route takes and, once rewritten, a router's route as well."""
    path = prefix.rstrip("/") + inner.path if prefix and inner.path != "/" else outer.path
    method = inner.method if inner.method != "GET" else outer.method
    headers, query = {**outer.headers, **inner.headers}, {**outer.query, **inner.query}
    return Request(outer.authority, path, method, headers, query, None, http=True)


def _headers(match: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    yield from match.get("headers") or ()
    yield from match.get("metadata") or ()


def _path(match: Mapping[str, Json]) -> str:
    if match.get("serviceName"):
        return f"/{match['serviceName']}/{match.get('methodName') or 'Call'}"
    path = match.get("path") or {}
    if path.get("exact"):
        return str(path["exact"])
    if path.get("regex"):
        return _literal(str(path["regex"]))
    return str(match.get("prefix") or "/")


def _value(match: Mapping[str, Json]) -> str:
    for word in ("exact", "prefix", "suffix"):
        if match.get(word):
            return str(match[word])
    if match.get("regex"):
        return _literal(str(match["regex"]))
    if match.get("range"):
        return str(match["range"]["start"])
    return "x"


def _literal(pattern: str) -> str:
    """Make a text that a simple pattern takes: its first alternative, with wildcards left empty or one letter."""
    text = pattern.strip("^$").split("|")[0].strip("()")
    for wild, plain in ((".*", ""), (".+", "x"), ("[^/]+", "x"), ("[0-9]+", "1"), ("\\d+", "1"), ("\\", "")):
        text = text.replace(wild, plain)
    return text
