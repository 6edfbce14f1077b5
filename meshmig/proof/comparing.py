"""Two tables of rules over one entry: every class of request with both outcomes, and where they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from meshmig.proof.languages import Prefix, rewritten
from meshmig.proof.model import (
    NOBODY,
    PATH,
    Cause,
    Entry,
    Forward,
    Outcome,
    PathChange,
    Refused,
    Rule,
    Table,
    Target,
)
from meshmig.proof.patterns import NotDecidableError
from meshmig.proof.spaces import Box, Piece, Space, first_matches, space_of


class Aspect(StrEnum):
    """In what two outcomes differ."""

    ARRIVAL = "arrival"
    """One side serves the request and the other does not, or leaves it unrouted."""
    DESTINATIONS = "destinations"
    TIMEOUT = "timeout"
    RETRIES = "retries"
    PATH = "path"
    HOST = "host"
    EXTRAS = "extras"


@dataclass(frozen=True, slots=True)
class Class:
    """One class of requests of an entry: a request of it, what both sides do, in what they differ.

    `request` maps attributes to values, an absent one to None; it is None itself where no concrete request could be
    named, because an expression is outside the regular languages: `undecided` then says which.
    """

    entry: Entry
    request: Mapping[str, str | None] | None
    before: Outcome
    after: Outcome
    aspects: tuple[Aspect, ...] = ()
    undecided: str = ""
    causes_before: tuple[Cause, ...] = ()
    causes_after: tuple[Cause, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether both sides were proved to treat the class alike."""
        return not self.aspects and not self.undecided


def compare(entry: Entry, before: Table, after: Table) -> tuple[Class, ...]:
    """Cut the requests of an entry into classes and compare what becomes of each; the classes are disjoint."""
    try:
        space = space_of((*before.rules, *after.rules))
    except NotDecidableError as error:
        return (Class(entry, None, Refused(), Refused(), undecided=str(error)),)
    olds = [(space.box(rule.conditions), rule) for rule in before.rules]
    news = [(space.box(rule.conditions), rule) for rule in after.rules]
    found: list[Class] = []
    for outer, old in first_matches(olds, space.whole):
        for inner, new in first_matches(news, outer):
            pair = (_or_refused(old, before), _or_refused(new, after))
            found += _classes(entry, space, inner, pair)
    return tuple(found)


def _or_refused(rule: Rule | None, table: Table) -> Rule:
    return rule if rule is not None else Rule((), Refused("no rule takes it"), table.causes)


def _classes(entry: Entry, space: Space, box: Box, pair: tuple[Rule, Rule]) -> Iterator[Class]:
    old, new = pair
    before, after = _settled(old.outcome), _settled(new.outcome)
    aspects = differing(before, after)
    for part, path in _by_path(space, box, before, after):
        request = space.witness(part)
        every = (*aspects, Aspect.PATH) if path == "differs" else aspects
        undecided = path if path not in ("", "differs") else ""
        if request is None and every:
            undecided = "an expression is outside the regular languages"
        yield Class(entry, request, before, after, every, undecided, old.causes, new.causes)


def _settled(outcome: Outcome) -> Outcome:
    """Requests sent to nobody are requests that nobody gets."""
    if isinstance(outcome, Forward) and outcome.shares and all(share.target == NOBODY for share in outcome.shares):
        return Refused("nobody is there")
    return outcome


def differing(before: Outcome, after: Outcome) -> tuple[Aspect, ...]:
    """Say in what two outcomes differ, the path aside."""
    if not (isinstance(before, Forward) and isinstance(after, Forward)):
        return () if type(before) is type(after) else (Aspect.ARRIVAL,)
    found = []
    if _parts(before) != _parts(after):
        found.append(Aspect.DESTINATIONS)
    elif before.shares != after.shares:
        found.append(Aspect.TIMEOUT)
    if before.retries != after.retries:
        found.append(Aspect.RETRIES)
    if before.authority != after.authority:
        found.append(Aspect.HOST)
    if before.extras != after.extras:
        found.append(Aspect.EXTRAS)
    return tuple(found)


def _parts(outcome: Forward) -> Mapping[Target, object]:
    found: dict[Target, object] = {}
    for share in outcome.shares:
        found[share.target] = share.part + (found.get(share.target) or 0)  # type: ignore[operator]
    return found


def _by_path(space: Space, box: Box, before: Outcome, after: Outcome) -> Iterator[tuple[Box, str]]:
    """Split a box by whether both sides make the same path of its paths: with nothing, `differs`, or why it is open."""
    if not (isinstance(before, Forward) and isinstance(after, Forward)) or before.path == after.path:
        yield box, ""
        return
    unknown = before.path.unknown or after.path.unknown
    if unknown:
        yield box, f"the rewrite {unknown} is not understood"
        return
    axis = space.attributes.index(PATH)
    same = other = 0
    for number, piece in enumerate(space.pieces[axis]):
        bit = 1 << number & box[axis]
        if _same_path(before.path, after.path, piece):
            same |= bit
        else:
            other |= bit
    for mask, word in ((same, ""), (other, "differs")):
        if mask:
            yield (*box[:axis], mask, *box[axis + 1 :]), word


def _same_path(before: PathChange, after: PathChange, piece: Piece) -> bool:
    """Whether both changes make the same of every path of a piece; each piece lies in or out of every prefix."""
    if piece.single:
        return _applied(before, piece.witness or "") == _applied(after, piece.witness or "")
    one, other = _effect(before, piece), _effect(after, piece)
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    (cut, put), (cut_other, put_other) = one, other
    if len(cut) < len(cut_other):
        return put + cut_other[len(cut) :] == put_other
    return put_other + cut[len(cut_other) :] == put


def _effect(change: PathChange, piece: Piece) -> str | tuple[str, str]:
    """The whole new path, or the prefix that is cut with the text put in its place."""
    if change.whole is not None:
        return change.whole
    return next(((p, to) for p, to in change.pieces if Prefix(p) in piece.inside), ("", ""))


def _applied(change: PathChange, path: str) -> str:
    return change.whole if change.whole is not None else rewritten(path, change.pieces)


def seen_path(outcome: Outcome, path: str) -> str:
    """Return the path that the workload sees."""
    return _applied(outcome.path, path) if isinstance(outcome, Forward) else path
