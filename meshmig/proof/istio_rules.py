"""One rule of an Istio VirtualService, in the proof's words: what it asks, and what becomes of the request."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from meshmig.model.objects import Json
from meshmig.proof.istio_objects import Config, View, full_host, milliseconds
from meshmig.proof.languages import Anything, Exact, Folded, Language, Pattern, Prefix, takes
from meshmig.proof.model import (
    AUTHORITY,
    HEADER,
    METHOD,
    PATH,
    QUERY,
    SCHEME,
    Cause,
    Condition,
    Forward,
    Outcome,
    PathChange,
    Refused,
    Retries,
    Rule,
    Share,
    merged,
)
from meshmig.proof.patterns import NotDecidableError

DEFAULT_RETRIES = Retries(2, 0, frozenset({"connect-failure", "refused-stream", "unavailable", "cancelled"}))
"""Istio's own policy where a rule says nothing."""
_RETRY_WORDS: Mapping[str, frozenset[str]] = {
    "gateway-error": frozenset({"502", "503", "504"}),
    "retriable-4xx": frozenset({"409"}),
    "retriable-status-codes": frozenset(),
}
_EXTRAS = ("mirror", "mirrors", "mirrorPercentage", "fault", "headers", "corsPolicy", "delegate", "redirect")
_BAD_REQUEST = 400
_STEM = re.compile(r"\^?((?:[^\\^$.|?*+()\[\]{}]|\\.)*?)(/\?)?\((?:\.\*)\)\$?")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: how its proxy sees the mesh, which gateway it is (or `mesh`), the port, the spelling where fixed."""

    view: View
    gateway: str
    port: int
    authority: str = ""


def rules_of(config: Config, asking: Asking, body: Mapping[str, Json], cause: Cause) -> Iterator[Rule]:
    """Return one rule for every alternative of a rule's matches."""
    namespace = cause.ref.namespace
    matches: Sequence[Mapping[str, Json]] = body.get("match") or ({},)
    for match in matches:
        if _is_for(asking, match, namespace):
            asked = tuple(_conditions(match, asking.authority))
            if None not in asked:
                conditions = tuple(condition for condition in asked if condition is not None)
                yield Rule(conditions, _outcome(config, asking, (body, match), namespace), (cause,))


