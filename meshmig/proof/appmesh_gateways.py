"""App Mesh's gateways: a GatewayRoute, its rewrite, then the routes of the host behind it on the rewritten request."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from meshmig.model.objects import Json, Manifest
from meshmig.proof.appmesh import HostRoutes, InnerRule, host_routes, with_authority
from meshmig.proof.appmesh_conditions import HTTP_KINDS, conditions, path_of, trial_order
from meshmig.proof.appmesh_objects import Members, reference_id, selects
from meshmig.proof.languages import Prefix, Through, takes
from meshmig.proof.model import PATH, Cause, Condition, Forward, PathChange, Refused, Rule
from meshmig.proof.patterns import NotDecidableError

_LAST = 1000
"""The priority of a GatewayRoute that says none."""


def gateway_rules(members: Members, gateway: Manifest, protocol: str, port: int) -> tuple[Rule, ...]:
    """Return the rules of one listener, in the order in which they are tried."""
    kind = f"{protocol}Route"
    ordered = []
    for route in members.gateway_routes.values():
        body = route.spec.get(kind)
        if body is None or kind not in HTTP_KINDS or not _belongs(members, route, gateway):
            continue
        match = body.get("match") or {}
        if match.get("port") in (None, port):
            priority = route.spec.get("priority")
            key = trial_order(kind, match, _LAST if priority is None else priority, route.ref.name)
            ordered.append((key, route.ref, kind, route))
    rules: list[Rule] = []
    for _, _, _, route in sorted(ordered, key=lambda item: item[:2]):
        rules += _rules(members, route, kind)
    return tuple(rules)


def _belongs(members: Members, route: Manifest, gateway: Manifest) -> bool:
    written = route.spec.get("virtualGatewayRef")
    if written:
        return reference_id(written, route.ref.namespace) == gateway.ref.id
    takers = [other for other in members.gateways.values() if _takes(members, other, route)]
    return takers == [gateway]


def _takes(members: Members, gateway: Manifest, route: Manifest) -> bool:
    homes, routes = gateway.spec.get("namespaceSelector"), gateway.spec.get("gatewayRouteSelector")
    if homes is None or not selects(homes, members.namespaces.get(route.ref.namespace, {})):
        return False
    return routes is None or selects(routes, route.labels)


def _rules(members: Members, route: Manifest, kind: str) -> Iterator[Rule]:
    body = route.spec[kind]
    match, action = body.get("match") or {}, body.get("action") or {}
    cause = Cause(route.ref, f"spec.{kind}")
    asked = conditions(kind, match)
    host = _host(members, route, action.get("target") or {})
    if host is None:
        yield Rule(asked, Refused("the VirtualService does not exist"), (cause,))
        return
    change = _path_change(kind, match, action.get("rewrite") or {})
    authority = _authority(host, action.get("rewrite") or {})
    for inner in _inner(host, (action.get("target") or {}).get("port")):
        seen = _seen(inner, change)
        if seen is not None:
            outcome = with_authority(inner.outcome, authority)
            if isinstance(outcome, Forward):
                outcome = replace(outcome, path=change)
            yield Rule((*asked, *seen), outcome, (cause, *host.causes, *inner.causes))
    yield Rule(asked, Refused("no route of the VirtualService takes it"), (cause, *host.causes))


def _host(members: Members, route: Manifest, target: Mapping[str, Json]) -> HostRoutes | None:
    reference = (target.get("virtualService") or {}).get("virtualServiceRef") or {}
    return host_routes(members, reference_id(reference, route.ref.namespace))


def _inner(host: HostRoutes, port: int | None) -> tuple[InnerRule, ...]:
    """The routes of the host at the port that the GatewayRoute names, else at its first one."""
    dialled = port or (host.ports[0][0] if host.ports else 0)
    return host.at(dialled, http=True)


def _seen(inner: InnerRule, change: PathChange) -> tuple[Condition, ...] | None:
    """The inner conditions as they bear on the path before its rewrite; None where a rewritten path meets none."""
    found = []
    for condition in inner.conditions:
        if condition.attribute != PATH or change == PathChange():
            found.append(condition)
        elif change.whole is None:
            found.append(replace(condition, language=Through(condition.language, change.pieces)))
        elif not _takes_whole(condition, change.whole):
            return None
    return tuple(found)


def _takes_whole(condition: Condition, path: str) -> bool:
    try:
        return takes(condition.language, path)
    except NotDecidableError:
        return True


def _path_change(kind: str, match: Mapping[str, Json], rewrite: Mapping[str, Json]) -> PathChange:
    """A prefix becomes `/` unless somebody wrote otherwise; exact and regex paths stay unless somebody wrote one."""
    if kind == "grpcRoute":
        return PathChange()
    path = path_of(kind, match)
    if isinstance(path, Prefix):
        written = rewrite.get("prefix") or {}
        if written.get("value") is None and written.get("defaultPrefix") == "DISABLED":
            return PathChange()
        return PathChange(prefix_pieces(path.text, written.get("value") or "/"))
    whole = (rewrite.get("path") or {}).get("exact")
    return PathChange(whole=whole) if whole is not None and match.get("path") else PathChange()


def prefix_pieces(prefix: str, target: str) -> tuple[tuple[str, str], ...]:
    """`/x` to `/` is two rewrites in Envoy: `/x/` to `/`, so that no slash is doubled, then `/x` to `/`."""
    if prefix == target:
        return ()
    return ((prefix, target),) if prefix.endswith("/") else ((f"{prefix}/", target), (prefix, target))


def _authority(host: HostRoutes, rewrite: Mapping[str, Json]) -> str:
    switch = (rewrite.get("hostname") or {}).get("defaultTargetHostname")
    return "" if switch == "DISABLED" else host.name


def listeners_of(gateway: Manifest) -> tuple[tuple[int, str], ...]:
    """Return a gateway's ports with their protocols."""
    mappings = (item.get("portMapping") or {} for item in gateway.spec.get("listeners") or ())
    return tuple((int(item.get("port") or 0), str(item.get("protocol") or "http")) for item in mappings)
