"""Objects that name pods by their labels get twins for the copies, and go with the old workloads."""

from textwrap import dedent

import pytest

from tests.program import example, meshmig

EXTRA = dedent(
    """\
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: stock, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: stock}}
      policyTypes: [Ingress]
      ingress:
      - from:
        - podSelector: {matchLabels: {app: cart}}
        - podSelector: {matchExpressions: [{key: app, operator: In, values: [catalog]}]}
        - ipBlock: {cidr: 10.1.0.0/16}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: everybody, namespace: shop}
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress: [{}]
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: front, namespace: shop}
    spec: {minAvailable: 2, selector: {matchLabels: {app: front}}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: front, namespace: shop}
    spec:
      minReplicas: 2
      maxReplicas: 10
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: front}
    """
)


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """The shop with a policy, a budget and an autoscaler: its plan, and every object at the journey's end."""
    folder = tmp_path_factory.mktemp("companions")
    example("shop", folder)
    (folder / "shop" / "60-companions.yaml").write_text(EXTRA)
    plan = meshmig("plan", "--json", cwd=folder).data
    assert meshmig("apply", "--yes", "--json", cwd=folder).outcome == "finished"
    objects = meshmig("status", "--objects", "--json", cwd=folder).data["objects"]["items"]
    return plan, {(item["kind"], item["metadata"]["name"]): item for item in objects}


def test_a_policy_opens_to_the_copies_what_it_opens_to_the_old_pods(moved) -> None:
    """Both pods and peers are named by their copies' labels; addresses and what names everybody stay."""
    _, objects = moved

    twin = objects["NetworkPolicy", "stock-istio"]["spec"]
    of_copies = objects["NetworkPolicy", "stock-2-istio"]["spec"]
    peers = [peer.get("podSelector", {}).get("matchLabels", {}).get("app") for peer in twin["ingress"][0]["from"]]
    assert twin["podSelector"] == {"matchLabels": {"app": "stock"}}
    assert of_copies["podSelector"] == {"matchLabels": {"app": "stock-istio"}}
    assert of_copies["ingress"] == twin["ingress"]
    assert peers[:2] == ["cart", "cart-istio"]
    assert {"ipBlock": {"cidr": "10.1.0.0/16"}} in twin["ingress"][0]["from"]
    assert ("NetworkPolicy", "everybody-istio") not in objects


def test_twins_of_policies_stand_before_the_first_copy(moved) -> None:
    """A copy is never without the policy of the pods it stands in for."""
    plan, _ = moved
    steps = [step for stage in plan["stages"] for step in stage["steps"] if step["object"]]
    order = {(step["object"]["kind"], step["object"]["name"]): n for n, step in reversed(list(enumerate(steps)))}

    assert order["NetworkPolicy", "stock-2-istio"] < order["Deployment", "ingress-istio"]
    assert order["PodDisruptionBudget", "front-istio"] < order["Deployment", "front-istio"]


def test_the_copy_scales_only_when_all_traffic_is_its_own(moved) -> None:
    """The old autoscaler is frozen first; the copy's stands behind the last shift and before the old pods go."""
    plan, objects = moved
    steps = [step for stage in plan["stages"] for step in stage["steps"]]
    names = [(step["action"], (step["object"] or {}).get("kind"), (step["object"] or {}).get("name")) for step in steps]
    shifts = [n for n, step in enumerate(steps) if step["action"] == "shift" and step["unit"] == "shop/front"]
    made = names.index(("apply", "HorizontalPodAutoscaler", "front-istio"))
    drained = next(n for n, step in enumerate(steps) if step["title"] == "old pods of shop/front go")

    assert max(shifts) < made < drained
    assert objects["HorizontalPodAutoscaler", "front-istio"]["spec"]["maxReplicas"] == 10
    assert objects["HorizontalPodAutoscaler", "front-istio"]["spec"]["scaleTargetRef"]["name"] == "front-istio"


def test_what_named_the_old_pods_goes_with_them(moved) -> None:
    """Retired, the old workload leaves no autoscaler and no budget behind."""
    _, objects = moved

    assert ("HorizontalPodAutoscaler", "front") not in objects
    assert ("PodDisruptionBudget", "front") not in objects
    assert objects["PodDisruptionBudget", "front-istio"]["spec"]["selector"] == {"matchLabels": {"app": "front-istio"}}


def test_rules_that_keep_pods_apart_follow_the_copys_labels(tmp_path) -> None:
    """Anti-affinity and spread constraints of the copy name the copy's pods, not the old ones."""
    file = example("shop", tmp_path).parent / "shop" / "20-front.yaml"
    rule = (
        "      topologySpreadConstraints:\n"
        "      - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule,"
        " labelSelector: {matchLabels: {app: front}}}\n"
    )
    file.write_text(file.read_text().replace("      containers:\n", rule + "      containers:\n", 1))
    steps = [s for stage in meshmig("plan", "--json", cwd=tmp_path).data["stages"] for s in stage["steps"]]

    copied = next(
        s
        for s in steps
        if s["object"]
        and s["object"]["name"] == "front-istio"
        and s["action"] == "apply"
        and s["object"]["kind"] == "Deployment"
    )
    values = {change["path"]: change["after"] for change in copied["changes"]}
    selectors = [value for path, value in values.items() if "topologySpreadConstraints" in path and "app" in path]
    assert selectors == ["front-istio"], values
