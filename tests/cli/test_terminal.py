"""At a terminal: the plan is shown before anybody is asked, a no writes nothing, and `--watch` ends by itself."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.program import PROGRAM, example, meshmig


def _at_a_terminal(folder: Path, answer: str, *arguments: str) -> tuple[int, str]:
    """Run the program with a terminal for its input, and type an answer."""
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    ran = subprocess.run(
        [str(PROGRAM), *arguments], cwd=folder, stdin=theirs, capture_output=True, text=True, check=False, timeout=120
    )
    os.close(ours)
    os.close(theirs)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(("answer", "exit_code", "state"), [("no\n", 1, []), ("yes\n", 0, ["done"])])
def test_apply_shows_the_plan_and_asks(answer: str, exit_code: int, state: list[str], tmp_path) -> None:
    """Who agrees has seen what; who does not, changes nothing."""
    example("shop", tmp_path)

    ended, printed = _at_a_terminal(tmp_path, answer, "apply", "--stage", "1")

    stages = meshmig("status", "--json", cwd=tmp_path).data["stages"]
    assert ended == exit_code
    assert "stage 1  ground · " in printed
    assert printed.index("digest") < printed.index("Only `yes` goes on")
    assert [stage["state"] for stage in stages[:1]] == state


def test_a_rollback_names_its_stage_and_what_cannot_come_back(tmp_path) -> None:
    """Who agrees to go back over the point of no return has read it; afterwards status says what stands there."""
    example("shop", tmp_path)
    meshmig("apply", "--stage", "1", "--yes", cwd=tmp_path)
    meshmig("apply", "--stage", "2", "--yes", cwd=tmp_path)

    refused, printed = _at_a_terminal(tmp_path, "no\n", "rollback")
    before = meshmig("status", cwd=tmp_path).stdout
    agreed, _ = _at_a_terminal(tmp_path, "yes\n", "rollback")
    after = meshmig("status", cwd=tmp_path).stdout

    assert (refused, agreed) == (1, 0)
    assert "stage 2  edge goes back, " in printed
    assert "old pods of shop/ingress go: App Mesh is gone: its pods cannot come back, only plain ones" in printed
    assert "shop/ingress     Istio 100 %" in before
    assert "shop/ingress     plain pods, no mesh" in after


def test_a_watched_status_ends_when_everything_is_done(tmp_path) -> None:
    """A finished migration has nothing to watch; with --json there is no watching at all."""
    example("stranded", tmp_path)
    text = (tmp_path / "stranded.mig").read_text().replace("using hasty", "using gentle")
    (tmp_path / "stranded.mig").write_text(text)
    meshmig("apply", "--yes", cwd=tmp_path)

    watched = meshmig("status", "--watch", cwd=tmp_path)
    refused = meshmig("status", "--watch", "--json", cwd=tmp_path)

    assert (watched.exit, watched.stdout.count("stages done")) == (0, 1)
    assert refused.codes == ["MIG007"]
