"""The main job, black box: a shop goes from plan to finished, stage by stage, on the embedded cluster."""

import json

import pytest

from tests.program import example, meshmig


@pytest.fixture
def shop(tmp_path):
    """The worked shop in a folder of its own."""
    return example("shop", tmp_path).parent


def test_a_plan_is_read_only_and_the_same_twice(shop) -> None:
    """Two plans of one cluster are byte-equal, under any hash seed, and leave nothing behind."""
    first = meshmig("plan", "shop.mig", "--json", cwd=shop, env={"PYTHONHASHSEED": "1"})
    second = meshmig("plan", "shop.mig", "--json", cwd=shop, env={"PYTHONHASHSEED": "2"})

    assert first.exit == 0, first.stdout + first.stderr
    assert first.stdout == second.stdout
    assert not (shop / ".meshmig").exists()


def test_stage_by_stage_to_finished_and_then_nothing_to_do(shop) -> None:
    """Every stage ends ok, the last one finished; a plan afterwards is empty."""
    stages = [stage["number"] for stage in meshmig("plan", "--json", cwd=shop).data["stages"]]
    outcomes = [meshmig("apply", "--stage", str(n), "--yes", "--json", cwd=shop).outcome for n in stages]
    after = meshmig("plan", "--json", "--detailed-exitcode", cwd=shop)

    assert outcomes == ["ok"] * (len(stages) - 1) + ["finished"]
    assert (after.exit, after.outcome) == (0, "ok")
    assert all(not stage["steps"] for stage in after.data["stages"])


def test_every_meshed_pod_ends_in_istio(shop) -> None:
    """After the journey each meshed pod carries istio-proxy and none carries App Mesh's envoy."""
    assert meshmig("apply", "--yes", "--json", cwd=shop).outcome == "finished"
    listed = meshmig("status", "--objects", cwd=shop)
    pods = [o for o in json.loads(listed.stdout)["items"] if o["kind"] == "Pod"]
    meshed = [_containers(pod) for pod in pods if pod["metadata"]["namespace"] == "shop"]

    assert meshed
    assert all("istio-proxy" in containers for containers in meshed)
    assert all("envoy" not in containers for containers in meshed)


def _containers(pod) -> set[str]:
    spec = pod["spec"]
    return {c["name"] for c in (*spec["containers"], *spec.get("initContainers", ()))}


def test_a_stage_is_taken_back_exactly(shop) -> None:
    """Rollback of a stage before its point of no return restores every owned field."""
    meshmig("apply", "--stage", "1", "--yes", cwd=shop)
    before = _owned(meshmig("status", "--objects", cwd=shop).stdout)
    meshmig("apply", "--stage", "2", "--yes", cwd=shop)
    back = meshmig("rollback", "--stage", "2", "--yes", "--json", cwd=shop)

    assert back.exit == 0, back.stdout
    assert back.data["restored"] or back.data["compensated"]
    assert {"Service"} <= {kind for kind, *_ in before}


def _owned(text: str) -> dict[tuple[str, ...], object]:
    items = json.loads(text)["items"]
    return {
        (o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]): o.get("spec")
        for o in items
        if o["kind"] not in {"Pod", "ReplicaSet", "ConfigMap", "Lease", "EndpointSlice"}
    }


def test_rehearse_loses_no_request(shop) -> None:
    """The whole migration in the dry: finished, at least 100 requests a pair and state, none lost."""
    ran = meshmig("rehearse", "--json", cwd=shop)

    assert ran.outcome == "finished", ran.stdout[:2000]
    assert ran.data["requests"]["lost"] == 0
    assert ran.data["requests"]["sent"] > 0
    assert ran.data["requests"]["least_per_flow"] >= 100


@pytest.mark.parametrize(
    ("fault", "outcome"), [("errors-new", "rolled_back"), ("errors-both", "held"), ("blind", "held")]
)
def test_a_fault_is_judged_by_its_cause(shop, fault: str, outcome: str) -> None:
    """The same data with only the cause changed: the new side's fault rolls back, the others hold."""
    ran = meshmig("rehearse", "--fault", f"{fault}@4", "--json", cwd=shop)

    assert (ran.exit, ran.outcome) == (4, outcome), ran.data.get("reason")


def test_apply_without_a_terminal_needs_yes(shop) -> None:
    """Nobody to ask means that nothing is done."""
    ran = meshmig("apply", "--json", cwd=shop)

    assert (ran.exit, ran.outcome) == (1, "refused")
