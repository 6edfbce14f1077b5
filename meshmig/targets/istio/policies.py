"""Every object that is no route: how requests are treated on their way, and who may be called."""

from meshmig.model.mesh import Mesh
from meshmig.model.objects import Manifest
from meshmig.targets.istio.entries import outside_entries
from meshmig.targets.istio.rules import rule_objects
from meshmig.targets.istio.security import permissive_objects
from meshmig.targets.istio.settings import Placements, Settings
from meshmig.targets.istio.sidecars import kept_certificate_objects, sidecar_objects
from meshmig.targets.istio.telemetry import telemetry_objects


def policy_objects(mesh: Mesh, placements: Placements, settings: Settings) -> tuple[Manifest, ...]:
    """Return every object that is no route, sorted by reference."""
    found = [
        *rule_objects(mesh, mesh.upstreams, placements, settings),
        *outside_entries(mesh, placements, settings),
        *telemetry_objects(mesh, settings),
        *sidecar_objects(mesh, settings, closed=False),
        *permissive_objects(mesh, settings),
        *kept_certificate_objects(mesh, settings),
    ]
    return tuple(sorted(found, key=lambda manifest: manifest.ref))
