"""What ports speak, as Services declare it against what App Mesh's listeners say."""

from collections.abc import Iterator

from meshmig.checks.facts import Facts, containers
from meshmig.diagnostics import Severity
from meshmig.model.mesh import ClusterService, Listener, Protocol, ServicePort, Upstream
from meshmig.model.objects import ObjectRef
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.shape import items, mapping, text

_KNOWN = {
    "http": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "grpc": Protocol.GRPC,
    "grpc-web": Protocol.GRPC,
    "tcp": Protocol.TCP,
    "tls": Protocol.TCP,
    "https": Protocol.TCP,
    "mongo": Protocol.TCP,
    "mysql": Protocol.TCP,
    "redis": Protocol.TCP,
    "kubernetes.io/h2c": Protocol.HTTP2,
    "kubernetes.io/ws": Protocol.HTTP,
    "kubernetes.io/wss": Protocol.TCP,
}
"""What Istio takes from appProtocol or a port's name (istio: pkg/config/kube/conversion.go)."""

_TCP_BY_NUMBER = {25, 53, 3306, 27017}
"""Ports that Istio takes for TCP where nothing is declared (the same file)."""

SERVER_FIRST = {21: "FTP", 25: "SMTP", 110: "POP3", 143: "IMAP", 587: "SMTP", 3306: "MySQL", 33060: "MySQL"}
_SERVER_FIRST_WORDS = ("mysql", "mariadb", "smtp", "ftp", "imap", "pop3")
_LOOPBACKS = ("127.0.0.1", "localhost", "::1")
_BIND_WORDS = ("bind", "listen", "host", "address", "addr")


def declared(port: ServicePort) -> Protocol | None:
    """Return the protocol that Istio reads from a Service port; None where it would have to guess."""
    word = (port.app_protocol or "").lower()
    if word:
        return _KNOWN.get(word)
    name = port.name.lower()
    prefix = "grpc-web" if name.startswith("grpc-web") else name.partition("-")[0]
    return _KNOWN.get(prefix) or (Protocol.TCP if port.port in _TCP_BY_NUMBER else None)


def service_ref(service: ClusterService) -> ObjectRef:
    """Return the reference of a Service."""
    return ObjectRef("v1", "Service", service.namespace, service.name)


def _pairs(facts: Facts) -> Iterator[tuple[Upstream, ClusterService, int, ServicePort, Listener]]:
    for upstream in facts.mesh.upstreams:
        for number, port in enumerate(upstream.service.ports if upstream.service else ()):
            listener = upstream.listener(port.target_port)
            if upstream.service is not None and listener is not None:
                yield upstream, upstream.service, number, port, listener


def port_protocols(facts: Facts) -> Iterator[Seen]:
    """P19: a port's protocol is not declared, or declared wrong."""
    for _, service, number, port, listener in _pairs(facts):
        said = declared(port)
        place = Evidence(service_ref(service), f"spec.ports[{number}]", _port_text(port))
        if said is None and listener.protocol in {Protocol.GRPC, Protocol.HTTP2}:
            yield Fired(
                place,
                f"its listener speaks {listener.protocol.value} and the port does not say so: Istio calls HTTP/1.1",
            )
        elif said is None:
            yield Fired(
                place,
                f"the port does not say that it speaks {listener.protocol.value}: Istio guesses for every connection",
                "",
                Severity.INFO,
            )
        elif said is not listener.protocol and not _alike(said, listener.protocol):
            yield Fired(
                place,
                f"the port is declared {said.value}, and App Mesh's listener speaks {listener.protocol.value}",
                f"set appProtocol: {listener.protocol.value} on the port, if the listener is right",
                Severity.ERROR,
            )
    yield from _shared_targets(facts)


def _port_text(port: ServicePort) -> str:
    return (
        f"port {port.port}"
        + (f", name {port.name}" if port.name else ", no name")
        + (f", appProtocol {port.app_protocol}" if port.app_protocol else "")
    )


