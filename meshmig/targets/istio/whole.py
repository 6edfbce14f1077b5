"""Everything a mesh needs in Istio at one moment, and what cannot be said there."""

from meshmig.diagnostics import Diagnostic, in_order
from meshmig.model.mesh import Mesh
from meshmig.model.objects import Manifest
from meshmig.targets.istio.edges import edge_findings, edge_objects
from meshmig.targets.istio.policies import policy_objects
from meshmig.targets.istio.routing import host_objects
from meshmig.targets.istio.settings import Placements, Settings

CODES = {"MIG350": "A gateway's rule and a router's rule cannot be joined into one"}


def desired(mesh: Mesh, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return every object of one moment, sorted by reference."""
    found = [manifest for host in mesh.hosts for manifest in host_objects(mesh, host.id, placements, settings)]
    for edge in mesh.edges:
        found += edge_objects(mesh, edge.id, placements, settings)
    found += policy_objects(mesh, placements, settings)
    return tuple(sorted(found, key=lambda manifest: manifest.ref))


def findings(mesh: Mesh) -> tuple[Diagnostic, ...]:
    """Return what one rule of Istio cannot say."""
    return in_order(finding for edge in mesh.edges for finding in edge_findings(mesh, edge))
