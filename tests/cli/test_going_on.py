"""After a rollback the way forward is open again: across processes, with App Mesh's control plane alive and gone."""

from pathlib import Path

import pytest

from tests.program import example, meshmig

ALIVE, GONE = "alive", "gone"


def _shop(folder: Path, control_plane: str) -> Path:
    """The worked shop with its first four stages done."""
    file = example("shop", folder)
    said = f'cluster  files "shop" {{ control_plane {control_plane} }}'
    file.write_text(file.read_text().replace('cluster  files "shop"', said))
    assert _apply(folder, 1, 2, 3, 4) == ["ok"] * 4
    return folder


def _apply(folder: Path, *stages: int) -> list[str]:
    return [meshmig("apply", "--stage", str(n), "--yes", "--json", cwd=folder).outcome for n in stages]


def _back(folder: Path, *stages: int) -> list[str]:
    return [meshmig("rollback", "--stage", str(n), "--yes", "--json", cwd=folder).outcome for n in stages]


@pytest.mark.parametrize("control_plane", [ALIVE, GONE])
def test_a_stage_that_was_taken_back_is_done_again_and_the_rest_after_it(tmp_path: Path, control_plane: str) -> None:
    """Back over drained pods once, then twice, and on to the end: no gate waits for requests that nobody counts."""
    folder = _shop(tmp_path, control_plane)

    assert _back(folder, 4) == ["ok"]
    assert _apply(folder, 4) == ["ok"]
    assert _back(folder, 4, 3) == ["ok", "ok"]
    assert _apply(folder, 3, 4, 5, 6) == ["ok", "ok", "ok", "finished"]


def test_a_gate_beside_plain_pods_says_that_it_compares_with_nobody(tmp_path: Path) -> None:
    """Once App Mesh is gone, what comes back is in no mesh: the gate goes on by its absolute bound, and says so."""
    folder = _shop(tmp_path, GONE)
    _back(folder, 4)

    log = meshmig("apply", "--stage", "4", "--yes", cwd=folder).stderr

    assert "not compared, the old pods are in no mesh: success_rate >= 98% over 5m is kept" in log


def test_a_run_that_goes_back_says_so(tmp_path: Path) -> None:
    """The first line of a rollback names the stage that goes back, not a step at which anything continues."""
    example("shop", tmp_path)
    _apply(tmp_path, 1)

    first, *_ = meshmig("rollback", "--stage", "1", "--yes", cwd=tmp_path).stderr.splitlines()

    assert first.startswith("taking stage 1 ground back (journal entry ")
