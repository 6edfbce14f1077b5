"""The whole lift: a snapshot in, the neutral mesh, the ledger and the findings out."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meshmig.diagnostics import Diagnostic
from meshmig.model.mesh import EgressPolicy, Ledger, Mesh
from meshmig.model.objects import Snapshot
from meshmig.sources.appmesh.cloud_map import report_shared_names
from meshmig.sources.appmesh.dialled_ports import report_unoffered_ports
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.gateways import EdgeLift
from meshmig.sources.appmesh.inventory import Inventory, Source, take_stock
from meshmig.sources.appmesh.ledger import ledger_of
from meshmig.sources.appmesh.nodes import lift_upstreams, served_by
from meshmig.sources.appmesh.questions import Questions
from meshmig.sources.appmesh.routes import HostLift
from meshmig.sources.appmesh.schema import MeshSpec
from meshmig.sources.appmesh.workloads import assign, lift_workloads, namespaces_of

_NO_ANSWERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """What a snapshot says about one App Mesh mesh; `mesh` is None where none can be chosen (an error says why)."""

    mesh: Mesh | None
    ledger: Ledger
    findings: tuple[Diagnostic, ...]


def lift(snapshot: Snapshot, mesh_name: str = "", answers: Mapping[str, str] = _NO_ANSWERS) -> Lifted:
    """Lift the App Mesh objects of a snapshot; whatever is wrong with them becomes a finding.

    `mesh_name` chooses among several Meshes, by metadata.name or awsName. `answers` decide questions by their id.
    """
    report = Report()
    inventory = take_stock(snapshot, mesh_name, report)
    if inventory is None:
        return Lifted(mesh=None, ledger=Ledger(), findings=report.findings())
    mesh = _mesh(inventory, answers, report)
    return Lifted(mesh=mesh, ledger=ledger_of(inventory, mesh), findings=report.findings())


def _mesh(inventory: Inventory, answers: Mapping[str, str], report: Report) -> Mesh:
    source = inventory.mesh
    questions = Questions(answers, source.origin())
    _refuse_foreign_owner(source, report)
    crew = assign(inventory, report)
    upstreams = lift_upstreams(inventory, crew, questions, report)
    report_shared_names(upstreams.values(), report)
    report_unoffered_ports(upstreams.values(), report)
    hosts = HostLift(inventory, upstreams, questions, report).hosts()
    edges = EdgeLift(inventory, hosts, questions, report).edges(crew)
    workloads = lift_workloads(inventory, crew, served_by(upstreams, questions), report)
    if not workloads and (upstreams or edges):
        report.warning(
            "MIG334",
            source.origin(),
            f"no workload in Mesh {source.ref.name} has a proxy: there is nothing to move",
            "add the manifests of its Deployments, and the label that injects into their namespaces",
        )
    egress, discovery = source.spec.egress_filter, source.spec.mesh_service_discovery
    return Mesh(
        name=source.spec.aws_name or source.ref.name,
        origin=source.origin(),
        namespaces=namespaces_of(inventory),
        egress=EgressPolicy.ALLOW if egress and egress.type == "ALLOW_ALL" else EgressPolicy.DROP,
        egress_implicit=egress is None,
        hosts=tuple(hosts[name] for name in sorted(hosts)),
        upstreams=tuple(upstreams[name] for name in sorted(upstreams)),
        workloads=workloads,
        edges=edges,
        injector=inventory.injector,
        ip_family=((discovery.ip_preference if discovery else None) or "").removesuffix("_ONLY"),
        questions=questions.asked(),
    )


def _refuse_foreign_owner(source: Source[MeshSpec], report: Report) -> None:
    owner = source.spec.mesh_owner
    if owner is not None:
        report.error(
            "MIG317",
            source.origin("spec.meshOwner"),
            f"Mesh {source.ref.name} belongs to account {owner}: its other members are not visible in this cluster, "
            "and a human must decide how they are reached",
            "decide (multi-cluster Istio, ServiceEntries, a gateway); remove meshOwner if it is this very account",
        )
