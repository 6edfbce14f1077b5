"""One Edge: its Gateway, and its routes flattened with those of the Hosts behind it."""

from collections.abc import Iterator
from dataclasses import dataclass

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.mesh import Edge, EdgeRoute, Host, HostnameMatch, MatchKind, Mesh, Route
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING
from meshmig.targets.istio.composing import Composed, Incomposable, compose
from meshmig.targets.istio.destinations import destinations
from meshmig.targets.istio.matches import http_match
from meshmig.targets.istio.routing import behaviour, host_name, until_catch_all
from meshmig.targets.istio.settings import Named, Placements, Settings, object_name, stamped

SELECTOR = "istio"
"""The pod label by which a Gateway finds its pods."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A rule of the edge with a rule of the Host behind it."""

    outer: EdgeRoute
    inner: Route
    host: Host


def gateway_label(edge: Edge) -> str:
    """Return the value of the label that the edge's gateway pods carry."""
    return f"{edge.origin.ref.name}-istio"


def edge_objects(mesh: Mesh, edge_id: str, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return an Edge's Gateway and one VirtualService a hostname."""
    edge = mesh.edge[edge_id]
    routes = tuple(_routes(mesh, edge, hostname, placements, settings) for hostname in _hostnames(edge))
    return (_gateway(edge, settings), *(manifest for manifest in routes if manifest is not None))


def edge_findings(mesh: Mesh, edge: Edge) -> Iterator[Diagnostic]:
    """Yield what the two stages of App Mesh's routing say that one Istio rule cannot."""
    for outer in edge.routes:
        host = mesh.host.get(outer.host)
        for inner in host.routes if host is not None else ():
            composed = compose(outer, inner)
            if isinstance(composed, Incomposable):
                yield Diagnostic(
                    code="MIG350",
                    severity=Severity.ERROR,
                    message=f"its path cannot be joined with route {inner.name} of {host and host.id}: {composed.why}",
                    help="write both as prefixes or exact paths",
                    object=outer.origin.ref.object_name,
                    path=outer.origin.path,
                )


def _gateway(edge: Edge, settings: Settings) -> Manifest:
    servers = [
        {
            "port": {
                "number": listener.port,
                "name": f"{listener.protocol.value}-{listener.port}",
                "protocol": listener.protocol.value.upper(),
            },
            "hosts": ["*"],
        }
        for listener in edge.listeners
    ]
    return stamped(
        _named(edge, "Gateway", ""), {"selector": {SELECTOR: gateway_label(edge)}, "servers": servers}, settings
    )


def _named(edge: Edge, kind: str, suffix: str) -> Named:
    name = f"{edge.origin.ref.name}-edge{suffix}"
    return Named(api_version=NETWORKING, kind=kind, namespace=edge.namespace, name=name, origin=edge.origin)


def _hostnames(edge: Edge) -> tuple[HostnameMatch | None, ...]:
    named = dict.fromkeys(route.hostname for route in edge.routes if route.hostname is not None)
    return (*named, None)


def _routes(
    mesh: Mesh, edge: Edge, hostname: HostnameMatch | None, placements: Placements, settings: Settings
) -> Manifest | None:
    pairs = (
        _Pair(outer, inner, mesh.host[outer.host])
        for outer in edge.routes
        if outer.hostname in (None, hostname) and outer.host in mesh.host
        for inner in mesh.host[outer.host].routes
        if inner.protocol.is_http
    )
    rules = [rule for pair in pairs for rule in _rules(mesh, pair, placements)]
    if not rules:
        return None
    name = "" if hostname is None else f"-{object_name(hostname.value)}"
    spec: dict[str, Json] = {
        "hosts": [_istio_host(hostname)],
        "gateways": [f"{edge.namespace}/{edge.origin.ref.name}-edge"],
    }
    spec["http"] = until_catch_all(rules)
    return stamped(_named(edge, "VirtualService", name), spec, settings)


def _istio_host(hostname: HostnameMatch | None) -> str:
    if hostname is None:
        return "*"
    if hostname.kind is MatchKind.EXACT:
        return hostname.value
    return f"*{hostname.value}" if hostname.value.startswith(".") else "*"


def _rules(mesh: Mesh, pair: _Pair, placements: Placements) -> Iterator[dict[str, Json]]:
    composed = compose(pair.outer, pair.inner)
    if not isinstance(composed, Composed):
        return
    targets = destinations(mesh, pair.inner.splits, placements)
    rule: dict[str, Json] = {"name": object_name(f"{pair.outer.name}-{pair.inner.name}")}
    conditions = [http_match(match, port=pair.outer.match.port) for match in composed.matches]
    if all(conditions):
        rule["match"] = conditions
    if not targets:
        yield rule | {"directResponse": {"status": 503}}
        return
    rewrite = _rewrite(pair, composed)
    yield rule | ({"rewrite": rewrite} if rewrite else {}) | {"route": targets} | behaviour(pair.inner)


def _rewrite(pair: _Pair, composed: Composed) -> dict[str, Json]:
    rewrite: dict[str, Json] = dict(composed.rewrite)
    if pair.outer.rewrite.authority is not None:
        rewrite["authority"] = host_name(pair.host)
    return rewrite
