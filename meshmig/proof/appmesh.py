"""App Mesh's routing, compiled from raw manifests: hosts behind sidecars, with every hidden default written out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from meshmig.model.objects import Json, Manifest
from meshmig.proof.appmesh_conditions import HTTP_KINDS, conditions, trial_order
from meshmig.proof.appmesh_objects import Id, Members, milliseconds, reference_id
from meshmig.proof.model import (
    NOBODY,
    Cause,
    Condition,
    Forward,
    Outcome,
    Refused,
    Retries,
    Rule,
    Share,
    Target,
    merged,
)
from meshmig.proof.registry import Pods, ports_of, target_of

HIDDEN_LIMIT_MS = 15_000
HIDDEN_RETRIES = Retries(2, 0, frozenset({"connect-failure", "refused-stream", "reset", "503", "unavailable"}))
NO_DEFAULT_RETRIES = ("default_retries", "none")
"""The answer by which an account is one of the old ones, without the hidden retries."""

_EVENTS: Mapping[str, tuple[str, ...]] = {
    "server-error": ("reset", "500", "501", "502", "503", "504", "505", "506", "507", "508", "510", "511"),
    "gateway-error": ("reset", "502", "503", "504"),
    "client-error": ("409",),
    "stream-error": ("refused-stream",),
    "connection-error": ("connect-failure",),
}


@dataclass(frozen=True, slots=True)
class InnerRule:
    """One route of a host: the port it asks for (None: any), what else it asks, what becomes of the request."""

    protocol: str
    port: int | None
    conditions: tuple[Condition, ...]
    outcome: Outcome
    causes: tuple[Cause, ...]

    def as_rule(self) -> Rule:
        """Return it without its port."""
        return Rule(self.conditions, self.outcome, self.causes)


@dataclass(frozen=True, slots=True)
class HostRoutes:
    """A VirtualService: its spelling, the ports that callers dial with their protocol, its routes in order."""

    id: Id
    name: str
    ports: tuple[tuple[int, str], ...]
    rules: tuple[InnerRule, ...]
    causes: tuple[Cause, ...]

    def at(self, port: int, *, http: bool) -> tuple[InnerRule, ...]:
        """Return the routes that requests to a port may meet."""
        fitting = (rule for rule in self.rules if rule.port in (None, port))
        return tuple(rule for rule in fitting if (rule.protocol != "tcp") is http)


def host_routes(members: Members, name: Id) -> HostRoutes | None:
    """Compile a VirtualService; None where nobody made it."""
    service = members.services.get(name)
    if service is None:
        return None
    provider = service.spec.get("provider") or {}
    cause = Cause(service.ref, "spec.provider")
    ports: tuple[tuple[int, str], ...] = ()
    rules: tuple[InnerRule, ...] = ()
    if provider.get("virtualRouter"):
        reference = provider["virtualRouter"].get("virtualRouterRef") or {}
        router = members.routers.get(reference_id(reference, service.ref.namespace))
        if router is not None:
            ports = tuple(_mapping(item) for item in router.spec.get("listeners") or ())
            rules = tuple(_routed(members, router))
    elif provider.get("virtualNode"):
        reference = provider["virtualNode"].get("virtualNodeRef") or {}
        node = reference_id(reference, service.ref.namespace)
        ports = _listener_ports(members.nodes.get(node))
        rules = tuple(_provided(members, node, ports, cause))
    return HostRoutes(name, members.host_name(service), ports, rules, (cause,))


def _routed(members: Members, router: Manifest) -> Iterator[InnerRule]:
    ordered = []
    for number, route in enumerate(router.spec.get("routes") or ()):
        kind = next((kind for kind in (*HTTP_KINDS, "tcpRoute") if route.get(kind) is not None), None)
        if kind is not None:
            match = route[kind].get("match") or {}
            key = trial_order(kind, match, route.get("priority"), str(route.get("name", "")))
            ordered.append((key, number, kind, route[kind]))
    for _, number, kind, body in sorted(ordered, key=lambda item: item[:2]):
        yield _route(members, router, (number, kind), body)


def _route(members: Members, router: Manifest, place: tuple[int, str], body: Mapping[str, Json]) -> InnerRule:
    number, kind = place
    match = body.get("match") or {}
    is_tcp = kind == "tcpRoute"
    targets = (body.get("action") or {}).get("weightedTargets") or ()
    own = None if is_tcp else _per_request(body.get("timeout"))
    shares = [_share(members, router.ref.namespace, target, own, is_tcp=is_tcp) for target in targets]
    cause = Cause(router.ref, f"spec.routes[{number}].{kind}")
    outcome: Outcome = Refused("no target has a weight")
    if any(share.part for share in shares):
        outcome = Forward(merged(shares), retries=Retries() if is_tcp else _retries(members, body.get("retryPolicy")))
    nodes = [members.nodes.get(_node_id(target, router.ref.namespace)) for target in targets]
    causes = (cause, *(Cause(node.ref) for node in nodes if node is not None))
    asked = () if is_tcp else conditions(kind, match)
    return InnerRule(kind.removesuffix("Route"), match.get("port"), asked, outcome, causes)


def _node_id(target: Mapping[str, Json], home: str) -> Id:
    return reference_id(target.get("virtualNodeRef") or {}, home)


def _share(members: Members, home: str, target: Mapping[str, Json], own: int | None, *, is_tcp: bool) -> Share:
    name, port = _node_id(target, home), target.get("port") or None
    limit = 0 if is_tcp else _limit(members, name, port, own)
    return Share(node_target(members, name, port), Fraction(int(target.get("weight") or 0)), limit)


def _provided(members: Members, node: Id, ports: tuple[tuple[int, str], ...], cause: Cause) -> Iterator[InnerRule]:
    """A VirtualService that names a node: one route a listener, which nobody can change."""
    body = members.nodes.get(node)
    causes = (cause, *((Cause(body.ref),) if body is not None else ()))
    for port, protocol in ports or ((None, "http"),):
        is_tcp = protocol == "tcp"
        limit = 0 if is_tcp else _limit(members, node, port, None)
        share = Share(node_target(members, node, port), Fraction(1), limit)
        retries = Retries() if is_tcp else _retries(members, None)
        yield InnerRule(protocol, port if len(ports) > 1 else None, (), Forward((share,), retries=retries), causes)


def node_target(members: Members, name: Id, port: int | None) -> Target:
    """Return who gets what is sent to a VirtualNode: its listener's port is dialled at its address."""
    node = members.nodes.get(name)
    if node is None:
        return NOBODY
    listeners = _listener_ports(node)
    dialled = port if port is not None else listeners[0][0] if listeners else 0
    discovery = node.spec.get("serviceDiscovery") or {}
    cloud_map = discovery.get("awsCloudMap")
    if cloud_map:
        return _registered(members, cloud_map, dialled)
    hostname = str((discovery.get("dns") or {}).get("hostname") or "")
    return _dialled(members, node, hostname, dialled) if hostname else NOBODY


