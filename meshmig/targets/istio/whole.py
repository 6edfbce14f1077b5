"""Everything a mesh needs in Istio at one moment, and what cannot be said there."""

from meshmig.diagnostics import Diagnostic, in_order
from meshmig.model.mesh import Mesh
from meshmig.model.objects import Manifest
from meshmig.targets.istio.checking import rule_findings
from meshmig.targets.istio.differences import mesh_findings
from meshmig.targets.istio.edges import edge_findings, edge_objects
from meshmig.targets.istio.ending import at_the_end, made_services
from meshmig.targets.istio.policies import policy_objects
from meshmig.targets.istio.routing import host_objects
from meshmig.targets.istio.settings import Placements, Settings
from meshmig.targets.istio.sidecars import sidecar_objects

CODES = {"MIG350": "A gateway's rule and a router's rule cannot be joined into one"}


def desired(mesh: Mesh, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return every object of one moment, sorted by reference."""
    found = [manifest for host in mesh.hosts for manifest in host_objects(mesh, host.id, placements, settings)]
    for edge in mesh.edges:
        found += edge_objects(mesh, edge.id, placements, settings)
    found += policy_objects(mesh, placements, settings)
    return tuple(sorted(found, key=lambda manifest: manifest.ref))


def translated(mesh: Mesh, settings: Settings) -> tuple[Manifest, ...]:
    """Return every object of the end: routes to the original Services, egress as the migration says, mTLS open."""
    found = {manifest.ref: manifest for manifest in (*made_services(mesh), *desired(mesh, at_the_end(mesh), settings))}
    if settings.choice.egress_declared:
        found |= {manifest.ref: manifest for manifest in sidecar_objects(mesh, settings, closed=True)}
    return tuple(found[ref] for ref in sorted(found))


def findings(mesh: Mesh, settings: Settings) -> tuple[Diagnostic, ...]:
    """Return what Istio cannot say, what it says otherwise, and every rule that an object would break."""
    lost = (finding for edge in mesh.edges for finding in edge_findings(mesh, edge))
    return in_order((*lost, *mesh_findings(mesh), *rule_findings(translated(mesh, settings))))
