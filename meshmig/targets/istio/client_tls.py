"""TLS that callers start: towards old pods that still end App Mesh's, kept certificates, and outside names."""

from collections.abc import Mapping

from meshmig.model.mesh import ClientTls, CloudMapName, ClusterService, ExternalHost, Mesh, TlsMode, Upstream
from meshmig.model.objects import Json


def policies_of(mesh: Mesh, upstream: Upstream) -> tuple[ClientTls, ...]:
    """Return the differing client policies of everybody who calls an upstream, in the order of the callers."""
    found: dict[ClientTls, None] = {}
    for host in mesh.hosts_of.get(upstream.id, ()):
        for policy in mesh.client_tls_of.get(host.id, ()):
            if policy is not None:
                found[_without_origin(policy)] = None
    return tuple(found)


def server_tls(mesh: Mesh, upstream: Upstream) -> ClientTls | None:
    """Return the TLS that a server's listeners demand; the first caller's files speak for all callers."""
    if not strict_ports(upstream):
        return None
    policies = policies_of(mesh, upstream)
    return policies[0] if policies else ClientTls(enforce=True)


def outside_tls(mesh: Mesh, upstream: Upstream) -> ClientTls | None:
    """Return the TLS that callers enforce towards an outside name."""
    enforced = (policy for policy in policies_of(mesh, upstream) if policy.enforce)
    return next(enforced, None)


def strict_ports(upstream: Upstream) -> tuple[int, ...]:
    """Return the listener ports that take nothing but TLS."""
    return tuple(item.port for item in upstream.listeners if item.tls and item.tls.mode is TlsMode.STRICT)


def kept_ports(upstream: Upstream) -> tuple[int, ...]:
    """Return the listener ports that go on showing a certificate of their own."""
    return tuple(item.port for item in upstream.listeners if item.tls and item.tls.is_kept)


def tls_settings(upstream: Upstream, client: ClientTls) -> dict[str, Json]:
    """Return a DestinationRule's ClientTLSSettings; without a trust bundle of files nothing is verified."""
    found: dict[str, Json] = {"mode": "SIMPLE"}
    if client.certificate is not None and client.certificate.kind == "file":
        chain, key = (*client.certificate.names, "")[:2]
        found = {"mode": "MUTUAL", "clientCertificate": chain, "privateKey": key}
    if client.trust is None or client.trust.kind != "file":
        return found | {"insecureSkipVerify": True}
    found["caCertificates"] = client.trust.names[0]
    names = list(client.server_names) or [name for name in [_discovery_name(upstream)] if name]
    return found | ({"subjectAltNames": names, "sni": names[0]} if names else {})


def _without_origin(policy: ClientTls) -> ClientTls:
    return ClientTls(
        enforce=policy.enforce,
        ports=policy.ports,
        trust=policy.trust,
        server_names=policy.server_names,
        certificate=policy.certificate,
    )


def _discovery_name(upstream: Upstream) -> str:
    """The name that App Mesh wants in a certificate by default."""
    match upstream.address:
        case ClusterService() as service:
            return service.fqdn
        case ExternalHost(hostname=hostname):
            return hostname
        case CloudMapName() as name:
            return name.hostname
        case None:
            return ""


def by_port(upstream: Upstream, client: ClientTls, ports: tuple[int, ...]) -> Mapping[int, dict[str, Json]]:
    """Return the TLS of each of these listener ports that the client's policy covers."""
    covered = [port for port in ports if not client.ports or port in client.ports]
    return {port: tls_settings(upstream, client) for port in covered}
