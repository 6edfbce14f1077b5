"""Istio's own judgement of everything emitted: istioctl's validation and analysis, and istiod's webhook."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from meshmig.model.objects import Manifest
from meshmig.sources.appmesh import lift
from meshmig.targets import istio
from tests.program import example, meshmig
from tests.realcluster.build import folder
from tests.realcluster.cluster import RealCluster
from tests.realcluster.fixtures import require_programs
from tests.targets.emitted import CLOSED
from tests.targets.meshes import objects, snapshots

pytestmark = pytest.mark.cluster

MESHES = snapshots()
AROUND = {"Namespace", "Service", "Deployment", "StatefulSet"}
EXPECTED = {
    ("leaves", "IST0134", "ServiceEntry shop/stream"): "its address is allocated by the proxies' DNS, as installed",
    ("leaves-otherwise", "IST0134", "ServiceEntry shop/stream"): "its address is allocated by the proxies' DNS",
    ("leaves-otherwise", "IST0129", "DestinationRule shop/kept"): "nobody in the mesh has a trust bundle for it",
}
"""What istioctl says of a mesh and is meant, with the reason."""

TOLERATED = {"IST0102", "IST0103", "IST0118"}
"""Namespaces and pods are enrolled pod by pod; ports are declared by the plan's own step."""


@pytest.fixture(autouse=True)
def programs() -> None:
    require_programs()


def emitted(name: str) -> list[Manifest]:
    snapshot, answers = MESHES[name]
    return list({manifest.ref: manifest for manifest in objects(snapshot, answers)}.values())


def test_istioctl_validates_every_object(tmp_path: Path) -> None:
    """Release 1.31.0, all meshes at once."""
    bodies = [manifest.body for name in MESHES for manifest in emitted(name) if manifest.ref.kind != "Service"]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(bodies))

    done = subprocess.run(
        [str(folder() / "istioctl"), "validate", "-f", "all.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(bodies) > 100
    print(f"\nistioctl validate: {len(bodies)} objects of {len(MESHES)} meshes, none refused")


def apart() -> list[list[str]]:
    """The meshes in groups that share no namespace, so that few calls look at all of them."""
    groups: list[tuple[set[str], list[str]]] = []
    for name in MESHES:
        spaces = {manifest.ref.namespace for manifest in MESHES[name][0]}
        free = next((group for group in groups if not group[0] & (spaces - {""})), None)
        if free is None:
            groups.append((spaces - {""}, [name]))
        else:
            free[0].update(spaces - {""})
            free[1].append(name)
    return [names for _, names in groups]


@pytest.mark.parametrize("names", apart(), ids=lambda names: f"{names[0]}-and-{len(names) - 1}-more")
def test_istioctl_analyses_the_translations_without_complaint(names: list[str], tmp_path: Path) -> None:
    """The objects of the end beside the Services and workloads that they speak of."""
    found: list[Manifest] = []
    for name in names:
        snapshot, answers = MESHES[name]
        mesh = lift(snapshot, answers=answers).mesh
        found += istio.translated(mesh, CLOSED) if mesh is not None else ()
        found += [manifest for manifest in snapshot if manifest.ref.kind in AROUND]
    unique = {manifest.ref: manifest.body for manifest in found}
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(unique.values()))

    command = [str(folder() / "istioctl"), "analyze", "--use-kube=false", "-A", "-o", "json", "all.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = [(entry["code"], entry.get("origin"), entry["message"]) for entry in json.loads(done.stdout or "null") or []]
    wrong = [entry for entry in told if entry[0] not in TOLERATED and (names[0], entry[0], entry[1]) not in EXPECTED]

    assert wrong == []


def test_both_forms_of_the_installation_make_the_same_control_plane(tmp_path: Path) -> None:
    """istioctl turns the operator file into Helm values: they are the generated ones, and the manifests come out."""
    example("shop", tmp_path)
    assert meshmig("generate", "iop", "shop.mig", "-o", "helm", cwd=tmp_path).exit == 0
    assert meshmig("generate", "iop", "shop.mig", "--form", "operator", "-o", "iop", cwd=tmp_path).exit == 0
    helm = yaml.safe_load((tmp_path / "helm" / "istiod.yaml").read_text())
    (tmp_path / "translated").mkdir()

    command = [str(folder() / "istioctl"), "manifest", "translate", "-f", "iop/istio.yaml", "-o", "translated"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    values = tmp_path / "translated" / "pilot-values.yaml"
    translated = yaml.safe_load(values.read_text())

    assert _without_nulls(translated["meshConfig"]) == _without_nulls(helm["meshConfig"])
    assert _within(_without_nulls(helm["global"]), translated["global"])


def _without_nulls(value):
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def _within(part, whole) -> bool:
    if isinstance(part, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items() if value != {})
    return part == whole


def test_a_real_api_server_and_istiod_take_every_object(real_cluster: RealCluster) -> None:
    """Server-side dry run with strict fields, through istiod's validating webhook."""
    bodies = [dict(manifest.body) for name in ("leaves", "leaves-otherwise") for manifest in emitted(name)]
    for folder_name in sorted(MESHES)[:6]:
        bodies += [dict(manifest.body) for manifest in emitted(folder_name)]
    spaces = {body["metadata"]["namespace"] for body in bodies}
    real_cluster.apply(
        [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}} for space in sorted(spaces)]
    )
    unique = {(b["kind"], b["metadata"]["namespace"], b["metadata"]["name"]): b for b in bodies}
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(unique.values())})

    answer = real_cluster.kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-", given=listed
    )

    assert answer.count("(server dry run)") == len(unique)
    print(f"\nistiod's webhook: {len(unique)} objects, none refused")


def test_the_webhook_does_refuse(real_cluster: RealCluster) -> None:
    """What our own check calls broken, istiod refuses too: the check is not stricter than the real one by accident."""
    route = {"route": [{"destination": {"host": "a"}}], "retries": {"attempts": 0, "perTryTimeout": "2s"}}
    spec = {"hosts": ["a.example.com"], "http": [route]}
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": spec,
    }

    with pytest.raises(AssertionError, match="attempts"):
        real_cluster.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", given=json.dumps(body))


def test_a_service_is_told_its_protocol_and_keeps_all_else(real_cluster: RealCluster) -> None:
    """Server-side apply of a port's number and protocol alone; given up, the Service is as it was."""
    ports = [{"name": "web", "port": 80, "targetPort": "http"}, {"name": "metrics", "port": 9102}]
    metadata = {"name": "told", "namespace": "default"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata}
    real_cluster.apply([service | {"spec": {"selector": {"app": "told"}, "ports": ports}}])
    declared = {"ports": [{"port": 80, "protocol": "TCP", "appProtocol": "http2"}]}

    def applied(spec: dict) -> dict:
        words = ("apply", "--server-side", "--field-manager=meshmig", "-f", "-")
        real_cluster.kubectl(*words, given=json.dumps(service | {"spec": spec}))
        return json.loads(real_cluster.kubectl("get", "service", "told", "-n", "default", "-o", "json"))["spec"]

    before = json.loads(real_cluster.kubectl("get", "service", "told", "-n", "default", "-o", "json"))["spec"]
    told, given_up = applied(declared), applied({})

    assert told["ports"] == [before["ports"][0] | {"appProtocol": "http2"}, before["ports"][1]]
    assert {**told, "ports": before["ports"]} == before == given_up
