"""Conditions of routes, as the neutral mesh has them, and the order in which routes are tried."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeVar

from meshmig.model.mesh import EdgeRoute, HeaderMatch, Match, MatchKind, PathMatch, QueryMatch, Route
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.schema import (
    GatewayGrpcMatchSpec,
    GatewayHttpMatchSpec,
    GrpcMatchSpec,
    HeaderSpec,
    HttpMatchSpec,
    QuerySpec,
    TcpMatchSpec,
)

_UNRANKED = 1001
"""One past App Mesh's largest priority: routes without one come after all that have one."""

AnyRoute = TypeVar("AnyRoute", Route, EdgeRoute)
Rank = tuple[int, int, int]


def http_match(match: HttpMatchSpec | GatewayHttpMatchSpec) -> Match:
    """Lift the match of an http or http2 route."""
    return Match(
        path=_path(match),
        method=match.method,
        scheme=match.scheme if isinstance(match, HttpMatchSpec) else None,
        headers=_headers(match.headers),
        query=tuple(_query(query) for query in match.query_parameters),
        port=match.port,
    )


def grpc_match(match: GrpcMatchSpec | GatewayGrpcMatchSpec) -> Match:
    """Lift the match of a grpc route: service and method are the path on the wire."""
    return Match(path=_grpc_path(match), headers=_headers(match.metadata), port=match.port)


def tcp_match(match: TcpMatchSpec | None) -> Match:
    """Lift the match of a tcp route."""
    return Match(port=match.port if match else None)


def in_trial_order(routes: Iterable[AnyRoute], report: Report) -> tuple[AnyRoute, ...]:
    """Sort routes as App Mesh tries them; where it does not settle the order of overlapping ones, say so.

    Ascending priority, routes without one last; then the longer path; then more conditions; then the name.
    """
    ordered = sorted(routes, key=lambda route: (_rank(route), _path_order(route.match), route.name, route.origin.ref))
    for earlier, later in _unsettled(ordered):
        report.warning(
            "MIG330",
            later.origin,
            f"App Mesh does not settle whether {earlier.name} or {later.name} is tried first, and a request may meet "
            f"both: {earlier.name} is taken to come first",
            "give both a priority, or compare with a running proxy's /config_dump",
        )
    return tuple(ordered)


def may_overlap(one: Match, other: Match) -> bool:
    """Say whether a request may meet both matches; True where it cannot be ruled out."""
    if _differ(one.method, other.method) or _differ(one.port, other.port) or _differ(one.scheme, other.scheme):
        return False
    return not (_paths_differ(one.path, other.path) or _values_differ(one, other))


def _path(match: HttpMatchSpec | GatewayHttpMatchSpec) -> PathMatch | None:
    if match.path and match.path.exact is not None:
        return PathMatch(kind=MatchKind.EXACT, value=match.path.exact)
    if match.path and match.path.regex is not None:
        return PathMatch(kind=MatchKind.REGEX, value=match.path.regex)
    return PathMatch(kind=MatchKind.PREFIX, value=match.prefix) if match.prefix is not None else None


def _grpc_path(match: GrpcMatchSpec | GatewayGrpcMatchSpec) -> PathMatch | None:
    method = match.method_name if isinstance(match, GrpcMatchSpec) else None
    if match.service_name is None:
        return None
    if method is not None:
        return PathMatch(kind=MatchKind.EXACT, value=f"/{match.service_name}/{method}")
    return PathMatch(kind=MatchKind.PREFIX, value=f"/{match.service_name}/")


def _headers(headers: tuple[HeaderSpec, ...]) -> tuple[HeaderMatch, ...]:
    return tuple(_header(header) for header in headers)


def _header(header: HeaderSpec) -> HeaderMatch:
    name, invert, match = header.name.lower(), header.invert, header.match
    if match and match.range:
        start, end = match.range.start, match.range.end
        return HeaderMatch(name=name, kind=MatchKind.RANGE, start=start, end=end, invert=invert)
    for kind in (MatchKind.EXACT, MatchKind.PREFIX, MatchKind.SUFFIX, MatchKind.REGEX):
        value = getattr(match, kind.value, None)
        if value is not None:
            return HeaderMatch(name=name, kind=kind, value=value, invert=invert)
    return HeaderMatch(name=name, kind=MatchKind.PRESENT, invert=invert)


