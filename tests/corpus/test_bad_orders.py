"""Orders that must lose requests: if they lost none, the count of a good journey would prove nothing."""

from pathlib import Path

import pytest

from meshmig.execution.decide import Scope
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.units import Duration
from tests.corpus.sets import FOLDER, Planned, planned
from tests.worlds import run

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(FOLDER is None, reason="the corpus is absent: give its folder as MESHMIG_CORPUS"),
]

PLAIN = ["djapp-canary", "howto-k8s-retry-policy", "howto-k8s-http-ingress-v2"]
TLS = ["howto-k8s-tls-file-based", "blog-cert-manager-tls"]
"""Every set that ends TLS in its workloads and is not refused for it."""
_ROLLOUT = Duration.of(minutes=2)


def _on_istio(name: str, folder: Path) -> Planned:
    """A set whose Istio is installed and staged, and none of whose workloads has moved."""
    made = planned(name, folder)
    run(made.world, made.plan, Scope(stage=1))
    assert made.world.traffic is not None
    assert made.world.traffic.requests.lost == 0
    return made


def _callees(made: Planned) -> list[ObjectRef]:
    """The Deployments of workloads that others call, callers still in App Mesh."""
    named = [name for unit in made.plan.units if unit.callers for name in unit.workloads]
    return [ObjectRef("apps/v1", "Deployment", *name.split("/")) for name in named]


def _roll_in_place(made: Planned, ref: ObjectRef) -> None:
    metadata = {"annotations": {"appmesh.k8s.aws/sidecarInjectorWebhook": "disabled"}}
    metadata["labels"] = {"sidecar.istio.io/inject": "true"}
    made.world.cluster.patch(ref, {"spec": {"template": {"metadata": metadata}}})


def _causes(made: Planned) -> set[str]:
    assert made.world.traffic is not None
    return {cause for cause, count in made.world.traffic.requests.by_cause.items() if count}


@pytest.mark.parametrize("name", PLAIN)
def test_old_pods_scaled_away_early_lose_requests(name: str, tmp_path) -> None:
    """Their callers still depend on them."""
    made = _on_istio(name, tmp_path)
    for ref in _callees(made):
        made.world.cluster.patch(ref, {"spec": {"replicas": 0}})
    made.world.clock.wait(_ROLLOUT)

    assert "no_endpoints" in _causes(made)


@pytest.mark.parametrize("name", PLAIN)
def test_strict_first_loses_requests(name: str, tmp_path) -> None:
    """A callee in Istio under STRICT refuses the plaintext of callers that are still in App Mesh."""
    made = _on_istio(name, tmp_path)
    for ref in _callees(made):
        body = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication"}
        body["metadata"] = {"name": "meshmig", "namespace": ref.namespace}
        made.world.cluster.apply(Manifest(body | {"spec": {"mtls": {"mode": "STRICT"}}}), force=True)
        _roll_in_place(made, ref)
    made.world.clock.wait(_ROLLOUT)

    assert "tls_plaintext_refused" in _causes(made)


@pytest.mark.parametrize("name", TLS)
def test_in_place_under_tls_loses_requests(name: str, tmp_path) -> None:
    """A callee that ended App Mesh's TLS, restarted into Istio before its callers."""
    made = _on_istio(name, tmp_path)
    for ref in _callees(made):
        _roll_in_place(made, ref)
    made.world.clock.wait(_ROLLOUT)

    assert "tls_mismatch" in _causes(made)
