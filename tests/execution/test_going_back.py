"""The way back over drained pods: callers are led back only to pods that are ready, and requests go on."""

import pytest

from meshmig.execution.decide import Scope
from meshmig.model.objects import ObjectRef
from meshmig.model.plan import Plan
from meshmig.model.run import Outcome
from meshmig.sandbox.faults import Faults
from meshmig.sandbox.traffic import Traffic
from tests.worlds import World, plan_of, run, with_cluster, world_of

CATALOG = ObjectRef("apps/v1", "Deployment", "shop", "catalog-v1")


@pytest.fixture
def moved() -> tuple[World, Plan]:
    """The worked shop with its first four stages done, their old pods drained."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    assert run(world, plan, Scope(stage=4)).result.outcome is Outcome.OK
    return world, plan


class _StillInjected:
    """A cluster in which the pods that come back are App Mesh's again, and so never become ready."""

    def __init__(self, inner) -> None:
        self._inner = inner

    def __getattr__(self, name: str):
        return getattr(self._inner, name)

    def patch(self, ref: ObjectRef, body, **more):
        """Scale, and leave the template as it is."""
        if ref == CATALOG:
            body = {"spec": {"replicas": body["spec"]["replicas"]}}
        return self._inner.patch(ref, body, **more)


def test_no_request_is_lost_on_the_way_back(moved) -> None:
    """Callers go back to the old pods once these are ready."""
    world, plan = moved

    back = run(world, plan, Scope(stage=4, undo=True)).result

    assert back.outcome is Outcome.OK
    assert world.traffic is not None
    assert world.traffic.requests.by_cause == {}


def test_old_pods_that_do_not_come_back_keep_the_callers_on_the_new_side(moved) -> None:
    """The way back stops where it would lead callers to nobody, and names what is missing; it goes on later."""
    world, plan = moved

    stopped = run(with_cluster(world, _StillInjected(world.cluster)), plan, Scope(stage=4, undo=True)).result

    assert stopped.outcome is Outcome.HELD
    assert "callers stay where they are: Deployment shop/catalog-v1: 0 of 2 pods are ready" in stopped.reason
    assert world.traffic is not None
    assert world.traffic.requests.by_cause == {}
    assert run(world, plan, Scope(stage=4, undo=True)).result.outcome is Outcome.OK


def test_what_is_lost_when_a_process_begins_is_still_counted(moved) -> None:
    """A flow that worked in the beginning is never forgotten: requests that a kill left without a pod are lost ones."""
    world, plan = moved
    assert world.embedded is not None
    copies = [ObjectRef("apps/v1", "Deployment", "shop", f"catalog-v{n}-istio") for n in (1, 2)]
    for ref in copies:
        world.cluster.delete(ref)
    world.clock.wait(plan.stages[0].steps[0].deadline)

    later = Traffic(world.embedded, Faults())

    assert world.traffic is not None
    assert {flow.name for flow in later.flows} == {flow.name for flow in world.traffic.flows}
    assert later.requests.by_cause["no_endpoints"] > 0
