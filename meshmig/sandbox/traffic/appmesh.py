"""Routing as running App Mesh proxies do it, by the objects that they know."""

import re
from collections.abc import Iterator, Mapping, Sequence

from meshmig.model.objects import Json, Manifest
from meshmig.sandbox.traffic.requests import Flow, Request, synthesised

_LATE = 1_000_000


class AppMesh:
    """The frozen configuration: objects by kind and name."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._by: dict[tuple[str, str, str], Mapping[str, Json]] = {}
        for manifest in manifests:
            ref = manifest.ref
            self._by[ref.kind, ref.namespace, ref.name] = manifest.body
        self._kinds: dict[str, list[Mapping[str, Json]]] = {}
        for (kind, _, _), body in sorted(self._by.items(), key=lambda item: item[0]):
            self._kinds.setdefault(kind, []).append(body)
        self._named = {aws_name(service): service for service in reversed(self.of_kind("VirtualService"))}

    def of_kind(self, kind: str) -> list[Mapping[str, Json]]:
        """Return the objects of a kind, in order."""
        return self._kinds.get(kind, [])

    def refer(
        self, kind: str, reference: Mapping[str, Json] | None, near: Mapping[str, Json]
    ) -> Mapping[str, Json] | None:
        """Follow a reference from an object."""
        if not reference:
            return None
        namespace = reference.get("namespace") or near["metadata"].get("namespace", "")
        return self._by.get((kind, namespace, reference["name"]))

    def flows(self) -> Iterator[Flow]:
        """Yield every caller-callee pair, route by route, and every gateway route."""
        for node in self.of_kind("VirtualNode"):
            for service in self._backends(node):
                yield from self._flows_to(node, service)

    def _backends(self, node: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
        for backend in node["spec"].get("backends") or ():
            reference = (backend.get("virtualService") or {}).get("virtualServiceRef")
            service = self.refer("VirtualService", reference, node)
            if service is not None:
                yield service

    def _flows_to(self, node: Mapping[str, Json], service: Mapping[str, Json]) -> Iterator[Flow]:
        name = f"{node['metadata']['name']} -> {service['metadata']['name']}"
        for word, request in self.requests_to(service):
            if self.targets(service, request):
                yield Flow(f"{name} {word}".rstrip(), request, node, allowed=self.allowed(request))

    def allowed(self, request: Request) -> tuple[Mapping[str, Json], ...]:
        """Return the virtual nodes that a request of a sidecar may end at."""
        service = self.service_named(request.authority)
        return tuple(node for node, _ in self.targets(service, request)) if service else ()

    def requests_to(self, service: Mapping[str, Json]) -> Iterator[tuple[str, Request]]:
        """Yield a request for each way through a virtual service, with the route's name."""
        authority = aws_name(service)
        router = self._router(service)
        if router is None:
            yield "", Request(authority, http=self._is_http(self._node_of(service)))
            return
        port = router["spec"]["listeners"][0]["portMapping"]["port"]
        for route in router["spec"].get("routes") or ():
            kind, rule = rule_of(route)
            yield route["name"], synthesised(authority, rule.get("match") or {}, http=kind != "tcpRoute", port=port)

    def _is_http(self, node: Mapping[str, Json] | None) -> bool:
        listeners = (node or {}).get("spec", {}).get("listeners") or ()
        return all(listener["portMapping"]["protocol"] != "tcp" for listener in listeners)

    def _provider(self, service: Mapping[str, Json]) -> Mapping[str, Json]:
        return (service.get("spec") or {}).get("provider") or {}

    def _router(self, service: Mapping[str, Json]) -> Mapping[str, Json] | None:
        reference = (self._provider(service).get("virtualRouter") or {}).get("virtualRouterRef")
        return self.refer("VirtualRouter", reference, service)

    def _node_of(self, service: Mapping[str, Json]) -> Mapping[str, Json] | None:
        reference = (self._provider(service).get("virtualNode") or {}).get("virtualNodeRef")
        return self.refer("VirtualNode", reference, service)

    def targets(self, service: Mapping[str, Json], request: Request) -> list[tuple[Mapping[str, Json], float]]:
        """Return the virtual nodes that a request goes to, with shares that sum to one; empty: nowhere."""
        node = self._node_of(service)
        if node is not None:
            return [(node, 1.0)]
        router = self._router(service)
        for route in sorted((router or {}).get("spec", {}).get("routes") or (), key=_order):
            kind, rule = rule_of(route)
            if kind == "tcpRoute" or takes(rule.get("match") or {}, request):
                return self._weighted(router or {}, rule)
        return []

    def _weighted(self, router: Mapping[str, Json], rule: Mapping[str, Json]) -> list[tuple[Mapping[str, Json], float]]:
        targets = [
            (self.refer("VirtualNode", target.get("virtualNodeRef"), router), int(target["weight"]))
            for target in rule["action"]["weightedTargets"]
        ]
        total = sum(weight for _, weight in targets)
        return [(node, weight / total) for node, weight in targets if node is not None and weight]

    def service_named(self, authority: str) -> Mapping[str, Json] | None:
        """Return the virtual service of a name."""
        return self._named.get(authority)

    def behind_gateway(
        self, gateway: Mapping[str, Json], request: Request
    ) -> tuple[Mapping[str, Json], Request] | None:
        """Route at a virtual gateway: the virtual service, and the request as it is rewritten."""
        for route in sorted(self.routes_of(gateway), key=_order):
            _, rule = rule_of(route)
            if takes(rule.get("match") or {}, request):
                target = rule["action"]["target"]["virtualService"].get("virtualServiceRef")
                service = self.refer("VirtualService", target, route)
                return None if service is None else (service, _rewritten(rule, request, aws_name(service)))
        return None

    def routes_of(self, gateway: Mapping[str, Json]) -> list[Mapping[str, Json]]:
        """Return the gateway routes that belong to a gateway."""
        return [route for route in self.of_kind("GatewayRoute") if self._gateway_of(route) is gateway]

    def _gateway_of(self, route: Mapping[str, Json]) -> Mapping[str, Json] | None:
        reference = route["spec"].get("virtualGatewayRef")
        gateways = self.of_kind("VirtualGateway")
        return self.refer("VirtualGateway", reference, route) if reference else gateways[0] if gateways else None


