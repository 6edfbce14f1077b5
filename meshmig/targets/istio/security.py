"""PeerAuthentication: permissive through the whole journey, strict at its end."""

from meshmig.model.mesh import Mesh
from meshmig.model.objects import Manifest
from meshmig.model.resources import SECURITY
from meshmig.targets.istio.settings import WORKLOAD, Named, Settings, stamped

_NAME = "meshmig"


def permissive_objects(mesh: Mesh, settings: Settings) -> tuple[Manifest, ...]:
    """Return one PERMISSIVE PeerAuthentication a namespace of the mesh."""
    return tuple(_namespace(mesh, namespace, "PERMISSIVE", settings) for namespace in mesh.namespaces)


def strict_objects(mesh: Mesh, exposed: frozenset[str], settings: Settings) -> tuple[Manifest, ...]:
    """Return the exceptions first, then STRICT a namespace; `exposed` workloads keep taking plaintext."""
    kept = tuple(_workload(mesh, name, settings) for name in sorted(exposed))
    return kept + tuple(_namespace(mesh, namespace, "STRICT", settings) for namespace in mesh.namespaces)


def _namespace(mesh: Mesh, namespace: str, mode: str, settings: Settings) -> Manifest:
    named = Named(api_version=SECURITY, kind="PeerAuthentication", namespace=namespace, name=_NAME, origin=mesh.origin)
    return stamped(named, {"mtls": {"mode": mode}}, settings)


def _workload(mesh: Mesh, name: str, settings: Settings) -> Manifest:
    workload = mesh.workload[name]
    named = Named(
        api_version=SECURITY,
        kind="PeerAuthentication",
        namespace=workload.ref.namespace,
        name=f"{workload.ref.name}-outside",
        origin=mesh.origin,
    )
    spec = {"selector": {"matchLabels": {WORKLOAD: workload.ref.name}}, "mtls": {"mode": "PERMISSIVE"}}
    return stamped(named, spec, settings)
