"""Mending one place: of all small changes, the one behind which most of the text fits, and of those the cheapest.

A change leaves the token out, takes it for something else, or puts something in before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from meshmig.language import skipping
from meshmig.language.grammar import STRAY_SIGNS
from meshmig.language.machine import END, Machine
from meshmig.language.report import Mistake
from meshmig.language.suggest import meant, nearest
from meshmig.language.tree import Extent, Token
from meshmig.language.wording import KINDS, LITERALS, listed, quoted

_SIGHT = 4
"""So many tokens behind the mended place are tried; a mended place must let half of them through."""

_INSERTIONS = 3
"""So much is put in at most: `advance 500 requests` lacks `when unharmed after`."""

_WHY = {
    "then": " No data is never a failure by itself: it holds, then asks",
    "slower_than": " Latency is judged as the share of slow requests: `slower_than 250ms <= old * 1.2 + 0.5%`",
    "or": " Conditions are joined by `and`; workloads that meet another one make a group of their own",
}
"""The reason behind a narrow choice, by the word before it or by the word itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """`before`: types put in. `taken`: the type the token is taken for; None leaves it out."""

    before: tuple[str, ...] = ()
    taken: str | None = None
    cost: int
    reach: int


def mend(machine: Machine) -> bool:
    """Make the best change, if one lets the parser go on, and tell it."""
    token = machine.token
    changes = [change for change in _changes(machine, token) if change.reach * 2 >= _SIGHT]
    best = min(
        changes, key=lambda change: (-change.reach, change.cost, change.before, change.taken or ""), default=None
    )
    if best is None:
        return False
    rivals = [c for c in changes if (c.reach, c.cost, len(c.before)) == (best.reach, best.cost, len(best.before))]
    if best.before:
        machine.report.add(_missing(machine, best, rivals))
        machine.insert(best.before)
        return True
    if best.taken is None:
        machine.report.add(_odd(machine, token))
        machine.lost.add(token.text)
    else:
        machine.report.add(_wrong(machine, token, best.taken))
        machine.feed(token._replace(type=best.taken))
    machine.at += 1
    return True


