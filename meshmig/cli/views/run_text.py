"""A run, its status, a rollback, drift and the lock as a person reads them."""

from collections.abc import Iterator, Sequence

from meshmig.cli.views.fields import counted, value_text
from meshmig.commands.result import BackAhead, DriftShown, LockShown, Moved, RollbackShown, RunShown, StatusShown, Yes
from meshmig.model.run import StageState


def run_lines(run: RunShown) -> Iterator[str]:
    """Say where the run stands, what it counted, and what to do next."""
    done = sum(state is StageState.DONE for _, state in run.stages)
    yield (
        f"{run.name} · {done} of {len(run.stages)} stages done · digest {run.digest[:4]} {run.digest[4:8]} · "
        f"{counted(run.writes, 'write')}"
    )
    yield from _stage_lines(run)
    yield from _traffic_lines(run)
    yield from map(_yes_line, run.approvals)
    if run.requests is not None:
        causes = ", ".join(f"{count} {cause}" for cause, count in sorted(run.requests.by_cause.items()))
        yield (
            f"requests {run.requests.sent} sent in {run.requests.states} states, {run.requests.lost} lost"
            f"{': ' + causes if causes else ''}"
        )
        if run.requests.broken_before:
            yield f"{run.requests.broken_before} kinds of requests were lost before anything was done: not counted"
    if run.pods is not None:
        pods = run.pods
        yield f"pods {pods.before} in App Mesh before; {pods.istio} in Istio, {pods.appmesh} in App Mesh now"
    yield from moved_lines(run.moved)
    if run.reason:
        yield run.reason
    if run.next_command:
        yield f"Next: {run.next_command}"


def _stage_lines(run: RunShown) -> Iterator[str]:
    width = max((len(title) for title in run.titles), default=0)
    titles = run.titles or ("",) * len(run.stages)
    for (number, state), title in zip(run.stages, titles, strict=True):
        yield f"stage {number}  {title:<{width}}  {state.value.replace('_', ' ')}"


def _traffic_lines(run: RunShown) -> Iterator[str]:
    width = max((len(unit) for unit, _ in run.traffic), default=0)
    old = dict.fromkeys(run.plain, "plain pods, no mesh")
    for unit, percent in run.traffic:
        word = {0: old.get(unit, "old only"), 100: "Istio 100 %"}.get(percent, f"shifting {percent} %")
        yield f"{unit:<{width}}  {word}"


def _yes_line(yes: Yes) -> str:
    speaker = yes.by if yes.by == yes.team else f"{yes.by} for {yes.team}"
    return f"{'approved already' if yes.again else 'approved'}  {yes.step:<6}{yes.title}, by {speaker}: {yes.because}"


def moved_lines(moved: Sequence[Moved]) -> Iterator[str]:
    """Name every field that is not as planned, and its writer."""
    if moved:
        yield "the cluster moved since this plan"
    for item in moved:
        who = f"   by {item.manager}" if item.manager else ""
        yield f"  {item.object}   {item.path}   planned {value_text(item.planned)}, now {value_text(item.live)}{who}"


def status_lines(status: StatusShown) -> Iterator[str]:
    """Say where the migration stands, one line a unit."""
    run = status.run
    done = sum(state is StageState.DONE for _, state in run.stages)
    lock = f"held by {status.lock['holder']}" if status.lock.get("holder") else "free"
    digest = f"digest {run.digest[:4]} {run.digest[4:8]}"
    yield f"{run.name} · {done} of {len(run.stages)} stages done · {digest} · lock {lock}"
    yield from _stage_lines(run)
    yield from _traffic_lines(run)
    yield from map(_yes_line, run.approvals)
    yield f"journal {status.journal} entries"
    if run.reason:
        yield run.reason
    if run.next_command:
        yield f"Next: {run.next_command}"


def rollback_lines(back: RollbackShown) -> Iterator[str]:
    """Say what was restored, compensated, and what cannot be."""
    yield from (f"restored     {what}" for what in back.restored)
    yield from (f"compensated  {what}" for what in back.compensated)
    yield from (f"stays        {what}" for what in back.irreversible)
    yield from run_lines(back.run)


def back_ahead_lines(ahead: BackAhead) -> Iterator[str]:
    """Say which stage goes back, and what of it cannot."""
    yield f"stage {ahead.number}  {ahead.title} goes back, {ahead.steps} steps"
    yield from (f"cannot come back  {what}" for what in ahead.irreversible)


def drift_lines(drift: DriftShown) -> Iterator[str]:
    """List what others changed, or say that nobody did."""
    if not drift.moved:
        yield "no drift: every object is as it was last written"
    yield from moved_lines(drift.moved)


def lock_lines(lock: LockShown) -> Iterator[str]:
    """Say who holds the lock, or that nobody does."""
    holder = lock.lock.get("holder")
    if not holder:
        yield "the lock is free"
        return
    word = "broken; it was held" if lock.broken else "held"
    yield f"the lock is {word} by {holder}, token {lock.lock.get('token')}, for {lock.lock.get('age_seconds')} s"
