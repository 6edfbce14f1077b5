"""`meshmig generate`: Istio's objects, or the values of its installation, as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshmig.adapters.reading import read_snapshot
from meshmig.adapters.yaml_text import dump
from meshmig.commands.building import answer_findings, read_source
from meshmig.commands.opening import Place, open_world, require_migration
from meshmig.commands.raw import read_raw
from meshmig.commands.result import GeneratedShown, Result
from meshmig.commands.values_text import values_text
from meshmig.commands.writing import File, write_files
from meshmig.diagnostics import Diagnostic, Severity, has_errors, in_order
from meshmig.model.intent import Migration
from meshmig.model.mesh import Mesh
from meshmig.model.objects import Json, Manifest
from meshmig.model.run import Outcome
from meshmig.planning.hazards import allowed
from meshmig.targets import istio

_OPERATOR: Mapping[str, Json] = {
    "apiVersion": "install.istio.io/v1alpha1",
    "kind": "IstioOperator",
    "metadata": {"name": "meshmig", "namespace": "istio-system"},
    "spec": {"profile": "minimal"},
}


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where the files go: a folder, or stdout where it is empty."""

    folder: str = ""
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class _Source:
    migration: Migration
    mesh: Mesh | None
    raw: tuple[Manifest, ...]
    findings: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


def networking(file: str, place: Place, output: Output) -> Result:
    """Generate every object of the mesh in Istio, as it is when the journey is over, mutual TLS still permissive.

    The file's own manifests (`raw istio`) stand at the end.
    """
    source = _read(file, place)
    if source.mesh is None:
        return Result(outcome=Outcome.REFUSED, findings=source.findings, sources=source.texts)
    settings = istio.Settings(choice=source.migration.target)
    objects = (*istio.translated(source.mesh, settings), *source.raw)
    declared = istio.declared_ports(source.mesh)
    told = (*source.findings, *istio.findings(source.mesh, settings), *_undeclared(declared))
    # What the file allows may be about the plan alone: here only what was told is looked at.
    codes = {finding.code for finding in told}
    found = in_order(allowed(told, tuple(allow for allow in source.migration.allows if allow.code in codes)))
    if has_errors(found):
        return Result(outcome=Outcome.REFUSED, findings=found, sources=source.texts)
    files = [File(name=_file_name(manifest), text=dump([manifest.body])) for manifest in objects]
    files = [*files, *_service_file(declared), _kustomization([file.name for file in files])]
    text = "".join(file.text for file in files[: len(objects)])
    shown = GeneratedShown(
        text=text,
        files=tuple((file.name, file.text) for file in files),
        objects=objects,
        folder=output.folder,
    )
    return _ended(shown, output, found, source.texts)


def iop(file: str, place: Place, output: Output, *, operator: bool) -> Result:
    """Generate the installation: Helm values of each chart, or one IstioOperator file with the same meaning."""
    source = _read(file, place)
    if source.mesh is None:
        return Result(outcome=Outcome.REFUSED, findings=source.findings, sources=source.texts)
    values = istio.installation(source.mesh, istio.Settings(choice=source.migration.target))
    files = [_operator_file(values)] if operator else [*_chart_files(values)]
    text = "".join(f"---\n{file.text}" for file in files) if len(files) > 1 else files[0].text
    shown = GeneratedShown(
        text=text, files=tuple((file.name, file.text) for file in files), objects=(), folder=output.folder
    )
    return _ended(shown, output, source.findings, source.texts)


def _read(file: str, place: Place) -> _Source:
    migration, loaded = require_migration(file, place)
    world = open_world(migration, place, writes=False)
    lifted = read_source(migration, read_snapshot(world.cluster))
    raw, unreadable = read_raw(migration)
    wrong = (*answer_findings(migration.answers, lifted), *unreadable)
    findings = in_order((*loaded.findings, *world.findings, *lifted.findings, *wrong))
    mesh = None if has_errors(findings) else lifted.mesh
    return _Source(migration=migration, mesh=mesh, raw=raw, findings=findings, texts=loaded.sources)


def _ended(
    shown: GeneratedShown, output: Output, findings: tuple[Diagnostic, ...], sources: Mapping[str, str]
) -> Result:
    if output.folder:
        files = [File(name=name, text=text) for name, text in shown.files]
        write_files(Path(output.folder), files, force=output.force)
    return Result(outcome=Outcome.OK, findings=findings, shown=shown, sources=sources)


def _file_name(manifest: Manifest) -> str:
    ref = manifest.ref
    return f"{ref.kind.lower()}-{ref.namespace}-{ref.name}.yaml"


def _kustomization(names: Sequence[str]) -> File:
    body = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(names)}
    return File(name="kustomization.yaml", text=dump([body]).removeprefix("---\n"))


def _service_file(declared: Mapping[str, Sequence[Json]]) -> list[File]:
    """Services exist already: only the ports that must say what they speak, for a server-side apply."""
    bodies = []
    for name, ports in declared.items():
        namespace, _, short = name.partition("/")
        metadata = {"name": short, "namespace": namespace}
        bodies.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": list(ports)}})
    head = "# kubectl apply --server-side --field-manager=meshmig -f services.yaml\n"
    return [File(name="services.yaml", text=head + dump(bodies))] if bodies else []


def _undeclared(declared: Mapping[str, Sequence[Json]]) -> list[Diagnostic]:
    if not declared:
        return []
    names = ", ".join(declared)
    message = f"ports of Services do not say what they speak, and Istio would have to guess: {names}"
    help_text = "with -o DIR, services.yaml holds what to apply beside the objects; the plan does it by itself"
    return [Diagnostic(code="MIG355", severity=Severity.INFO, message=message, help=help_text)]


def _chart_files(values: Sequence[istio.Value]) -> list[File]:
    charts = (chart for chart in (istio.BASE, istio.CNI, istio.ISTIOD) if istio.helm_values(values, chart))
    return [
        File(
            name=f"{chart}.yaml",
            text=values_text(
                f"Helm values of Istio's chart `{chart}`, release {istio.RELEASE}", istio.helm_values(values, chart), {}
            ),
        )
        for chart in charts
    ]


def _operator_file(values: Sequence[istio.Value]) -> File:
    head = f"istioctl install -f istio.yaml, release {istio.RELEASE}; the same meaning as the Helm values"
    return File(name="istio.yaml", text=values_text(head, istio.operator_values(values), _OPERATOR))
