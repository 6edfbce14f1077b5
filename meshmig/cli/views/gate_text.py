"""A gate's look as a person reads it: what was counted, the arithmetic, what follows; and a whole run's looks."""

from collections.abc import Iterator, Mapping

from meshmig.cli.views.plan_text import gate_lines
from meshmig.commands.result import GateShown, ReplayShown, Seen
from meshmig.gates import Counts
from meshmig.model.intent import RelativeRequirement
from meshmig.model.objects import Json
from meshmig.model.run import Verdict

_MEANS = {
    Verdict.PASS: "the run goes on",
    Verdict.HOLD: "it goes on looking",
    Verdict.FREEZE: "it stands still, and pauses when it lasts",
    Verdict.ROLLBACK: "the unit goes back",
}


def gate_text(shown: GateShown) -> str:
    """Write a gate's look, with the arithmetic of each requirement where that was asked."""
    seen = shown.seen
    lines = [*_head(shown), *_sides(seen), *_requirements(seen, explain=shown.explain), *_verdict(shown)]
    if not shown.explain:
        lines.append("The arithmetic: --explain")
    return "\n".join(lines) + "\n"


def _head(shown: GateShown) -> Iterator[str]:
    when = "looked at just now" if shown.now else f"as of journal entry {shown.seen.number}"
    yield f"{shown.plan.migration}: step {shown.step.id} ({shown.state}) {shown.step.title}, {when}"
    yield from gate_lines(shown.seen.asked.gate)
    yield f"  asked to {shown.asking.mode.value} at {shown.asking.percent_new} %"


def _sides(seen: Seen) -> Iterator[str]:
    evidence = seen.asked.evidence
    for name, tally in (("old", evidence.old), ("new", evidence.new)):
        if tally is None:
            yield f"  {name}  not looked at"
        elif name == "new" or seen.asked.has_old:
            yield f"  {name}  {_counts(tally.counts)}"


def _counts(counts: Counts) -> str:
    slow = "".join(f", {number} slower than {ms} ms" for ms, number in counts.slow)
    pods = f"{counts.seen} of {counts.expected} pods scraped"
    return f"{counts.requests} requests, {counts.errors} failed{slow} · {pods}"


def _requirements(seen: Seen, *, explain: bool) -> Iterator[str]:
    gate = seen.asked.gate
    relative = [requirement for requirement in gate.requirements if isinstance(requirement, RelativeRequirement)]
    for requirement, bet in zip(relative, seen.asked.evidence.bets, strict=False):
        name = requirement.measure.value + (f" {requirement.threshold}" if requirement.threshold else "")
        yield (
            f"  {name}: harm {bet.harm.odds:.3g}:1 of {gate.harm_odds:.0f}:1, "
            f"safe {bet.safe.odds:.3g}:1 of {gate.safe_odds:.0f}:1"
        )
        if explain:
            allowed = f"old × {bet.harm.ratio:g} + {bet.harm.slack * 100:.3g} %"
            yield f"    harm bets that new > {allowed}, one account a size:"
            yield f"      sizes {_row(bet.harm.bets)} · {bet.harm.ticks} merged ticks"
            yield f"    safe bets that new ≤ old × {bet.safe.ratio:g} + {bet.safe.slack * 100:.3g} %:"
            yield f"      sizes {_row(bet.safe.bets)} · {bet.safe.ticks} merged ticks"
            waits = bet.pending
            yield f"    waiting for both sides: new {waits.new_requests}, old {waits.old_requests} requests"
    if explain:
        yield f"  goes on after {gate.advance_after} requests on the new side without harm"


def _row(numbers: tuple[float, ...]) -> str:
    return " ".join(f"{number:g}" for number in numbers)


def _verdict(shown: GateShown) -> Iterator[str]:
    seen = shown.seen
    yield f"verdict {seen.recorded.value}: {seen.recorded_reason} ({_MEANS[seen.recorded]})"
    if shown.now:
        yield "nothing was written: a run looks for itself"
    elif seen.again is None:
        yield "decided again: a query's answer, or plaintext, is not kept in the journal"
    elif seen.again is not seen.recorded:
        yield f"decided again: {seen.again.value}: {seen.reason}"
    else:
        yield "decided again: the same"


def replay_text(shown: ReplayShown, *, verbose: bool) -> str:
    """Write every look of a run, or without `verbose` those that differ, and the sum."""
    lines = [
        f"{seen.number:>5}  {seen.step}  {seen.recorded.value:<9} {seen.recorded_reason}"
        for seen in (shown.looks if verbose else shown.differing)
    ]
    lines += [f"       {seen.step}  now {seen.again.value}: {seen.reason}" for seen in shown.differing if seen.again]
    alone = sum(seen.again is None for seen in shown.looks)
    beside = f", {alone} not decided by counts alone" if alone else ""
    lines.append(
        f"{shown.name}: {shown.events} events, {len(shown.looks)} looks of gates decided again: "
        f"{len(shown.differing)} differ{beside}"
    )
    return "\n".join(lines) + "\n"


def look_data(seen: Seen) -> Mapping[str, Json]:
    """Return one look: counts, odds, and both verdicts."""
    evidence = seen.asked.evidence
    old, new = (tally.counts if tally else Counts() for tally in (evidence.old, evidence.new))
    return {
        "number": seen.number,
        "step": seen.step,
        "old": _side(old),
        "new": _side(new),
        "odds": [{"harm": bet.harm.odds, "safe": bet.safe.odds} for bet in evidence.bets],
        "limits": {"harm": seen.asked.gate.harm_odds, "safe": seen.asked.gate.safe_odds},
        "verdict": seen.recorded.value,
        "reason": seen.recorded_reason,
        "again": seen.again.value if seen.again else None,
    }


def _side(counts: Counts) -> Json:
    slow = {str(ms): number for ms, number in counts.slow}
    pods = {"seen": counts.seen, "expected": counts.expected}
    return {"requests": counts.requests, "errors": counts.errors, "slow": slow, "pods": pods}
