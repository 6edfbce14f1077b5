"""TLS of listeners and of clients; what only App Mesh's control plane or an agent can provide is refused."""

from meshmig.model.mesh import CertificateSource, ClientTls, Origin, ServerTls, TlsMode
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.schema import (
    AlternativeNames,
    BackendDefaults,
    ClientCertificate,
    ClientPolicy,
    ClientPolicyTls,
    GatewayListenerTls,
    ListenerCertificate,
    ListenerTls,
    ListenerTrust,
    Trust,
)


def server_tls(tls: ListenerTls | GatewayListenerTls | None, place: Origin, report: Report) -> ServerTls | None:
    """Lift a listener's TLS; `place` is its field."""
    if tls is None:
        return None
    is_on = tls.mode != "DISABLED"
    certificate = _certificate(tls.certificate)
    trust = _trust(tls.validation.trust) if tls.validation else None
    if is_on:
        _refuse(certificate, _below(place, "certificate"), report)
        _refuse(trust, _below(place, "validation.trust"), report)
    return ServerTls(
        mode=TlsMode(tls.mode.lower()),
        certificate=certificate,
        client_trust=trust,
        client_names=_names(tls.validation.subject_alternative_names) if tls.validation else (),
        origin=place,
    )


def client_tls(policy: ClientPolicy | None, place: Origin, report: Report) -> ClientTls | None:
    """Lift a clientPolicy; `place` is its field."""
    if policy is None or policy.tls is None:
        return None
    return _client_tls(policy.tls, _below(place, "tls"), report)


def default_client_tls(defaults: BackendDefaults | None, place: Origin, report: Report) -> ClientTls | None:
    """Lift backendDefaults; `place` is its field."""
    return client_tls(defaults.client_policy if defaults else None, _below(place, "clientPolicy"), report)


def _client_tls(tls: ClientPolicyTls, place: Origin, report: Report) -> ClientTls:
    trust, certificate = _trust(tls.validation.trust), _certificate(tls.certificate)
    _refuse(trust, _below(place, "validation.trust"), report)
    _refuse(certificate, _below(place, "certificate"), report)
    return ClientTls(
        enforce=tls.enforce,
        ports=tls.ports,
        trust=trust,
        server_names=_names(tls.validation.subject_alternative_names),
        certificate=certificate,
        origin=place,
    )


def _certificate(certificate: ListenerCertificate | ClientCertificate | None) -> CertificateSource | None:
    if certificate is None:
        return None
    if certificate.file:
        names = (certificate.file.certificate_chain, certificate.file.private_key)
        return CertificateSource(kind="file", names=names)
    if certificate.sds:
        return CertificateSource(kind="sds", names=(certificate.sds.secret_name,))
    if isinstance(certificate, ListenerCertificate) and certificate.acm:
        return CertificateSource(kind="acm", names=(certificate.acm.certificate_arn,))
    return None


def _trust(trust: Trust | ListenerTrust) -> CertificateSource | None:
    if trust.file:
        return CertificateSource(kind="file", names=(trust.file.certificate_chain,))
    if trust.sds:
        return CertificateSource(kind="sds", names=(trust.sds.secret_name,))
    if isinstance(trust, Trust) and trust.acm:
        return CertificateSource(kind="acm", names=trust.acm.certificate_authority_arns)
    return None


def _names(names: AlternativeNames | None) -> tuple[str, ...]:
    return names.match.exact if names else ()


def _below(place: Origin, path: str) -> Origin:
    return Origin(place.ref, f"{place.path}.{path}")


def _refuse(source: CertificateSource | None, place: Origin, report: Report) -> None:
    match source.kind if source else "":
        case "acm":
            report.error(
                "MIG318",
                _below(place, "acm"),
                f"{place.ref} takes {', '.join(source.names) if source else ''} from ACM through App Mesh's control "
                "plane, and Istio cannot: a human must decide where this certificate or authority comes from",
                "decide: Istio's own CA, a private CA through cert-manager, or TLS at the load balancer; "
                "then write the manifest with files, or without TLS",
            )
        case "sds":
            report.error(
                "MIG319",
                _below(place, "sds"),
                f"{place.ref} takes {', '.join(source.names) if source else ''} from an SDS agent (SPIRE), which Istio "
                "would have to be installed with: a human must decide who gives out identities",
                "decide: Istio's own CA, or SPIRE as Istio's CA provider; then write the manifest without SDS",
            )
        case _:
            pass