def aws_name(service: Mapping[str, Json]) -> str:
    """Return the name that callers of a virtual service use."""
    metadata = service["metadata"]
    return str((service.get("spec") or {}).get("awsName") or f"{metadata['name']}.{metadata.get('namespace', '')}")


def rule_of(route: Mapping[str, Json]) -> tuple[str, Mapping[str, Json]]:
    """Return a route's kind and its rule."""
    spec = route.get("spec") or route
    for kind in ("httpRoute", "http2Route", "grpcRoute", "tcpRoute"):
        if spec.get(kind):
            return kind, spec[kind]
    return "", {}


def _order(route: Mapping[str, Json]) -> tuple[int, int, str]:
    spec = route.get("spec") or route
    _, rule = rule_of(route)
    match = rule.get("match") or {}
    length = len(str((match.get("path") or {}).get("exact") or match.get("prefix") or ""))
    name = str(route.get("name") or route.get("metadata", {}).get("name"))
    priority = spec.get("priority")
    return (_LATE if priority is None else int(priority), -length, name)


def takes(match: Mapping[str, Json], request: Request) -> bool:
    """Whether a route's match takes a request."""
    return _path_takes(match, request.path) and _rest_takes(match, request)


def _path_takes(match: Mapping[str, Json], path: str) -> bool:
    exact, regex = ((match.get("path") or {}).get(word) for word in ("exact", "regex"))
    if exact is not None:
        return bool(path == exact)
    if regex is not None:
        return re.fullmatch(regex, path) is not None
    if match.get("serviceName"):
        name = f"/{match['serviceName']}/"
        return path == name + match["methodName"] if match.get("methodName") else path.startswith(name)
    return path.startswith(match.get("prefix") or "/")


def _rest_takes(match: Mapping[str, Json], request: Request) -> bool:
    hostname = match.get("hostname") or {}
    if hostname.get("exact") not in (None, request.authority):
        return False
    if match.get("method") not in (None, request.method):
        return False
    headers = [*(match.get("headers") or ()), *(match.get("metadata") or ())]
    if not all(_header_takes(header, request.headers.get(header["name"].lower())) for header in headers):
        return False
    return all(
        q["name"] in request.query and (q.get("match") or {}).get("exact") in (None, request.query[q["name"]])
        for q in match.get("queryParameters") or ()
    )


def _header_takes(header: Mapping[str, Json], value: str | None) -> bool:
    match = header.get("match") or {}
    if value is None:
        return bool(header.get("invert")) and not match
    found = _value_takes(match, value)
    return found != bool(header.get("invert"))


def _value_takes(match: Mapping[str, Json], value: str) -> bool:
    if match.get("exact") is not None:
        return bool(value == match["exact"])
    if match.get("prefix") is not None:
        return value.startswith(match["prefix"])
    if match.get("suffix") is not None:
        return value.endswith(match["suffix"])
    if match.get("regex") is not None:
        return re.fullmatch(match["regex"], value) is not None
    if match.get("range"):
        return value.isdigit() and match["range"]["start"] <= int(value) < match["range"]["end"]
    return True


def _rewritten(rule: Mapping[str, Json], request: Request, name: str) -> Request:
    match, rewrite = rule.get("match") or {}, (rule["action"].get("rewrite") or {})
    path = request.path
    prefix = match.get("prefix")
    wish = rewrite.get("prefix") or {}
    if (rewrite.get("path") or {}).get("exact"):
        path = rewrite["path"]["exact"]
    elif prefix and prefix != "/" and wish.get("defaultPrefix") != "DISABLED":
        rest = path[len(prefix.rstrip("/")) :].lstrip("/")
        path = (wish.get("value") or "/") + rest
    keep = (rewrite.get("hostname") or {}).get("defaultTargetHostname") == "DISABLED"
    authority = request.authority if keep else name
    return Request(authority, path, request.method, request.headers, request.query, None, request.http)