def _is_for(asking: Asking, match: Mapping[str, Json], namespace: str) -> bool:
    gateways = match.get("gateways")
    if gateways and asking.gateway not in [
        name if "/" in name or name == "mesh" else f"{namespace}/{name}" for name in gateways
    ]:
        return False
    if match.get("port") not in (None, asking.port):
        return False
    if asking.gateway != "mesh":
        return True
    labels = dict(asking.view.labels)
    wanted = match.get("sourceLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return match.get("sourceNamespace") in (None, asking.view.namespace)


def _conditions(match: Mapping[str, Json], authority: str) -> Iterator[Condition | None]:
    """Yield what a match asks; None where the fixed authority already fails it."""
    fold = bool(match.get("ignoreUriCase"))
    for key, attribute in (("uri", PATH), ("method", METHOD), ("scheme", SCHEME), ("authority", AUTHORITY)):
        if match.get(key):
            language = _language(match[key], fold=fold and key == "uri")
            if attribute == AUTHORITY and authority:
                if not takes(language, authority):
                    yield None
            else:
                yield Condition(attribute, language)
    for name, wanted in sorted((match.get("headers") or {}).items()):
        yield Condition(HEADER + name.lower(), _language(wanted or {}))
    for name, unwanted in sorted((match.get("withoutHeaders") or {}).items()):
        yield _without(HEADER + name.lower(), _language(unwanted or {}))
    for name, wanted in sorted((match.get("queryParams") or {}).items()):
        yield Condition(QUERY + name, _language(wanted or {}))


def _without(attribute: str, language: Language) -> Condition:
    """A missing header is taken for an empty one, unless only its presence is asked."""
    if isinstance(language, Anything):
        return Condition(attribute, language, negated=True, absent=True)
    try:
        empty = takes(language, "")
    except NotDecidableError:
        empty = False
    return Condition(attribute, language, negated=True, absent=not empty)


def _language(match: Mapping[str, Json], *, fold: bool = False) -> Language:
    if match.get("exact") is not None:
        return Folded(Exact(match["exact"].lower())) if fold else Exact(match["exact"])
    if match.get("prefix") is not None:
        return Folded(Prefix(match["prefix"].lower())) if fold else Prefix(match["prefix"])
    return Pattern(match["regex"]) if match.get("regex") is not None else Anything()


def _outcome(
    config: Config, asking: Asking, rule: tuple[Mapping[str, Json], Mapping[str, Json]], namespace: str
) -> Outcome:
    body, match = rule
    direct = body.get("directResponse")
    if direct and int(direct.get("status", 0)) >= _BAD_REQUEST:
        return Refused(f"answers {direct['status']}")
    extras = tuple(f"{key} {_text(body[key])}" for key in _EXTRAS if body.get(key))
    extras += (f"directResponse {_text(direct)}",) if direct else ()
    limit = milliseconds(body.get("timeout"))
    routes = body.get("route") or ()
    extras += tuple(f"headers {_text(route['headers'])}" for route in routes if route.get("headers"))
    shares = [_share(config, asking, route, namespace, limit) for route in routes]
    if len(shares) == 1:
        shares = [Share(shares[0].target, Fraction(1), limit)]
    if not any(share.part for share in shares) and not extras:
        return Refused("no destination has a weight")
    rewrite = body.get("rewrite") or {}
    return Forward(
        shares=merged(shares),
        path=_path_change(rewrite, match.get("uri") or {}),
        authority=str(rewrite.get("authority") or ""),
        retries=retries_of(body.get("retries")),
        extras=extras,
    )


def _share(config: Config, asking: Asking, route: Mapping[str, Json], namespace: str, limit: int) -> Share:
    destination = route.get("destination") or {}
    host = full_host(str(destination.get("host") or ""), namespace)
    port = (destination.get("port") or {}).get("number")
    target = config.target(host, port, str(destination.get("subset") or ""), (asking.view.namespace, asking.port))
    return Share(target, Fraction(int(route.get("weight") or 0)), limit)


def retries_of(body: Mapping[str, Json] | None) -> Retries:
    """Read an HTTPRetry; Istio's own policy where there is none."""
    if body is None:
        return DEFAULT_RETRIES
    attempts = int(body.get("attempts") or 0)
    if not attempts:
        return Retries()
    words = [word.strip() for word in str(body.get("retryOn") or "").split(",") if word.strip()]
    upon = frozenset[str]().union(*(_RETRY_WORDS.get(word, frozenset({word})) for word in words))
    return Retries(attempts, milliseconds(body.get("perTryTimeout")), upon or DEFAULT_RETRIES.conditions)


def _path_change(rewrite: Mapping[str, Json], uri: Mapping[str, Json]) -> PathChange:
    expression = rewrite.get("uriRegexRewrite")
    if expression:
        return _by_expression(str(expression.get("match", "")), str(expression.get("rewrite", "")))
    target = rewrite.get("uri")
    if not target:
        return PathChange()
    if uri.get("exact") is not None or uri.get("regex") is not None:
        return PathChange(whole=target)
    prefix = uri.get("prefix") or "/"
    return PathChange(((prefix, target),)) if prefix != target else PathChange()


def _by_expression(pattern: str, target: str) -> PathChange:
    r"""`^STEM/?(.*)$` to `TARGET\1` and `^.*$` to a text are understood; anything else is not."""
    if pattern.removeprefix("^").removesuffix("$") in (".*", "(.*)", ".+") and "\\" not in target:
        return PathChange(whole=target)
    found = _STEM.fullmatch(pattern)
    if found is None or not target.endswith("\\1") or "\\" in target[:-2]:
        return PathChange(unknown=f"{pattern} → {target}")
    stem, goal = re.sub(r"\\(.)", r"\1", found.group(1)), target[:-2]
    pieces = ((f"{stem}/", goal), (stem, goal)) if found.group(2) else ((stem, goal),)
    return PathChange(pieces) if any(prefix != to for prefix, to in pieces) else PathChange()


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
