"""Sidecars: the limits of server pods, certificates that are kept, and where a closed mesh lets pods call."""

from collections.abc import Iterable, Mapping

from meshmig.model.mesh import ConnectionLimits, EgressPolicy, Listener, Mesh, Protocol, ServerTls, Upstream, Workload
from meshmig.model.objects import Json, Manifest
from meshmig.model.resources import NETWORKING, SECURITY
from meshmig.targets.istio.client_tls import kept_ports
from meshmig.targets.istio.entries import AWS, aws_entry, foreign_host
from meshmig.targets.istio.routing import host_name
from meshmig.targets.istio.services import suffixed
from meshmig.targets.istio.settings import WORKLOAD, Named, Settings, stamped


def sidecar_objects(mesh: Mesh, settings: Settings, *, closed: bool) -> tuple[Manifest, ...]:
    """Return one Sidecar a workload that needs one: its own limits and certificate; `closed` also its egress."""
    found = [_sidecar(mesh, workload, settings, closed=closed) for workload in mesh.workloads]
    found.insert(0, aws_entry(mesh, settings) if closed else None)
    return tuple(manifest for manifest in found if manifest is not None)


def kept_certificate_objects(mesh: Mesh, settings: Settings) -> tuple[Manifest, ...]:
    """Return the PeerAuthentications that leave ports with a certificate of their own to it."""
    made = []
    for workload in mesh.workloads:
        upstream = mesh.upstream.get(workload.upstream or "")
        ports = kept_ports(upstream) if upstream else ()
        if upstream is not None and ports:
            spec: dict[str, Json] = {
                "selector": {"matchLabels": {WORKLOAD: workload.ref.name}},
                "mtls": {"mode": "UNSET"},
                "portLevelMtls": {str(port): {"mode": "DISABLE"} for port in ports},
            }
            name = f"{workload.ref.name}-certificate"
            made.append(stamped(_named(SECURITY, "PeerAuthentication", workload, upstream, name), spec, settings))
    return tuple(made)


def reachable(mesh: Mesh, upstream: Upstream) -> list[str]:
    """Return the hosts that an upstream's pods may call, as `namespace/name`, sorted."""
    hosts: set[str] = set()
    for use in upstream.backends:
        host = mesh.host.get(use.host)
        if host is None:
            continue
        hosts.add(f"{host.namespace}/{host_name(host)}")
        for target in (mesh.upstream[name] for name in host.upstreams if name in mesh.upstream):
            if target.service is not None:
                space, name = target.service.namespace, target.service.name
                hosts |= {f"{space}/{target.service.fqdn}", f"{space}/{suffixed(name)}.{space}.svc.cluster.local"}
            elif foreign_host(target):
                hosts.add(f"*/{foreign_host(target)}")
    return sorted(hosts)


def _sidecar(mesh: Mesh, workload: Workload, settings: Settings, *, closed: bool) -> Manifest | None:
    upstream = mesh.upstream.get(workload.upstream or "")
    if upstream is None:
        return None
    spec: dict[str, Json] = {}
    pool = _pool(listener.limits for listener in upstream.listeners)
    if pool:
        spec["inboundConnectionPool"] = pool
    if kept_ports(upstream):
        spec["ingress"] = [_ingress(listener) for listener in upstream.listeners]
    if closed and mesh.egress is EgressPolicy.DROP:
        spec["outboundTrafficPolicy"] = {"mode": "REGISTRY_ONLY"}
        spec["egress"] = [{"hosts": [f"*/{AWS}", "istio-system/*", *reachable(mesh, upstream)]}]
    if not spec:
        return None
    selector: dict[str, Json] = {"workloadSelector": {"labels": {WORKLOAD: workload.ref.name}}}
    named = _named(NETWORKING, "Sidecar", workload, upstream, workload.ref.name)
    return stamped(named, selector | spec, settings)


def _named(api_version: str, kind: str, workload: Workload, upstream: Upstream, name: str) -> Named:
    return Named(
        api_version=api_version,
        kind=kind,
        namespace=workload.ref.namespace,
        name=name,
        origin=upstream.origin,
    )


def _ingress(listener: Listener) -> dict[str, Json]:
    """A listener as the sidecar serves it; naming one switches the detection of all others off, so all are named."""
    kept = listener.tls if listener.tls and listener.tls.is_kept else None
    protocol = listener.protocol.value.upper()
    if kept is not None:
        protocol = "TLS" if listener.protocol is Protocol.TCP else "HTTPS"
    port = {"number": listener.port, "name": f"{protocol.lower()}-{listener.port}", "protocol": protocol}
    made: dict[str, Json] = {"port": port, "defaultEndpoint": f"0.0.0.0:{listener.port}"}
    return made | ({"tls": server_settings(kept)} if kept is not None else {})


def server_settings(tls: ServerTls) -> dict[str, Json]:
    """Return ServerTLSSettings over files of the proxy's container; a Sidecar takes no names of clients."""
    chain, key = (*(tls.certificate.names if tls.certificate else ()), "", "")[:2]
    found: dict[str, Json] = {"mode": "SIMPLE", "serverCertificate": chain, "privateKey": key}
    if tls.client_trust is not None and tls.client_trust.kind == "file":
        found |= {"mode": "MUTUAL", "caCertificates": tls.client_trust.names[0]}
    return found


def _pool(limits: Iterable[ConnectionLimits | None]) -> Mapping[str, Json]:
    """One pool stands for all listeners of a pod: of several limits the most generous."""
    written = [limit for limit in limits if limit is not None]
    pending = max((limit.max_pending_requests or 0 for limit in written), default=0)
    requests = max((limit.max_requests or 0 for limit in written), default=0)
    connections = max((limit.max_connections or 0 for limit in written), default=0)
    http: dict[str, Json] = {"http1MaxPendingRequests": pending} if pending else {}
    http |= {"http2MaxRequests": requests} if requests else {}
    pool: dict[str, Json] = {"http": http} if http else {}
    return pool | ({"tcp": {"maxConnections": connections}} if connections else {})
