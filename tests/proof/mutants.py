"""Every small way in which Istio's routing objects can be wrong, one at a time."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meshmig.model.objects import Manifest


@dataclass(frozen=True)
class Mutant:
    """One object changed in one way."""

    kind: str
    before: Manifest
    after: Manifest


def mutants(manifest: Manifest, hosts: list[str]) -> Iterator[Mutant]:
    """Yield every mutant of a VirtualService; `hosts` are those that a destination may be turned to."""
    rules = manifest.spec.get("http") or []
    for number, rule in enumerate(rules):
        yield from (_mutant(manifest, kind, number, changed) for kind, changed in _rule_mutants(rule, hosts))
        if len(rules) > 1:
            yield _whole(manifest, "drop a rule", [*rules[:number], *rules[number + 1 :]])
        if number + 1 < len(rules):
            yield _whole(manifest, "swap two rules", [*rules[:number], rules[number + 1], rule, *rules[number + 2 :]])
        everything = {key: value for key, value in rules[-1].items() if key != "match"}
        yield _whole(manifest, "an extra catch-all", [*rules[:number], everything, *rules[number:]])


def _rule_mutants(rule: dict[str, Any], hosts: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for field, kind in (
        ("timeout", "forget the timeout"),
        ("retries", "forget the retries"),
        ("rewrite", "forget a rewrite"),
    ):
        if field in rule:
            yield kind, {key: value for key, value in rule.items() if key != field}
    if rule.get("timeout"):
        yield "another timeout", rule | {"timeout": "7s"}
    if (rule.get("retries") or {}).get("attempts"):
        yield "more retries", rule | {"retries": rule["retries"] | {"attempts": rule["retries"]["attempts"] + 1}}
        yield "other retry conditions", rule | {"retries": rule["retries"] | {"retryOn": "reset"}}
    for key in rule.get("rewrite") or {}:
        left = {name: value for name, value in rule["rewrite"].items() if name != key}
        yield (
            f"forget rewrite {key}",
            ({k: v for k, v in rule.items() if k != "rewrite"} | ({"rewrite": left} if left else {})),
        )
    yield from _match_mutants(rule)
    yield from _route_mutants(rule, hosts)
    yield "a mirror", rule | {"mirror": {"host": hosts[0]}}


def _match_mutants(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    matches = rule.get("match") or []
    for number, match in enumerate(matches):
        if len(matches) > 1:
            yield "drop a match", rule | {"match": [*matches[:number], *matches[number + 1 :]]}
        for key, value in match.items():
            left = {name: kept for name, kept in match.items() if name != key}
            rest = [*matches[:number], *([left] if left else []), *matches[number + 1 :]]
            dropped = {name: kept for name, kept in rule.items() if name != "match"}
            yield f"drop {key}", dropped | ({"match": rest} if left else {})
            for changed in _other_values(key, value):
                yield (
                    f"another {key}",
                    rule | {"match": [*matches[:number], match | {key: changed}, *matches[number + 1 :]]},
                )


def _other_values(key: str, value: Any) -> Iterator[Any]:
    if key in ("uri", "method", "authority") and isinstance(value, dict):
        for word, text in value.items():
            yield {word: text + ("x" if word != "regex" else "?")}
            if word == "prefix":
                yield {"exact": text}
                yield {"regex": text.rstrip("/") + "(/.*)?"}
    elif key in ("headers", "withoutHeaders", "queryParams"):
        for name, match in value.items():
            yield value | {name: {}} if match else value | {name: {"exact": "x"}}
            yield {("x-" + other if other == name else other): kept for other, kept in value.items()}
    elif key == "port":
        yield value + 1


def _route_mutants(rule: dict[str, Any], hosts: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    routes = rule.get("route") or []
    for number, route in enumerate(routes):
        destination = route["destination"]
        for host in hosts:
            if host != destination["host"]:
                yield "wrong host", _with(rule, number, route | {"destination": destination | {"host": host}})
        port = (destination.get("port") or {}).get("number", 8080)
        yield "wrong port", _with(rule, number, route | {"destination": destination | {"port": {"number": port + 1}}})
        yield "wrong subset", _with(rule, number, route | {"destination": destination | {"subset": "nope"}})
        if len(routes) > 1:
            yield "change a weight", _with(rule, number, route | {"weight": route.get("weight", 0) + 1})
            yield "drop a destination", rule | {"route": [*routes[:number], *routes[number + 1 :]]}


def _with(rule: dict[str, Any], number: int, route: dict[str, Any]) -> dict[str, Any]:
    routes = list(rule["route"])
    routes[number] = route
    return rule | {"route": routes}


def _mutant(manifest: Manifest, kind: str, number: int, rule: dict[str, Any]) -> Mutant:
    rules = list(manifest.spec["http"])
    rules[number] = rule
    return _whole(manifest, kind, rules)


def _whole(manifest: Manifest, kind: str, rules: list[Any]) -> Mutant:
    body = copy.deepcopy(dict(manifest.body))
    body["spec"] = dict(body["spec"]) | {"http": copy.deepcopy(rules)}
    return Mutant(kind, manifest, Manifest(body))
