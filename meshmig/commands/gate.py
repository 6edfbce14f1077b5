"""`meshmig gate` and `meshmig replay`: what a gate sees and how it decides, now, and again from a recorded run."""

import json
from collections.abc import Iterator
from pathlib import Path

from meshmig.codec import from_json
from meshmig.commands.opening import Place, World, open_world, require_migration
from meshmig.commands.recorded import Recorded, read_recorded, recorded_plan
from meshmig.commands.result import GateShown, ReplayShown, Result, Seen
from meshmig.diagnostics import reject
from meshmig.execution.judging import Judging
from meshmig.execution.state import StepState
from meshmig.gates import Asked, Evidence, decide
from meshmig.model.intent import QueryRequirement
from meshmig.model.plan import Judge, JudgeMode, Plan, Step
from meshmig.model.run import Event, Outcome, Sampled

CODES: dict[str, str] = {
    "MIG761": "no gate has looked at anything yet",
    "MIG762": "a journal cannot be decided again",
}


def gate(file: str, place: Place, stage: int | None, *, explain: bool = False) -> Result:
    """Look through the gate of the step that is under way, now where metrics answer, else as it looked last.

    Nothing is written: the evidence of this look is not the run's.

    Raises:
        RejectedError: nothing was applied yet, or no gate of the stage has looked at anything.
    """
    migration, loaded = require_migration(file)
    world = open_world(migration, place, writes=False)
    recorded = read_recorded(world, migration.name)
    if recorded is None:
        raise reject("MIG522", f"no apply of {migration.name} was started", "begin with: meshmig apply --stage 1")
    event, sampled, step, asking = _newest(recorded, stage)
    state = recorded.state.step(step.id)
    fresh = look_now(recorded, world, step, asking) if state is not StepState.DONE else None
    shown = GateShown(
        plan=recorded.plan,
        step=step,
        asking=asking,
        seen=fresh or _seen(recorded.plan, event, sampled, asking),
        state=state,
        now=fresh is not None,
        explain=explain,
    )
    return Result(outcome=Outcome.OK, findings=loaded.findings, shown=shown, sources=loaded.sources)


def look_now(recorded: Recorded, world: World, step: Step, asking: Judge) -> Seen | None:
    """Take one look more than the journal holds; None where there is nobody to ask for metrics."""
    if world.metrics is None:
        return None
    judging = Judging(plan=recorded.plan, cluster=world.cluster, metrics=world.metrics, known=recorded.state.evidence)
    now = world.clock.now()
    judged = judging.tick(step, asking, world.metrics, now)
    return Seen(
        number=len(recorded.events),
        at=now,
        step=step.id,
        asked=judged.asked,
        recorded=judged.verdict,
        recorded_reason=judged.reason,
        again=judged.verdict,
        reason=judged.reason,
    )


def _newest(recorded: Recorded, stage: int | None) -> tuple[Event, Sampled, Step, Judge]:
    """The newest look of a gate: of a step that is under way, where there is one."""
    looks = [look for look in _looks(recorded.plan, recorded.events) if stage in (None, look[2].stage)]
    running = [look for look in looks if recorded.state.step(look[2].id) is not StepState.DONE]
    if not looks:
        where = f"stage {stage}" if stage is not None else "the run"
        text = f"no gate of {where} has looked at anything yet"
        raise reject("MIG761", text, "gates look after the first bake: meshmig status shows where the run stands")
    return (running or looks)[-1]


def _looks(plan: Plan, events: tuple[Event, ...]) -> Iterator[tuple[Event, Sampled, Step, Judge]]:
    for event in events:
        happening = event.happening
        step = plan.step.get(happening.step) if isinstance(happening, Sampled) else None
        if isinstance(happening, Sampled) and step is not None and isinstance(step.action, Judge):
            yield event, happening, step, step.action


def _seen(plan: Plan, event: Event, sampled: Sampled, asking: Judge) -> Seen:
    evidence = from_json(Evidence, dict(sampled.account), f"the evidence of journal entry {event.number}")
    asked = Asked.by(asking, plan.gate(asking.gate), evidence)
    verdict, reason = decide(asked, event.at)
    by_counts = asking.mode is not JudgeMode.PLAINTEXT and not _has_queries(asked)
    return Seen(
        number=event.number,
        at=event.at,
        step=sampled.step,
        asked=asked,
        recorded=sampled.verdict,
        recorded_reason=sampled.reason,
        again=verdict if by_counts else None,
        reason=reason,
    )


def _has_queries(asked: Asked) -> bool:
    """A query's answer is not kept, so a gate that asks one cannot be decided again from its counts alone."""
    return any(isinstance(requirement, QueryRequirement) for requirement in asked.gate.requirements)


def replay(journal: str) -> Result:
    """Decide every look of a recorded run again, from the evidence that its events hold; offline.

    Raises:
        RejectedError: the file cannot be read, is no events file, or begins after its plan.
    """
    events = _events(journal)
    plan = recorded_plan(events)
    if plan is None:
        text = f"{journal} holds no plan: it begins in the middle of a run"
        raise reject("MIG762", text, "put the events of the run's first `apply --events` before it")
    looks = tuple(_seen(plan, event, sampled, asking) for event, sampled, _, asking in _looks(plan, events))
    shown = ReplayShown(name=plan.migration, events=len(events), looks=looks)
    return Result(outcome=Outcome.OK if not shown.differing else Outcome.HELD, shown=shown)


def _events(journal: str) -> tuple[Event, ...]:
    try:
        lines = Path(journal).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise reject("MIG604", f"{journal} cannot be read: {error}", "name a file of `apply --events`") from error
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            data = json.loads(line)
        except ValueError as error:
            text = f"line {number} of {journal} is no JSON"
            raise reject("MIG762", text, "name a file that `apply --events PATH` wrote") from error
        found.append(from_json(Event, data, f"line {number} of {journal}"))
    return tuple(found)
