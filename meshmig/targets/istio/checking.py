"""The rules of Istio's validation webhook that generated objects could break, each with a code of its own.

Source: istio.io/istio pkg/config/validation of release 1.31; the schemas of the kinds are the API server's to check.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from meshmig.diagnostics import Diagnostic, Severity, in_order
from meshmig.model.objects import Json, Manifest
from meshmig.targets.istio.re2 import why_no_re2

CODES: Mapping[str, str] = {
    "MIG360": "a name or label that Istio refuses",
    "MIG361": "a host that Istio refuses",
    "MIG364": "a regular expression that Istio refuses",
    "MIG365": "a condition that Istio refuses",
    "MIG368": "a duration that Istio refuses",
    "MIG369": "a generated object that Istio would refuse",
    "MIG371": "a gateway's listeners that Istio refuses",
    "MIG376": "one host in two objects",
}

Broken = Iterator[tuple[str, str, str]]
"""Code, path, why."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_HEADER = re.compile(r"[-_A-Za-z0-9]+")
_LONGEST_REGEX = 1024
_LONGEST_LABEL = 63
_LONGEST_NAME = 253
_LAST_PORT = 65535
_RETRY_WORDS = {
    "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited", "retriable-4xx",
    "refused-stream", "retriable-status-codes", "retriable-headers", "http3-post-connect-failure", "cancelled",
    "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
}  # fmt: skip


def rule_findings(manifests: Iterable[Manifest]) -> tuple[Diagnostic, ...]:
    """Return every rule that one of these objects breaks, and hosts that two of them claim."""
    objects = tuple(manifests)
    broken = [(manifest, entry) for manifest in objects for entry in _broken(manifest)]
    broken += list(_claimed_twice(objects))
    return in_order(
        Diagnostic(
            code=code,
            severity=Severity.ERROR,
            message=f"{manifest.ref} would be refused by Istio: {why}",
            help=f"it comes from {manifest.annotations.get('meshmig.io/origin', 'the mesh')}: correct it there",
            object=manifest.ref.object_name,
            path=path,
        )
        for manifest, (code, path, why) in broken
    )


def _broken(manifest: Manifest) -> Broken:
    yield from _names(manifest)
    check = _CHECKS.get(manifest.ref.kind)
    if check is not None:
        yield from check(manifest.spec)


def _names(manifest: Manifest) -> Broken:
    name = manifest.ref.name
    parts = [name] if manifest.ref.kind == "Gateway" else name.split(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(part) for part in parts):
        yield "MIG360", "metadata.name", f"`{name}` is no name for a {manifest.ref.kind}"
    for path, labels in _selectors(manifest.spec):
        for key, value in labels.items():
            if len(value) > _LONGEST_LABEL or not _LABEL_VALUE.fullmatch(value):
                yield "MIG360", path, f"`{value}` is no value of label {key}"


