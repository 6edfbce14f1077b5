"""Everything that a translation emits for a mesh, at both ends of the journey, as one comparable value."""

import json
from collections.abc import Iterable, Mapping

from meshmig.model.intent import IstioChoice
from meshmig.model.objects import Json, Manifest, Snapshot
from meshmig.sources.appmesh import Lifted, lift
from meshmig.targets import istio

CLOSED = istio.Settings(choice=IstioChoice(egress_declared=True))


def read(bodies: Iterable[Mapping[str, Json]], answers: Mapping[str, str] | None = None) -> tuple[Snapshot, Lifted]:
    snapshot = Snapshot.of(Manifest(body) for body in bodies)
    return snapshot, lift(snapshot, answers=answers or {})


def emitted(bodies: Iterable[Mapping[str, Json]], answers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Objects before the move and after it, pod templates, ports of Services, values of the installation."""
    snapshot, lifted = read(bodies, answers)
    mesh = lifted.mesh
    if mesh is None:
        return {}
    found = {f"before {m.ref}": m.body for m in istio.desired(mesh, {}, CLOSED)}
    found |= {f"after {m.ref}": m.body for m in istio.translated(mesh, CLOSED)}
    found |= {f"ports {name}": ports for name, ports in istio.declared_ports(mesh).items()}
    for workload in mesh.workloads:
        template = snapshot.by_ref[workload.ref].spec["template"]
        edge = mesh.edge.get(workload.edge or "")
        made = (
            istio.enrol(template, workload, CLOSED)
            if edge is None
            else istio.enrol_gateway(template, workload, edge, CLOSED)
        )
        found[f"pods {workload.id}"] = made
    for value in istio.installation(mesh, CLOSED):
        found[f"value {value.chart} {'.'.join(value.path)}"] = value.value
    return {name: json.dumps(body, sort_keys=True) for name, body in found.items()}
