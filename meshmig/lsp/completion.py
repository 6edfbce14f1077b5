"""What may be written at a place: the words that the grammar takes there, and the names that are known."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from meshmig.language import tree
from meshmig.language.grammar import grammar
from meshmig.language.machine import Machine, params_of
from meshmig.language.parser import Parsed
from meshmig.language.recover import recover
from meshmig.language.report import Report
from meshmig.language.skipping import begins_item
from meshmig.language.tree import Extent, Token
from meshmig.language.words import meaning
from meshmig.lsp.knowledge import Knowledge
from meshmig.lsp.literals import literals
from meshmig.sources.appmesh.questions import WORDINGS

_UNFINISHED = frozenset({"PATH", "DOTTED", "QUANTITY", "RATE", "CLOCK", "TIME", "NAME"})
"""Literals that may go on where they end; so may a word."""

_SHOWN_SIGNS = frozenset({"<=", ">=", "==", "!=", "=", "..", "*", "+"})
_CLOSED = frozenset({"TEXT", "BAD_TEXT", "BAD_ESCAPE", "MANIFESTS", "BAD_MANIFESTS"})
"""Inside of these the language has nothing to say, except for teams."""

_MOST_STEPS = 400
"""A place behind more mistakes than this in one item is given up."""


class Sort(StrEnum):
    """What a candidate is, as an editor draws it."""

    WORD = "word"
    SIGN = "sign"
    NAME = "name"
    WORKLOAD = "workload"
    LITERAL = "literal"
    CODE = "code"
    CHOICE = "choice"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that may stand at the place, with a few words about it."""

    label: str
    sort: Sort
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The candidates, and the stretch of the text that one of them takes the place of."""

    at: Extent
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is known about the place of the cursor.

    `accepted` are the terminals that may come next; `last` is the token before, `statement` the word that began the
    statement under way, `begun` what stands of the token under way.
    """

    accepted: frozenset[str]
    last: Token | None
    statement: Token | None
    before: tuple[Token, ...]
    begun: str


def complete(parsed: Parsed, known: Knowledge, offset: int, codes: Sequence[tuple[str, str]]) -> Completion:
    """Return what may be written at an offset; `codes` are those that `allow` may name, with what each means."""
    under_way = _under_way(parsed, offset)
    start = under_way.start if under_way else offset
    at = Extent(start, max(offset, under_way.end if under_way else offset))
    if _in_comment(parsed, offset):
        return Completion(at=at, candidates=())
    if under_way is not None and under_way.type in _CLOSED:
        place = _place(parsed, start, "")
        inner = Extent(start + 1, at.end - (1 if under_way.type == "TEXT" else 0))
        return Completion(at=inner, candidates=tuple(_teams(parsed, place)) if "TEXT" in place.accepted else ())
    place = _place(parsed, start, parsed.source.text[start:offset])
    found = (*_names(place, known, codes), *_literals(place), *_words(place))
    return Completion(at=at, candidates=tuple(dict.fromkeys(found)))


def _under_way(parsed: Parsed, offset: int) -> Token | None:
    """Return the token that the cursor is in, or at the end of one that may go on."""
    index = bisect_left(parsed.tokens, offset, key=lambda token: token.start) - 1
    token = parsed.tokens[index] if index >= 0 else None
    if token is None or offset > token.end:
        return None
    unfinished = token.type in _UNFINISHED or token.text[:1].isalpha() or token.type in ("BAD_TEXT", "BAD_MANIFESTS")
    return token if offset < token.end or unfinished else None


def _in_comment(parsed: Parsed, offset: int) -> bool:
    index = bisect_left(parsed.comments, offset, key=lambda comment: comment.start) - 1
    comment = parsed.comments[index] if index >= 0 else None
    return comment is not None and parsed.source.line(comment.start) == parsed.source.line(offset)


def _place(parsed: Parsed, start: int, begun: str) -> Place:
    """Read the item that the place is in, up to the place, as the parser would: mistakes before it are mended."""
    end = bisect_left(parsed.tokens, start, key=lambda token: token.start)
    if not end:
        return Place(accepted=frozenset({"MIG"}), last=None, statement=None, before=(), begun=begun)
    whole = Machine(parsed.tokens, Report(parsed.source))
    first = next((index for index in range(end - 1, -1, -1) if _begins(whole, index)), 0)
    tokens = parsed.tokens[first:end] if first else _headless(parsed.tokens[:end])
    machine = Machine(tokens, Report(parsed.source), params_of(parsed.tokens))
    machine.begin()
    for _ in range(_MOST_STEPS):
        machine.run()
        if machine.at >= len(tokens):
            break
        recover(machine)
    return Place(
        accepted=_accepted(machine, parsed.tokens[:end]),
        last=parsed.tokens[end - 1],
        statement=machine.statement,
        before=tokens,
        begun=begun,
    )