def _alike(one: Protocol, other: Protocol) -> bool:
    return {one, other} <= {Protocol.HTTP2, Protocol.GRPC}


def _shared_targets(facts: Facts) -> Iterator[Seen]:
    for workload in facts.mesh.workloads:
        first: dict[int, tuple[ClusterService, Protocol]] = {}
        for service in workload.services:
            for number, port in enumerate(service.ports):
                said = declared(port)
                if said is None:
                    continue
                other = first.setdefault(port.target_port, (service, said))
                if other[1] is not said:
                    yield Fired(
                        Evidence(service_ref(service), f"spec.ports[{number}]", _port_text(port)),
                        f"Service {other[0].id} declares {other[1].value} for the same container port "
                        f"{port.target_port}: Istio takes the older Service's word for both",
                        "let both declare the same protocol",
                    )


def headless(facts: Facts) -> Iterator[Seen]:
    """P20: pods are called one by one."""
    services = {service.id: service for workload in facts.mesh.workloads for service in workload.services}
    for service in services.values():
        if service.headless:
            yield Fired(
                Evidence(service_ref(service), "spec.clusterIP", "None"),
                "a headless Service is called pod by pod: no weights, and mutual TLS only once every pod has moved",
                "callers follow as a whole: keep it PERMISSIVE until its last pod has moved",
            )
    for workload in facts.mesh.workloads:
        if workload.ref.kind == "StatefulSet":
            yield Fired(
                Evidence(workload.ref, "kind", "StatefulSet"),
                "its pods have names that peers may call: a copy has other names",
                "look for callers of POD.SERVICE names; where there are any, move it in place, pod by pod",
            )


def server_first(facts: Facts) -> Iterator[Seen]:
    """P21: a server speaks first."""
    for _, service, number, port, listener in _pairs(facts):
        words = f"{port.name} {port.app_protocol} {service.name}".lower()
        name = next((word for word in _SERVER_FIRST_WORDS if word in words), SERVER_FIRST.get(listener.port, ""))
        if name and listener.protocol is Protocol.TCP:
            yield Fired(
                Evidence(service_ref(service), f"spec.ports[{number}]", _port_text(port)),
                f"its server speaks first ({name}), a PERMISSIVE port waits for the client's first bytes: both wait",
            )


def loopback(facts: Facts) -> Iterator[Seen]:
    """P26: an application that listens on the loopback address only."""
    for workload, template in facts.meshed:
        for container in containers(template):
            for path, value in _bind_words(container):
                yield Fired(
                    Evidence(workload.ref, f"spec.template.spec.containers[{container.get('name')}].{path}", value),
                    "the application seems to listen on the loopback address only: Istio calls it at the pod's address",
                )
    for upstream in facts.mesh.upstreams:
        # Where App Mesh itself calls the pod's address, the application listens there.
        if upstream.workloads and not any(dump.loopback is False for dump in facts.dumps_of(upstream)):
            pod = facts.pod_to_dump(upstream)
            reason = f"needs `ss -ltn` in {pod}: no manifest shows what an application listens on"
            yield Gap(reason, partly=True, pod=pod)


def _bind_words(container: object) -> Iterator[tuple[str, str]]:
    body = mapping(container)
    for part in ("command", "args"):
        words = [text(word) for word in items(body.get(part))]
        for index, word in enumerate(words):
            flag = word if "=" in word else f"{words[index - 1] if index else ''} {word}"
            if any(address in word for address in _LOOPBACKS) and any(hint in flag.lower() for hint in _BIND_WORDS):
                yield f"{part}[{index}]", word
    for entry in map(mapping, items(body.get("env"))):
        name, value = text(entry.get("name")).lower(), text(entry.get("value"))
        asks = any(name == hint or name.startswith(("bind", "listen")) for hint in _BIND_WORDS)
        if asks and value.partition(":")[0] in _LOOPBACKS:
            yield f"env[{entry.get('name')}]", value
