"""Going on after a mistake: name it, mend the smallest thing that lets the parser go on, else skip the statement.

Each repair looks at the token that does not fit and says whether it dealt with it; the first one that does wins, so
their order is the order of trust.
"""

from collections.abc import Callable
from dataclasses import replace

from meshmig.language import skipping
from meshmig.language.grammar import BAD_ESCAPE, BAD_MANIFESTS, BAD_TEXT, STRAY_SIGNS
from meshmig.language.habits import habit
from meshmig.language.machine import END, Machine
from meshmig.language.mending import mend
from meshmig.language.report import Mistake
from meshmig.language.signs import describe_sign
from meshmig.language.source import HIDDEN
from meshmig.language.tree import Extent
from meshmig.language.wording import HOME, HOMES, quoted, standing


def recover(machine: Machine) -> None:
    """Deal with the token that does not fit; afterwards the parser is further on, or fewer blocks are open."""
    report = machine.report
    report.quiet = _follows_bad(machine)
    for repair in _REPAIRS:
        if repair(machine):
            break
    report.quiet = False


def _follows_bad(machine: Machine) -> bool:
    """What stands behind a sign that means nothing, or a hidden one, lacks what the sign stands for."""
    token, last = machine.token, machine.previous
    if HIDDEN.fullmatch(machine.report.source.text[max(0, token.start - 1) : token.start]):
        return True
    return token.type not in STRAY_SIGNS and last is not None and last.type in STRAY_SIGNS


def _surplus_brace(machine: Machine) -> bool:
    """A `}` that closes a brace that was passed over is nobody's mistake."""
    if machine.token.type != "RBRACE" or machine.opens or not machine.surplus:
        return False
    machine.surplus -= 1
    machine.at += 1
    return True


def _stray_brace(machine: Machine) -> bool:
    token = machine.token
    if token.type == "RBRACE" and not machine.opens:
        machine.settle()
        text = "this `}` closes nothing: every block before it is closed"
        machine.report.add(Mistake(code="MIG111", at=token.at, message=text, help="take it away", replacement=""))
    elif token.type == "LBRACE" and machine.is_boundary:
        machine.surplus += 1
        text = "a block needs a word before its `{`"
        machine.report.add(Mistake(code="MIG111", at=token.at, message=text, help="take it away", replacement=""))
    else:
        return False
    machine.at += 1
    return True


def _unclosed(machine: Machine) -> bool:
    """A word of the top level at the left edge, or the end of the file, shows that a block was not closed."""
    token = machine.token
    if not machine.opens or not (token.type == END or skipping.begins_item(machine, machine.at)):
        return False
    source, opener = machine.report.source, machine.opener
    if token.type != END and source.column(token.start) > source.column(opener.start):
        return False
    brace = machine.tokens[machine.opens[-1]]
    if brace.text == ":":
        machine.close()
        return True
    place = brace if brace.type == "LBRACE" else opener
    where = "the file ends" if token.type == END else f"`{token.text}` begins in line {source.line(token.start)}"
    machine.report.add(
        Mistake(
            code="MIG110",
            at=place.at,
            message=f"the block of `{opener.text}` is not closed before {where}",
            mark="opened here",
            help="close it with `}`",
            others=() if token.type == END else (machine.report.label(token.at, "a `}` belongs before this"),),
        )
    )
    machine.close()
    return True


def _unclosed_settings(machine: Machine) -> bool:
    """A word of the block outside at the beginning of a line shows that the settings within were not closed."""
    token, opens = machine.token, machine.opens
    if len(opens) < 2 or not machine.report.source.is_first(token.start):  # noqa: PLR2004 - a block within a block
        return False
    inner, brace = machine.opener, machine.tokens[opens[-1]]
    outer = HOMES.get(skipping.block_name(machine, 1), ())
    if token.text not in outer or brace.type != "LBRACE" or not (machine.is_complete or machine.is_boundary):
        return False
    message = f"the settings of `{inner.text}` are not closed before `{token.text}` begins the next line"
    other = machine.report.label(token.at, "a `}` belongs before this")
    mistake = Mistake(code="MIG110", at=brace.at, message=message, mark="opened here", help="close them with `}`")
    machine.report.add(replace(mistake, others=(other,)))
    machine.close(1)
    return True


