"""`meshmig approve`: whose yes counts, what it covers, and what every command then says comes next."""

import pytest

from tests.program import Ran, example, meshmig


@pytest.fixture
def asking(tmp_path):
    """The shop with a first stage that asks platform, and a second that asks platform and shop: applied, it waits."""
    file = example("shop", tmp_path)
    text = file.read_text().replace("{ protect ", '{ approve by "platform"  protect ')
    edge = 'bake 20m  approve before 50% by "shop"  approve before 100% by "shop" } approve by "platform" }'
    file.write_text(text.replace("bake 20m } }", edge))
    waiting = meshmig("apply", "--yes", "--json", cwd=tmp_path)
    assert (waiting.exit, waiting.outcome) == (5, "waiting"), waiting.stdout
    return tmp_path


def _approve(folder, *arguments: str) -> Ran:
    return meshmig("approve", "shop.mig", *arguments, "--because", "load test green", "--json", cwd=folder)


def test_only_a_team_that_is_asked_opens_a_stage(asking) -> None:
    """Another name is refused with the teams that are asked, also one that only another stage or step asks."""
    nobody = _approve(asking, "--stage", "1", "--as", "nobody")
    elsewhere = _approve(asking, "--stage", "1", "--as", "shop")
    silent = _approve(asking, "--stage", "2")
    still = meshmig("apply", "--yes", "--json", cwd=asking)

    assert [(ran.exit, ran.codes) for ran in (nobody, elsewhere)] == [(1, ["MIG529"])] * 2
    assert 'asks "platform", not "nobody"' in nobody.stdout.replace("\\", "")
    assert (silent.exit, silent.codes) == (1, ["MIG523"])
    assert '--as "platform" or "shop"' in silent.stdout.replace("\\", "")
    assert still.outcome == "waiting"


def test_a_yes_covers_what_its_team_is_asked_in_the_stage_and_no_more(asking) -> None:
    """Without `--step` all approvals of that team are given and listed; with it, one that must be that team's."""
    whole = _approve(asking, "--stage", "2", "--as", "shop").data["approvals"]
    wrong = _approve(asking, "--stage", "2", "--step", whole[0]["step"], "--as", "platform")

    assert [yes["team"] for yes in whole] == ["shop", "shop"]
    assert {(yes["by"], yes["because"], yes["again"]) for yes in whole} == {("shop", "load test green", False)}
    assert "before 50 %" in whole[0]["title"]
    assert wrong.codes == ["MIG529"]


def test_an_approved_stage_waits_for_it_no_longer(asking) -> None:
    """Status and plan show the yes, the stage is no longer waiting, and a second yes says that it is one."""
    first = _approve(asking, "--stage", "1", "--as", "platform").data
    status = meshmig("status", cwd=asking).stdout
    plan = meshmig("plan", cwd=asking).stdout
    again = meshmig("approve", "--stage", "1", "--as", "platform", "--because", "twice", cwd=asking)

    assert first["stages"][0] == {"number": 1, "state": "running"}
    assert "approved  1.1" in status
    assert "by platform: load test green" in status
    assert "must approve" not in status
    assert "approved by platform: load test green" in plan
    assert (again.exit, "approved already  1.1" in again.stdout) == (0, True)
    assert "load test green" in again.stdout, "the first yes stands"


def test_next_is_the_same_everywhere_and_can_be_followed(asking) -> None:
    """While it waits, apply and status name the approval with its team; a later stage's yes does not skip one."""
    wanted = 'meshmig approve shop.mig --stage 1 --as "platform" --because "…"'
    told = [
        meshmig("apply", "--yes", "--json", cwd=asking).data["next_command"],
        meshmig("status", "--json", cwd=asking).data["next_command"],
        _approve(asking, "--stage", "2", "--as", "shop").data["next_command"],
    ]
    after = _approve(asking, "--stage", "1", "--as", "platform").data["next_command"]
    went_on = meshmig(*after.split()[1:], "--yes", "--json", cwd=asking)

    assert told == [wanted] * 3
    assert after == "meshmig apply shop.mig --stage 1"
    assert went_on.outcome == "ok"
    assert went_on.data["next_command"] == "meshmig apply shop.mig --stage 2"
