"""Routing as Istio's proxies do it, by the objects that are applied now."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from meshmig.model.objects import Json
from meshmig.sandbox.traffic.pods import Pod
from meshmig.sandbox.traffic.requests import Request


@dataclass(frozen=True, slots=True)
class Destination:
    """A host that a request goes to, with its share; `refused` names why it goes nowhere."""

    host: str
    share: float
    refused: str = ""


class Istio:
    """The applied configuration."""

    def __init__(self, of_kind: "Lister") -> None:
        self._routes = of_kind("networking.istio.io", "VirtualService")
        self._gateways = of_kind("networking.istio.io", "Gateway")
        self._rules = {r["spec"]["host"]: r["spec"] for r in of_kind("networking.istio.io", "DestinationRule")}
        self._entries = {h for e in of_kind("networking.istio.io", "ServiceEntry") for h in e["spec"]["hosts"]}
        self._sidecars = of_kind("networking.istio.io", "Sidecar")
        self._peers = of_kind("security.istio.io", "PeerAuthentication")
        self._hosts = {
            host: route["spec"]
            for route in self._routes
            if "mesh" in (route["spec"].get("gateways") or ["mesh"])
            for host in route["spec"]["hosts"]
        }

    def from_sidecar(self, pod: Pod, host: str, request: Request) -> Sequence[Destination]:
        """Route a request of a sidecar to a registered host (a Service's full name, or an entry's)."""
        if self._closed(pod, host):
            return [Destination(host, 1.0, "drop_all")]
        spec = self._hosts.get(host)
        return [Destination(host, 1.0)] if spec is None else _routed(spec, request)

    def knows(self, host: str) -> bool:
        """Whether a name that is no Service is known by an entry."""
        return host in self._entries

    def from_gateway(self, pod: Pod, request: Request) -> Sequence[Destination]:
        """Route a request at a gateway pod: only the VirtualServices that are bound to its Gateways count."""
        names = {
            f"{g['metadata']['namespace']}/{g['metadata']['name']}"
            for g in self._gateways
            if all(pod.labels.get(k) == v for k, v in (g["spec"].get("selector") or {}).items())
        }
        bound = [r["spec"] for r in self._routes if names & set(r["spec"].get("gateways") or ())]
        for exact in (True, False):
            for spec in bound:
                if any(_host_takes(host, request.authority, exact=exact) for host in spec["hosts"]):
                    return _routed(spec, request)
        return [Destination("", 1.0, "no_route")]

    def tls_to(self, host: str) -> str:
        """Return the TLS mode that a DestinationRule asks for towards a host; empty for Istio's own choice."""
        policy = (self._rules.get(host) or {}).get("trafficPolicy") or {}
        return str((policy.get("tls") or {}).get("mode", ""))

    def is_strict(self, pod: Pod) -> bool:
        """Whether a pod refuses plaintext: its own policy, then its namespace's, then the root's."""
        found = {}
        for peer in self._peers:
            labels = (peer["spec"].get("selector") or {}).get("matchLabels")
            namespace = peer["metadata"]["namespace"]
            mode = (peer["spec"].get("mtls") or {}).get("mode", "PERMISSIVE")
            if labels and namespace == pod.namespace and all(pod.labels.get(k) == v for k, v in labels.items()):
                found[0] = mode
            elif not labels and namespace == pod.namespace:
                found[1] = mode
            elif not labels and namespace == "istio-system":
                found[2] = mode
        return bool(found) and found[min(found)] == "STRICT"

    def _closed(self, pod: Pod, host: str) -> bool:
        for sidecar in self._sidecars:
            labels = (sidecar["spec"].get("workloadSelector") or {}).get("labels") or {}
            mine = sidecar["metadata"]["namespace"] == pod.namespace
            if mine and all(pod.labels.get(k) == v for k, v in labels.items()):
                mode = (sidecar["spec"].get("outboundTrafficPolicy") or {}).get("mode")
                hosts = [h for e in sidecar["spec"].get("egress") or () for h in e["hosts"]]
                return mode == "REGISTRY_ONLY" and not any(
                    h.endswith((f"/{host}", "/*")) and "istio-system" not in h for h in hosts
                )
        return False


def _host_takes(host: str, authority: str, *, exact: bool) -> bool:
    if exact:
        return host == authority
    return host == "*" or (host.startswith("*.") and authority.endswith(host[1:]))


def _routed(spec: Mapping[str, Json], request: Request) -> Sequence[Destination]:
    if not request.http:
        rules = spec.get("tcp") or ()
        taken = next((r for r in rules if _tcp_takes(r, request)), None)
    else:
        taken = next((r for r in spec.get("http") or () if _takes(r, request)), None)
    if taken is None:
        return [Destination("", 1.0, "no_route")]
    if taken.get("directResponse"):
        return [Destination("", 1.0, "no_route")]
    routes = taken["route"]
    total = sum(route.get("weight", 0) for route in routes)
    if len(routes) == 1:
        return [Destination(routes[0]["destination"]["host"], 1.0)]
    return [Destination(r["destination"]["host"], r.get("weight", 0) / total) for r in routes if r.get("weight")]


def _tcp_takes(rule: Mapping[str, Json], request: Request) -> bool:
    matches = rule.get("match") or ()
    return not matches or any(m.get("port") in (None, request.port) or request.port is None for m in matches)


def _takes(rule: Mapping[str, Json], request: Request) -> bool:
    matches = rule.get("match") or ()
    return not matches or any(_match_takes(match, request) for match in matches)


def _match_takes(match: Mapping[str, Json], request: Request) -> bool:
    checks = [
        "uri" not in match or _text(match["uri"], request.path),
        "method" not in match or _text(match["method"], request.method),
        all(
            name in request.headers and _text(m, request.headers[name])
            for name, m in (match.get("headers") or {}).items()
        ),
        not any(
            _text(m, request.headers.get(name, "")) if m else name in request.headers
            for name, m in (match.get("withoutHeaders") or {}).items()
        ),
        all(
            name in request.query and _text(m, request.query[name])
            for name, m in (match.get("queryParams") or {}).items()
        ),
        match.get("port") is None or request.port is None or match["port"] == request.port,
    ]
    return all(checks)


def _text(match: Mapping[str, Json], value: str) -> bool:
    if "exact" in match:
        return bool(value == match["exact"])
    if "prefix" in match:
        return value.startswith(match["prefix"])
    if "regex" in match:
        return re.fullmatch(match["regex"], value) is not None
    return True


def at_gateway(request: Request, port: int) -> Request:
    """Return a request as a gateway pod takes it, on its own port."""
    return replace(request, port=port)


from typing import Protocol  # noqa: E402


class Lister(Protocol):
    """Lists the live objects of a kind."""

    def __call__(self, group: str, kind: str) -> tuple[Mapping[str, Json], ...]:
        """Return the objects in order."""
        ...
