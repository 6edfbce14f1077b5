"""Real manifests, as files and as a live cluster gave them back."""

import json
from pathlib import Path

import pytest
import yaml

from meshmig.diagnostics import Severity
from meshmig.model.objects import Manifest, Snapshot
from meshmig.sources.appmesh import judge_world, lift
from tests.program import corpus

FOLDER = corpus()
SETS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "LICENSES") if FOLDER else []
CLUSTERS = FOLDER.parent / "clusters" if FOLDER else None
LIVE = sorted(path.name for path in CLUSTERS.iterdir() if path.is_dir()) if CLUSTERS and CLUSTERS.is_dir() else []
REFUSED = ("legacy-", "controller-docs-backendgroup", "eks-app-mesh-", "howto-k8s-mtls-sds-based")

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(FOLDER is None, reason="the corpus is absent: give its folder as MESHMIG_CORPUS"),
]


def from_files(name: str) -> Snapshot:
    documents = (doc for path in sorted((FOLDER / name).glob("*.y*ml")) for doc in yaml.safe_load_all(path.read_text()))
    return Snapshot.of(Manifest(doc) for doc in documents if doc)


def from_cluster(name: str) -> Snapshot:
    return Snapshot.of(manifest for path in sorted((CLUSTERS / name).glob("*.json")) for manifest in listed(path))


def listed(path: Path) -> list[Manifest]:
    answer = json.loads(path.read_text())
    head = {"apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
    return [Manifest({**head, **item}) for item in answer["items"]]


@pytest.mark.parametrize("name", SETS)
def test_only_what_a_person_must_decide_is_an_error(name: str) -> None:
    """Legacy versions, fragments, shared meshes, ACM and SDS; everything else lifts."""
    result = lift(from_files(name))

    errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    assert bool(errors) == name.startswith(REFUSED), errors
    assert all(finding.help for finding in errors)
    assert result.mesh is not None or errors


@pytest.mark.parametrize("name", SETS)
def test_every_meshed_workload_of_a_set_is_owned(name: str) -> None:
    """Exactly one of upstream and edge, and it knows its workload."""
    mesh = lift(from_files(name)).mesh

    for workload in mesh.workloads if mesh else ():
        owner = mesh.upstream[workload.upstream] if workload.upstream else mesh.edge[workload.edge]
        assert workload.id in owner.workloads
        assert (workload.upstream is None) != (workload.edge is None)


@pytest.mark.parametrize("name", LIVE)
def test_a_live_cluster_lifts_to_the_same_mesh_as_its_files(name: str) -> None:
    """Whatever defaults and webhooks added, the mesh and its ledger are the same."""
    files, live = lift(from_files(name)), lift(from_cluster(name))

    assert live.mesh == files.mesh
    assert live.ledger == files.ledger
    assert {finding.code for finding in files.findings} - {finding.code for finding in live.findings} <= {"MIG311"}


@pytest.mark.parametrize("name", LIVE)
def test_the_recorded_clusters_outlived_their_control_plane(name: str) -> None:
    """Conditions from before the end prove no life."""
    assert judge_world(from_cluster(name), None).control_plane.value == "gone"
