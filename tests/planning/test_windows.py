"""`window` and `blackout`: writes start inside alone; what runs on goes on; virtual time passes till they open."""

from meshmig.cli.views.log_lines import LogLines
from meshmig.commands.rehearse import to_the_end
from meshmig.execution.calendar import shut, spoken
from meshmig.execution.decide import Scope
from meshmig.model.run import Event, Outcome, StepStarted
from meshmig.model.units import Duration
from tests.planning.shops import shop
from tests.program import example, meshmig
from tests.worlds import Heard, run_heard, world_of

OFFICE = 'window mon..thu 09:00..16:00 in "Europe/Berlin"'


def test_a_rehearsal_passes_the_time_and_starts_no_write_outside(tmp_path) -> None:
    """Every write of a whole journey begins inside the window."""
    planned = shop(tmp_path, OFFICE)
    heard = Heard([])
    carried = to_the_end(planned.plan, planned.world, heard)

    started = [e for e in heard.events if isinstance(e.happening, StepStarted)]
    writes = [e for e in started if planned.plan.step[e.happening.step].write is not None]
    assert carried.result.outcome is Outcome.FINISHED
    assert writes
    assert [e.number for e in writes if _shut(planned, e)] == []


def _shut(planned, event: Event) -> bool:
    stage = planned.plan.stage(int(event.happening.step.partition(".")[0]))
    assert stage is not None
    return bool(shut(planned.plan, stage, event.at)[0])


def test_a_run_outside_waits_and_says_till_when(tmp_path) -> None:
    """Nothing is written; the reason names the window and the moment."""
    planned = shop(tmp_path, 'blackout 2020-01-01T00:00Z..2040-01-01T00:00Z\nwindow sat 00:00..24:00 in "UTC"')
    result = planned.run(Scope(stage=1)).result

    assert (result.outcome, result.writes) == (Outcome.WAITING, 0)
    assert "blackout 2020-01-01T00:00Z..2040-01-01T00:00Z: writes may not start" in result.reason


def test_the_same_waiting_is_told_once_and_in_the_clocks_of_the_zone(tmp_path) -> None:
    """Several steps wait for one window: one sentence in the log, one in the summary, with the zone's own hour."""
    planned = shop(tmp_path, 'window tue 09:00..16:00 in "Europe/Berlin"')
    heard, written = Heard([]), []

    result = run_heard(planned.world, planned.plan, heard, Scope(stage=1)).result
    log = LogLines(written.append)
    log.begin(planned.plan, ())
    for event in heard.events:
        log.event(event)

    told = [line for line in written if "writes may not start till" in line]
    assert len(result.state.waiting) > 1
    assert len(told) == result.reason.count("writes may not start") == 1
    assert "till 2026-11-03T08:00Z (09:00 in Europe/Berlin)" in told[0]
    assert "wait: outside window" in result.reason


def test_a_way_back_is_never_shut(tmp_path) -> None:
    """Whoever must go back may, at any hour."""
    begun = spoken(world_of("shop").clock.now())
    planned = shop(tmp_path, f'window {begun}..{begun[:4]}-12-31T23:59Z\nblackout sat in "UTC"'.replace("sat", "sat"))
    planned.run(Scope(stage=1))
    planned.world.clock.wait(Duration.of(days=900))

    back = planned.run(Scope(stage=1, undo=True)).result

    assert back.outcome is Outcome.OK
    assert back.writes > 0


def test_the_program_ends_with_waiting_and_exit_5(tmp_path) -> None:
    """The contract's outcome; the plan shows the window, in text and in JSON."""
    file = example("shop", tmp_path)
    file.write_text(f'{file.read_text()}\nwindow 2090-01-01T00:00Z..2090-01-02T00:00Z\nblackout sat in "UTC"\n')
    applied = meshmig("apply", "--stage", "1", "--yes", "--json", cwd=tmp_path)
    planned = meshmig("plan", "--json", cwd=tmp_path)

    assert (applied.exit, applied.outcome) == (5, "waiting")
    assert [item["blackout"] for item in planned.data["terms"]["windows"]] == [False, True]
    assert "writes       never start sat in UTC" in meshmig("plan", cwd=tmp_path).stdout