def _dialled(members: Members, node: Manifest, hostname: str, port: int) -> Target:
    service = members.registry.resolve(hostname, node.ref.namespace)
    if service is None:
        return NOBODY if _is_inside(hostname) else Target(port=port, outside=hostname.removesuffix("."))
    if service.spec.get("clusterIP") == "None":
        return target_of(members.registry.selected(service.ref.namespace, service.spec.get("selector") or {}), port)
    if any(item.get("port") == port for item in ports_of(service)):
        return members.registry.behind(service, port)
    return NOBODY


def _is_inside(hostname: str) -> bool:
    """A name that only the cluster could resolve."""
    name = hostname.removesuffix(".")
    return "." not in name or name.endswith((".svc", ".svc.cluster.local"))


def _registered(members: Members, wanted: Mapping[str, Json], port: int) -> Target:
    """The pods of every node that registers under that name with at least these attributes."""
    attributes = _attributes(wanted)
    taken: list[Pods] = []
    for node in members.nodes.values():
        offered = (node.spec.get("serviceDiscovery") or {}).get("awsCloudMap") or {}
        same = all(offered.get(key) == wanted.get(key) for key in ("namespaceName", "serviceName"))
        if same and attributes <= _attributes(offered):
            taken += members.pods(node)
    return target_of(taken, port)


def _attributes(discovery: Mapping[str, Json]) -> frozenset[tuple[str, str]]:
    return frozenset((item["key"], item["value"]) for item in discovery.get("attributes") or ())


def _limit(members: Members, name: Id, port: int | None, own: int | None) -> int:
    """The least of the route's limit and the server proxy's, in milliseconds; zero is none."""
    node = members.nodes.get(name)
    caller = HIDDEN_LIMIT_MS if own is None else own
    server = 0
    if node is not None:
        listeners = node.spec.get("listeners") or ()
        listener = next((item for item in listeners if port in (None, _mapping(item)[0])), None)
        written = _per_request((listener or {}).get("timeout"))
        has_proxy = bool(members.pods(node))
        server = written if written is not None else HIDDEN_LIMIT_MS if has_proxy else 0
    return min((limit for limit in (caller, server) if limit), default=0)


def _per_request(timeout: Mapping[str, Json] | None) -> int | None:
    for kind in ("http", "http2", "grpc"):
        if timeout and timeout.get(kind):
            return milliseconds(timeout[kind].get("perRequest"))
    return milliseconds((timeout or {}).get("perRequest"))


def _retries(members: Members, policy: Mapping[str, Json] | None) -> Retries:
    if policy is None:
        question, answer = NO_DEFAULT_RETRIES
        return Retries() if members.answers.get(question) == answer else HIDDEN_RETRIES
    events = [
        event for key in ("httpRetryEvents", "tcpRetryEvents", "grpcRetryEvents") for event in policy.get(key) or ()
    ]
    upon = frozenset(word for event in events for word in _EVENTS.get(event, (event,)))
    attempts = int(policy.get("maxRetries") or 0)
    per_try = milliseconds(policy.get("perRetryTimeout")) or 0
    return Retries(attempts, per_try, upon) if attempts else Retries()


def _mapping(listener: Mapping[str, Json]) -> tuple[int, str]:
    mapping = listener.get("portMapping") or {}
    return int(mapping.get("port") or 0), str(mapping.get("protocol") or "http")


def _listener_ports(node: Manifest | None) -> tuple[tuple[int, str], ...]:
    return tuple(_mapping(listener) for listener in (node.spec.get("listeners") or ())) if node is not None else ()


def with_authority(outcome: Outcome, name: str) -> Outcome:
    """Return the outcome with the Host header replaced; an empty name keeps it."""
    return replace(outcome, authority=name) if isinstance(outcome, Forward) and name else outcome
