"""Istio's objects and the Services that they speak of, as one proxy sees them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.proof.model import NOBODY, Target
from meshmig.proof.registry import DOMAIN, Pods, Registry, fqdn, ports_of, target_of

ROOT_NAMESPACE = "istio-system"
_SECONDS = {"h": 3_600_000.0, "m": 60_000.0, "s": 1_000.0, "ms": 1.0, "us": 0.001, "ns": 0.000001}
_TCP_BY_NUMBER = {25, 53, 3306, 27017}
_HTTP_WORDS = ("http", "http2", "grpc", "grpc-web", "h2c", "kubernetes.io/h2c")
_TCP_WORDS = ("tcp", "tls", "https", "mongo", "mysql", "redis")


@dataclass(frozen=True, slots=True)
class View:
    """What decides how a proxy sees the mesh: its namespace, its Sidecar, its labels where some rule asks for them."""

    namespace: str
    sidecar: Manifest | None = None
    labels: tuple[tuple[str, str], ...] = ()


def view_key(view: View) -> tuple[str, ObjectRef | None, tuple[tuple[str, str], ...]]:
    """Return what tells one way of seeing the mesh from another."""
    return view.namespace, view.sidecar.ref if view.sidecar is not None else None, view.labels


@dataclass(frozen=True, slots=True)
class Known:
    """A name of the registry: a Service, or a host of a ServiceEntry."""

    host: str
    manifest: Manifest

    @property
    def namespace(self) -> str:
        """Where it was made."""
        return self.manifest.ref.namespace

    @property
    def ports(self) -> tuple[Mapping[str, Json], ...]:
        """Its ports; a ServiceEntry's carry `number` as `port`."""
        listed = ports_of(self.manifest)
        return tuple(dict(item) | {"port": item.get("port", item.get("number"))} for item in listed)


@dataclass(frozen=True)
class Config:
    """Everything that istiod would push, of one moment."""

    manifests: tuple[Manifest, ...]
    registry: Registry

    @cached_property
    def routes(self) -> tuple[Manifest, ...]:
        """VirtualServices, the oldest first."""
        return self._of("networking.istio.io", "VirtualService")

    @cached_property
    def gateways(self) -> tuple[Manifest, ...]:
        """Gateways."""
        return self._of("networking.istio.io", "Gateway")

    @cached_property
    def asks_for_labels(self) -> bool:
        """Whether some rule looks at who calls."""
        matches = (m for vs in self.routes for rule in _rules(vs) for m in rule.get("match") or ())
        return any(match.get("sourceLabels") for match in matches)

    @cached_property
    def mesh_routes(self) -> Mapping[str, tuple[Manifest, ...]]:
        """The VirtualServices of sidecars by exact host."""
        found: dict[str, list[Manifest]] = {}
        for manifest in self.routes:
            if "mesh" in (manifest.spec.get("gateways") or ["mesh"]):
                for host in manifest.spec.get("hosts") or ():
                    found.setdefault(full_host(str(host), manifest.ref.namespace), []).append(manifest)
        return {host: tuple(listed) for host, listed in found.items()}

    @cached_property
    def _entries(self) -> Mapping[str, Known]:
        found: dict[str, Known] = {}
        for manifest in self._of("networking.istio.io", "ServiceEntry"):
            for host in manifest.spec.get("hosts") or ():
                found.setdefault(str(host), Known(str(host), manifest))
        return found

    @cached_property
    def _rules_by_host(self) -> Mapping[str, tuple[Manifest, ...]]:
        found: dict[str, list[Manifest]] = {}
        for manifest in self._of("networking.istio.io", "DestinationRule"):
            host = full_host(str(manifest.spec.get("host", "")), manifest.ref.namespace)
            found.setdefault(host, []).append(manifest)
        return {host: tuple(listed) for host, listed in found.items()}

    @cached_property
    def _sidecars(self) -> Mapping[str, tuple[Manifest, ...]]:
        found: dict[str, list[Manifest]] = {}
        for manifest in self._of("networking.istio.io", "Sidecar"):
            found.setdefault(manifest.ref.namespace, []).append(manifest)
        return {namespace: tuple(listed) for namespace, listed in found.items()}

    def known(self, name: str, namespace: str) -> Known | None:
        """Return whom a name means to a proxy of a namespace: a ServiceEntry's host, or a Service's name or alias."""
        if name in self._entries:
            return self._entries[name]
        service = self.registry.resolve(name, namespace)
        if service is not None:
            return Known(fqdn(service), service)
        return next((known for host, known in self._entries.items() if covers(host, name)), None)

    def destination_rule(self, host: str, namespace: str) -> Manifest | None:
        """Return the DestinationRule that a proxy of a namespace obeys for a host."""
        candidates = self._rules_by_host.get(host, ())
        if not candidates:
            wild = (key for key in self._rules_by_host if key.startswith("*") and covers(key, host))
            candidates = self._rules_by_host.get(max(wild, key=len, default=""), ())
        own = [rule for rule in candidates if rule.ref.namespace == namespace]
        seen = (*own, *(rule for rule in candidates if exported(rule, namespace)))
        return next(iter(seen), None)

    def view(self, pods: Pods | None, namespace: str) -> View:
        """Return how pods see the mesh; without pods, how a bare proxy of the namespace would."""
        labels = dict(pods.labels) if pods is not None else {}
        sidecars = self._sidecars.get(namespace, ())
        chosen = next(
            (item for item in sidecars if (wanted := _selector(item)) and wanted.items() <= labels.items()), None
        )
        wide = (*sidecars, *self._sidecars.get(ROOT_NAMESPACE, ()))
        sidecar = chosen or next((item for item in wide if not _selector(item)), None)
        return View(namespace, sidecar, tuple(sorted(labels.items())) if self.asks_for_labels else ())

    def target(self, host: str, port: int | None, subset: str, asked: tuple[str, int]) -> Target:
        """Return who a destination is; `asked` is the namespace that speaks and the port that the request came to."""
        namespace, own_port = asked
        known = self.known(full_host(host, namespace), namespace)
        if known is None:
            return NOBODY
        ports = [int(item["port"]) for item in known.ports if item.get("port")]
        number = port or (ports[0] if len(ports) == 1 else own_port)
        if number not in ports:
            return NOBODY
        labels = self._subset(known.host, subset, namespace) if subset else {}
        if labels is None:
            return NOBODY
        if known.manifest.ref.kind == "Service":
            return self.registry.behind(known.manifest, number, labels)
        return self._outside(known, number, labels)

    def _subset(self, host: str, name: str, namespace: str) -> Mapping[str, Json] | None:
        rule = self.destination_rule(host, namespace)
        subsets = (rule.spec.get("subsets") or ()) if rule is not None else ()
        found = next((item for item in subsets if item.get("name") == name), None)
        return (found.get("labels") or {}) if found is not None else None

    def _outside(self, known: Known, port: int, labels: Mapping[str, Json]) -> Target:
        spec = known.manifest.spec
        offered = next(item for item in known.ports if item.get("port") == port)
        number = int(offered.get("targetPort") or port)
        selector = (spec.get("workloadSelector") or {}).get("labels")
        if selector:
            return target_of(self.registry.selected(known.namespace, dict(selector) | dict(labels)), number)
        endpoints = [str(item.get("address", "")) for item in spec.get("endpoints") or ()]
        inside = [self.registry.resolve(address, known.namespace) for address in endpoints]
        services = [service for service in inside if service is not None]
        if services:
            targets = [self.registry.behind(service, number) for service in services]
            names = tuple(sorted({name for target in targets for name in target.workloads}))
            return Target(names, targets[0].port) if names else NOBODY
        # A name of the cluster that no Service has is nobody's, and a mesh-internal entry without endpoints is empty.
        if any(address.endswith(f".svc.{DOMAIN}") for address in endpoints):
            return NOBODY
        if spec.get("location") == "MESH_INTERNAL" and not endpoints:
            return NOBODY
        return Target(port=number, outside="+".join(sorted(endpoints)) or known.host)

    def _of(self, group: str, kind: str) -> tuple[Manifest, ...]:
        found = (m for m in self.manifests if m.ref.group == group and m.ref.kind == kind)
        return tuple(sorted(found, key=lambda m: (str(m.metadata.get("creationTimestamp") or ""), m.ref)))


