"""One Host: its VirtualService, and a ServiceEntry where its name is no Service."""

from collections.abc import Iterable

from meshmig.model.mesh import ClusterService, Host, Mesh, Retry, Route
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING
from meshmig.model.units import Duration
from meshmig.targets.istio.destinations import destinations
from meshmig.targets.istio.matches import http_match
from meshmig.targets.istio.settings import Named, Placements, Settings, object_name, stamped


def host_objects(mesh: Mesh, host_id: str, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return what makes a Host's routes in Istio; nothing for a Host that leads nowhere."""
    host = mesh.host[host_id]
    http = [rule for route in host.routes if route.protocol.is_http for rule in _http(mesh, route, placements)]
    tcp = [rule for route in host.routes if not route.protocol.is_http for rule in _tcp(mesh, host, route, placements)]
    if not http and not tcp:
        return ()
    spec: dict[str, Json] = {"hosts": [host_name(host)]}
    spec |= {"http": until_catch_all(http)} if http else {}
    spec |= {"tcp": tcp} if tcp else {}
    named = Named(
        api_version=NETWORKING,
        kind="VirtualService",
        namespace=host.namespace,
        name=host.origin.ref.name,
        origin=host.origin,
    )
    routes = stamped(named, spec, settings)
    return (routes,) if host.service is not None else (routes, _entry(mesh, host, settings))


def host_name(host: Host) -> str:
    """Return the name that Istio routes by: the Service's full name, else App Mesh's."""
    return host.service.fqdn if host.service is not None else host.name


def until_catch_all(rules: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Drop the rules behind the first that takes everything: istiod never reaches them."""
    for index, rule in enumerate(rules):
        if "match" not in rule:
            return rules[: index + 1]
    return rules


def _http(mesh: Mesh, route: Route, placements: Placements) -> list[dict[str, Json]]:
    targets = destinations(mesh, route.splits, placements)
    rule: dict[str, Json] = {"name": object_name(route.name)}
    condition = http_match(route.match, port=route.match.port)
    if condition:
        rule["match"] = [condition]
    if not targets:
        # App Mesh refuses such a request; a missing route would let Istio send it to the Service.
        return [rule | {"directResponse": {"status": 503}}]
    return [rule | {"route": targets} | behaviour(route)]


def behaviour(route: Route) -> dict[str, Json]:
    """Return a rule's timeout and retries, App Mesh's hidden defaults written out."""
    found: dict[str, Json] = {}
    if route.timeout is not None and route.timeout.ms:
        found["timeout"] = seconds(route.timeout)
    if route.retry is not None:
        found["retries"] = retries(route.retry)
    return found


def seconds(length: Duration) -> str:
    """Write a duration as Istio reads it: seconds, or milliseconds."""
    return f"{length.ms // 1000}s" if length.ms % 1000 == 0 else f"{length.ms}ms"


def retries(retry: Retry) -> dict[str, Json]:
    """Return an HTTPRetry; zero attempts stand alone, else the webhook refuses them."""
    if retry.attempts == 0:
        return {"attempts": 0}
    found: dict[str, Json] = {"attempts": retry.attempts}
    if retry.per_try is not None and retry.per_try.ms:
        found["perTryTimeout"] = seconds(retry.per_try)
    if retry.conditions:
        found["retryOn"] = ",".join(retry.conditions)
    return found


def _tcp(mesh: Mesh, host: Host, route: Route, placements: Placements) -> list[dict[str, Json]]:
    targets = destinations(mesh, route.splits, placements)
    if not targets:
        return []
    port = route.match.port if route.match.port is not None else _only_port(host)
    condition = {"match": [{"port": port}]} if port is not None else {}
    return [condition | {"route": targets}]


def _only_port(host: Host) -> int | None:
    return host.ports[0][0] if host.ports else None


def _entry(mesh: Mesh, host: Host, settings: Settings) -> Manifest:
    """A name that is no Service becomes known to Istio, resolved to the Services that its routes lead to."""
    ports = [
        {"number": number, "name": f"{protocol.value}-{number}", "protocol": protocol.value.upper()}
        for number, protocol in host.ports
    ]
    spec: dict[str, Json] = {
        "hosts": [host.name],
        "location": "MESH_INTERNAL",
        "ports": ports,
        "resolution": "DNS",
        "endpoints": [{"address": service.fqdn} for service in _first_service(mesh, host)],
    }
    if not spec["endpoints"]:
        spec |= {"resolution": "NONE"}
        del spec["endpoints"]
    named = Named(
        api_version=NETWORKING,
        kind="ServiceEntry",
        namespace=host.namespace,
        name=host.origin.ref.name,
        origin=host.origin,
    )
    return stamped(named, spec, settings)


def _first_service(mesh: Mesh, host: Host) -> Iterable[ClusterService]:
    services = (mesh.upstream[name].service for name in host.upstreams if name in mesh.upstream)
    return [service for service in services if service is not None][:1]
