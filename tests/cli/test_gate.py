"""`meshmig gate` and `meshmig replay`: what a gate saw, and the same decision again from what was recorded."""

import json

from meshmig.commands.gate import look_now
from meshmig.commands.recorded import read_recorded
from meshmig.model.plan import Judge
from tests.program import example, meshmig
from tests.worlds import plan_of, run, world_of


def begun(folder) -> None:
    """The shop, its first two stages carried out with their events kept."""
    example("shop", folder)
    for stage in ("1", "2"):
        ran = meshmig("apply", "--stage", stage, "--yes", "--events", "run.jsonl", "--json", cwd=folder)
        assert ran.outcome == "ok", ran.stdout


def test_a_gate_shows_its_counts_and_decides_the_same_again(tmp_path) -> None:
    """Counts of both sides, both odds against their limits, the verdict with its reason, decided again."""
    begun(tmp_path)
    text = meshmig("gate", "--explain", cwd=tmp_path).stdout
    look = meshmig("gate", "--stage", "2", "--json", cwd=tmp_path).data["look"]

    assert "decided again: the same" in text
    assert "harm bets that new > old × 1.25" in text
    assert look["verdict"] == look["again"] == "pass"
    assert look["new"]["requests"] > 0
    assert look["new"]["pods"]["seen"] == look["new"]["pods"]["expected"] > 0


def test_nothing_was_seen_yet(tmp_path) -> None:
    """Before an apply, and before a gate looked: said, not shown as zeros."""
    example("shop", tmp_path)
    before = meshmig("gate", "--json", cwd=tmp_path)
    meshmig("apply", "--stage", "1", "--yes", "--json", cwd=tmp_path)
    after = meshmig("gate", "--json", cwd=tmp_path)

    assert (before.codes, after.codes) == (["MIG522"], ["MIG761"])


def test_a_recorded_run_is_decided_again_offline(tmp_path) -> None:
    """Every look gives the verdict that was recorded; no cluster and no file are needed."""
    begun(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "run.jsonl").rename(elsewhere / "run.jsonl")
    ran = meshmig("replay", "run.jsonl", "--json", cwd=elsewhere)

    assert ran.outcome == "ok"
    assert len(ran.data["looks"]) > 4
    assert ran.data["differing"] == []


def test_a_changed_record_is_found(tmp_path) -> None:
    """A verdict that its own evidence does not give is named, with exit 4."""
    begun(tmp_path)
    file = tmp_path / "run.jsonl"
    events = [json.loads(line) for line in file.read_text().splitlines()]
    passed = [event for event in events if event["happening"].get("verdict") == "pass"]
    passed[0]["happening"]["verdict"] = "rollback"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    ran = meshmig("replay", "run.jsonl", "--json", cwd=tmp_path)

    assert (ran.exit, ran.outcome) == (4, "held")
    assert ran.data["differing"] == [passed[0]["number"]]


def test_what_is_no_journal_is_refused(tmp_path) -> None:
    """A middle of a run, text that is no JSON, a file that is not there."""
    (tmp_path / "text.jsonl").write_text("no\n")
    (tmp_path / "empty.jsonl").write_text("")
    refused = {
        name: meshmig("replay", name, "--json", cwd=tmp_path).codes for name in ("text.jsonl", "empty.jsonl", "x")
    }

    assert refused == {"text.jsonl": ["MIG762"], "empty.jsonl": ["MIG762"], "x": ["MIG604"]}


def test_a_look_now_is_not_the_runs() -> None:
    """With metrics at hand the gate looks once more, and the journal is as long as before."""
    world = world_of("shop")
    plan = plan_of(world, "shop")
    run(world, plan)
    recorded = read_recorded(world, plan.migration)
    assert recorded is not None
    step = next(step for step in plan.step.values() if isinstance(step.action, Judge))
    assert isinstance(step.action, Judge)
    seen = look_now(recorded, world, step, step.action)
    again = read_recorded(world, plan.migration)

    assert seen is not None
    assert again is not None
    assert again.events == recorded.events
