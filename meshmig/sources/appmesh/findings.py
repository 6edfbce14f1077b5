"""What can be wrong with App Mesh manifests, and the collector that every part of the lift reports to."""

from collections.abc import Mapping

from meshmig.diagnostics import Diagnostic, Severity, in_order
from meshmig.model.mesh import Origin

CODES: Mapping[str, str] = {
    "MIG301": "no Mesh was found",
    "MIG302": "several Meshes, and none is chosen",
    "MIG303": "the chosen Mesh does not exist",
    "MIG304": "an object of the old API version v1beta1",
    "MIG305": "the Mesh has no members",
    "MIG306": "an object belongs to no Mesh",
    "MIG307": "an object was made for an earlier Mesh of the same name",
    "MIG308": "the namespace of an object was not read",
    "MIG310": "a field that breaks App Mesh's schema",
    "MIG311": "a field that App Mesh's schema does not know",
    "MIG312": "fields that contradict each other, or a choice left open",
    "MIG313": "a setting without effect",
    "MIG314": "an annotation that cannot be read",
    "MIG315": "a reference to an object that does not exist",
    "MIG316": "a reference that leaves the cluster",
    "MIG317": "a Mesh that is shared with another account",
    "MIG318": "a certificate or authority kept by ACM",
    "MIG319": "a certificate or trust bundle handed out by an SDS agent",
    "MIG320": "a workload that several VirtualNodes or VirtualGateways take",
    "MIG321": "a workload that asks for a sidecar and matches nothing",
    "MIG322": "a VirtualNode or VirtualGateway without pods",
    "MIG323": "a Job or bare pod in the mesh",
    "MIG324": "two workloads with one name",
    "MIG325": "live pods that differ from what their template says",
    "MIG326": "an address that leads nowhere",
    "MIG327": "a port that no Service offers",
    "MIG328": "a VirtualService that leads nowhere",
    "MIG329": "a route whose weights are all zero",
    "MIG330": "routes whose order App Mesh does not settle",
    "MIG331": "a timeout that another one cuts",
    "MIG332": "a GatewayRoute without a VirtualGateway",
    "MIG333": "a VirtualRouter that nothing uses",
    "MIG334": "a Mesh without workloads",
    "MIG335": "VirtualNodes that Cloud Map cannot tell apart",
    "MIG336": "a port that proxies dial and no Service offers",
}


class Report:
    """Collects findings in any order; they are sorted, without repeats, when read."""

    def __init__(self) -> None:
        self._findings: list[Diagnostic] = []

    def error(self, code: str, place: Origin | None, message: str, help_text: str) -> None:
        """Add something that only a person can put right."""
        self._add(Severity.ERROR, code, place, (message, help_text))

    def warning(self, code: str, place: Origin | None, message: str, help_text: str = "") -> None:
        """Add something that was worked around, and must be known."""
        self._add(Severity.WARNING, code, place, (message, help_text))

    def info(self, code: str, place: Origin | None, message: str, help_text: str = "") -> None:
        """Add something worth knowing."""
        self._add(Severity.INFO, code, place, (message, help_text))

    def findings(self) -> tuple[Diagnostic, ...]:
        """Return everything reported, in order."""
        return in_order(self._findings)

    def _add(self, severity: Severity, code: str, place: Origin | None, words: tuple[str, str]) -> None:
        self._findings.append(
            Diagnostic(
                code=code,
                severity=severity,
                message=words[0],
                help=words[1],
                object=place.ref.object_name if place else None,
                path=place.path if place else "",
            )
        )
