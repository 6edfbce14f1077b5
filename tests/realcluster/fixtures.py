"""The real cluster as a fixture: skipped with the reason where its programs are missing, but built in CI."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realcluster.build import PARTS, build, folder, missing
from tests.realcluster.cluster import RealCluster
from tests.realcluster.istio import start_istio
from tests.realcluster.shop import Site, living_shop


def require_programs() -> None:
    """Make sure that the programs are there, or skip."""
    absent = missing()
    if not absent:
        return
    if not os.environ.get("CI"):
        pytest.skip(f"{', '.join(absent)} missing in {folder()}: python -m tests.realcluster.build")
    build(list(PARTS))


@pytest.fixture(scope="session")
def real_cluster() -> Iterator[RealCluster]:
    """A real Kubernetes with App Mesh's and Istio's kinds and a real istiod, for the whole session."""
    require_programs()
    yield from running(istio=True)


@pytest.fixture(scope="session")
def site(real_cluster: RealCluster) -> Iterator[Site]:
    """The worked shop on the real cluster, App Mesh's control plane gone."""
    with living_shop(real_cluster) as living:
        yield living


def running(*, istio: bool, vanilla_envoy: bool = False) -> Iterator[RealCluster]:
    """Start a cluster in a folder of its own, and end it."""
    directory = Path(tempfile.mkdtemp(prefix="meshmig-real-"))
    cluster = RealCluster(directory)
    try:
        cluster.start()
        if istio:
            start_istio(cluster, vanilla_envoy=vanilla_envoy)
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)
