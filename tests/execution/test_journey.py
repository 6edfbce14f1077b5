"""The loop over a worked example: stages, rollback, two writers, drift, and orders that must lose requests."""

import pytest

from meshmig.diagnostics import has_errors
from meshmig.execution.decide import Scope
from meshmig.execution.journal import Journal
from meshmig.execution.lock import Lock
from meshmig.model.objects import ObjectRef
from meshmig.model.run import Outcome, StageState
from meshmig.ports import ConflictError, LockedError
from tests.worlds import plan_of, run, specs, world_of


def test_a_finished_plan_has_nothing_left_to_do() -> None:
    """Running a finished plan again writes nothing."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    first = run(world, plan)
    again = run(world, plan)

    assert (first.result.outcome, again.result.outcome) == (Outcome.FINISHED, Outcome.FINISHED)
    assert again.result.writes == 0


def test_a_rolled_back_stage_restores_every_owned_field() -> None:
    """Edge stage and back: every lasting object says what it said before."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    run(world, plan, Scope(stage=1))
    before = specs(world)
    halted = [step for step in plan.stage(2).steps if step.irreversible]
    run(world, plan, Scope(stage=2))

    back = run(world, plan, Scope(stage=2, undo=True))

    assert halted, "the stage drains its old pods: that one is compensated, not restored"
    assert back.result.compensated
    after = specs(world)
    old = ObjectRef("apps/v1", "Deployment", "shop", "ingress")
    assert {ref for ref in before if before[ref] != after.get(ref)} <= {old}
    assert after.keys() == before.keys()


def test_a_stage_begun_by_another_hand_is_stale() -> None:
    """An owned field that moved since the plan stops the run before its first write, and is named."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    run(world, plan, Scope(stage=1))
    ref = ObjectRef("networking.istio.io/v1", "VirtualService", "shop", "cart")
    world.cluster.patch(ref, {"spec": {"http": []}})
    service = ObjectRef("v1", "Service", "shop", "ingress")
    world.cluster.patch(service, {"spec": {"selector": {"app": "other"}}})

    result = run(world, plan, Scope(stage=2)).result

    assert result.outcome is Outcome.STALE
    assert "spec.selector.app" in {item.path for item in result.moved}
    assert result.writes == 0


def test_a_second_run_is_refused_while_the_first_holds_the_lock() -> None:
    """Two runs never write together; a holder that died lets go when its lease runs out."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    run(world, plan, Scope(stage=1))
    first = Lock(world.cluster, plan.migration, "one", world.clock)
    first.acquire()
    second = Lock(world.cluster, plan.migration, "two", world.clock)

    with pytest.raises(LockedError, match="one"):
        second.acquire()


def test_the_lock_of_a_process_that_is_known_to_have_ended_is_taken_at_once() -> None:
    """After a kill on the same machine the next run need not wait for the lease; the token still grows."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    run(world, plan, Scope(stage=1))
    first = Lock(world.cluster, plan.migration, "one", world.clock)
    token = first.acquire()
    second = Lock(world.cluster, plan.migration, "two", world.clock, lambda holder: holder == "one")

    assert second.acquire() == token + 1


def test_a_loser_cannot_append_to_the_journal() -> None:
    """A late write of a run that lost its lock is refused by the API server."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    run(world, plan, Scope(stage=1))
    winner, loser = (Journal(world.cluster, plan.migration) for _ in range(2))
    known = winner.read()
    loser.read()
    happening = known[-1].happening
    winner.append(world.clock.now(), [happening])

    with pytest.raises(ConflictError):
        loser.append(world.clock.now(), [happening])


BAD_ORDERS = {
    "strict first": (
        'stage 1 "ground" { protect  install istio }',
        'stage 1 "ground" { protect  install istio  enforce mtls }',
    ),
}


@pytest.mark.parametrize("order", BAD_ORDERS)
def test_a_bad_order_is_refused_and_would_lose_requests(order: str, tmp_path) -> None:
    """The plan names the hazard; carried out all the same, requests are lost: the count proves something."""
    world = world_of("vault")
    plan = plan_of(world, "vault", BAD_ORDERS[order], tmp_path)

    assert has_errors(plan.findings)
    assert "MIG402" in {finding.code for finding in plan.findings}


def test_old_pods_scaled_away_early_lose_requests() -> None:
    """Take the old pods away while every caller still depends on them."""
    world = world_of("shop")
    world.cluster.patch(ObjectRef("apps/v1", "Deployment", "shop", "cart"), {"spec": {"replicas": 0}})
    world.clock.wait(plan_of(world_of("shop"), "shop").stages[0].steps[0].deadline)

    assert world.traffic is not None
    assert world.traffic.requests.lost > 0
    assert "no_endpoints" in world.traffic.requests.by_cause


def test_strict_before_the_callers_moved_loses_requests() -> None:
    """STRICT while App Mesh's callers remain refuses their plaintext."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    run(world, plan, Scope(stage=3))
    ref = ObjectRef("security.istio.io/v1", "PeerAuthentication", "shop", "meshmig")
    world.cluster.patch(ref, {"spec": {"mtls": {"mode": "STRICT"}}})
    service = ObjectRef("v1", "Service", "shop", "stock")
    copy = world.cluster.get(ObjectRef("v1", "Service", "shop", "front")).spec["selector"]
    world.cluster.patch(service, {"spec": {"selector": copy}})

    assert world.traffic is not None
    assert world.traffic.requests.lost > 0


def test_in_place_under_tls_loses_requests() -> None:
    """A callee that ends TLS, restarted into Istio before its callers: their TLS matches nothing."""
    world = world_of("vault")
    plan = plan_of(world, "vault")
    run(world, plan, Scope(stage=1))
    template = {"metadata": {"annotations": {"appmesh.k8s.aws/sidecarInjectorWebhook": "disabled"}}}
    template["metadata"]["labels"] = {"sidecar.istio.io/inject": "true"}
    world.cluster.patch(ObjectRef("apps/v1", "Deployment", "vault", "keys"), {"spec": {"template": template}})
    world.clock.wait(plan.stages[0].steps[0].deadline)

    assert world.traffic is not None
    assert world.traffic.requests.by_cause.get("tls_mismatch", 0) > 0


def test_every_stage_is_done_at_the_end() -> None:
    """The state that is shown agrees with the outcome."""
    from meshmig.execution.state import new_percents, stage_states

    world = world_of("shop")
    plan = plan_of(world, "shop")
    result = run(world, plan).result

    assert {state for _, state in stage_states(plan, result.state)} == {StageState.DONE}
    assert {percent for _, percent in new_percents(plan, result.state)} == {100}
