"""Whole commands, timed: start-up beside kubectl, the worked examples, a mesh of 1,000 services."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.bench.generated import manifests, migration_text
from tests.program import PROGRAM, corpus, example, meshmig

pytestmark = pytest.mark.bench


def _milliseconds(command: list[str], runs: int = 9) -> list[float]:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)


def _report(name: str, times: list[float]) -> None:
    print(f"{name:<44} min {times[0]:7.1f}  median {times[len(times) // 2]:7.1f}  max {times[-1]:7.1f} ms")


def test_help_and_version_beside_kubectl() -> None:
    """Side by side in one run, since these machines are noisy."""
    for argument in ("--help", "--version"):
        _report(f"meshmig {argument}", _milliseconds([str(PROGRAM), argument]))
    kubectl = shutil.which("kubectl")
    if kubectl:
        _report("kubectl version --client", _milliseconds([kubectl, "version", "--client"]))
    _report("python -c pass", _milliseconds([sys.executable, "-c", "pass"]))


@pytest.mark.parametrize("name", ["shop", "vault"])
def test_plan_and_rehearse_of_the_examples(name: str, tmp_path: Path) -> None:
    """What a person waits for."""
    example(name, tmp_path)
    for command in ("plan", "rehearse"):
        _report(f"{command} plans/{name}.mig", _milliseconds([str(PROGRAM), command, str(tmp_path / f"{name}.mig")], 3))


@pytest.mark.parametrize("services", [100, 300, 1000])
def test_plan_of_a_generated_mesh(services: int, tmp_path: Path) -> None:
    """Time and memory of a plan, and how they grow."""
    (tmp_path / "mesh").mkdir()
    documents = [dict(manifest.body) for manifest in manifests(services)]
    (tmp_path / "mesh" / "all.yaml").write_text(yaml.safe_dump_all(documents))
    (tmp_path / "load.mig").write_text(migration_text("mesh"))
    begun = time.perf_counter()
    done = subprocess.run(
        [str(PROGRAM), "plan", "load.mig", "-o", "plan.json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024

    assert done.returncode == 0, done.stderr[-2000:]
    print(f"plan of {services} services: {took:.1f} s, peak of all so far {peak:.0f} MiB")


def test_every_command_over_the_corpus(tmp_path: Path) -> None:
    """Seconds of each command on each set; the slowest is named."""
    folder = corpus()
    if folder is None:
        pytest.skip("the corpus is absent: give its folder as MESHMIG_CORPUS")
    slowest: dict[str, tuple[float, str]] = {}
    for path in sorted(entry for entry in folder.iterdir() if entry.is_dir() and entry.name != "LICENSES"):
        for command in (("init", "--files", str(path), "-o", f"{path.name}.mig"), ("check", f"{path.name}.mig")):
            _timed(slowest, path.name, command, tmp_path)
        for word in ("plan", "rehearse"):
            _timed(slowest, path.name, (word, f"{path.name}.mig", "--json"), tmp_path)
    for word, (seconds, name) in slowest.items():
        print(f"slowest {word:<9} {seconds:5.2f} s  {name}")


def _timed(slowest: dict[str, tuple[float, str]], name: str, command: tuple[str, ...], cwd: Path) -> None:
    begun = time.perf_counter()
    ran = meshmig(*command, cwd=cwd)
    assert ran.exit in (0, 1), ran.stderr
    slowest[command[0]] = max(slowest.get(command[0], (0.0, "")), (time.perf_counter() - begun, name))
