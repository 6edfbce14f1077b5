"""One whole journey on a real Kubernetes with a real Istio: from `init --context` to finished, through a kill."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.program import PROGRAM, meshmig
from tests.realcluster.cluster import CONTEXT
from tests.realcluster.shop import Site, with_seconds

pytestmark = pytest.mark.cluster

_PATIENCE = 120.0


@pytest.fixture(scope="module")
def folder(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file that `init` writes of the cluster, its durations shortened."""
    place = tmp_path_factory.mktemp("journey")
    asked = ("init", "--context", CONTEXT, "--metrics", site.metrics.url, "-o", "site.mig", "--json")
    written = meshmig(*asked, cwd=place, env=site.environment)
    assert written.outcome == "ok", written.stdout + written.stderr
    with_seconds(place / "site.mig")
    return place


def test_the_shop_moves_to_istio_through_a_kill_and_an_outage(site: Site, folder: Path) -> None:
    """Stage by stage, killed on the way, then without API server: running again goes on, and ends finished."""
    planned = meshmig("plan", "--json", cwd=folder, env=site.environment)
    staged = [meshmig("apply", "--stage", str(n), "--yes", "--json", cwd=folder, env=site.environment) for n in (1, 2)]
    _killed(site, folder, steps=20)
    outage = _without_api_server(site, folder, steps=10)
    finished = meshmig("apply", "--yes", "--json", cwd=folder, env=site.environment)

    assert (planned.outcome, len(planned.data["stages"])) == ("ok", 4)
    assert [ran.outcome for ran in staged] == ["ok", "ok"], staged[-1].stdout + staged[-1].stderr
    assert outage.returncode == 7
    assert "cannot be reached" in outage.stderr
    assert finished.outcome == "finished", finished.stdout + finished.stderr


def test_every_pod_carries_istios_proxy_and_none_app_meshs(site: Site) -> None:
    """What the journey was for."""
    pods = site.pods()

    assert len(pods) == 13
    assert all("istio-proxy" in containers and not {"envoy", "proxyinit"} & containers for containers in pods.values())


def test_nothing_of_app_mesh_is_left(site: Site) -> None:
    """Retired: its objects are gone although nobody serves their finalizers."""
    kinds = ("meshes", "virtualnodes", "virtualservices", "virtualrouters", "virtualgateways", "gatewayroutes")
    left = [item["metadata"]["name"] for kind in kinds for item in site.cluster.read(f"{kind}.appmesh.k8s.aws", "shop")]

    assert left == []


def test_afterwards_nothing_is_left_to_do(site: Site, folder: Path) -> None:
    """The plan is empty whatever defaults and webhooks added, `apply` writes nothing, `status` says done."""
    planned = meshmig("plan", "--json", "--detailed-exitcode", cwd=folder, env=site.environment)
    again = meshmig("apply", "--yes", "--json", cwd=folder, env=site.environment)
    status = meshmig("status", "--json", cwd=folder, env=site.environment)

    assert (planned.exit, [stage["steps"] for stage in planned.data["stages"]]) == (0, [[]] * 4)
    assert (again.outcome, again.data["writes"]) == ("finished", 0)
    assert {stage["state"] for stage in status.data["stages"]} == {"done"}
    assert {unit["new_percent"] for unit in status.data["traffic"]} == {100}
    assert status.data["lock"] == {}


def _killed(site: Site, folder: Path, *, steps: int) -> None:
    """Run until so many steps were written, then end the program as a crash does."""
    process = _begun(site, folder, steps)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def _without_api_server(site: Site, folder: Path, *, steps: int) -> subprocess.CompletedProcess[str]:
    """Run until so many steps were written, then end the API server; it is back when this returns."""
    process = _begun(site, folder, steps)
    site.cluster.processes.kill("kube-apiserver")
    stdout, stderr = process.communicate(timeout=_PATIENCE)
    site.cluster.start_api_server()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def _begun(site: Site, folder: Path, steps: int) -> subprocess.Popen[str]:
    events = folder / f"events-{time.monotonic_ns()}.jsonl"
    process = subprocess.Popen(
        [str(PROGRAM), "apply", "--yes", "--events", str(events)],
        cwd=folder,
        env=os.environ | site.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + _PATIENCE
    while _written(events) < steps:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"{_written(events)} of {steps} steps were written"
        time.sleep(0.1)
    return process


def _written(events: Path) -> int:
    lines = events.read_text().splitlines(keepends=True) if events.exists() else []
    happenings = [json.loads(line)["happening"] for line in lines if line.endswith("\n")]
    return sum(happening["kind"] == "step_written" for happening in happenings)
