"""Two runs at once, and a run that is asked to stop: nothing is written twice, nothing is lost."""

import json
import signal
import subprocess
import time

from tests.program import PROGRAM, example, meshmig


def _started(folder, *arguments: str) -> subprocess.Popen[str]:
    command = [str(PROGRAM), *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _begun(folder) -> None:
    """Wait until a run has written its first events."""
    for _ in range(600):
        if (folder / "events").exists() and (folder / "events").read_text().count("\n") > 5:
            return
        time.sleep(0.05)
    raise AssertionError("the first run never began")


def test_a_second_run_over_the_same_folder_is_locked_out(tmp_path) -> None:
    """Of two runs one writes; the other says who holds the folder, exit 6."""
    example("shop", tmp_path)
    first = _started(tmp_path, "apply", "--yes", "--events", "events")
    _begun(tmp_path)
    first.send_signal(signal.SIGSTOP)

    second = meshmig("apply", "--yes", "--json", cwd=tmp_path)
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=120)

    assert (second.exit, second.outcome) == (6, "locked")
    assert str(first.pid) in second.document["findings"][0]["message"]
    assert meshmig("apply", "--yes", "--json", cwd=tmp_path).outcome == "finished"


def test_a_killed_process_leaves_no_lock(tmp_path) -> None:
    """SIGKILL in the middle of a run: the next one goes on at once and finishes."""
    example("shop", tmp_path)
    first = _started(tmp_path, "apply", "--yes", "--events", "events")
    _begun(tmp_path)
    first.kill()
    first.communicate(timeout=30)

    again = meshmig("apply", "--yes", "--json", cwd=tmp_path)

    assert again.outcome == "finished"


def test_ctrl_c_stops_between_writes_and_says_how_to_go_on(tmp_path) -> None:
    """One signal: exit 5, a declared position, the command that goes on; running it finishes."""
    example("shop", tmp_path)
    first = _started(tmp_path, "apply", "--yes", "--json", "--events", "events")
    _begun(tmp_path)
    first.send_signal(signal.SIGINT)
    printed, _ = first.communicate(timeout=60)

    document = json.loads(printed)
    assert (first.returncode, document["outcome"]) == (5, "waiting")
    assert document["data"]["next_command"].startswith("meshmig apply shop.mig --stage")
    assert meshmig("apply", "--yes", "--json", cwd=tmp_path).outcome == "finished"


def test_a_stage_is_not_begun_before_the_ones_it_stands_on(tmp_path) -> None:
    """`--stage 2` alone never writes what stage 1 says."""
    example("shop", tmp_path)

    ran = meshmig("apply", "--stage", "2", "--yes", "--json", cwd=tmp_path)

    assert (ran.outcome, ran.codes) == ("refused", ["MIG527"])
    assert ran.document["findings"][0]["help"].startswith("first: meshmig apply --stage 1")


def test_a_lock_is_shown_and_broken_wherever_the_file_stands(tmp_path) -> None:
    """The file may stand before or behind the reason; without a reason nothing is broken."""
    example("shop", tmp_path)
    meshmig("apply", "--stage", "1", "--yes", cwd=tmp_path)

    shown = meshmig("lock", "show", "--json", "shop.mig", cwd=tmp_path)
    behind = meshmig("lock", "break", "--because", "it died", "shop.mig", "--json", cwd=tmp_path)
    before = meshmig("lock", "break", "shop.mig", "--because", "it died", "--json", cwd=tmp_path)
    bare = meshmig("lock", "break", "shop.mig", "--json", cwd=tmp_path)

    assert (shown.outcome, behind.outcome, before.outcome) == ("ok", "ok", "ok")
    assert bare.codes == ["MIG008"]
