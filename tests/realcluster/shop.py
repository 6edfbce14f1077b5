"""A worked shop of `plans/` on the real cluster, as App Mesh left it: pods with its proxy, control plane gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshmig.adapters.folder import read_folder
from tests.program import ROOT
from tests.realcluster.cluster import RealCluster
from tests.realcluster.injector import Injector
from tests.realcluster.prometheus_server import PrometheusServer

_APPMESH = "appmesh.k8s.aws/v1beta2"
_FINALIZERS = {"Mesh": "finalizers.appmesh.k8s.aws/mesh-members"}
_FINALIZER = "finalizers.appmesh.k8s.aws/aws-appmesh-resources"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a shop lives, and who measures it."""

    cluster: RealCluster
    metrics: PrometheusServer

    @property
    def environment(self) -> dict[str, str]:
        """What the program is started with."""
        return {"KUBECONFIG": str(self.cluster.kubeconfig)}

    def pods(self) -> dict[str, set[str]]:
        """The containers of every pod of the shop, those that initialise among them."""
        found = self.cluster.read("pods", "shop")
        return {
            pod["metadata"]["name"]: {each["name"] for word in _WORDS for each in pod["spec"].get(word) or ()}
            for pod in found
        }


_WORDS = ("containers", "initContainers")


@contextmanager
def living_shop(cluster: RealCluster) -> Iterator[Site]:
    """Put the shop in, wait until every pod is ready, then end App Mesh's control plane."""
    bodies = [_as_controlled(dict(manifest.body)) for manifest in read_folder(ROOT / "plans" / "shop").manifests]
    with Injector(cluster), PrometheusServer.of(str(cluster.kubeconfig)) as metrics:
        cluster.apply(body for body in bodies if body["kind"] == "Namespace")
        cluster.apply(body for body in bodies if body["kind"] != "Namespace")
        cluster.kubectl("wait", "deployment", "--all", "-n", "shop", "--for=condition=Available", "--timeout=120s")
        cluster.switch_off_appmesh()
        yield Site(cluster, metrics)


def _as_controlled(body: dict[str, Any]) -> dict[str, Any]:
    """App Mesh's controller keeps its objects by finalizers, which nobody takes off any more."""
    if body["apiVersion"] != _APPMESH:
        return body
    finalizer = _FINALIZERS.get(body["kind"], _FINALIZER)
    return body | {"metadata": body["metadata"] | {"finalizers": [finalizer]}}


def with_seconds(path: Path) -> None:
    """Give a written file durations that a real cluster's time can pass: seconds where people want hours."""
    text = path.read_text()
    for written, short in _SECONDS.items():
        assert written in text, f"init writes no {written!r} any more"
        text = text.replace(written, short)
    path.write_text(text)


_SECONDS = {
    "bake     10m": "bake     1s",
    "keep     old 24h": "keep     old 1s",
    "steps    1%, 5%, 25%, 50%, 100%": "steps    5%, 50%, 100%",
    "after 500 requests": "after 100 requests",
    "over 5m": "over 10s",
    "scrape 15s": "scrape 1s",
}
