"""The door to Kubernetes, opened onto a test's server without a kubeconfig."""

from typing import Any

from kubernetes.client import Configuration

from meshmig.adapters.kube import KubeCluster
from meshmig.adapters.kube_config import Access
from meshmig.adapters.kube_connection import Connection
from tests.adapters_kube.server import Script


class Waits:
    """Instead of sleeping, remembers for how long it was asked to."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        """Take a wait."""
        self.seconds.append(seconds)


def cluster_at(script: Script, waits: Waits | None = None, *, tokens: list[str] | None = None) -> KubeCluster:
    """Connect to a test's server; every time credentials are read, the next token is taken."""
    left = list(tokens or ["secret"])

    def load() -> Any:
        configuration = Configuration(host=script.url)
        configuration.api_key["BearerToken"] = f"Bearer {left.pop(0) if len(left) > 1 else left[0]}"
        return configuration

    access = Access(name="test", load=load)
    return KubeCluster(Connection(access, waits or Waits()))
