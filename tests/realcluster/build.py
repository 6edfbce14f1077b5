"""Builds the real programs from their published Go modules: `python -m tests.realcluster.build [PART...]`.

They go to MESHMIG_REALCLUSTER_BIN, or to a cache that later runs find; a part whose modules did not change is left
alone. The first time takes about a quarter of an hour on two cores.
"""

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"
BIN = "MESHMIG_REALCLUSTER_BIN"
_VERSION = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Programs of one Go module: package by program, and the module whose version they are stamped with."""

    programs: dict[str, str]
    stamped_by: str = ""


PARTS = {
    "etcd": Part(programs={"etcd": "go.etcd.io/etcd/server/v3"}),
    "kwok": Part(programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
    "kubernetes": Part(
        programs={
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        stamped_by="k8s.io/kubernetes",
    ),
    "istio": Part(
        programs={
            "istioctl": "istio.io/istio/istioctl/cmd/istioctl",
            "pilot-discovery": "istio.io/istio/pilot/cmd/pilot-discovery",
        }
    ),
}
PROGRAMS = tuple(name for part in PARTS.values() for name in part.programs)


def folder() -> Path:
    """Where the programs are: as the environment says, or the cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return Path(os.environ.get(BIN) or cache / "meshmig-realcluster" / "bin").absolute()


def missing() -> list[str]:
    """The programs that are not there."""
    return [name for name in PROGRAMS if not (folder() / name).is_file()]


def build(names: list[str]) -> None:
    """Build the parts that are not there or whose modules changed; given programs are never rebuilt."""
    target = folder()
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        part, stamp = PARTS[name], target / f".{name}.sha256"
        there = all((target / program).is_file() for program in part.programs)
        fresh = BIN in os.environ or (stamp.exists() and stamp.read_text() == _sum(name))
        if there and fresh:
            print(f"{name}: up to date")
            continue
        began = time.monotonic()
        for program, package in part.programs.items():
            _compile(name, part, package, target / program)
        stamp.write_text(_sum(name))
        print(f"{name}: built in {time.monotonic() - began:.0f} s")


def _compile(name: str, part: Part, package: str, output: Path) -> None:
    flags = f"-s -w {_stamp(name, part)}".strip()
    command = ["go", "build", "-trimpath", "-mod=readonly", "-ldflags", flags, "-o", str(output), package]
    subprocess.run(command, cwd=MODULES / name, env=os.environ | {"CGO_ENABLED": "0"}, check=True)


def _stamp(name: str, part: Part) -> str:
    """Without its version an API server calls itself v0.0.0, and clients draw the wrong conclusions."""
    if name == "istio":
        return "-X istio.io/istio/pkg/version.buildVersion=1.31.0"
    if not part.stamped_by:
        return ""
    command = ["go", "list", "-m", "-mod=readonly", "-f", "{{.Version}}", part.stamped_by]
    listed = subprocess.run(command, cwd=MODULES / name, check=True, capture_output=True, text=True)
    version = listed.stdout.strip()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(f"-X {_VERSION}.{field}={value}" for field, value in stamps.items())


def _sum(name: str) -> str:
    files = sorted((MODULES / name).iterdir())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


if __name__ == "__main__":
    build(sys.argv[1:] or list(PARTS))
    print(folder())
