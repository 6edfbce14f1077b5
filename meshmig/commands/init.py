"""`meshmig init`: a complete, formatted `.mig` file for the mesh of a folder or a cluster."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from meshmig.commands.result import InitShown, Result
from meshmig.diagnostics import Diagnostic, RejectedError, Severity, in_order
from meshmig.language import format_text
from meshmig.model.mesh import Edge, Mesh, Origin, Question, Workload
from meshmig.model.objects import ObjectRef, Snapshot
from meshmig.model.resources import APPMESH
from meshmig.model.run import Outcome
from meshmig.planning import call_order
from meshmig.sources.appmesh import Lifted, lift

_COMMENT_WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class InitRequest:
    """What the new file shall say of the cluster: its `cluster` line, Prometheus, and the scope."""

    cluster_line: str
    folder_cluster: bool
    metrics: str = ""
    mesh: str = ""
    namespace: str = ""
    name: str = ""


def init(snapshot: Snapshot, request: InitRequest, findings: Sequence[Diagnostic] = ()) -> Result:
    """Write the migration of what the snapshot holds; open questions are counted, refusals become warnings.

    Raises:
        RejectedError: there is nothing of App Mesh v1beta2 to migrate.
    """
    lifted = lift(snapshot, request.mesh, {})
    if not any(manifest.ref.api_version == APPMESH for manifest in snapshot):
        raise RejectedError(lifted.findings)
    if lifted.mesh is None and _several_meshes(snapshot) and not request.mesh:
        raise RejectedError(lifted.findings)
    text = _text(lifted, snapshot, _with_metrics(request, snapshot))
    workloads = tuple(w.id for w in _scoped(lifted.mesh, request)) if lifted.mesh else ()
    found = in_order((*findings, *(_softened(finding) for finding in lifted.findings)))
    shown = InitShown(text=text, workloads=workloads, questions=_questions(lifted, request, snapshot))
    return Result(outcome=Outcome.OK, findings=found, shown=shown)


def save(result: Result, output: str, *, force: bool) -> Result:
    """Write the text to a file that does not exist yet, or replace it when forced.

    Raises:
        RejectedError: the file exists.
    """
    from meshmig.diagnostics import reject

    shown = result.shown
    if not isinstance(shown, InitShown):
        return result
    path = Path(output)
    if path.exists() and not force:
        raise reject("MIG603", f"{output} exists already", "give another name, or replace it with --force")
    try:
        path.write_text(shown.text, encoding="utf-8")
    except OSError as error:
        raise reject("MIG604", f"{output} cannot be written: {error.strerror}", "name a file that can") from error
    return replace(result, shown=replace(shown, file=output))


def _several_meshes(snapshot: Snapshot) -> bool:
    return len(snapshot.of_kind("appmesh.k8s.aws", "Mesh")) > 1


def _with_metrics(request: InitRequest, snapshot: Snapshot) -> InitRequest:
    if request.metrics or request.folder_cluster:
        return request
    return replace(request, metrics=_prometheus_service(snapshot))


def _prometheus_service(snapshot: Snapshot) -> str:
    """Find the Service of a Prometheus by its usual names and labels; empty where there is none."""
    for service in snapshot.of_kind("", "Service"):
        named = {service.ref.name, str(service.labels.get("app", "")), _standard_name(service.labels)}
        ports = [port.get("port") for port in service.spec.get("ports") or ()]
        if named & {"prometheus", "prometheus-server", "prometheus-operated"} and ports:
            return f"http://{service.ref.name}.{service.ref.namespace}:{ports[0]}"
    return ""


def _standard_name(labels: object) -> str:
    return str(labels.get("app.kubernetes.io/name", "")) if isinstance(labels, dict) else ""


def _softened(finding: Diagnostic) -> Diagnostic:
    """An error of the translation is a question to `init`: `plan` will refuse until a person decided."""
    return replace(finding, severity=Severity.WARNING) if finding.severity is Severity.ERROR else finding


def _questions(lifted: Lifted, request: InitRequest, snapshot: Snapshot) -> tuple[Question, ...]:
    asked = list(lifted.mesh.questions) if lifted.mesh else []
    asked += [_refusal(finding) for finding in lifted.findings if finding.severity is Severity.ERROR]
    if not request.folder_cluster and not _with_metrics(request, snapshot).metrics:
        asked.append(_metrics_question())
    return tuple(asked)


def _refusal(finding: Diagnostic) -> Question:
    name = finding.object
    ref = ObjectRef(name.api_version, name.kind, name.namespace, name.name) if name else ObjectRef("", "", "", "")
    return Question(
        id=f"{finding.code}.{ref.id}" if ref.name else finding.code,
        origin=Origin(ref, finding.path),
        text=f"{finding.message}. {finding.help}" if finding.help else finding.message,
        choices=("refuse",),
        default="refuse",
    )


def _metrics_question() -> Question:
    return Question(
        id="metrics",
        origin=Origin(ObjectRef("v1", "Service", "", "prometheus")),
        text="no Prometheus was found: without one no gate can judge, only readiness is waited for",
        choices=("no_gate", "metrics prometheus URL"),
        default="no_gate",
    )


def _scoped(mesh: Mesh, request: InitRequest) -> tuple[Workload, ...]:
    if not request.namespace:
        return mesh.workloads
    return tuple(workload for workload in mesh.workloads if workload.ref.namespace == request.namespace)


def _text(lifted: Lifted, snapshot: Snapshot, request: InitRequest) -> str:
    draft = "\n".join(_lines(lifted, snapshot, request)) + "\n"
    formatted = format_text(draft.encode(), "init")
    if formatted.text is None:
        raise RejectedError(formatted.findings)
    return formatted.text


def _lines(lifted: Lifted, snapshot: Snapshot, request: InitRequest) -> Iterator[str]:
    mesh = lifted.mesh
    mesh_name = mesh.name if mesh else _mesh_name(snapshot, request)
    yield from ("mig 1", "")
    yield f"## {mesh_name}: App Mesh to Istio."
    if mesh is not None:
        yield f"## {len(mesh.workloads)} workloads, {len(mesh.hosts)} services, {len(mesh.edges)} gateways."
    yield f"migration {_identifier(request.name or mesh_name)} {{"
    yield f"cluster {request.cluster_line}"
    yield f'from appmesh "{mesh_name}"'
    yield 'to istio { revision "default" mtls strict egress open }'
    if request.metrics:
        yield f'metrics prometheus "{request.metrics}" {{ scrape 15s }}'
    yield from ("}", "")
    gated = request.folder_cluster or bool(request.metrics)
    yield from _gate_lines() if gated else ()
    if mesh is not None:
        yield from _profile_lines(mesh, request, gated=gated)
        yield from _stage_lines(mesh, request)
        yield from _answer_lines(mesh)
    else:
        yield from ('stage 1 "ground" {', "protect", "install istio", "}")


def _mesh_name(snapshot: Snapshot, request: InitRequest) -> str:
    meshes = snapshot.of_kind("appmesh.k8s.aws", "Mesh")
    return request.mesh or (meshes[0].ref.name if meshes else "unknown")


def _identifier(name: str) -> str:
    word = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
    return word if word and word[0].isalpha() else f"mesh_{word}".rstrip("_")


def _gate_lines() -> Iterator[str]:
    yield "## The new mesh against the old one, under the same callers in the same minutes."
    yield "gate healthy {"
    yield "require errors <= old * 1.25 + 0.05%"
    yield "require slower_than 250ms <= old * 1.2 + 0.5%"
    yield "require success_rate >= 98% over 5m"
    yield "advance when unharmed after 500 requests"
    yield "finish when proved within 2h"
    yield "no_data wait 20m then pause"
    yield "fail rollback"
    yield from ("}", "")


def _profile_lines(mesh: Mesh, request: InitRequest, *, gated: bool) -> Iterator[str]:
    check = "check healthy" if gated else ""
    scoped = _scoped(mesh, request)
    yield "## A copy beside the old pods; traffic moves in steps; the old pods stay a day."
    yield from ("profile gentle {", "strategy canary", "steps 1%, 5%, 25%, 50%, 100%", "bake 10m", check)
    yield from ("keep old 24h", "}", "")
    if any(workload.owns_storage for workload in scoped):
        yield "## Pods that own storage cannot have a copy beside them."
        yield from ("profile in_its_place {", "strategy in_place", "bake 10m", check, "}", "")


def _stage_lines(mesh: Mesh, request: InitRequest) -> Iterator[str]:
    number = 1
    yield f'stage {number} "ground" {{'
    yield from ("protect", "install istio", "}", "")
    edges = [edge for edge in mesh.edges if _edge_in_scope(mesh, edge, request)]
    if edges:
        number += 1
        names = ", ".join(sorted(workload for edge in edges for workload in edge.workloads))
        yield from (f'stage {number} "edge" {{', f"move {names} using gentle", "}", "")
    yield from _workload_stages(mesh, request, number)


def _answer_lines(mesh: Mesh) -> Iterator[str]:
    """Write what only a person can decide, as comments: each takes its safest answer until one is written."""
    for question in mesh.questions:
        yield ""
        yield from (f"# {line}" for line in textwrap.wrap(question.text, _COMMENT_WIDTH))
        others = " or ".join(choice for choice in question.choices if choice != question.default)
        yield f"# Taken: {question.default}. Else: answer {question.id} = {others}"


def _edge_in_scope(mesh: Mesh, edge: Edge, request: InitRequest) -> bool:
    return bool(edge.workloads) and request.namespace in ("", mesh.workload[edge.workloads[0]].ref.namespace)


def _workload_stages(mesh: Mesh, request: InitRequest, number: int) -> Iterator[str]:
    plain = [w for w in _scoped(mesh, request) if w.edge is None and not w.owns_storage]
    rooted = [w for w in _scoped(mesh, request) if w.edge is None and w.owns_storage]
    if plain:
        number += 1
        chosen = "rest" if not request.namespace and not rooted else ", ".join(sorted(w.id for w in plain))
        yield f'stage {number} "workloads" {{'
        yield from (f"# {line}" for line in _inventory(mesh, plain))
        yield from (f"waves {chosen} by calls, at most 20, 4 at once using gentle", "}", "")
    if rooted:
        number += 1
        names = ", ".join(sorted(workload.id for workload in rooted))
        yield from (f'stage {number} "storage" {{', f"move {names} using in_its_place", "}", "")
    yield from (f'stage {number + 1} "finish" {{', "enforce mtls", "retire appmesh", "}")


def _inventory(mesh: Mesh, workloads: Sequence[Workload]) -> Iterator[str]:
    """Name the workloads in the order of the calls, callers first."""
    chosen = {workload.id for workload in workloads}
    for place, group in enumerate(call_order(mesh), start=1):
        names = [name for name in group if name in chosen]
        if names:
            yield f"{place}. {' and '.join(names)}{' (call each other: move as one)' if len(names) > 1 else ''}"
