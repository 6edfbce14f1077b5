"""App Mesh routes twice behind a gateway; here both stages become one set of conditions and one rewrite."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from meshmig.model.mesh import EdgeRoute, Match, MatchKind, PathMatch, Route
from meshmig.model.objects import Json


@dataclass(frozen=True, slots=True)
class Composed:
    """Alternative conditions (a request meets one of them), and the path's rewrite."""

    matches: tuple[Match, ...]
    rewrite: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No request that the edge lets through meets the inner rule."""


@dataclass(frozen=True, slots=True)
class Incomposable:
    """Both stages together are not one rule."""

    why: str


def compose(outer: EdgeRoute, inner: Route) -> Composed | Unreachable | Incomposable:
    """Join a rule of an edge with a rule of the Host that it leads to; the inner one sees the rewritten path."""
    conditions = _conditions(outer.match, inner.match)
    if not isinstance(conditions, Match):
        return conditions
    paths = _paths(outer, inner.match.path)
    if not isinstance(paths, _Paths):
        return paths
    matches = tuple(replace(conditions, path=path) for path in paths.matches)
    return Composed(matches, paths.rewrite)


def _conditions(outer: Match, inner: Match) -> Match | Unreachable | Incomposable:
    if outer.method and inner.method and outer.method != inner.method:
        return Unreachable()
    names = {header.name for header in outer.headers}
    clash = [header.name for header in inner.headers if header.name in names and header not in outer.headers]
    if clash:
        return Incomposable(f"both ask something else of header {clash[0]}")
    headers = tuple(dict.fromkeys((*outer.headers, *inner.headers)))
    query = tuple(dict.fromkeys((*outer.query, *inner.query)))
    return Match(method=outer.method or inner.method, scheme=inner.scheme or outer.scheme, headers=headers, query=query)


@dataclass(frozen=True, slots=True)
class _Paths:
    matches: tuple[PathMatch | None, ...]
    rewrite: Mapping[str, Json] = field(default_factory=dict)


def _paths(outer: EdgeRoute, inner: PathMatch | None) -> "_Paths | Unreachable | Incomposable":
    path = outer.match.path
    wanted = inner or PathMatch(kind=MatchKind.PREFIX, value="/")
    if path is None:
        return _Paths((inner,))
    if path.kind is MatchKind.PREFIX:
        if outer.rewrite.prefix is not None:
            return _rewritten_prefix(path.value, outer.rewrite.prefix, wanted)
        return _both(path, wanted)
    if outer.rewrite.path is not None:
        return _rewritten_path(path, outer.rewrite.path, wanted)
    return _both(path, wanted)


def _rewritten_prefix(prefix: str, target: str, inner: PathMatch) -> "_Paths | Unreachable | Incomposable":
    """`/x` becomes `/`: `/x/y` is seen as `/y`, and by characters `/xy` as `/y` too."""
    stem = prefix.rstrip("/")
    rewrite = {"uriRegexRewrite": {"match": f"^{re.escape(stem)}/?(.*)$", "rewrite": f"{target}\\1"}}
    if stem == "" and target == "/":
        return _Paths((inner,))
    if inner.kind is MatchKind.REGEX:
        if target != "/":
            return Incomposable("a rewritten prefix before a regular expression")
        return _Paths((PathMatch(kind=MatchKind.REGEX, value=f"{re.escape(stem)}{inner.value}"),), rewrite)
    if inner.value.startswith(target):
        rest = inner.value[len(target) :]
        if not rest and inner.kind is MatchKind.PREFIX:
            return _Paths((PathMatch(kind=MatchKind.PREFIX, value=prefix),), rewrite)
        spellings = dict.fromkeys((f"{stem}/{rest}", f"{stem}{rest}")) if stem else {f"/{rest}": None}
        return _Paths(tuple(PathMatch(kind=inner.kind, value=text) for text in spellings if text), rewrite)
    if inner.kind is MatchKind.PREFIX and target.startswith(inner.value):
        return _Paths((PathMatch(kind=MatchKind.PREFIX, value=prefix),), rewrite)
    return Unreachable()


def _rewritten_path(path: PathMatch, target: str, inner: PathMatch) -> "_Paths | Unreachable | Incomposable":
    """The inner rule sees one known path, so it is decided here."""
    if not _takes(inner, target):
        return Unreachable()
    if path.kind is MatchKind.EXACT:
        return _Paths((path,), {"uri": target})
    return _Paths((path,), {"uriRegexRewrite": {"match": "^.*$", "rewrite": target}})


def _takes(path: PathMatch, text: str) -> bool:
    match path.kind:
        case MatchKind.EXACT:
            return text == path.value
        case MatchKind.PREFIX:
            return text.startswith(path.value)
        case _:
            return re.fullmatch(path.value, text) is not None


def _both(outer: PathMatch, inner: PathMatch) -> "_Paths | Unreachable | Incomposable":
    """Both stages see the same path: the narrower condition is the joint one."""
    if outer == inner or (inner.kind is MatchKind.PREFIX and inner.value == "/"):
        return _Paths((outer,))
    if outer.kind is MatchKind.PREFIX and outer.value == "/":
        return _Paths((inner,))
    for wide, narrow in ((outer, inner), (inner, outer)):
        if narrow.kind is MatchKind.EXACT:
            return _Paths((narrow,)) if _takes(wide, narrow.value) else Unreachable()
    if outer.kind is inner.kind is MatchKind.PREFIX:
        longer, shorter = sorted((outer.value, inner.value), key=len, reverse=True)
        return (
            _Paths((PathMatch(kind=MatchKind.PREFIX, value=longer),)) if longer.startswith(shorter) else Unreachable()
        )
    return Incomposable("a regular expression meets another pattern")
