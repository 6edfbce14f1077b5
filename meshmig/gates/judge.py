"""The judge: every tick of counts becomes a verdict with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from meshmig.gates.accounts import Account, Tick, harm_account, safe_account
from meshmig.gates.query import Counts
from meshmig.model.intent import AbsoluteRequirement, Gate, Measure, QueryRequirement, RelativeRequirement
from meshmig.model.plan import JudgeMode
from meshmig.model.run import DataState, Verdict
from meshmig.model.units import Duration

SUSPICION = 3.0
"""Harm's odds below which a pass is believable."""
_FEW = 50
"""Requests of a side below which its share of bad ones says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a gate is asked, and what it has seen so far: the counts of the last tick and one account pair a measure."""

    gate: Gate
    mode: JudgeMode
    has_old: bool
    first: tuple[Counts, Counts] | None = None
    last: tuple[Counts, Counts] | None = None
    harm: tuple[Account, ...] = ()
    safe: tuple[Account, ...] = ()

    @property
    def thresholds(self) -> tuple[Duration, ...]:
        """The latency bounds that the gate's requirements name."""
        return tuple(dict.fromkeys(r.threshold for r in _measured(self.gate) if r.threshold is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict with what it rests on; `asked` goes on to the next tick."""

    asked: Asked
    verdict: Verdict
    state: DataState
    reason: str
    old: Counts
    new: Counts
    harm: float = 1.0
    safe: float = 1.0


def judge(asked: Asked, old: Counts, new: Counts) -> Judged:
    """Take one tick's absolute counts of both sides in and say what they mean."""
    if _blind(asked, old, new):
        return Judged(
            asked=asked, verdict=Verdict.FREEZE, state=DataState.BLIND, reason=_unseen(old, new), old=old, new=new
        )
    if asked.last is None or asked.first is None:
        begun = _begun(asked, old, new)
        return Judged(asked=begun, verdict=Verdict.HOLD, state=DataState.IDLE, reason="first look", old=old, new=new)
    grown = _bet(asked, old, new)
    harm = max((account.odds for account in grown.harm), default=1.0)
    safe = min((account.odds for account in grown.safe), default=asked.gate.safe_odds)
    verdict, reason = _verdict(grown, _since(asked.first, old, new), (harm, safe))
    counting = grown.last is not None and new.requests > asked.first[1].requests
    state = DataState.COUNTING if counting else DataState.IDLE
    since = _since(asked.first, old, new)
    return Judged(
        asked=grown, verdict=verdict, state=state, reason=reason, old=since[0], new=since[1], harm=harm, safe=safe
    )


def _measured(gate: Gate) -> Iterator[RelativeRequirement | AbsoluteRequirement]:
    """Yield what is counted request by request; a query is one number, and judged beside it."""
    return (r for r in gate.requirements if not isinstance(r, QueryRequirement))


def _blind(asked: Asked, old: Counts, new: Counts) -> bool:
    return new.seen < new.expected or new.expected == 0 or (asked.has_old and old.seen < old.expected)


def _unseen(old: Counts, new: Counts) -> str:
    sides = [f"{name} side: {c.seen} of {c.expected} pods are scraped" for name, c in (("old", old), ("new", new))]
    return f"no data ({'; '.join(sides)}): is their port scraped?"


def _begun(asked: Asked, old: Counts, new: Counts) -> Asked:
    relative = [r for r in asked.gate.requirements if isinstance(r, RelativeRequirement)]
    return replace(
        asked,
        first=(old, new),
        last=(old, new),
        harm=tuple(harm_account(r.ratio, r.slack.ratio) for r in relative),
        safe=tuple(safe_account(r.ratio, r.slack.ratio) for r in relative),
    )


def _bet(asked: Asked, old: Counts, new: Counts) -> Asked:
    before = asked.last
    if before is None:
        return asked
    relative = [r for r in asked.gate.requirements if isinstance(r, RelativeRequirement)]
    ticks = [
        Tick(
            new_requests=max(0, new.requests - before[1].requests),
            new_bad=max(0, _bad(r, new) - _bad(r, before[1])),
            old_requests=max(0, old.requests - before[0].requests),
            old_bad=max(0, _bad(r, old) - _bad(r, before[0])),
        )
        for r in relative
    ]
    return replace(
        asked,
        last=(old, new),
        harm=tuple(account.after(tick) for account, tick in zip(asked.harm, ticks, strict=True)),
        safe=tuple(account.after(tick) for account, tick in zip(asked.safe, ticks, strict=True)),
    )


def _bad(requirement: RelativeRequirement | AbsoluteRequirement, side: Counts) -> int:
    if requirement.measure is Measure.SLOWER_THAN and requirement.threshold is not None:
        return side.slower(requirement.threshold)
    return side.errors


def _since(first: tuple[Counts, Counts], old: Counts, new: Counts) -> tuple[Counts, Counts]:
    return (_less(old, first[0]), _less(new, first[1]))


def _less(now: Counts, then: Counts) -> Counts:
    slow = tuple((threshold, max(0, count - dict(then.slow).get(threshold, 0))) for threshold, count in now.slow)
    return replace(
        now, requests=max(0, now.requests - then.requests), errors=max(0, now.errors - then.errors), slow=slow
    )


def _verdict(asked: Asked, since: tuple[Counts, Counts], odds: tuple[float, float]) -> tuple[Verdict, str]:
    old, new = since
    harm, safe = odds
    gate = asked.gate
    if asked.mode is JudgeMode.UNCALLED and new.requests == 0:
        return Verdict.PASS, "not judged: nobody calls, every pod is scraped"
    broken = _broken(gate, new)
    both = bool(broken) and asked.has_old and bool(_broken(gate, old))
    if harm >= gate.harm_odds and not both:
        return Verdict.ROLLBACK, f"the new side is worse: {harm:.0f}:1, {_figures(old, new)}"
    if broken and (both or new.requests >= gate.advance_after):
        why = "and so is the old side: nobody's rollback" if both else "without evidence against the new side alone"
        return Verdict.FREEZE, f"{broken}, {why}: {_figures(old, new)}"
    if asked.mode is JudgeMode.FINISH and asked.has_old and old.requests:
        enough = safe >= gate.safe_odds and harm < SUSPICION
        return (
            Verdict.PASS if enough else Verdict.HOLD
        ), f"safe {safe:.2g}:1 of {gate.safe_odds:.0f}:1, {_figures(old, new)}"
    if new.requests >= gate.advance_after:
        return Verdict.PASS, f"unharmed after {new.requests} requests, {_figures(old, new)}"
    return Verdict.HOLD, f"{new.requests} of {gate.advance_after} requests, {_figures(old, new)}"


def _broken(gate: Gate, side: Counts) -> str:
    """Say which absolute requirement a side breaks, or empty."""
    if side.requests < _FEW:
        return ""
    for requirement in gate.requirements:
        if isinstance(requirement, AbsoluteRequirement):
            bad = _bad(requirement, side) / side.requests
            measured = 1 - bad if requirement.measure is Measure.SUCCESS_RATE else bad
            missed = measured < requirement.bound.ratio if requirement.at_least else measured > requirement.bound.ratio
            if missed:
                word = requirement.measure.value.replace("_", " ")
                return f"{word} is {measured:.2%} where {requirement.bound} is the bound"
    return ""


def _figures(old: Counts, new: Counts) -> str:
    return f"old {old.errors} of {old.requests} failed, new {new.errors} of {new.requests}"
