"""Leaving out what cannot be mended: one word, or a whole statement up to where the next one surely begins."""

from meshmig.language.machine import END, Machine
from meshmig.language.report import Mistake
from meshmig.language.tree import Extent, Token
from meshmig.language.wording import BLOCKS, DAYS, HOMES, ITEM_WORDS, LITERALS, QUANTITIES, TEXTS, TOP, listed, quoted

_ITEMS = frozenset(word.upper() for word in ITEM_WORDS)
_ORDER = {word: place for place, word in enumerate(word for words in HOMES.values() for word in words)}


def begins_item(machine: Machine, index: int) -> bool:
    """Say whether the token begins a line with a word of the top level."""
    if index >= len(machine.tokens):
        return False
    token = machine.tokens[index]
    return token.type in _ITEMS and machine.report.source.is_first(token.start)


def begins_next(machine: Machine, token: Token) -> bool:
    """Say whether the token begins the next statement, or closes the block, so that this one ends before it."""
    if token.type in ("RBRACE", END):
        return True
    known = token.type in machine.statement_words() or token.type in _ITEMS
    return known and machine.report.source.is_first(token.start)


def block_name(machine: Machine, outside: int = 0) -> str:
    """Return what the innermost open block is called, or the one so many outside of it."""
    return BLOCKS.get(machine.opener_word(outside), "this block") if len(machine.opens) > outside else TOP


def give_up(machine: Machine) -> bool:
    """Name what is wrong, and skip to the next statement."""
    token, first = machine.token, machine.statement
    whole = machine.is_complete or machine.is_boundary
    ends = begins_next(machine, token)
    machine.report.add(stranger(machine, token) if whole else _lacking(machine, token, ends=ends))
    before = machine.at
    machine.settle()
    if not ends or (whole and machine.at == before and not machine.fits(machine.token)):
        skip_statement(machine, token if whole or first is None else first)
    return True


def skip_statement(machine: Machine, first: Token) -> None:
    """Skip to a word that begins a statement, to the brace that closes the block, or to the next top-level word.

    In a statement that began its line such a word must begin its line too, and there any word that stands no further
    right will do. At least one token is skipped, or the braces of a whole block.
    """
    depth, begun = 0, machine.at
    anchored = machine.report.source.is_first(first.start)
    while machine.at < len(machine.tokens):
        token = machine.tokens[machine.at]
        if begins_item(machine, machine.at) and machine.at > begun and (not depth or _is_leftmost(machine, token)):
            return
        if not depth and machine.at > begun and _is_next(machine, token, first if anchored else None):
            return
        if not depth and token.type == "RBRACE":
            return
        depth += {"LBRACE": 1, "RBRACE": -1}.get(token.type, 0)
        machine.lost.add(token.text)
        machine.at += 1


def _is_leftmost(machine: Machine, token: Token) -> bool:
    return machine.report.source.column(token.start) == 1


def _is_next(machine: Machine, token: Token, anchor: Token | None) -> bool:
    if anchor is None:
        return machine.fits(token)
    source = machine.report.source
    if not source.is_first(token.start):
        return False
    aligned = token.text[:1].isalpha() and source.column(token.start) <= source.column(anchor.start)
    return aligned or machine.fits(token)


def stranger(machine: Machine, token: Token) -> Mistake:
    """No statement begins like this."""
    words = sorted((machine.spelled(type_) for type_ in machine.statement_words()), key=lambda w: _ORDER.get(w, 0))
    place = block_name(machine)
    text = f"{quoted(token.text)} is no word of {place}"
    if not token.text[:1].isalpha() and machine.previous is not None:
        text = f"{quoted(token.text)} does not belong here behind {quoted(machine.previous.text)}"
        return Mistake(code="MIG109", at=token.at, message=text, help="take it away", replacement="")
    return Mistake(
        code="MIG108", at=token.at, message=text, help=f"what may stand here: {listed([f'`{w}`' for w in words])}"
    )


def _lacking(machine: Machine, token: Token, *, ends: bool) -> Mistake:
    """The statement is not finished, and goes on with something else, or not at all."""
    last = machine.previous
    accepted = sorted(machine.expected() - {"RBRACE", END})
    wants = listed(sorted({named(machine, type_) for type_ in accepted}))
    behind = f"behind {quoted(last.text)}" if last else "here"
    if ends and last is not None:
        at = Extent(last.end, last.end)
        return Mistake(code="MIG109", at=at, message=f"{wants} is missing {behind}", help=f"write {wants} here")
    text = f"{quoted(token.text)} cannot stand {behind}"
    return Mistake(code="MIG109", at=token.at, message=text, help=f"what may stand here: {wants}")


def named(machine: Machine, type_: str) -> str:
    """Return how a message names what belongs at the next token's place."""
    word = machine.spelled(type_)
    if word:
        return "a day like `mon`" if word in DAYS else f"`{word}`"
    key = machine.statement.text if machine.statement else ""
    last = machine.previous.text if machine.previous else ""
    if type_ == "TEXT":
        return f"a text in quotes like `{TEXTS.get(last) or TEXTS.get(key) or TEXTS['by']}`"
    if type_ == "QUANTITY":
        return QUANTITIES.get(last) or QUANTITIES.get(key) or LITERALS[type_]
    return LITERALS[type_]
