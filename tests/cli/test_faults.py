"""Faults planted in a rehearsal, black box: each one ends as its cause deserves, and says so."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from tests.program import Ran, example, meshmig

STAGE = 4
"""The shop's read path: two workloads, shifted by weights under a gate."""


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal with its events."""

    ran: Ran
    events: list[dict[str, Any]]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Return what happened of one kind, in order."""
        return [event["happening"] for event in self.events if event["happening"]["kind"] == kind]

    @property
    def stage_states(self) -> dict[int, str]:
        """Where each stage stands at the end."""
        return {stage["number"]: stage["state"] for stage in self.ran.data["stages"]}


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """Rehearse the shop with faults, each combination once."""
    known: dict[tuple[str, ...], Rehearsed] = {}

    def rehearse(*faults: str) -> Rehearsed:
        if faults not in known:
            folder = example("shop", tmp_path_factory.mktemp("faults")).parent
            flags = [word for fault in faults for word in ("--fault", fault)]
            ran = meshmig("rehearse", *flags, "--json", "--events", "events.jsonl", cwd=folder)
            path = folder / "events.jsonl"
            lines = path.read_text().splitlines() if path.exists() else []
            known[faults] = Rehearsed(ran, [json.loads(line) for line in lines])
        return known[faults]

    return rehearse


