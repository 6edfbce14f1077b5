"""The golden cases: App Mesh's manifests in, Istio's objects and the report out.

`python -m tests.targets.golden_cases` writes them anew.

A case is a folder with `appmesh.yaml`, whose objects replace those of `common.yaml`. Comments at its head may say
`# answer ID = CHOICE` and `# egress declared`. What it becomes stands in `istio.yaml`: objects, ports of Services, pods
and values of the installation, as far as they differ from what `common.yaml` alone becomes. What was said about the
case's own objects stands in `report.txt`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meshmig.adapters.yaml_text import documents, dump
from meshmig.diagnostics import Diagnostic
from meshmig.model.intent import IstioChoice
from meshmig.model.mesh import Fate, LedgerRow, Mesh
from meshmig.model.objects import Json, Manifest, ObjectRef, Snapshot
from meshmig.sources.appmesh import lift
from meshmig.targets import istio

FOLDER = Path(__file__).parent / "golden"
_ANSWER = re.compile(r"^# answer (\w+) = (\w+)$", re.MULTILINE)


def cases() -> tuple[Path, ...]:
    """The folders of all cases."""
    return tuple(sorted(path for path in FOLDER.iterdir() if path.is_dir()))


def rendered(case: Path) -> tuple[str, str]:
    """Return what `istio.yaml` and `report.txt` of a case must hold."""
    text = (case / "appmesh.yaml").read_text()
    common, own = _read((FOLDER / "common.yaml").read_text()), _read(text)
    settings = istio.Settings(choice=IstioChoice(egress_declared="# egress declared" in text))
    answers = dict(_ANSWER.findall(text))
    made = _made(Snapshot.of({m.ref: m for m in (*common, *own)}.values()), settings, answers)
    usual = _made(Snapshot.of(common), istio.Settings(), {})
    differing = [body for name, body in made.parts.items() if usual.parts.get(name) != body]
    report = [*made.told, *(line for ref, line in made.rows if ref in {manifest.ref for manifest in own})]
    return dump(differing), "\n".join(report) + "\n"


@dataclass(frozen=True)
class _Made:
    parts: dict[str, dict[str, Json]]
    told: list[str]
    rows: list[tuple[ObjectRef, str]]


def _read(text: str) -> tuple[Manifest, ...]:
    found, wrong = documents(text.encode(), "golden")
    assert not wrong, wrong
    return found


def _made(snapshot: Snapshot, settings: istio.Settings, answers: dict[str, str]) -> _Made:
    lifted = lift(snapshot, answers=answers)
    mesh = lifted.mesh
    assert mesh is not None, lifted.findings
    told = [_told(finding) for finding in (*lifted.findings, *istio.findings(mesh, settings))]
    told += [f"asked {question.id}: {question.answer or question.default}" for question in mesh.questions]
    rows = [(row.object, _row(row)) for row in lifted.ledger.rows if row.fate is not Fate.CARRIED]
    return _Made(dict(_parts(snapshot, mesh, settings)), told, rows)


def _parts(snapshot: Snapshot, mesh: Mesh, settings: istio.Settings) -> Iterator[tuple[str, dict[str, Json]]]:
    for manifest in istio.translated(mesh, settings):
        yield str(manifest.ref), dict(manifest.body)
    for name, ports in istio.declared_ports(mesh).items():
        yield f"ports {name}", {"ports of Service": name, "ports": ports}
    for workload in mesh.workloads:
        template, edge = snapshot.by_ref[workload.ref].spec["template"], mesh.edge.get(workload.edge or "")
        pods = (
            istio.enrol(template, workload, settings)
            if edge is None
            else istio.enrol_gateway(template, workload, edge, settings)
        )
        shown = {"pods of": workload.id, "annotations": pods["metadata"]["annotations"], "spec": pods["spec"]}
        yield f"pods {workload.id}", shown
    for value in istio.installation(mesh, settings):
        path = ".".join((value.chart, *value.path))
        yield path, {"value": path, "is": value.value}


def _row(row: LedgerRow) -> str:
    return f"{row.fate.value} {row.object.kind} {row.object.name} {row.path} = {row.value}: {row.note}"


def _told(finding: Diagnostic) -> str:
    return f"{finding.severity.value} {finding.code} {finding.path}: {finding.message}"


def main() -> None:
    """Write what every case becomes now."""
    for case in cases():
        objects, report = rendered(case)
        (case / "istio.yaml").write_text(objects)
        (case / "report.txt").write_text(report)


if __name__ == "__main__":
    main()
