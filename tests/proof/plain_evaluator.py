"""A second reading of Istio's routing, for single requests and by plain string comparison: the proof's opponent.

It knows nothing of classes, languages or boxes, and shares no line with the proof: what becomes of one request under
VirtualServices, Services and workloads, as a comparable value.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from meshmig.model.objects import Manifest


@dataclass(frozen=True)
class Request:
    """One request; at a gateway `gateway` is `namespace/name` of the Gateway object, else empty."""

    authority: str
    port: int
    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    gateway: str = ""
    namespace: str = ""


class World:
    """The objects of one moment."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self.all = list(manifests)
        self.routes = [m for m in self.all if m.ref.kind == "VirtualService" and "istio" in m.ref.api_version]
        self.services = {
            f"{m.ref.name}.{m.ref.namespace}.svc.cluster.local": m for m in self.all if m.ref.kind == "Service"
        }
        self.pods = [m for m in self.all if m.ref.kind in ("Deployment", "StatefulSet", "DaemonSet")]

    def outcome(self, request: Request) -> Any:
        """Return what becomes of a request."""
        route = self._route(request)
        if route is None:
            return "no rules"
        for rule in route.spec.get("http") or ():
            matches = rule.get("match") or [{}]
            for match in matches:
                if _meets(match, request):
                    return self._effect(rule, match, request)
        return "refused"

    def _route(self, request: Request) -> Manifest | None:
        found = []
        for route in self.routes:
            gateways = route.spec.get("gateways") or ["mesh"]
            if (request.gateway or "mesh") not in gateways:
                continue
            hosts = [host for host in route.spec.get("hosts") or () if _takes(host, request)]
            found += [(host.startswith("*"), -len(host), route.ref, route) for host in hosts]
        return min(found, key=lambda item: item[:3])[3] if found else None

    def _effect(self, rule: Mapping[str, Any], match: Mapping[str, Any], request: Request) -> Any:
        status = (rule.get("directResponse") or {}).get("status", 0)
        if status >= 400:
            return "refused"
        sent = rule.get("route") or []
        shares: dict[Any, Fraction] = {}
        total = sum(item.get("weight", 0) for item in sent) or 1
        for item in sent:
            part = Fraction(1) if len(sent) == 1 else Fraction(item.get("weight", 0), total)
            if part:
                target = self._target(item["destination"], request.port)
                shares[target] = shares.get(target, Fraction(0)) + part
        if set(shares) <= {"nobody"} and not _extras(rule):
            return "refused"
        rewrite = rule.get("rewrite") or {}
        return (
            tuple(sorted((str(key), part) for key, part in shares.items())),
            _rewritten(request.path, rewrite, match.get("uri") or {}),
            rewrite.get("authority") or request.authority,
            rule.get("timeout", ""),
            _retries(rule.get("retries")),
            _extras(rule),
        )

    def _target(self, destination: Mapping[str, Any], port: int) -> Any:
        service = self.services.get(destination["host"])
        if service is None:
            outside = [m for m in self.all if m.ref.kind == "ServiceEntry" and destination["host"] in m.spec["hosts"]]
            return ("outside", destination["host"], str(destination.get("port"))) if outside else "nobody"
        ports = service.spec.get("ports") or []
        number = (destination.get("port") or {}).get("number") or (ports[0]["port"] if len(ports) == 1 else port)
        offered = [item for item in ports if item["port"] == number]
        if not offered or destination.get("subset"):
            return "nobody"
        wanted = (service.spec.get("selector") or {}).items()
        names = set()
        for pods in self.pods:
            labels = pods.spec["template"]["metadata"].get("labels") or {}
            if wanted and pods.ref.namespace == service.ref.namespace and all(labels.get(k) == v for k, v in wanted):
                names.add(str(pods.annotations.get("meshmig.io/origin", pods.ref)))
        return (tuple(sorted(names)), offered[0].get("targetPort", number)) if names else "nobody"


def _takes(host: str, request: Request) -> bool:
    return host in _spellings(request) or (host[0] == "*" and request.authority.endswith(host[1:]))


def _spellings(request: Request) -> tuple[str, ...]:
    """A short name means a Service of the caller's namespace, `name.namespace` one of that namespace."""
    name = request.authority
    if request.gateway:
        return (name,)
    return (name, f"{name}.svc.cluster.local", f"{name}.{request.namespace}.svc.cluster.local", f"{name}.cluster.local")


def _meets(match: Mapping[str, Any], request: Request) -> bool:
    headers, query = dict(request.headers), dict(request.query)
    if "port" in match and match["port"] != request.port:
        return False
    if match.get("uri") and not _is(request.path, match["uri"]):
        return False
    if match.get("method") and not _is(request.method, match["method"]):
        return False
    if match.get("scheme") and not _is("http", match["scheme"]):
        return False
    if match.get("authority") and not _is(request.authority, match["authority"]):
        return False
    for name, wanted in (match.get("headers") or {}).items():
        if name not in headers or (wanted and not _is(headers[name], wanted)):
            return False
    for name, unwanted in (match.get("withoutHeaders") or {}).items():
        if (name in headers and not unwanted) or (unwanted and _is(headers.get(name, ""), unwanted)):
            return False
    return all(n in query and (not w or _is(query[n], w)) for n, w in (match.get("queryParams") or {}).items())


def _is(text: str, match: Mapping[str, str]) -> bool:
    if "exact" in match:
        return text == match["exact"]
    if "prefix" in match:
        return text.startswith(match["prefix"])
    return re.fullmatch(match["regex"], text) is not None


def _rewritten(path: str, rewrite: Mapping[str, Any], uri: Mapping[str, str]) -> str:
    if "uriRegexRewrite" in rewrite:
        return re.sub(rewrite["uriRegexRewrite"]["match"], rewrite["uriRegexRewrite"]["rewrite"], path, count=1)
    if "uri" not in rewrite:
        return path
    if "exact" in uri or "regex" in uri:
        return rewrite["uri"]
    return rewrite["uri"] + path[len(uri.get("prefix", "/")) :]


def _retries(body: Mapping[str, Any] | None) -> Any:
    if body is None:
        return "default"
    if not body.get("attempts"):
        return 0
    return (body["attempts"], body.get("perTryTimeout", ""), tuple(sorted(set(body.get("retryOn", "").split(",")))))


def _extras(rule: Mapping[str, Any]) -> str:
    return json.dumps(
        {key: rule[key] for key in ("mirror", "fault", "headers", "redirect") if key in rule}, sort_keys=True
    )
