"""Nothing is adopted and nothing taken over unless the file says so with that word."""

import pytest

from meshmig.execution.decide import Scope
from meshmig.model.objects import ObjectRef
from meshmig.model.plan import ApplyObject
from meshmig.model.run import Outcome
from tests.planning.shops import shop
from tests.worlds import specs

RULE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: cart
  namespace: shop
  managedFields:
    - manager: helm
      operation: Update
      apiVersion: networking.istio.io/v1
      fieldsType: FieldsV1
      fieldsV1: {"f:spec": {"f:hosts": {}, "f:http": {}, "f:gateways": {}}}
spec:
  hosts: [cart.shop.svc.cluster.local]
  gateways: [mesh]
  http:
    - route: [{destination: {host: cart.shop.svc.cluster.local}}]
"""

SCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: cart
  namespace: shop
  managedFields:
    - manager: argocd-controller
      operation: Apply
      apiVersion: autoscaling/v2
      fieldsType: FieldsV1
      fieldsV1: {"f:spec": {"f:minReplicas": {}, "f:maxReplicas": {}}}
spec:
  minReplicas: 1
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}
"""
REF = ObjectRef("networking.istio.io/v1", "VirtualService", "shop", "cart")


def test_an_object_that_exists_is_not_written_over(tmp_path) -> None:
    """The plan is refused; the finding names the object, who wrote it, and the word."""
    (found,) = shop(tmp_path, manifests=RULE).found("MIG405")

    assert found == (
        "error: VirtualService shop/cart exists and is not meshmig's (helm wrote it): the plan would write over it | "
        "take it away, or make it meshmig's: adopt VirtualService shop/cart"
    )


def test_an_adopted_object_becomes_meshmigs(tmp_path) -> None:
    """What it has too much goes first; afterwards it says what the plan shows, and the way back restores it."""
    planned = shop(tmp_path, "adopt VirtualService shop/cart", RULE)
    before = specs(planned.world)[REF]
    done = planned.run(Scope(stage=1))
    live = planned.world.cluster.get(REF)
    back = planned.run(Scope(stage=1, undo=True))

    assert planned.errors == []
    assert done.result.outcome is Outcome.OK
    assert "gateways" not in live.spec
    assert live.labels["app.kubernetes.io/managed-by"] == "meshmig"
    assert [step.note for step in planned.steps("VirtualService shop/cart")][:2] == ["adopted (helm wrote it)"] * 2
    assert back.result.outcome is Outcome.OK
    assert specs(planned.world)[REF][0] == before[0]


def test_only_the_named_object_is_adopted(tmp_path) -> None:
    """Another kind or name stays refused, and the idle word is told."""
    planned = shop(tmp_path, "adopt VirtualService shop/catalog", RULE)

    assert planned.errors == ["MIG405"]
    assert "`adopt VirtualService shop/catalog` is of no use" in planned.found("MIG419")[0]


def test_a_field_of_a_tool_is_not_taken_over(tmp_path) -> None:
    """The plan is refused; the findings name field, manager and word."""
    planned = shop(tmp_path, manifests=SCALER)

    assert set(planned.errors) == {"MIG417"}
    assert planned.found("MIG417")[0] == (
        "error: spec.maxReplicas of HorizontalPodAutoscaler shop/cart belongs to argocd-controller, which may write "
        "its value again | change it at its source as well, and say so here: take_over HorizontalPodAutoscaler "
        'shop/cart "spec.maxReplicas" from "argocd-controller"'
    )


def test_taking_over_is_forced_for_exactly_the_named_fields(tmp_path) -> None:
    """With both fields named the autoscaler is frozen; the write holds nothing else."""
    words = "\n".join(
        f'take_over HorizontalPodAutoscaler shop/* "spec.{name}" from "argocd-controller"'
        for name in ("minReplicas", "maxReplicas")
    )
    planned = shop(tmp_path, words, SCALER)
    (frozen,) = planned.steps("freeze autoscaler")
    planned.run(Scope(stage=1))

    assert planned.errors == []
    assert isinstance(frozen.write, ApplyObject)
    assert frozen.write.force
    assert set(frozen.write.manifest.spec) == {"minReplicas", "maxReplicas"}
    assert "taken over from argocd-controller" in frozen.note
    live = planned.world.cluster.get(frozen.write.ref)
    assert live.spec["minReplicas"] == live.spec["maxReplicas"]


@pytest.mark.parametrize(
    "words",
    [
        'take_over HorizontalPodAutoscaler shop/cart "spec.minReplicas" from "argocd-controller"',
        'take_over HorizontalPodAutoscaler shop/cart "spec" from "flux"',
        'take_over HorizontalPodAutoscaler shop/other "spec" from "argocd-controller"',
    ],
)
def test_another_field_manager_or_name_is_not_enough(tmp_path, words: str) -> None:
    """What the word does not cover stays refused."""
    assert "MIG417" in shop(tmp_path, words, SCALER).errors


def test_what_a_person_set_is_shown_as_taken_over(tmp_path) -> None:
    """A terminal does not write its value again: no refusal, but no silence either."""
    planned = shop(tmp_path)
    claims = {(c.ref.kind, c.field, c.managers) for c in planned.plan.terms.claims}

    assert planned.errors == []
    assert ("Service", "spec.selector", ("kubectl",)) in claims