def _accepted(machine: Machine, before: Sequence[Token]) -> frozenset[str]:
    """Return what may come next; behind a bare `mig` that is the version."""
    return frozenset({"QUANTITY"}) if [token.type for token in before] == ["MIG"] else machine.accepted()


def _begins(machine: Machine, index: int) -> bool:
    return begins_item(machine, index) and machine.report.source.column(machine.tokens[index].start) == 1


def _headless(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Return the tokens behind `mig 1`."""
    return tuple(tokens[2:] if tokens[0].type == "MIG" else tokens)


def _words(place: Place) -> Iterator[Candidate]:
    statement = place.statement.text if place.statement else ""
    spelling = grammar().spelling
    for word in sorted(spelling[type_] for type_ in place.accepted if type_ in spelling):
        if word[0].isalpha():
            detail = meaning(word, statement)
            yield Candidate(label="mig 1" if word == "mig" else word, sort=Sort.WORD, detail=detail)
        elif word in _SHOWN_SIGNS:
            yield Candidate(label=word, sort=Sort.SIGN)


def _literals(place: Place) -> Iterator[Candidate]:
    """Yield numbers with their units, as the place wants them."""
    last = place.last.type if place.last else ""
    statement = place.statement.text if place.statement else ""
    for text in literals(place.accepted, last, statement, place.begun):
        yield Candidate(label=text, sort=Sort.LITERAL)


def _names(place: Place, known: Knowledge, codes: Sequence[tuple[str, str]]) -> Iterator[Candidate]:
    if "PATH" in place.accepted and (place.statement is None or place.statement.type not in ("RUN", "ANSWER")):
        yield from _workloads(known)
    if "NAME" not in place.accepted or place.last is None:
        return
    statement = place.statement.type if place.statement else ""
    match place.last.type:
        case "USING":
            yield from _listed(known.profiles, "profile")
        case "CHECK":
            yield from _listed(known.gates, "gate")
        case "INTO":
            yield from _listed(known.mesh.namespaces if known.mesh else (), "namespace")
        case "ALLOW":
            yield from (Candidate(label=code, sort=Sort.CODE, detail=title) for code, title in codes)
        case "ANSWER":
            yield from (Candidate(label=each, sort=Sort.CHOICE, detail=asked.text) for each, asked in WORDINGS.items())
        case "IS" if statement == "ANSWER":
            asked = WORDINGS.get(place.before[-2].text) if len(place.before) > 1 else None
            yield from (Candidate(label=choice, sort=Sort.CHOICE) for choice in (asked.choices if asked else ()))
        case _:
            yield from _params(place, known)
            if "REST" in place.accepted:
                yield from _listed(known.groups, "group")


def _params(place: Place, known: Knowledge) -> Iterator[Candidate]:
    """Yield the params whose value may stand at the place."""
    for item in known.main.file.items if known.main.file else ():
        if isinstance(item, tree.Param) and item.value.type in place.accepted:
            yield Candidate(label=item.name.text, sort=Sort.NAME, detail=f"param, {item.value.text}")


def _workloads(known: Knowledge) -> Iterator[Candidate]:
    workloads = known.mesh.workloads if known.mesh else ()
    for namespace in sorted({workload.id.partition("/")[0] for workload in workloads}):
        count = sum(workload.id.startswith(f"{namespace}/") for workload in workloads)
        yield Candidate(label=f"{namespace}/*", sort=Sort.WORKLOAD, detail=f"{count} workloads")
    for workload in workloads:
        yield Candidate(label=workload.id, sort=Sort.WORKLOAD, detail=workload.ref.kind)


def _teams(parsed: Parsed, place: Place) -> Iterator[Candidate]:
    """Yield the teams that other approvals of the file name."""
    if place.last is None or place.last.type != "BY":
        return
    tokens = parsed.tokens
    teams = {after.inner for before, after in pairwise(tokens) if before.type == "BY" and after.type == "TEXT"}
    yield from (Candidate(label=team, sort=Sort.TEAM, detail="approves elsewhere") for team in sorted(teams - {""}))


def _listed(names: Iterable[str], what: str) -> Iterator[Candidate]:
    yield from (Candidate(label=name, sort=Sort.NAME, detail=what) for name in sorted(names))
