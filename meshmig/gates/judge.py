"""The judge: every tick of counts becomes a verdict with its reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from meshmig.gates.accounts import Bet, Tick, bet_on
from meshmig.gates.forecast import forecast_text, more_requests
from meshmig.gates.queries import Answer
from meshmig.gates.scrape import Scrape
from meshmig.gates.shares import Share
from meshmig.gates.tally import Bounds, Counts, Tally, common_bounds
from meshmig.model.intent import AbsoluteRequirement, Gate, Measure, QueryRequirement, RelativeRequirement
from meshmig.model.plan import Judge, JudgeMode
from meshmig.model.run import DataState, Verdict
from meshmig.model.units import Duration, Instant

SUSPICION = 3.0
"""Harm's odds below which a pass is believable."""
_WHOLE = 100
_MARKS_A_WINDOW = 10
"""How finely a window slides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Both sides' counts at a moment: the beginning of a window."""

    at: Instant
    old: Counts
    new: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a gate has seen so far; kept in the journal, so that a run that goes on asks no new question.

    `bets`: one a relative requirement, carried from step to step of a move. The rest is of one step: `bounds` are the
    latency bounds that both sides share, `marks` where windows may begin, `since` when the present state began;
    `old_in_no_mesh` where the old side's pods are plain ones, with which nothing can be compared.
    """

    bets: tuple[Bet, ...] = ()
    old: Tally | None = None
    new: Tally | None = None
    bounds: Bounds = ()
    at: Instant | None = None
    marks: tuple[Mark, ...] = ()
    state: DataState = DataState.IDLE
    since: Instant | None = None
    old_in_no_mesh: bool = False

    def for_next_step(self) -> "Evidence":
        """Return what a later step of the same move may build on."""
        return Evidence(bets=tuple(bet.afresh() for bet in self.bets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a gate is asked, and what it has seen so far.

    `has_old` where there is an old side to compare with; `is_dry` where that side is sent nothing any more.
    """

    gate: Gate
    mode: JudgeMode
    has_old: bool
    is_dry: bool = False
    evidence: Evidence = field(default_factory=Evidence)

    @classmethod
    def by(cls, asking: Judge, gate: Gate, evidence: Evidence) -> "Asked":
        """Return what a step of the plan asks a gate."""
        has_old = asking.old is not None
        is_dry = has_old and asking.percent_new == _WHOLE
        return cls(gate=gate, mode=asking.mode, has_old=has_old, is_dry=is_dry, evidence=evidence)

    @property
    def thresholds(self) -> tuple[Duration, ...]:
        """The latency bounds that the gate's requirements name."""
        return tuple(dict.fromkeys(r.threshold for r in _measured(self.gate) if r.threshold is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict with what it rests on; `asked` goes on to the next tick, `lasted` is how long the state has."""

    asked: Asked
    verdict: Verdict
    state: DataState
    reason: str
    lasted: Duration = Duration(0)
    old: Counts = field(default_factory=Counts)
    new: Counts = field(default_factory=Counts)
    harm: float = 1.0
    safe: float = 1.0


def judge(asked: Asked, old: Scrape, new: Scrape, at: Instant, answers: Sequence[Answer] = ()) -> Judged:
    """Take one reading of both sides in, and what the gate's own queries answered, and say what it means."""
    bounds = common_bounds(asked.thresholds, (old, new), asked.evidence.bounds)
    unseen = bounds if isinstance(bounds, str) else _unseen(asked, old, new) or _unanswered(answers)
    if isinstance(bounds, str) or unseen:
        return _seen(_blinded(asked, at), Verdict.FREEZE, unseen, at)
    evidence = asked.evidence
    if evidence.old is None or evidence.new is None:
        return _seen(replace(asked, evidence=_begun(asked, (old, new), bounds, at)), Verdict.HOLD, "first look", at)
    grown = _grown(asked, (old, new), bounds, at)
    verdict, reason = _verdict(grown, at)
    missed = next((answer for answer in answers if answer.is_missed), None)
    if missed is not None and verdict in (Verdict.PASS, Verdict.HOLD):
        return _seen(replace(grown, evidence=_counted(grown.evidence)), Verdict.FREEZE, f"{missed} is broken", at)
    return _seen(grown, verdict, reason, at)


def decide(asked: Asked, at: Instant) -> tuple[Verdict, str]:
    """Say again what evidence that was gathered before means: the same values give the same verdict."""
    evidence = asked.evidence
    if evidence.state is DataState.BLIND:
        return Verdict.FREEZE, "no data"
    if evidence.new is None or evidence.at == evidence.new.begun:
        return Verdict.HOLD, "first look"
    return _verdict(asked, at)


def _unanswered(answers: Sequence[Answer]) -> str:
    return next((f"no data ({answer})" for answer in answers if answer.problem), "")


def _counted(evidence: Evidence) -> Evidence:
    """A query that is answered is data, whoever calls."""
    return replace(evidence, state=DataState.COUNTING)


def _measured(gate: Gate) -> Iterator[RelativeRequirement | AbsoluteRequirement]:
    """Yield what is counted request by request; a query is one number, and judged beside it."""
    return (r for r in gate.requirements if not isinstance(r, QueryRequirement))


def _seen(asked: Asked, verdict: Verdict, reason: str, at: Instant) -> Judged:
    evidence = asked.evidence
    return Judged(
        asked=asked,
        verdict=verdict,
        state=evidence.state,
        reason=reason,
        lasted=at.since(evidence.since or at),
        old=evidence.old.counts if evidence.old else Counts(),
        new=evidence.new.counts if evidence.new else Counts(),
        harm=_harm(evidence),
        safe=_safe(evidence),
    )


def _harm(evidence: Evidence) -> float:
    return max((bet.harm.odds for bet in evidence.bets), default=1.0)


def _safe(evidence: Evidence) -> float:
    """The least proved requirement: a pass needs all of them."""
    return min((bet.safe.odds for bet in evidence.bets), default=1.0)


def _unseen(asked: Asked, old: Scrape, new: Scrape) -> str:
    """Say why a tick cannot be counted, or nothing."""
    sides = (("new", new), ("old", old)) if asked.has_old else (("new", new),)
    problems = [f"{name} side: {side.problem}" for name, side in sides if side.problem]
    if problems:
        return f"no data ({'; '.join(problems)})"
    if new.expected and all(len(side.pods) == side.expected for _, side in sides):
        return ""
    counted = [f"{name} side: {len(side.pods)} of {side.expected} pods are scraped" for name, side in sides]
    return f"no data ({'; '.join(reversed(counted))}): is their port scraped?"


def _blinded(asked: Asked, at: Instant) -> Asked:
    """The clocks stop and the evidence stays; what the counters gain meanwhile is one tick afterwards."""
    evidence = asked.evidence
    since = evidence.since if evidence.state is DataState.BLIND else at
    return replace(asked, evidence=replace(evidence, state=DataState.BLIND, since=since))


def _begun(asked: Asked, sides: tuple[Scrape, Scrape], bounds: Bounds, at: Instant) -> Evidence:
    old, new = (Tally(begun=at).after(side, bounds) for side in sides)
    bets = asked.evidence.bets or tuple(bet_on(r.ratio, r.slack.ratio) for r in _relative(asked.gate))
    marks = (Mark(at=at, old=old.counts, new=new.counts),)
    return Evidence(
        bets=bets,
        old=old,
        new=new,
        bounds=bounds,
        at=at,
        marks=marks,
        since=at,
        old_in_no_mesh=sides[0].in_no_mesh,
    )


def _relative(gate: Gate) -> tuple[RelativeRequirement, ...]:
    return tuple(r for r in gate.requirements if isinstance(r, RelativeRequirement))


def _absolute(gate: Gate) -> tuple[AbsoluteRequirement, ...]:
    return tuple(r for r in gate.requirements if isinstance(r, AbsoluteRequirement))


def _grown(asked: Asked, sides: tuple[Scrape, Scrape], bounds: Bounds, at: Instant) -> Asked:
    evidence = asked.evidence
    if evidence.old is None or evidence.new is None:
        return asked
    old, new = evidence.old.after(sides[0], bounds), evidence.new.after(sides[1], bounds)
    added = (old.counts.less(evidence.old.counts), new.counts.less(evidence.new.counts))
    length = at.since(evidence.at or at)
    bets = tuple(
        bet.after(_tick(requirement, added), length)
        for bet, requirement in zip(evidence.bets, _relative(asked.gate), strict=True)
    )
    state = DataState.COUNTING if added[1].requests else DataState.IDLE
    since = evidence.since if evidence.state is state else at
    marks = _marked(asked.gate, evidence.marks, Mark(at=at, old=old.counts, new=new.counts))
    grown = replace(evidence, bets=bets, old=old, new=new, bounds=bounds, at=at, marks=marks, state=state, since=since)
    return replace(asked, evidence=replace(grown, old_in_no_mesh=sides[0].in_no_mesh))


def _tick(requirement: RelativeRequirement, added: tuple[Counts, Counts]) -> Tick:
    old, new = added
    return Tick(new.requests, _bad(requirement, new), old.requests, _bad(requirement, old))


def _bad(requirement: RelativeRequirement | AbsoluteRequirement, side: Counts) -> int:
    if requirement.measure is Measure.SLOWER_THAN and requirement.threshold is not None:
        return side.slower(requirement.threshold)
    return side.errors


def _marked(gate: Gate, marks: tuple[Mark, ...], mark: Mark) -> tuple[Mark, ...]:
    """Add a mark where the last one lies far enough back, and drop what no window begins at any more."""
    windows = [requirement.window for requirement in _absolute(gate)]
    if not windows:
        return ()
    if marks and mark.at.since(marks[-1].at).ms * _MARKS_A_WINDOW < min(windows).ms:
        return marks
    older = [known for known in marks if mark.at.since(known.at) >= max(windows)]
    return (*older[-1:], *marks[len(older) :], mark)


def _verdict(asked: Asked, at: Instant) -> tuple[Verdict, str]:
    evidence, gate = asked.evidence, asked.gate
    old, new = _counts(evidence)
    figures = _figures(old, new)
    if asked.mode is JudgeMode.UNCALLED and not new.requests:
        return Verdict.PASS, "not judged: nobody calls, every pod is scraped"
    harm = _harm(evidence)
    if harm >= gate.harm_odds:
        return Verdict.ROLLBACK, f"the new side is worse: {harm:.3g}:1 of {gate.harm_odds:.0f}:1, {figures}"
    for requirement in _absolute(gate):
        found = _window(requirement, evidence, at)
        if found.new.is_broken:
            both = "and so is the old side: nobody's rollback" if found.old.is_broken else "not proved against it alone"
            return Verdict.FREEZE, f"{requirement_text(requirement)} is broken at {found.new}, {both}: {figures}"
        if found.new.is_missed:
            return Verdict.HOLD, f"{requirement_text(requirement)} is not kept: {found.new}, {figures}"
    if evidence.state is DataState.IDLE:
        return Verdict.HOLD, _idle(evidence, at)
    return _progress(asked, old, new)


def _counts(evidence: Evidence) -> tuple[Counts, Counts]:
    return (
        evidence.old.counts if evidence.old else Counts(),
        evidence.new.counts if evidence.new else Counts(),
    )


def _idle(evidence: Evidence, at: Instant) -> str:
    old, new = _counts(evidence)
    if not new.requests:
        return f"traffic did not arrive: {_figures(old, new)}: is it routed to the new side?"
    silent = at.since(evidence.since or at)
    return f"no more requests to the new side (for {silent}): {_figures(old, new)}: is it still called?"


def _progress(asked: Asked, old: Counts, new: Counts) -> tuple[Verdict, str]:
    """Nothing speaks against the new side: is there enough that speaks for it?"""
    gate, bets = asked.gate, asked.evidence.bets
    is_final = asked.mode is JudgeMode.FINISH
    is_enough = new.requests >= gate.advance_after
    proved, figures = _proved_text(asked), _figures(old, new)
    if _is_proved(asked) and (is_enough or is_final):
        return Verdict.PASS, f"{proved}, {figures}"
    if not is_enough and not is_final:
        return Verdict.HOLD, f"{new.requests} of {gate.advance_after} requests, {figures}"
    if old.requests and bets and not is_final:
        return Verdict.PASS, f"unharmed after {new.requests} requests, {figures}"
    alone = _alone(asked, old)
    if alone and is_enough:
        return Verdict.PASS, ", ".join(["not compared", alone, *([proved] if bets else []), figures])
    if bets and not old.requests and asked.evidence.old_in_no_mesh:
        remedy = f"give gate {gate.name} a requirement of the new side alone, as `require success_rate >= 99% over 5m`"
        return Verdict.FREEZE, f"nothing to compare with, {_why_alone(asked)}: {remedy}; {figures}"
    return Verdict.HOLD, f"{proved}, {_lacking(asked, old, new)}, {figures}"


def _is_proved(asked: Asked) -> bool:
    evidence = asked.evidence
    return bool(evidence.bets) and _safe(evidence) >= asked.gate.safe_odds and _harm(evidence) < SUSPICION


def _proved_text(asked: Asked) -> str:
    return f"proved {_safe(asked.evidence):.3g}:1 of {asked.gate.safe_odds:.0f}:1"


def _alone(asked: Asked, old: Counts) -> str:
    """Say on what a side passes that is compared with none, or nothing where it must not.

    Before the old side goes, it must be compared as long as both serve; where it is sent nothing any more,
    nobody can be waited for.
    """
    is_final, plain = asked.mode is JudgeMode.FINISH, asked.evidence.old_in_no_mesh
    comparable = asked.has_old and not asked.is_dry and not plain
    if asked.evidence.bets and comparable and (old.requests or is_final):
        return ""
    bounds = [requirement_text(r) for r in asked.gate.requirements if not isinstance(r, RelativeRequirement)]
    if bounds:
        return f"{_why_alone(asked)}: {'; '.join(bounds)} is kept"
    return f"{_why_alone(asked)}: unharmed" if asked.is_dry and not is_final and not plain else ""


def _lacking(asked: Asked, old: Counts, new: Counts) -> str:
    """Say what a proof still needs."""
    evidence, gate = asked.evidence, asked.gate
    if asked.is_dry or not asked.has_old:
        return "no old side to compare with"
    ticks = [_tick(requirement, (old, new)) for requirement in _relative(gate)]
    needed = more_requests(evidence.bets, ticks, gate.safe_odds)
    if needed is None:
        return "at the present figures never proved"
    if not needed:
        return f"harm {_harm(evidence):.3g}:1 is not below {SUSPICION:.0f}:1"
    begun = evidence.new.begun if evidence.new else None
    during = evidence.at.since(begun) if evidence.at and begun else Duration(0)
    return forecast_text(needed, new.requests, during)


def _why_alone(asked: Asked) -> str:
    if not _relative(asked.gate):
        return "the gate compares nothing"
    if asked.evidence.old_in_no_mesh:
        return "the old pods are in no mesh"
    return "no old side to compare with" if asked.is_dry or not asked.has_old else "the old side has no requests"


@dataclass(frozen=True, slots=True)
class Window:
    """Both sides in one requirement's window."""

    old: Share
    new: Share


def _window(requirement: AbsoluteRequirement, evidence: Evidence, at: Instant) -> Window:
    begins = _beginning(evidence.marks, requirement.window, at)
    old, new = _counts(evidence)
    allowed = 1 - requirement.bound.ratio if requirement.at_least else requirement.bound.ratio
    sides = ((old, begins.old), (new, begins.new)) if begins else ()
    shares = [Share(_bad(requirement, now.less(then)), now.less(then).requests, allowed) for now, then in sides]
    return Window(*shares) if shares else Window(Share(0, 0, allowed), Share(0, 0, allowed))


def _beginning(marks: Sequence[Mark], window: Duration, at: Instant) -> Mark | None:
    """The newest mark that lies a whole window back; the first one where the window is not full yet."""
    whole = [mark for mark in marks if at.since(mark.at) >= window]
    return whole[-1] if whole else marks[0] if marks else None


def requirement_text(requirement: AbsoluteRequirement | QueryRequirement) -> str:
    """Write an absolute requirement as the file does."""
    if isinstance(requirement, QueryRequirement):
        return f"query {requirement.query} {'>=' if requirement.at_least else '<='} {requirement.bound_text}"
    word = requirement.measure.value + (f" {requirement.threshold}" if requirement.threshold else "")
    return f"{word} {'>=' if requirement.at_least else '<='} {requirement.bound} over {requirement.window}"


def _figures(old: Counts, new: Counts) -> str:
    return f"old {old.errors} of {old.requests} failed, new {new.errors} of {new.requests}"