def _selectors(spec: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for path, inner in (("workloadSelector", "labels"), ("selector", "matchLabels")):
        found = spec.get(path)
        if isinstance(found, Mapping) and isinstance(found.get(inner), Mapping):
            yield f"spec.{path}.{inner}", found[inner]


def _virtual_service(spec: Mapping[str, Json]) -> Broken:
    hosts, gateways = spec.get("hosts") or [], spec.get("gateways") or ["mesh"]
    if not hosts:
        yield "MIG361", "spec.hosts", "it has no host"
    for host, count in Counter(hosts).items():
        if count > 1 or (host == "*" and "mesh" in gateways) or not _is_host(host):
            yield "MIG361", "spec.hosts", f"`{host}` is no host here"
    if not (spec.get("http") or spec.get("tcp")):
        yield "MIG369", "spec", "it has no rule"
    for number, rule in enumerate(spec.get("http") or []):
        yield from _http_rule(rule, f"spec.http[{number}]")
    for number, rule in enumerate(spec.get("tcp") or []):
        yield from _routes(rule.get("route") or [], f"spec.tcp[{number}].route")


def _is_host(host: str) -> bool:
    rest = host.removeprefix("*.")
    return host == "*" or (
        len(rest) <= _LONGEST_NAME and all(_LABEL.fullmatch(part.lower()) for part in rest.split("."))
    )


def _http_rule(rule: Mapping[str, Json], path: str) -> Broken:
    if not rule.get("route") and not rule.get("directResponse"):
        yield "MIG369", path, "it has neither route nor directResponse"
    yield from _routes(rule.get("route") or [], f"{path}.route")
    for number, match in enumerate(rule.get("match") or []):
        yield from _match(match, f"{path}.match[{number}]")
    if "rewrite" in rule:
        yield from _rewrite(rule["rewrite"], f"{path}.rewrite")
    if "retries" in rule:
        yield from _retries(rule["retries"], f"{path}.retries")
    if "timeout" in rule:
        yield from _duration(rule["timeout"], f"{path}.timeout")


def _routes(routes: Sequence[Mapping[str, Json]], path: str) -> Broken:
    weights = [route.get("weight", 0) for route in routes]
    if any(weight < 0 for weight in weights) or (len(routes) > 1 and sum(weights) == 0):
        yield "MIG369", path, f"the weights {weights} say nothing"
    if not routes and ".tcp[" in path:
        yield "MIG369", path, "it has no destination"
    for number, route in enumerate(routes):
        destination = route.get("destination") or {}
        port = (destination.get("port") or {}).get("number", 1)
        host = destination.get("host", "")
        if not host or host.startswith("*") or not _is_host(host) or not 0 < port <= _LAST_PORT:
            code = "MIG369" if _is_host(host) else "MIG361"
            yield code, f"{path}[{number}].destination", f"`{host}` port {port} is no destination"


def _match(match: Mapping[str, Json], path: str) -> Broken:
    for field in ("uri", "method", "scheme", "authority"):
        if field in match:
            yield from _string_match(match[field], f"{path}.{field}", may_be_empty=field == "uri")
    for field in ("headers", "withoutHeaders", "queryParams"):
        for name, condition in (match.get(field) or {}).items():
            if field != "queryParams" and not _HEADER.fullmatch(name):
                yield "MIG365", f"{path}.{field}", f"`{name}` is no name of a header"
            yield from _string_match(condition, f"{path}.{field}[{name}]", may_be_empty=False)
    if "port" in match and not 0 < match["port"] <= _LAST_PORT:
        yield "MIG365", f"{path}.port", f"{match['port']} is no port"


def _string_match(condition: Json, path: str, *, may_be_empty: bool) -> Broken:
    if not isinstance(condition, Mapping) or len(condition) > 1:
        yield "MIG365", path, "it wants one of exact, prefix and regex"
        return
    if condition.get("prefix") == "" and not may_be_empty:
        yield "MIG365", path, "an empty prefix takes everything"
    if "regex" in condition:
        yield from _regex(condition["regex"], path)


def _regex(pattern: str, path: str) -> Broken:
    why = f"it is longer than {_LONGEST_REGEX} characters" if len(pattern) > _LONGEST_REGEX else why_no_re2(pattern)
    if why:
        yield "MIG364", path, f"the expression is refused: {why}"


def _rewrite(rewrite: Mapping[str, Json], path: str) -> Broken:
    by_regex = rewrite.get("uriRegexRewrite")
    if not rewrite or ("uri" in rewrite and by_regex is not None):
        yield "MIG369", path, "it wants one of uri and uriRegexRewrite"
    if by_regex is not None:
        if not by_regex.get("match") or not by_regex.get("rewrite"):
            yield "MIG369", path, "uriRegexRewrite wants match and rewrite"
        yield from _regex(by_regex.get("match") or "", f"{path}.uriRegexRewrite.match")


def _retries(retries: Mapping[str, Json], path: str) -> Broken:
    if retries.get("attempts", 0) < 0 or (not retries.get("attempts") and len(retries) > 1):
        yield "MIG369", path, "no attempts go with no other field"
    for word in filter(None, (retries.get("retryOn") or "").split(",")):
        if word not in _RETRY_WORDS and not (word.isdecimal() and 100 <= int(word) <= 599):  # noqa: PLR2004 - HTTP's codes
            yield "MIG369", f"{path}.retryOn", f"`{word}` is no condition"
    if "perTryTimeout" in retries:
        yield from _duration(retries["perTryTimeout"], f"{path}.perTryTimeout")


def _duration(text: str, path: str, *, may_be_zero: bool = False) -> Broken:
    found = _DURATION.fullmatch(text)
    if found is None or (float(found[1]) == 0 and not may_be_zero):
        yield "MIG368", path, f"`{text}` is no duration of at least 1ms"


def _destination_rule(spec: Mapping[str, Json]) -> Broken:
    policy = spec.get("trafficPolicy")
    if not spec.get("host") or not _is_host(spec["host"]):
        yield "MIG361", "spec.host", f"`{spec.get('host')}` is no host"
    if policy == {}:
        yield "MIG369", "spec.trafficPolicy", "it is empty"
    yield from _policy(policy or {}, "spec.trafficPolicy")
    for number, entry in enumerate((policy or {}).get("portLevelSettings") or []):
        path = f"spec.trafficPolicy.portLevelSettings[{number}]"
        if not (entry.get("port") or {}).get("number") or len(entry) == 1:
            yield "MIG369", path, "it wants a port and a policy"
        yield from _policy(entry, path)


def _policy(policy: Mapping[str, Json], path: str) -> Broken:
    tls, pool, outlier = policy.get("tls"), policy.get("connectionPool"), policy.get("outlierDetection") or {}
    if tls is not None:
        yield from _client_tls(tls, f"{path}.tls")
    if pool == {}:
        yield "MIG369", f"{path}.connectionPool", "it is empty"
    for protocol in ("http", "tcp"):
        idle = ((pool or {}).get(protocol) or {}).get("idleTimeout")
        if idle is not None:
            at = f"{path}.connectionPool.{protocol}.idleTimeout"
            yield from _duration(idle, at, may_be_zero=protocol == "tcp")
    for field in ("interval", "baseEjectionTime"):
        if field in outlier:
            yield from _duration(outlier[field], f"{path}.outlierDetection.{field}")
    if not 0 <= outlier.get("maxEjectionPercent", 0) <= 100:  # noqa: PLR2004 - a percentage
        yield "MIG369", f"{path}.outlierDetection.maxEjectionPercent", "it is no percentage"


def _client_tls(tls: Mapping[str, Json], path: str) -> Broken:
    if tls.get("mode") == "MUTUAL" and not (tls.get("clientCertificate") and tls.get("privateKey")):
        yield "MIG369", path, "MUTUAL wants clientCertificate and privateKey"
    if tls.get("insecureSkipVerify") and (tls.get("caCertificates") or tls.get("subjectAltNames")):
        yield "MIG369", path, "insecureSkipVerify goes with no trust and no names"


def _gateway(spec: Mapping[str, Json]) -> Broken:
    servers = spec.get("servers") or []
    if not servers:
        yield "MIG371", "spec.servers", "it has no listener"
    names = Counter((server.get("port") or {}).get("name", "") for server in servers)
    for name, count in names.items():
        if count > 1 or not name:
            yield "MIG371", "spec.servers", f"the port name `{name}` is not its own"
    for number, server in enumerate(servers):
        yield from _server(server, f"spec.servers[{number}]")


def _server(server: Mapping[str, Json], path: str) -> Broken:
    protocol, tls = (server.get("port") or {}).get("protocol"), server.get("tls")
    if not server.get("hosts"):
        yield "MIG369", path, "it has no hosts"
    if (protocol in {"HTTPS", "TLS"}) != (tls is not None):
        yield "MIG369", path, f"protocol {protocol} {'wants tls' if tls is None else 'goes with no tls'}"
    if tls is not None:
        yield from _server_tls(tls, f"{path}.tls")


def _server_tls(tls: Mapping[str, Json], path: str) -> Broken:
    if not (tls.get("serverCertificate") and tls.get("privateKey")):
        yield "MIG369", path, "it wants serverCertificate and privateKey"
    if tls.get("mode") == "MUTUAL" and not tls.get("caCertificates"):
        yield "MIG369", path, "MUTUAL wants caCertificates"


def _sidecar(spec: Mapping[str, Json]) -> Broken:
    if not any(spec.get(field) for field in ("ingress", "egress", "inboundConnectionPool", "outboundTrafficPolicy")):
        yield "MIG369", "spec", "it says nothing"
    ports = Counter((entry.get("port") or {}).get("number") for entry in spec.get("ingress") or [])
    if any(count > 1 for count in ports.values()):
        yield "MIG369", "spec.ingress", "two listeners have one port"
    for number, entry in enumerate(spec.get("ingress") or []):
        tls, protocol = entry.get("tls"), (entry.get("port") or {}).get("protocol")
        if tls is not None and protocol not in {"HTTPS", "TLS"}:
            yield "MIG369", f"spec.ingress[{number}]", f"protocol {protocol} goes with no tls"
        if tls is not None:
            yield from _server_tls(tls, f"spec.ingress[{number}].tls")
            if "subjectAltNames" in tls:
                yield "MIG369", f"spec.ingress[{number}].tls", "a Sidecar takes no subjectAltNames"
    for number, entry in enumerate(spec.get("egress") or []):
        hosts = entry.get("hosts") or []
        if not hosts or any(not _is_sidecar_host(host) for host in hosts):
            yield "MIG369", f"spec.egress[{number}].hosts", f"{hosts} are not all `namespace/name`"


def _is_sidecar_host(host: str) -> bool:
    namespace, mark, name = host.partition("/")
    return bool(mark) and (namespace in {"*", ".", "~"} or bool(_LABEL.fullmatch(namespace))) and _is_host(name)


def _service_entry(spec: Mapping[str, Json]) -> Broken:
    hosts, ports, resolution = spec.get("hosts") or [], spec.get("ports") or [], spec.get("resolution")
    endpoints = spec.get("endpoints") or []
    if not hosts or "*" in hosts or not all(map(_is_host, hosts)):
        yield "MIG361", "spec.hosts", f"{hosts} are no hosts here"
    for field in ("number", "name"):
        counted = Counter(port.get(field) for port in ports)
        if not ports or any(count > 1 for count in counted.values()):
            yield "MIG369", "spec.ports", f"a {field} is not its own, or there is no port"
    if endpoints and "workloadSelector" in spec:
        yield "MIG369", "spec", "it has endpoints and a workloadSelector"
    if (resolution == "NONE" and endpoints) or (resolution == "DNS_ROUND_ROBIN" and len(endpoints) > 1):
        yield "MIG369", "spec.resolution", f"{resolution} goes with fewer endpoints"
    if resolution in {"DNS", "DNS_ROUND_ROBIN"} and not endpoints and any(host.startswith("*") for host in hosts):
        yield "MIG369", "spec.resolution", f"{resolution} wants full names"


def _peer_authentication(spec: Mapping[str, Json]) -> Broken:
    if spec.get("portLevelMtls") and not (spec.get("selector") or {}).get("matchLabels"):
        yield "MIG369", "spec.portLevelMtls", "ports go with a selector only"


def _telemetry(spec: Mapping[str, Json]) -> Broken:
    entries = (*(spec.get("accessLogging") or []), *(spec.get("tracing") or []))
    for entry in entries:
        if any(not provider.get("name") for provider in entry.get("providers") or []):
            yield "MIG369", "spec", "a provider has no name"
        if not 0 <= entry.get("randomSamplingPercentage", 0) <= 100:  # noqa: PLR2004 - a percentage
            yield "MIG369", "spec.tracing", "the share of traced requests is no percentage"


_CHECKS: Mapping[str, Callable[[Mapping[str, Json]], Broken]] = {
    "VirtualService": _virtual_service,
    "DestinationRule": _destination_rule,
    "Gateway": _gateway,
    "Sidecar": _sidecar,
    "ServiceEntry": _service_entry,
    "PeerAuthentication": _peer_authentication,
    "Telemetry": _telemetry,
}


def _claimed_twice(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, tuple[str, str, str]]]:
    """Istio merges two VirtualServices of one host by age, and takes one of two DestinationRules or entries."""
    owners: dict[tuple[str, ...], Manifest] = {}
    for manifest in manifests:
        for host in _claims(manifest):
            key = (manifest.ref.kind, *host)
            other = owners.setdefault(key, manifest)
            if other is not manifest:
                yield manifest, ("MIG376", "spec", f"host {host[-1]} is claimed by {other.ref} too")


def _claims(manifest: Manifest) -> Iterator[tuple[str, ...]]:
    spec = manifest.spec
    match manifest.ref.kind:
        case "VirtualService":
            for gateway in spec.get("gateways") or ["mesh"]:
                yield from ((gateway, host) for host in spec.get("hosts") or [])
        case "DestinationRule":
            yield (str(spec.get("host")),)
        case "ServiceEntry":
            yield from ((host,) for host in spec.get("hosts") or [])
        case _:
            return