def _open_manifests(machine: Machine) -> bool:
    token = machine.token
    if token.type != BAD_MANIFESTS:
        return False
    machine.report.add(
        Mistake(
            code="MIG117",
            at=Extent(token.start, token.start + 1),
            message="these manifests do not end with a `}` at the beginning of a line",
            mark="opened here",
            help="put the manifests on lines of their own, indented, and the `}` at the left edge behind them",
        )
    )
    if machine.can("MANIFESTS"):
        machine.feed(token._replace(type="MANIFESTS"))
    machine.at += 1
    return True


def _missing_brace(machine: Machine) -> bool:
    """A word of the block that may follow, without the block's brace."""
    if not machine.can("LBRACE", machine.token.type) or machine.token.type == "RBRACE":
        return False
    last = machine.previous
    end = last.end if last else 0
    machine.report.add(
        Mistake(
            code="MIG109",
            at=Extent(end, end),
            message=f"`{{` is missing behind {quoted(last.text if last else '')}",
            help="write `{` here",
            replacement=" {",
        )
    )
    machine.insert(["LBRACE"])
    return True


def _elsewhere(machine: Machine) -> bool:
    """A known word, but of another block."""
    token = machine.token
    home = HOME.get(token.text)
    if home is None or token.type in ("TEXT", END) or not (machine.is_complete or machine.is_boundary):
        return False
    text = f"{quoted(token.text)} does not stand {standing(skipping.block_name(machine))}"
    machine.report.add(Mistake(code="MIG113", at=token.at, message=text, help=f"it stands {standing(home)}"))
    machine.settle()
    machine.at += 1
    skipping.skip_statement(machine, token)
    return True


def _comma(machine: Machine) -> bool:
    """A list that ends with a comma, or has two in a row."""
    last, token = machine.previous, machine.token
    if last is None or last.type != "COMMA" or machine.is_complete:
        return False
    if token.type == "COMMA":
        machine.at += 1
        place = token
    elif token.type in machine.statement_words() | {"RBRACE", END, "USING", "BY"}:
        machine.drop_last()
        place = last
    else:
        return False
    text = "nothing stands behind this comma"
    machine.report.add(Mistake(code="MIG114", at=place.at, message=text, help="take it away", replacement=""))
    return True


def _unended_text(machine: Machine) -> bool:
    token = machine.token
    if token.type == BAD_ESCAPE:
        text, help_text = 'a text knows only the escapes `\\"` and `\\\\`', "write the character itself"
        machine.report.add(Mistake(code="MIG107", at=token.at, message=text, help=help_text))
    elif token.type == BAD_TEXT:
        kept = token.text.rstrip()
        text = "this text does not end on its line"
        at = Extent(token.start, token.start + len(kept))
        machine.report.add(
            Mistake(code="MIG107", at=at, message=text, help='close it with `"`', replacement=f'{kept}"')
        )
    else:
        return False
    mended = token._replace(type="TEXT")
    if machine.can("TEXT"):
        machine.feed(mended)
    machine.at += 1
    return True


def _sign(machine: Machine) -> bool:
    """A sign that means nothing."""
    token = machine.token
    if token.type not in STRAY_SIGNS:
        return False
    opening = machine.starts[-1] if machine.starts else 0
    if token.type == "RSQB" and any(earlier.type == "LSQB" for earlier in machine.tokens[opening : machine.at]):
        machine.report.quiet = True
    machine.report.add(describe_sign(token))
    if not mend(machine):
        machine.at += 1
    return True


_REPAIRS: tuple[Callable[[Machine], bool], ...] = (
    _surplus_brace,
    _stray_brace,
    _unclosed,
    _unclosed_settings,
    _open_manifests,
    _unended_text,
    _comma,
    habit,
    _sign,
    _missing_brace,
    _elsewhere,
    mend,
    skipping.give_up,
)