def _changes(machine: Machine, token: Token) -> Iterator[_Change]:
    if token.type not in STRAY_SIGNS:
        yield from _insertions(machine)
    if skipping.begins_next(machine, token) or token.type == "LBRACE":
        return
    yield _Change(cost=3, reach=machine.reach((), machine.at + 1, _SIGHT))
    for type_, cost in _replacements(machine, token):
        reach = machine.reach((type_,), machine.at + 1, _SIGHT)
        sure = reach >= 0 and meant(token.text.lower(), [machine.spelled(type_)])
        yield _Change(taken=type_, cost=cost, reach=max(reach, _SIGHT // 2) if sure else reach)


def _replacements(machine: Machine, token: Token) -> Iterator[tuple[str, int]]:
    """Yield what the token may be taken for, with how far-fetched that is."""
    accepted = machine.expected()
    words = {machine.spelled(type_): type_ for type_ in accepted if machine.spelled(type_)[:1].isalpha()}
    is_word = token.text[:1].isalpha() and token.type not in ("PATH", "DOTTED")
    near = nearest(token.text, words) if is_word else ""
    if near:
        yield words[near], 1
    begins = machine.statement_words()
    for type_ in sorted(accepted - {"RBRACE", "LBRACE", END}):
        if type_ in LITERALS:
            fitting = token.type in LITERALS or is_word or token.type in STRAY_SIGNS
            yield from [(type_, 2)] if fitting and type_ != END else []
        elif type_ not in begins and (is_word or token.type in STRAY_SIGNS):
            yield type_, 4


def _insertions(machine: Machine) -> Iterator[_Change]:
    """Yield the shortest runs of types after which the token fits; no statement is invented."""
    refused = machine.statement_words() | {"RBRACE", END}
    level: list[tuple[str, ...]] = [()]
    for _ in range(_INSERTIONS):
        level = [
            (*types, type_)
            for types in level
            if types[-1:] != ("LBRACE",)
            for type_ in sorted(machine.expected(*types) - refused)
        ]
        found = [types for types in level if machine.fits(machine.token, *types) and not _as_param(machine, types)]
        for types in found:
            reach = machine.reach(types, machine.at, _SIGHT + 1)
            if machine.expected() == set(types):
                reach = max(reach, _SIGHT // 2)
            yield _Change(before=types, cost=sum(_price(machine, type_) for type_ in types), reach=min(reach, _SIGHT))
        if found:
            return


def _as_param(machine: Machine, types: tuple[str, ...]) -> bool:
    """Say whether the token would fit only as the name of a param, which nobody would leave words out before."""
    return machine.token.type == "NAME" and "NAME" not in machine.expected(*types)


def _price(machine: Machine, type_: str) -> int:
    """A literal is dearer than a word, a sign dearer than a word."""
    if type_ in LITERALS:
        return 5
    return 1 if machine.spelled(type_)[:1].isalpha() else 2


def _missing(machine: Machine, best: _Change, rivals: list[_Change]) -> Mistake:
    """Tell what was put in; where several single words would do, each of them."""
    last = machine.previous
    end = last.end if last else 0
    phrase = " and ".join(skipping.named(machine, type_) for type_ in best.before).replace("` and `", " ")
    if len(best.before) == 1:
        phrase = listed(sorted({skipping.named(machine, change.before[0]) for change in rivals if change.before}))
    sure = len(rivals) == 1 and not any(type_ in LITERALS for type_ in best.before)
    words = " ".join(machine.spelled(type_) for type_ in best.before)
    return Mistake(
        code="MIG109",
        at=Extent(end, end),
        message=f"{phrase} {'are' if ' and ' in phrase else 'is'} missing behind {quoted(last.text if last else '')}",
        help=f"write {phrase} here",
        replacement=f" {words}" if sure else None,
    )


def _odd(machine: Machine, token: Token) -> Mistake:
    """Tell a token that was left out."""
    if (machine.is_complete or machine.is_boundary) and machine.report.source.is_first(token.start):
        return skipping.stranger(machine, token)
    behind = f" behind {quoted(machine.previous.text)}" if machine.previous else ""
    text = f"{quoted(token.text)} does not belong here{behind}"
    return Mistake(code="MIG109", at=token.at, message=text, help="take it away", replacement="")


def _wrong(machine: Machine, token: Token, taken: str) -> Mistake:
    """Tell a token that was taken for something else."""
    word = machine.spelled(taken)
    if not word:
        return _literal(machine, token, taken)
    if taken in machine.statement_words() or (machine.previous and machine.previous.type == "RBRACE"):
        message = f"{quoted(token.text)} is no word of {skipping.block_name(machine)}"
    else:
        message = (
            f"{quoted(token.text)} may not stand behind {quoted(machine.previous.text if machine.previous else '')}"
        )
    near = nearest(token.text, map(machine.spelled, machine.accepted()))
    accepted = sorted({skipping.named(machine, type_) for type_ in machine.expected() - machine.statement_words()})
    likely = nearest(token.text, [word]) == word or len(accepted) == 1
    help_text = f"did you mean `{word}`?" if likely else f"what may stand here: {listed(accepted)}"
    if not likely and near:
        help_text = f"did you mean `{near}`?"
    hint = _WHY.get(machine.previous.text if machine.previous else "", "") or _WHY.get(near or token.text, "")
    replacement = word if likely else None
    return Mistake(
        code="MIG108",
        at=token.at,
        message=message,
        help=f"{help_text}{'.' if hint and not help_text.endswith('?') else ''}{hint}",
        replacement=replacement,
    )


def _literal(machine: Machine, token: Token, wanted: str) -> Mistake:
    """Tell a literal of the wrong kind: quotes missing or too many, a word where a quantity belongs."""
    better, needs = _better(token, wanted), skipping.named(machine, wanted)
    code, message = "MIG109", f"{quoted(machine.previous.text if machine.previous else '')} needs {needs}"
    if wanted == "PATH" and token.type != "TEXT":
        what = "job" if machine.statement and machine.statement.type == "RUN" else "workload"
        code, message = "MIG215", f"{quoted(token.text)} names no {what}: its namespace is missing"
        needs = f"it with its namespace, like `shop/{token.text}`"
        if what == "workload":
            needs += f"; `{token.text}/*` is all of a namespace"
    return Mistake(
        code=code,
        at=token.at,
        message=message,
        mark=KINDS.get(token.type, "a word"),
        help=f"did you mean {quoted(better)}?" if better else f"write {needs}",
        replacement=better or None,
    )


def _better(token: Token, wanted: str) -> str:
    """Return the same literal with quotes put on; empty where that is not what is wrong."""
    return f'"{token.text}"' if wanted == "TEXT" else ""
