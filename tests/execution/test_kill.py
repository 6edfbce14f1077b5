"""Killed at any write, run again: the same end, nothing lost and nothing repeated wrongly."""

import pytest

from meshmig.model.run import Outcome
from tests.worlds import plan_of, run, specs, with_cluster, world_of

WRITES = {"create", "replace", "apply", "patch", "delete"}


class Killed(BaseException):
    """The process died here."""


class Dying:
    """A cluster whose process dies at its n-th write: before the request is sent, or after it was carried out."""

    def __init__(self, cluster, at: int, *, after: bool) -> None:
        self._cluster, self._left, self._after = cluster, at, after

    def __getattr__(self, name: str):
        found = getattr(self._cluster, name)
        return self._mortal(found) if name in WRITES else found

    def _mortal(self, call):
        def called(*args, **kwargs):
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            answer = call(*args, **kwargs)
            if self._left == 0:
                raise Killed
            return answer

        return called


@pytest.fixture(scope="module")
def undisturbed():
    """Where the vault's journey ends when nobody disturbs it."""
    world = world_of("vault")
    plan = plan_of(world, "vault")
    first = run(world, plan)
    assert first.result.outcome is Outcome.WAITING
    return specs(world), first.result.events


@pytest.mark.law
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 200])
def test_a_killed_run_goes_on_to_the_same_end(at: int, after: bool, undisturbed) -> None:
    """Kill the run around its n-th write, run it again, and compare every lasting object with an undisturbed run."""
    world = world_of("vault")
    plan = plan_of(world, "vault")
    try:
        run(with_cluster(world, Dying(world.cluster, at, after=after)), plan)
    except Killed:
        pass
    else:
        pytest.fail("the run was to die")

    resumed = run(world, plan)

    assert resumed.result.outcome is Outcome.WAITING
    assert specs(world) == undisturbed[0]
    assert world.traffic is not None
    assert world.traffic.requests.lost == 0
