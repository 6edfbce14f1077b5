"""One Host: its VirtualService, and a ServiceEntry where its name is no Service."""

import json
from collections.abc import Iterable, Iterator

from meshmig.model.mesh import Host, Mesh, Retry, Route
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING
from meshmig.targets.istio.destinations import destinations
from meshmig.targets.istio.entries import host_entry
from meshmig.targets.istio.matches import http_match
from meshmig.targets.istio.settings import Named, Placements, Settings, object_name, seconds, stamped

Rule = dict[str, Json]


def host_objects(mesh: Mesh, host_id: str, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return what makes a Host's routes in Istio; nothing for a Host that leads nowhere."""
    host = mesh.host[host_id]
    http = [rule for route in host.routes if route.protocol.is_http for rule in _http(mesh, host, route, placements)]
    tcp = [rule for route in host.routes if not route.protocol.is_http for rule in _tcp(mesh, host, route, placements)]
    if not http and not tcp:
        return ()
    http = http and [*http, *_untouched(host)]
    spec: dict[str, Json] = {"hosts": [host_name(host)]}
    spec |= {"http": reachable(http)} if http else {}
    spec |= {"tcp": tcp} if tcp else {}
    named = Named(
        api_version=NETWORKING,
        kind="VirtualService",
        namespace=host.namespace,
        name=host.origin.ref.name,
        origin=host.origin,
    )
    entry = host_entry(mesh, host, placements, settings)
    return (stamped(named, spec, settings), *((entry,) if entry is not None else ()))


def host_name(host: Host) -> str:
    """Return the name that Istio routes by: the Service's full name, else App Mesh's."""
    return host.service.fqdn if host.service is not None else host.name


def reachable(rules: Iterable[Rule]) -> list[Rule]:
    """Drop what stands behind a rule that takes everything, and conditions that an earlier rule has word for word."""
    kept: list[Rule] = []
    seen: set[str] = set()
    for rule in rules:
        if "match" not in rule:
            return [*kept, rule]
        fresh = {text: match for match in rule["match"] if (text := json.dumps(match, sort_keys=True)) not in seen}
        if fresh:
            kept.append(rule | {"match": list(fresh.values())})
            seen |= fresh.keys()
    return kept


def _http(mesh: Mesh, host: Host, route: Route, placements: Placements) -> list[Rule]:
    targets = destinations(mesh, route.splits, placements)
    rule: Rule = {"name": object_name(route.name)}
    conditions = [http_match(route.match, port=port) for port in _ports(host, route)]
    if all(conditions):
        rule["match"] = conditions
    if not targets:
        # App Mesh refuses such a request; a missing route would let Istio send it to the Service.
        return [rule | {"directResponse": {"status": 503}}]
    return [rule | {"route": targets} | behaviour(route)]


def _ports(host: Host, route: Route) -> list[int | None]:
    """App Mesh's routes hold on the ports that they were made for; a Service may offer others beside them."""
    if route.match.port is not None:
        return [route.match.port]
    mine = [port for port, protocol in host.ports if protocol.is_http]
    return list(mine) if mine and _other_ports(host) else [None]


def _other_ports(host: Host) -> list[int]:
    mine = {port for port, _ in host.ports}
    return [port.port for port in host.service.ports if port.port not in mine] if host.service is not None else []


def _untouched(host: Host) -> Iterator[Rule]:
    """Requests to ports that App Mesh did not know went straight to the Service, without its timeouts and retries."""
    mine = any(protocol.is_http for _, protocol in host.ports)
    for port in _other_ports(host) if host.service is not None and mine else ():
        destination = {"host": host_name(host), "port": {"number": port}}
        plain: Rule = {"name": f"port-{port}", "match": [{"port": port}], "route": [{"destination": destination}]}
        yield plain | {"retries": {"attempts": 0}}


def behaviour(route: Route) -> Rule:
    """Return a rule's timeout and retries, App Mesh's hidden defaults written out."""
    found: Rule = {}
    if route.timeout is not None and route.timeout.ms:
        found["timeout"] = seconds(route.timeout)
    if route.retry is not None:
        found["retries"] = retries(route.retry)
    return found


def retries(retry: Retry) -> Rule:
    """Return an HTTPRetry; zero attempts stand alone, else the webhook refuses them."""
    if retry.attempts == 0:
        return {"attempts": 0}
    found: Rule = {"attempts": retry.attempts}
    if retry.per_try is not None and retry.per_try.ms:
        found["perTryTimeout"] = seconds(retry.per_try)
    if retry.conditions:
        found["retryOn"] = ",".join(retry.conditions)
    return found


def _tcp(mesh: Mesh, host: Host, route: Route, placements: Placements) -> list[Rule]:
    targets = destinations(mesh, route.splits, placements)
    if not targets:
        return []
    port = route.match.port if route.match.port is not None else _only_port(host)
    condition = {"match": [{"port": port}]} if port is not None else {}
    return [condition | {"route": targets}]


def _only_port(host: Host) -> int | None:
    return next((port for port, protocol in host.ports if not protocol.is_http), None)
