"""Approvals where the API server knows who asks, and the way back that a held run is shown."""

import pytest

from meshmig.commands.approve import ApproveOptions, give
from meshmig.commands.following import next_command
from meshmig.commands.recorded import read_recorded
from meshmig.diagnostics import RejectedError
from meshmig.execution.state import fold
from meshmig.model.run import Approved, Event, Outcome, StepHeld, StepStarted
from meshmig.model.units import Instant
from tests.worlds import plan_of, run, with_cluster, world_of

_TWO_TEAMS = ("{ protect ", '{ approve by "platform"  approve by "shop"  protect ')


class Known:
    """An embedded cluster whose API server knows who asks."""

    def __init__(self, inner) -> None:
        self._inner = inner

    def __getattr__(self, name: str):
        return getattr(self._inner, name)

    def whoami(self) -> str:
        """The user's name."""
        return "anna"


@pytest.fixture
def asked(tmp_path):
    """A world whose first stage waits for two teams, and its plan."""
    world = world_of("shop")
    plan = plan_of(world, "shop", _TWO_TEAMS, tmp_path)
    known = with_cluster(world, Known(world.cluster))
    assert run(known, plan).result.outcome is Outcome.WAITING
    return known, plan


def _give(world, plan, **options: str):
    return give(world, plan.migration, "shop.mig", ApproveOptions(stage=1, because="reviewed", **options))


def _given(world, plan) -> list[tuple[str, str]]:
    events = read_recorded(world, plan.migration).events
    return [(e.happening.by, e.happening.team) for e in events if isinstance(e.happening, Approved)]


def test_a_user_says_for_which_of_several_teams(asked) -> None:
    """Without `--as` a stage that asks two teams is not opened; when one is left, its team is the one meant."""
    world, plan = asked
    with pytest.raises(RejectedError, match="MIG530"):
        _give(world, plan)

    assert _given(world, plan) == []

    _give(world, plan, team="shop")
    _give(world, plan)

    assert _given(world, plan) == [("anna", "shop"), ("anna", "platform")]


def test_a_user_speaks_for_a_team_that_is_asked(asked) -> None:
    """The user's own name opens nothing; the record holds the user and the team, and a second yes adds nothing."""
    world, plan = asked
    with pytest.raises(RejectedError, match="MIG529"):
        _give(world, plan, team="anna")
    _give(world, plan, team="shop")
    again = _give(world, plan, team="shop")

    assert _given(world, plan) == [("anna", "shop")]
    assert [yes.again for yes in again.approvals] == [True]


def test_a_held_run_is_shown_the_way_back() -> None:
    """On and back, for the stage that is held; a stage of which nothing stands has no way back."""
    plan = plan_of(world_of("shop"), "shop")
    step = plan.stage(1).steps[0].id
    begun = Event(number=1, at=Instant(0), happening=StepStarted(step=step))
    held = Event(number=2, at=Instant(0), happening=StepHeld(step=step, reason="no data"))

    both = next_command("shop.mig", plan, fold(plan, (begun, held)))
    only = next_command("shop.mig", plan, fold(plan, (held,)))

    assert both == "meshmig apply shop.mig --stage 1   back: meshmig rollback shop.mig --stage 1"
    assert only == "meshmig apply shop.mig --stage 1"
