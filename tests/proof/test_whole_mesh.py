"""The proof over the mesh in which every field is written: all conditions, rewrites, protocols and policies at once."""

import copy

from meshmig.model.objects import Manifest
from meshmig.model.plan import RoutingProof
from meshmig.proof import Case, Proved, prove
from meshmig.targets import istio
from tests.targets.emitted import read
from tests.targets.whole_mesh import whole_mesh


def _bodies(*, dialled: bool) -> list[dict]:
    """The mesh; `dialled` lets its Services offer the ports that App Mesh's proxies dial."""
    bodies = copy.deepcopy(whole_mesh())
    for body in bodies:
        if body["kind"] == "Service" and dialled:
            targets = [port["targetPort"] for port in body["spec"]["ports"] if port["port"] != port["targetPort"]]
            body["spec"]["ports"] += [{"name": f"d{port}", "port": port, "targetPort": port} for port in targets]
    return bodies


def _proved(bodies: list[dict]) -> Proved:
    """Prove what the translation makes of it, every workload with its Istio template."""
    source, lifted = read(bodies)
    mesh, settings = lifted.mesh, istio.Settings()
    assert mesh is not None
    target = {manifest.ref: manifest for manifest in source}
    for workload in mesh.workloads:
        body = copy.deepcopy(dict(source.by_ref[workload.ref].body))
        template, edge = body["spec"]["template"], mesh.edge.get(workload.edge or "")
        made = (
            istio.enrol(template, workload, settings)
            if edge is None
            else istio.enrol_gateway(template, workload, edge, settings)
        )
        target[workload.ref] = Manifest(body | {"spec": body["spec"] | {"template": made}})
    target |= {manifest.ref: manifest for manifest in istio.translated(mesh, settings)}
    found = lifted.findings
    return prove(
        Case(source=source, target=tuple(target.values()), mesh="", answers={}, ledger=lifted.ledger, findings=found)
    )


def test_every_condition_and_rewrite_is_proved() -> None:
    """What differs are integers with a sign or leading zeros, as the ledger says of ranges, and the open filter."""
    proved = _proved(_bodies(dialled=True))

    routing = proved.proof.routing
    differing = [item for item in proved.classes if not item.is_equal]
    assert routing == RoutingProof(compared=routing.compared, equal=routing.equal, announced=len(differing))
    assert routing.equal > 100
    routed = [item for item in differing if "egressFilter" not in proved.announced.of(item)]
    assert routed
    assert all("x-range" in str(item.request) for item in routed)
    assert all("match.range" in proved.announced.of(item) for item in routed)


def test_ports_that_no_service_offers_are_announced() -> None:
    """App Mesh's proxies dial the listener's port; where no Service offers it, only Istio reaches the pods."""
    proved = _proved(_bodies(dialled=False))

    assert proved.proof.routing.unannounced == 0, proved.findings
    assert any("MIG336" in proved.announced.of(item) for item in proved.classes if not item.is_equal)
