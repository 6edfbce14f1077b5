"""`meshmig init` from a folder, a context or inside a cluster: the ports opened, the file written."""

import os
from dataclasses import dataclass
from pathlib import Path

from meshmig.adapters.folder import read_folder
from meshmig.adapters.reading import read_snapshot
from meshmig.commands.init import InitRequest, init, save
from meshmig.commands.opening import open_real
from meshmig.commands.result import Result
from meshmig.diagnostics import Diagnostic, RejectedError, has_errors
from meshmig.model.intent import ClusterChoice, ClusterKind, ControlPlane
from meshmig.model.objects import Snapshot
from meshmig.sandbox.clock import VirtualClock
from meshmig.sandbox.cluster import boot


@dataclass(frozen=True, kw_only=True)
class Start:
    """The arguments of `init`; exactly one of `files`, `context` and `in_cluster` is given."""

    files: str = ""
    context: str = ""
    in_cluster: bool = False
    namespace: str = ""
    mesh: str = ""
    metrics: str = ""
    output: str = ""
    kubeconfig: str = ""


def start(request: Start, *, force: bool) -> Result:
    """Read the mesh and write its migration, to the output file or as the result's text."""
    snapshot, findings = _snapshot(request)
    wanted = InitRequest(
        cluster_line=_cluster_line(request),
        folder_cluster=bool(request.files),
        metrics=request.metrics,
        mesh=request.mesh,
        namespace=request.namespace,
    )
    result = init(snapshot, wanted, findings)
    return save(result, request.output, force=force) if request.output else result


def _snapshot(request: Start) -> tuple[Snapshot, tuple[Diagnostic, ...]]:
    if not request.files:
        kind = ClusterKind.IN_CLUSTER if request.in_cluster else ClusterKind.CONTEXT
        return read_snapshot(open_real(ClusterChoice(kind=kind, value=request.context), request.kubeconfig)), ()
    folder = read_folder(Path(request.files))
    if has_errors(folder.findings):
        raise RejectedError(folder.findings)
    cluster = boot(
        None,
        folder.manifests,
        clock=VirtualClock.at_start(),
        control_plane=ControlPlane.GONE,
        seed=0,
        name=request.files,
    )
    return read_snapshot(cluster), folder.findings


def _cluster_line(request: Start) -> str:
    if request.in_cluster:
        return "in-cluster"
    if request.context:
        return f'context "{request.context}"'
    base = Path(request.output).parent if request.output else Path()
    return f'files "{os.path.relpath(request.files, base)}"'
