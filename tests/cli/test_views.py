"""What a person reads while a run goes on: the log lines and the live frame, over a real run's events."""

import pytest

from meshmig.cli.views.human import findings_text
from meshmig.cli.views.live import Watched, frame
from meshmig.cli.views.log_lines import LogLines
from meshmig.cli.views.plan_steps import stage_lines
from meshmig.cli.views.plan_text import least_time
from meshmig.commands.result import Result
from meshmig.diagnostics import Diagnostic, ObjectName, Severity
from meshmig.execution.decide import Scope
from meshmig.execution.state import fold
from meshmig.model.intent import Strategy
from meshmig.model.plan import Bake, Judge, Mechanism, Pause, Step, Unit
from meshmig.model.run import Outcome, StepStarted
from meshmig.model.units import Duration
from tests.program import example, meshmig
from tests.worlds import Heard, plan_of, run_heard, world_of


@pytest.fixture(scope="module")
def ran():
    """The shop's plan, and every event of its first two stages."""
    world = world_of("shop")
    plan, heard = plan_of(world, "shop"), Heard([])
    for stage in (1, 2):
        run_heard(world, plan, heard, Scope(stage=stage))
    return plan, heard.events


def _lines(plan, before, events) -> list[str]:
    written: list[str] = []
    log = LogLines(written.append)
    log.begin(plan, before)
    for event in events:
        log.event(event)
    return written


def test_every_line_names_its_step_by_title(ran) -> None:
    """A reader of the log needs no plan beside it."""
    plan, events = ran

    lines = _lines(plan, (), events)

    shifted = next(step for step in plan.stage(2).steps if step.action.kind == "shift")
    assert any(line.endswith(f"{shifted.id:<6}{shifted.title}") for line in lines)
    assert any("gate healthy on shop/ingress" in line and "passes" in line for line in lines)
    assert lines[-1].endswith("stage 2 edge done")


def test_a_refused_plan_names_no_next_apply(tmp_path) -> None:
    """It says that it is refused, and for how many errors."""
    file = example("shop", tmp_path)
    file.write_text(file.read_text().replace("protect  install", "run job shop/smoke within 5m  protect  install"))

    ran = meshmig("plan", cwd=tmp_path)

    assert ran.exit == 1
    assert "Refused: 1 error; mend, then: meshmig plan" in ran.stdout
    assert "meshmig apply" not in ran.stdout


def test_a_new_day_has_a_line_of_its_own(ran) -> None:
    """The old pods stay a day: the log says which day each moment belongs to."""
    plan, events = ran

    lines = _lines(plan, (), events)

    assert [line for line in lines if line.startswith("2026-")] == ["2026-11-02", "2026-11-03"]


def test_a_run_that_goes_on_says_where(ran) -> None:
    """The first line after a kill names the step and the journal's entry."""
    plan, events = ran
    cut = next(n for n, e in enumerate(events) if isinstance(e.happening, StepStarted) and e.happening.step == "2.4")

    lines = _lines(plan, events[: cut + 1], ())

    assert lines == [f"continuing at step 2.4 (journal entry {cut + 1}, nothing lost)"]


def _frame_at(ran, wanted: type) -> list[str]:
    plan, events = ran
    watched = Watched(plan=plan, state=fold(plan, ()))
    for event in events:
        watched.take(event)
        step = plan.step.get(getattr(event.happening, "step", ""))
        if isinstance(event.happening, StepStarted) and step is not None and isinstance(step.action, wanted):
            return list(frame(watched))
    raise AssertionError(f"no step with {wanted}")


def test_the_frame_says_what_a_unit_does_and_how_long(ran) -> None:
    """While it bakes: the shares of both sides and the time left."""
    head, unit = _frame_at(ran, Bake)

    assert "stage 2 edge" in head
    assert unit.startswith("shop/ingress  old 67 %, new 33 %")
    assert unit.endswith("20m left")


def test_the_frame_of_a_judged_unit_names_the_gate(ran) -> None:
    """While it is judged, its step is named."""
    _, unit, *_ = _frame_at(ran, Judge)

    assert unit.endswith("2.5 gate")


def test_a_finished_frame_has_no_step(ran) -> None:
    """Behind the last event of the stage the frame waits at the next one."""
    plan, events = ran
    watched = Watched(plan=plan, state=fold(plan, events))

    head, *_ = frame(watched)

    assert "stage 3 page" in head


def test_findings_alike_are_told_once() -> None:
    """Six workloads with one hazard are one message that names the others; -v shows each."""
    found = [
        Diagnostic(
            code="MIG401",
            severity=Severity.ERROR,
            message=f"shop/{name} moves in place",
            help="by copy",
            object=ObjectName(api_version="apps/v1", kind="Deployment", namespace="shop", name=name),
        )
        for name in "abcdef"
    ]
    result = Result(outcome=Outcome.REFUSED, findings=tuple(found))

    folded = findings_text(result)

    assert folded.count("MIG401") == 1
    assert "= 5 like it: Deployment shop/b, Deployment shop/c, Deployment shop/d and 2 more" in folded
    assert findings_text(result, verbose=True).count("error MIG401") == 6


def test_the_least_time_of_a_stage_is_its_longest_chain() -> None:
    """Two units that wait side by side wait once: the sum of all waits would be too long."""
    kept = Pause(length=Duration.of(hours=24), reason="the old pods stay")
    steps = [
        Step(id="1.1", stage=1, title="a", action=Bake(length=Duration.of(minutes=10))),
        Step(id="1.2", stage=1, title="b", action=kept, after=("1.1",)),
        Step(id="1.3", stage=1, title="c", action=kept, after=("1.1",)),
        Step(id="1.4", stage=1, title="d", action=Bake(length=Duration.of(minutes=5)), after=("1.3",)),
    ]

    assert least_time(steps) == Duration.of(hours=24, minutes=15).ms


def test_steps_between_waves_stand_between_the_waves() -> None:
    """What waits between two units is told between them, whoever it belongs to."""
    units = [
        Unit(id=name, stage=1, workloads=(name,), strategy=Strategy.CANARY, mechanisms=(Mechanism.ROLLOUT,))
        for name in ("shop/a", "shop/b")
    ]
    bake = Bake(length=Duration.of(minutes=1))
    steps = [
        Step(id="1.1", stage=1, title="a moves", action=bake, unit="shop/a"),
        Step(id="1.2", stage=1, title="wait 1h between waves", action=bake),
        Step(id="1.3", stage=1, title="b moves", action=Bake(length=Duration.of(minutes=2)), unit="shop/b"),
    ]

    lines = list(stage_lines(units, steps, verbose=False))

    told = [line for line in lines if line.lstrip().startswith(".")]
    assert [line.split("  ", 2)[-1].strip() for line in told] == ["a moves", "wait 1h between waves", "b moves"]