def _query(query: QuerySpec) -> QueryMatch:
    if query.match and query.match.exact is not None:
        return QueryMatch(name=query.name, kind=MatchKind.EXACT, value=query.match.exact)
    return QueryMatch(name=query.name, kind=MatchKind.PRESENT)


def _rank(route: Route | EdgeRoute) -> Rank:
    match = route.match
    hostname = isinstance(route, EdgeRoute) and route.hostname is not None
    singles = sum(condition is not None for condition in (match.method, match.scheme, match.port))
    conditions = len(match.headers) + len(match.query) + singles + hostname
    priority = _UNRANKED if route.priority is None else route.priority
    return priority, -len(match.path.value if match.path else ""), -conditions


def _path_order(match: Match) -> int:
    order = (MatchKind.EXACT, MatchKind.PREFIX, MatchKind.REGEX)
    return order.index(match.path.kind if match.path else MatchKind.PREFIX)


def _unsettled(ordered: Sequence[AnyRoute]) -> Iterator[tuple[AnyRoute, AnyRoute]]:
    """Pairs, in order, that may overlap: of one rank, of a regex with anything, of an exact path with a prefix."""
    place = {id(route): number for number, route in enumerate(ordered)}
    pairs = {(place[id(one)], place[id(other)]) for one, other in _rivals(ordered)}
    for first, second in sorted({(min(pair), max(pair)) for pair in pairs}):
        one, other = ordered[first], ordered[second]
        if not _hostnames_differ(one, other) and may_overlap(one.match, other.match):
            yield one, other


def _rivals(ordered: Sequence[AnyRoute]) -> Iterator[tuple[AnyRoute, AnyRoute]]:
    same: dict[tuple[Rank, str], list[AnyRoute]] = defaultdict(list)
    prefixes: dict[tuple[int, str], list[AnyRoute]] = defaultdict(list)
    levels: dict[int, list[AnyRoute]] = defaultdict(list)
    for route in ordered:
        kind, value = _path_key(route)
        same[_rank(route), f"{kind} {value}"].append(route)
        levels[_rank(route)[0]].append(route)
        if kind is MatchKind.PREFIX:
            prefixes[_rank(route)[0], value].append(route)
    for routes in same.values():
        yield from combinations(routes, 2)
    for route in ordered:
        kind, value = _path_key(route)
        level = _rank(route)[0]
        if kind is MatchKind.REGEX:
            yield from ((route, other) for other in levels[level] if other is not route)
        elif kind is MatchKind.EXACT:
            cuts = (value[:length] for length in range(len(value) + 1))
            yield from ((route, other) for cut in cuts for other in prefixes.get((level, cut), ()))


def _path_key(route: Route | EdgeRoute) -> tuple[MatchKind, str]:
    path = route.match.path
    return (path.kind, path.value) if path else (MatchKind.PREFIX, "")


def _hostnames_differ(one: Route | EdgeRoute, other: Route | EdgeRoute) -> bool:
    mine = one.hostname if isinstance(one, EdgeRoute) else None
    theirs = other.hostname if isinstance(other, EdgeRoute) else None
    exact = mine is not None and theirs is not None and mine.kind is theirs.kind is MatchKind.EXACT
    return exact and mine != theirs


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _paths_differ(one: PathMatch | None, other: PathMatch | None) -> bool:
    if one is None or other is None:
        return False
    match one.kind, other.kind:
        case MatchKind.EXACT, MatchKind.EXACT:
            return one.value != other.value
        case MatchKind.PREFIX, MatchKind.PREFIX:
            return not (one.value.startswith(other.value) or other.value.startswith(one.value))
        case MatchKind.EXACT, MatchKind.PREFIX:
            return not one.value.startswith(other.value)
        case MatchKind.PREFIX, MatchKind.EXACT:
            return not other.value.startswith(one.value)
        case _:
            return False


def _values_differ(one: Match, other: Match) -> bool:
    headers = {header.name: header.value for header in one.headers if _is_exact(header)}
    if any(_differ(headers.get(header.name), header.value) for header in other.headers if _is_exact(header)):
        return True
    queries = {query.name: query.value for query in one.query if query.kind is MatchKind.EXACT}
    return any(_differ(queries.get(q.name), q.value) for q in other.query if q.kind is MatchKind.EXACT)


def _is_exact(header: HeaderMatch) -> bool:
    return header.kind is MatchKind.EXACT and not header.invert