OUTCOMES = {
    "errors-new": ("rolled_back", 4),
    "latency-new": ("rolled_back", 4),
    "errors-both": ("held", 4),
    "blind": ("held", 4),
    "idle": ("held", 4),
    "conflict": ("held", 4),
    "api-429": ("finished", 0),
    "api-down": ("finished", 0),
    "kill": ("finished", 0),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_fault_ends_as_its_cause_deserves(rehearsed, name: str) -> None:
    """Harm of the new side rolls back; what cannot be judged holds; what passes is survived. Nothing is lost."""
    ran = rehearsed(f"{name}@{STAGE}").ran

    assert (ran.outcome, ran.exit) == OUTCOMES[name], ran.data.get("reason")
    assert ran.data["requests"]["lost"] == 0
    assert ran.data["requests"]["least_per_flow"] >= 100
    assert "MIG643" not in [found["code"] for found in ran.document["findings"]]


@pytest.mark.parametrize("name", [name for name, (outcome, _) in OUTCOMES.items() if outcome != "finished"])
def test_a_stopped_stage_says_so_and_none_after_it_begins(rehearsed, name: str) -> None:
    """The stages before stay done, the struck one says what became of it, the later ones wait."""
    result = rehearsed(f"{name}@{STAGE}")
    states = result.stage_states

    assert {states[number] for number in states if number < STAGE} == {"done"}
    assert states[STAGE] == OUTCOMES[name][0]
    assert {states[number] for number in states if number > STAGE} == {"pending"}


def test_the_same_data_is_judged_by_its_cause(rehearsed) -> None:
    """errors-new and errors-both: the same requests at the same gate, and only the side that fails differs."""
    sampled = [rehearsed(f"{name}@{STAGE}").of_kind("sampled") for name in ("errors-new", "errors-both")]
    step = sampled[0][-1]["step"]
    new, both = (next(h for h in found if h["step"] == step and h["state"] == "counting") for found in sampled)

    assert [new[side]["requests"] for side in ("old", "new")] == [both[side]["requests"] for side in ("old", "new")]
    assert new["new"]["bad"] == both["new"]["bad"] > 0
    assert new["old"]["bad"] < both["old"]["bad"]
    assert [found[-1]["verdict"] for found in sampled] == ["rollback", "freeze"]
    assert sampled[1][-1]["step"] == step


def test_blindness_and_silence_are_told_apart(rehearsed) -> None:
    """No data names the pods that are not scraped; no requests says that the traffic did not arrive."""
    blind, idle = (rehearsed(f"{name}@{STAGE}").ran.data["reason"] for name in ("blind", "idle"))

    assert "no data" in blind
    assert "0 of 2 pods are scraped" in blind
    assert "traffic did not arrive" in idle


def test_a_conflict_names_field_and_manager(rehearsed) -> None:
    """Somebody else's hand in mid-stage holds the run: object, field and field manager stand in the reason."""
    reason = rehearsed(f"conflict@{STAGE}").ran.data["reason"]

    assert "VirtualService shop/catalog" in reason
    assert "spec.http" in reason
    assert "kubectl-edit" in reason


@pytest.mark.parametrize("name", ["api-down", "kill"])
def test_a_broken_off_run_goes_on_and_repeats_nothing(rehearsed, name: str) -> None:
    """The journal is taken up again, in the struck stage, and no step begins, writes or ends twice."""
    broken, whole = rehearsed(f"{name}@{STAGE}"), rehearsed()
    again = [e for e in broken.events if e["happening"]["kind"] == "run_continued"]

    assert len(again) > len(whole.of_kind("run_continued"))
    for kind in ("step_started", "step_written", "step_done"):
        steps = Counter(happening["step"] for happening in broken.of_kind(kind))
        assert set(steps.values()) == {1}
        assert steps.keys() <= {happening["step"] for happening in whole.of_kind(kind)}


def test_throttling_is_waited_for_with_bounds(rehearsed) -> None:
    """429 costs time and nothing else: the same steps, no run broken off."""
    slow, whole = rehearsed(f"api-429@{STAGE}"), rehearsed()

    done = [sorted(h["step"] for h in run.of_kind("step_done")) for run in (slow, whole)]

    assert done[0] == done[1]
    assert len(slow.of_kind("run_continued")) == len(whole.of_kind("run_continued"))
    assert slow.events[-1]["at"]["ms"] > whole.events[-1]["at"]["ms"]


def test_a_pod_that_restarts_is_lost_and_the_journey_goes_on(rehearsed) -> None:
    """One of two App Mesh pods never becomes ready again: the other serves and is compared with; nothing is lost."""
    ran = rehearsed(f"pod-restart@{STAGE}").ran

    assert (ran.outcome, ran.data["requests"]["lost"]) == ("finished", 0)


def test_several_faults_at_once(rehearsed) -> None:
    """A throttled, killed run is still rolled back for the harm in a later stage."""
    ran = rehearsed("api-429@3", "kill@3", "errors-new@4").ran

    assert (ran.outcome, ran.exit) == ("rolled_back", 4)
    assert not [found for found in ran.document["findings"] if found["code"] == "MIG643"]


@pytest.mark.parametrize(
    ("fault", "code"), [("error-new@4", "MIG640"), ("blind", "MIG641"), ("blind@x", "MIG641"), ("blind@9", "MIG642")]
)
def test_a_wrong_fault_is_refused(rehearsed, fault: str, code: str) -> None:
    """An unknown name, no stage, a stage that is not there."""
    ran = rehearsed(fault).ran

    assert (ran.outcome, ran.exit) == ("refused", 1)
    assert code in ran.codes


def test_a_fault_that_hits_nothing_is_told(rehearsed) -> None:
    """A rehearsal proves nothing about a fault that had nothing to break."""
    ran = rehearsed("blind@1").ran

    assert ran.outcome == "finished"
    assert "MIG643" in [found["code"] for found in ran.document["findings"]]


def test_a_fault_of_the_traffic_hits_nothing_where_no_gate_judges(rehearsed) -> None:
    """Pods that moved earlier fail in the last stage as well, and nothing there looks at them."""
    ran = rehearsed("errors-new@6").ran

    assert ran.outcome == "finished"
    assert "MIG643" in [found["code"] for found in ran.document["findings"]]


def test_the_summary_of_a_rolled_back_rehearsal_says_why(tmp_path) -> None:
    """The unit, and what the gate saw."""
    ran = meshmig("rehearse", "--fault", f"errors-new@{STAGE}", cwd=example("shop", tmp_path).parent)

    assert "rolled back" in ran.stdout
    assert "went back: the new side is worse" in ran.stdout.splitlines()[-1]
