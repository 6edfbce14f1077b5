"""Conditions of requests in Istio's words."""

import re
from collections.abc import Iterable

from meshmig.model.mesh import HeaderMatch, Match, MatchKind, PathMatch
from meshmig.model.objects import Json


def http_match(match: Match, *, port: int | None = None) -> dict[str, Json]:
    """Return one HTTPMatchRequest; empty for a match that takes everything."""
    found: dict[str, Json] = {}
    if match.path is not None and (match.path.kind, match.path.value) != (MatchKind.PREFIX, "/"):
        found["uri"] = path_match(match.path)
    if match.method:
        found["method"] = {"exact": match.method}
    if match.scheme:
        found["scheme"] = {"exact": match.scheme}
    found |= _headers(match.headers)
    if match.query:
        found["queryParams"] = {
            query.name: {"exact": query.value} if query.kind is MatchKind.EXACT else {} for query in match.query
        }
    if port is not None:
        found["port"] = port
    return found


def path_match(path: PathMatch) -> dict[str, Json]:
    """Return a StringMatch of a path; regular expressions are whole-string RE2 on both sides."""
    word = {MatchKind.EXACT: "exact", MatchKind.PREFIX: "prefix"}.get(path.kind, "regex")
    return {word: path.value}


def _headers(headers: Iterable[HeaderMatch]) -> dict[str, Json]:
    wanted: dict[str, Json] = {}
    unwanted: dict[str, Json] = {}
    for header in headers:
        if header.invert:
            unwanted[header.name] = _string_match(header)
            # App Mesh's inverted value match needs the header to be there; Istio's takes a missing one as well.
            if header.kind is not MatchKind.PRESENT:
                wanted.setdefault(header.name, {})
        else:
            wanted[header.name] = _string_match(header)
    return ({"headers": wanted} if wanted else {}) | ({"withoutHeaders": unwanted} if unwanted else {})


def _string_match(header: HeaderMatch) -> dict[str, Json]:
    match header.kind:
        case MatchKind.PRESENT:
            return {}
        case MatchKind.EXACT | MatchKind.PREFIX | MatchKind.REGEX:
            return {header.kind.value: header.value}
        case MatchKind.SUFFIX:
            return {"regex": ".*" + re.escape(header.value)}
        case MatchKind.RANGE:
            return {"regex": integer_range(header.start, header.end)}


def integer_range(start: int, end: int) -> str:
    """Return an expression for the decimal integers from `start` to below `end`, written canonically."""
    if end <= start:
        return "[^\\s\\S]"
    parts = []
    if start < 0:
        parts += [f"-{part}" for part in _ranges(max(1, 1 - end), -start)]
    if end > 0:
        parts += _ranges(max(0, start), end - 1)
    return "|".join(parts)


def _ranges(low: int, high: int) -> list[str]:
    """Split the inclusive range into blocks that one pattern each describes."""
    patterns = []
    while low <= high:
        size = 1
        while low % (size * 10) == 0 and low + size * 10 - 1 <= high and low > 0:
            size *= 10
        digit = low // size % 10
        last = min(digit + (high - low + 1) // size - 1, 9) if low >= size else digit
        head = str(low // (size * 10)) if low // (size * 10) else ""
        body = str(digit) if digit == last else f"[{digit}-{last}]"
        zeros = len(str(size)) - 1
        patterns.append(head + body + (f"[0-9]{{{zeros}}}" if zeros else ""))
        low += (last - digit + 1) * size
    return patterns
