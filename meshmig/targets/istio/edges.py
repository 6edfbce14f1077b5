"""One Edge: its Gateway, and its routes flattened with those of the Hosts behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.mesh import Edge, EdgeRoute, Host, HostnameMatch, Listener, Match, MatchKind, Mesh, Route, TlsMode
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING
from meshmig.targets.istio.composing import Composed, Incomposable, compose
from meshmig.targets.istio.destinations import destinations
from meshmig.targets.istio.matches import http_match
from meshmig.targets.istio.routing import behaviour, reachable
from meshmig.targets.istio.settings import Named, Placements, Settings, object_name, stamped
from meshmig.targets.istio.sidecars import server_settings

SELECTOR = "istio"
"""The pod label by which a Gateway finds its pods."""

ANY = "*"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A rule of the edge with a rule of the Host behind it."""

    outer: EdgeRoute
    inner: Route
    host: Host


def gateway_label(edge: Edge) -> str:
    """Return the value of the label of the edge's gateway pods: a Gateway takes pods of every namespace by it."""
    return object_name(f"{edge.origin.ref.name}-{edge.namespace}-istio")


def edge_objects(mesh: Mesh, edge_id: str, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return an Edge's Gateway and one VirtualService a hostname."""
    edge = mesh.edge[edge_id]
    routes = tuple(_routes(mesh, edge, host, placements, settings) for host in _hostnames(edge))
    return (_gateway(edge, settings), *(manifest for manifest in routes if manifest is not None))


def edge_findings(mesh: Mesh, edge: Edge) -> Iterator[Diagnostic]:
    """Yield what the two stages of App Mesh's routing say that one Istio rule cannot."""
    for outer in edge.routes:
        for pair in _pairs(mesh, outer):
            composed = compose(outer, pair.inner)
            if isinstance(composed, Incomposable):
                route = f"route {pair.inner.name} of {pair.host.id}"
                yield Diagnostic(
                    code="MIG350",
                    severity=Severity.ERROR,
                    message=f"its conditions cannot be joined with {route}: {composed.why}",
                    help='write both as prefixes or exact paths, or leave the pair out: allow MIG350 because "…"',
                    object=outer.origin.ref.object_name,
                    path=outer.origin.path,
                )


def _gateway(edge: Edge, settings: Settings) -> Manifest:
    spec: dict[str, Json] = {
        "selector": {SELECTOR: gateway_label(edge)},
        "servers": [_server(listener) for listener in edge.listeners],
    }
    return stamped(_named(edge, "Gateway", ""), spec, settings)


def _server(listener: Listener) -> dict[str, Json]:
    tls = listener.tls
    ends_tls = tls is not None and tls.mode is not TlsMode.DISABLED and tls.certificate is not None
    protocol = "HTTPS" if ends_tls else listener.protocol.value.upper()
    port = {"number": listener.port, "name": f"{protocol.lower()}-{listener.port}", "protocol": protocol}
    made: dict[str, Json] = {"port": port, "hosts": [ANY]}
    if tls is None or not ends_tls:
        return made
    settings = server_settings(tls)
    names = {"subjectAltNames": list(tls.client_names)} if settings["mode"] == "MUTUAL" and tls.client_names else {}
    return made | {"tls": settings | names}


def _named(edge: Edge, kind: str, suffix: str) -> Named:
    name = f"{edge.origin.ref.name}-edge{suffix}"
    return Named(api_version=NETWORKING, kind=kind, namespace=edge.namespace, name=name, origin=edge.origin)


def _hostnames(edge: Edge) -> tuple[str, ...]:
    """The hosts of Istio's VirtualServices: every one that a route names, and all others."""
    named = dict.fromkeys(istio_host(route.hostname) for route in edge.routes)
    return (*(host for host in named if host != ANY), ANY)


def istio_host(hostname: HostnameMatch | None) -> str:
    """Return the host of a VirtualService that takes at least what a hostname does."""
    match hostname:
        case HostnameMatch(kind=MatchKind.EXACT, value=value):
            return value
        case HostnameMatch(value=value) if value.startswith("."):
            return f"*{value}"
        case _:
            return ANY


def _takes_all_of(hostname: HostnameMatch | None, host: str) -> bool:
    """Whether a route of that hostname may take requests for an Istio host: Envoy falls back to no wider host."""
    if hostname is None or istio_host(hostname) == host:
        return True
    return hostname.kind is MatchKind.SUFFIX and host.removeprefix("*").endswith(hostname.value)


def _routes(mesh: Mesh, edge: Edge, host: str, placements: Placements, settings: Settings) -> Manifest | None:
    taken = (outer for outer in edge.routes if _takes_all_of(outer.hostname, host))
    outers = [narrowed for outer in taken for narrowed in _at_listeners(edge, outer)]
    rules = [rule for outer in outers for rule in _outer_rules(mesh, outer, host, placements)]
    if not rules:
        return None
    wild = "any-" if host.startswith("*") else ""
    suffix = "" if host == ANY else f"-{wild}{object_name(host)}"
    spec: dict[str, Json] = {
        "hosts": [host],
        "gateways": [f"{edge.namespace}/{edge.origin.ref.name}-edge"],
        "http": reachable(rules),
    }
    return stamped(_named(edge, "VirtualService", suffix), spec, settings)


def _at_listeners(edge: Edge, outer: EdgeRoute) -> Iterator[EdgeRoute]:
    """A GatewayRoute is for listeners of its own protocol; a rule of Istio is for every port unless it names one."""
    ports = [listener.port for listener in edge.listeners if listener.protocol is outer.protocol]
    if len(ports) == len(edge.listeners) or outer.match.port in ports:
        yield outer
    elif outer.match.port is None:
        for port in ports:
            yield replace(outer, name=f"{outer.name}-{port}", match=replace(outer.match, port=port))


def _outer_rules(mesh: Mesh, outer: EdgeRoute, host: str, placements: Placements) -> Iterator[dict[str, Json]]:
    """Join a rule of the edge with each rule behind it; what none of those takes is refused, and not tried further."""
    pairs = tuple(_pairs(mesh, outer))
    for pair in pairs:
        yield from _rules(mesh, pair, host, placements)
    if not any(_takes_all(pair.inner) for pair in pairs):
        rest: dict[str, Json] = {"name": object_name(f"{outer.name}-rest"), "directResponse": {"status": 404}}
        condition = http_match(outer.match, port=outer.match.port) | _authority(outer.hostname, host)
        yield rest | ({"match": [condition]} if condition else {})


def _pairs(mesh: Mesh, outer: EdgeRoute) -> Iterator[_Pair]:
    """The rules behind a rule of the edge: those of the port that it names, where it names one."""
    host = mesh.host.get(outer.host)
    for inner in host.routes if host is not None else ():
        if host is not None and inner.protocol.is_http and _same_port(outer, inner):
            yield _Pair(outer, inner, host)


def _takes_all(inner: Route) -> bool:
    path = inner.match.path
    plain = path is None or (path.kind is MatchKind.PREFIX and path.value == "/")
    return plain and replace(inner.match, path=None, port=None) == Match()


def _same_port(outer: EdgeRoute, inner: Route) -> bool:
    return outer.port is None or inner.match.port in (None, outer.port)


def _rules(mesh: Mesh, pair: _Pair, host: str, placements: Placements) -> Iterator[dict[str, Json]]:
    composed = compose(pair.outer, pair.inner)
    if not isinstance(composed, Composed):
        return
    targets = destinations(mesh, pair.inner.splits, placements)
    rule: dict[str, Json] = {"name": object_name(f"{pair.outer.name}-{pair.inner.name}")}
    narrowed = _authority(pair.outer.hostname, host)
    conditions = [http_match(match, port=pair.outer.match.port) | narrowed for match in composed.matches]
    if all(conditions):
        rule["match"] = conditions
    if not targets:
        yield rule | {"directResponse": {"status": 503}}
        return
    rewrite = _rewrite(pair, composed)
    yield rule | ({"rewrite": rewrite} if rewrite else {}) | {"route": targets} | behaviour(pair.inner)


def _authority(hostname: HostnameMatch | None, host: str) -> dict[str, Json]:
    """A suffix that does not begin with a dot is no host of Istio's: the rule itself asks for it."""
    if hostname is None or istio_host(hostname) != ANY or host != ANY:
        return {}
    return {"authority": {"regex": f".*{re.escape(hostname.value)}"}}


def _rewrite(pair: _Pair, composed: Composed) -> dict[str, Json]:
    rewrite: dict[str, Json] = dict(composed.rewrite)
    if pair.outer.rewrite.authority is not None:
        rewrite["authority"] = pair.outer.rewrite.authority
    return rewrite
