"""Looking at a begun step: is it done, does it wait, must the run hold, or the unit go back?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meshmig.execution.conditions import failed, holds
from meshmig.execution.judging import Judging
from meshmig.execution.state import RunState
from meshmig.gates import Asked, Counts, Judged
from meshmig.model.intent import Gate, OnFailure
from meshmig.model.objects import Json
from meshmig.model.plan import Bake, Confirm, JobComplete, Judge, JudgeMode, Pause, Plan, Step
from meshmig.model.run import (
    DataState,
    Happening,
    Sampled,
    SideCount,
    StageUndoing,
    StepDone,
    StepHeld,
    StepUndone,
    StepWaiting,
    UnitFailing,
    Verdict,
)
from meshmig.model.units import Duration, Instant
from meshmig.ports import Clock, Cluster

_PATIENCE = Duration.of(hours=24)
"""How long a gate that sees requests may collect them before the next step; grammar/words.md names it at `advance`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is looked with: the plan, the cluster, the time."""

    plan: Plan
    cluster: Cluster
    clock: Clock


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen, as events to record; empty: not done yet."""

    happenings: tuple[Happening, ...] = ()


def look(run: View, state: RunState, judging: Judging, step: Step) -> Looked:
    """See whether a begun step is done."""
    now = run.clock.now()
    match step.action:
        case Bake(length=length) | Pause(length=length):
            passed = now.since(state.started[step.id])
            return Looked((StepDone(step=step.id),) if passed >= length else ())
        case Confirm() as confirm:
            if step.id in state.approved:
                return Looked((StepDone(step=step.id),))
            return Looked((StepWaiting(step=step.id, reason=f"{confirm.team} must approve {confirm.reason}"),))
        case Judge() as asking:
            return Looked(tuple(_judge(run, state, judging, step, asking)))
        case _:
            return Looked(tuple(_conditions(run, state, step, now)))


def _conditions(run: View, state: RunState, step: Step, now: Instant) -> Iterator[Happening]:
    missing = next((text for condition in step.waits if (text := holds(run.cluster, condition))), "")
    over = now.since(state.started[step.id]) >= step.deadline
    reason = f"not done within {step.deadline}: {missing}" if over else missing
    job = next((condition for condition in step.waits if isinstance(condition, JobComplete)), None)
    if not missing:
        yield StepDone(step=step.id)
    elif job is not None and (over or failed(run.cluster, job)):
        yield from _job_failed(step, job, reason)
    elif over:
        yield StepHeld(step=step.id, reason=reason)


def _job_failed(step: Step, job: JobComplete, reason: str) -> Iterator[Happening]:
    """Take the stage back, or hold it; then the failed Job stays to be looked at till the step is tried again."""
    if job.on_failure is OnFailure.ROLLBACK:
        yield StageUndoing(stage=step.stage, reason=reason)
    else:
        yield StepHeld(step=step.id, reason=reason)
        yield StepUndone(step=step.id)


def _judge(run: View, state: RunState, judging: Judging, step: Step, asking: Judge) -> Iterator[Happening]:
    now = run.clock.now()
    if judging.metrics is None:
        yield StepHeld(step=step.id, reason="no metrics: the file names no Prometheus, so the gate cannot judge")
        return
    if not judging.is_due(step.id, now):
        return
    judged = judging.tick(step, asking, judging.metrics, now)
    if judging.is_news(step.id, judged, now):
        yield _sampled(step, judged, judging.note(step.id, judged, now))
    gate = run.plan.gate(asking.gate)
    match judged.verdict:
        case Verdict.PASS:
            yield StepDone(step=step.id)
        case Verdict.ROLLBACK if asking.on_failure is OnFailure.ROLLBACK and step.unit:
            yield UnitFailing(unit=step.unit, step=step.id, reason=judged.reason)
        case Verdict.ROLLBACK:
            yield StepHeld(step=step.id, reason=judged.reason)
        case _:
            collecting = now.since(state.resumed.get(step.id, state.started[step.id]))
            yield from _patience(step, judged, gate, collecting)


def _patience(step: Step, judged: Judged, gate: Gate, collecting: Duration) -> Iterator[Happening]:
    """What is neither harm nor a pass is waited for, as long as the file says."""
    is_final = judged.asked.mode is JudgeMode.FINISH
    limit = (gate.finish_within if is_final else None) or _PATIENCE
    if judged.verdict is Verdict.FREEZE and judged.state is not DataState.BLIND:
        yield StepHeld(step=step.id, reason=judged.reason)
    elif judged.state is not DataState.COUNTING and judged.lasted >= gate.no_data_wait:
        yield StepHeld(step=step.id, reason=f"{judged.reason} (for {gate.no_data_wait})")
    elif collecting >= limit:
        found = f"not {'proved' if is_final else 'decided'} within {limit}: {judged.reason}"
        yield StepHeld(step=step.id, reason=f"{found}; {_remedy(judged.asked)}")


def _remedy(asked: Asked) -> str:
    if asked.mode is not JudgeMode.FINISH:
        return "`apply` waits as long again; fewer requests in the gate's `advance` need less"
    if asked.is_dry:
        return "let both sides serve at a step below 100 %, or give the gate an absolute bound"
    return "`apply` collects as long again; more traffic, or a longer `finish … within`, lets it be proved"


def _sampled(step: Step, judged: Judged, account: Mapping[str, Json]) -> Sampled:
    return Sampled(
        step=step.id,
        state=judged.state,
        old=_side(judged.old),
        new=_side(judged.new),
        harm=round(judged.harm, 4),
        safe=round(judged.safe, 4),
        verdict=judged.verdict,
        reason=judged.reason,
        account=account,
    )


def _side(side: Counts) -> SideCount:
    return SideCount(requests=side.requests, bad=side.errors, seen=side.seen, expected=side.expected)