def full_host(host: str, namespace: str) -> str:
    """Istio completes only names without a dot."""
    return host if "." in host or host == "*" else f"{host}.{namespace}.svc.{DOMAIN}"


def covers(pattern: str, host: str) -> bool:
    """Say whether a host pattern (`*`, `*.x`, or a name) takes a host."""
    if pattern.startswith("*"):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern == host


def exported(manifest: Manifest, namespace: str) -> bool:
    """Say whether an object is seen from a namespace."""
    to = manifest.spec.get("exportTo") or ["*"]
    return any(item in ("*", namespace) or (item == "." and manifest.ref.namespace == namespace) for item in to)


def visible(view: View, namespace: str, host: str, port: int) -> bool:
    """Say whether a Sidecar lets its proxy see a host of a namespace."""
    listeners = (view.sidecar.spec.get("egress") or ()) if view.sidecar is not None else ()
    if not listeners:
        return True
    fitting = (item for item in listeners if (item.get("port") or {}).get("number") in (None, port))
    return any(_seen(str(entry), view, namespace, host) for item in fitting for entry in item.get("hosts") or ())


def _seen(entry: str, view: View, namespace: str, host: str) -> bool:
    space, _, pattern = entry.partition("/")
    wanted = view.namespace if space == "." else space
    return wanted in ("*", namespace) and (pattern == "*" or covers(pattern, host))


def is_closed(view: View) -> bool:
    """Say whether unknown addresses are refused; without a Sidecar's word Istio lets them pass."""
    policy = (view.sidecar.spec.get("outboundTrafficPolicy") or {}) if view.sidecar is not None else {}
    return bool(policy.get("mode") == "REGISTRY_ONLY")


def protocol_of(port: Mapping[str, Json]) -> str:
    """Return `http`, `tcp`, or `auto` where the proxy finds out from the first bytes."""
    word = str(port.get("appProtocol") or port.get("protocol") or "").lower()
    if word in ("", "udp") or (word == "tcp" and not port.get("appProtocol") and "number" not in port):
        word = str(port.get("name") or "").lower()
    prefix = word.partition("-")[0] if not word.startswith(("grpc-web", "kubernetes.io")) else word
    if prefix in _HTTP_WORDS:
        return "http"
    if prefix in _TCP_WORDS:
        return "tcp"
    return "tcp" if port.get("port") in _TCP_BY_NUMBER else "auto"


def milliseconds(text: Json) -> int:
    """Read a duration such as `1m30s`, `0.5s`, `250ms`; nothing is zero."""
    total, number, unit = 0.0, "", ""
    for letter in f"{text or ''}0":
        if letter.isdecimal() or letter == ".":
            if unit:
                total += float(number) * _SECONDS[unit]
                number, unit = "", ""
            number += letter
        else:
            unit += letter
    return round(total)


def _selector(sidecar: Manifest) -> Mapping[str, str]:
    return (sidecar.spec.get("workloadSelector") or {}).get("labels") or {}


def _rules(manifest: Manifest) -> Iterator[Mapping[str, Json]]:
    for kind in ("http", "tcp", "tls"):
        yield from manifest.spec.get(kind) or ()
