"""Where the mesh says more than Istio's objects can, or says it otherwise: named before anything is written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.mesh import EdgeRoute, ExternalHost, Host, Match, Mesh, Origin, Route, Upstream
from meshmig.targets.istio.client_tls import policies_of, strict_ports
from meshmig.targets.istio.matches import http_match

CODES: Mapping[str, str] = {
    "MIG351": "two conditions on one header or parameter",
    "MIG352": "callers whose TLS towards one address differs",
    "MIG353": "the limits of several listeners become one",
    "MIG356": "a route that is never reached",
}


def mesh_findings(mesh: Mesh) -> Iterator[Diagnostic]:
    """Yield every difference of a mesh."""
    routes = {(route.origin.ref, route.origin.path): route for host in mesh.hosts for route in host.routes}
    for route in routes.values():
        yield from _doubled(route.origin, route.name, route.match)
    for edge in mesh.edges:
        for rule in edge.routes:
            yield from _doubled(rule.origin, rule.name, rule.match)
    for upstream in mesh.upstreams:
        yield from _differing_callers(mesh, upstream)
        yield from _several_limits(upstream)
    yield from _unreached(mesh.hosts)


def _doubled(origin: Origin, name: str, match: Match) -> Iterator[Diagnostic]:
    """Istio's conditions are maps by name: one wanted, one unwanted."""
    wanted = Counter(header.name for header in dict.fromkeys(match.headers) if not header.invert)
    unwanted = Counter(header.name for header in dict.fromkeys(match.headers) if header.invert)
    asked = Counter(query.name for query in dict.fromkeys(match.query))
    for counted in (wanted, unwanted, asked):
        for doubled in (key for key, count in sorted(counted.items()) if count > 1):
            yield _finding(
                "MIG351",
                Severity.ERROR,
                origin,
                f"route {name} has two conditions on {doubled}, and Istio takes one for each name",
                "write them as one regex, or as two routes",
            )


def _differing_callers(mesh: Mesh, upstream: Upstream) -> Iterator[Diagnostic]:
    speaks_tls = bool(strict_ports(upstream)) or isinstance(upstream.address, ExternalHost)
    policies = policies_of(mesh, upstream) if speaks_tls else ()
    if len(policies) > 1:
        yield _finding(
            "MIG352",
            Severity.WARNING,
            upstream.origin,
            f"the callers of {upstream.id} have {len(policies)} differing TLS policies; a DestinationRule is one for "
            "all of them, and the first caller's is taken",
            "give the callers the same trust, names and certificate paths",
        )


def _several_limits(upstream: Upstream) -> Iterator[Diagnostic]:
    limits = {listener.limits for listener in upstream.listeners if listener.limits is not None}
    if len(limits) > 1 or (limits and len(upstream.listeners) > 1):
        yield _finding(
            "MIG353",
            Severity.WARNING,
            upstream.origin,
            f"{upstream.id} limits its listeners one by one, and a Sidecar has one inboundConnectionPool for all "
            "ports: of each limit the most generous is taken",
            "give the listeners the same limits",
            path="spec.listeners",
        )


def _unreached(hosts: Iterable[Host]) -> Iterator[Diagnostic]:
    seen: set[tuple[object, str]] = set()
    for host in hosts:
        first: Route | EdgeRoute | None = None
        for route in (route for route in host.routes if route.protocol.is_http):
            place = (route.origin.ref, route.origin.path)
            if first is not None and place not in seen:
                seen.add(place)
                yield _finding(
                    "MIG356",
                    Severity.INFO,
                    route.origin,
                    f"route {route.name} stands behind {first.name}, which takes every request: App Mesh never "
                    "reached it, and nothing is made for it",
                    "remove it, or give it a lower priority number",
                )
            elif first is None and not http_match(route.match, port=route.match.port):
                first = route


def _finding(  # noqa: PLR0913 - the fields of a finding
    code: str, severity: Severity, origin: Origin, message: str, help_text: str, *, path: str = ""
) -> Diagnostic:
    return Diagnostic(
        code=code,
        severity=severity,
        message=message,
        help=help_text,
        object=origin.ref.object_name,
        path=path or origin.path,
    )
