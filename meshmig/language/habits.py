"""What people bring along from other languages and tools: read as it was meant, and told how it is written here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from meshmig.language import skipping
from meshmig.language.grammar import BAD_COMMENT, BAD_MERGE, BAD_QUOTES, BAD_TIME
from meshmig.language.machine import Machine
from meshmig.language.report import Mistake
from meshmig.language.suggest import nearest
from meshmig.language.tree import Extent, Token
from meshmig.language.units import joined
from meshmig.language.wording import DAYS, quoted

_SIGNS: Mapping[str, str] = {
    "<": "<=",
    ">": ">=",
    "=": "==",
    "≤": "<=",
    "≥": ">=",
    "×": "*",
    "and": ",",
    "&": ",",
    **dict.fromkeys(("-", "–", "—", "…", "to", "through"), ".."),
}
"""How a sign is written here, by what others write."""

_PROGRAM = frozenset({"for", "foreach", "for_each", "while", "if", "else", "function", "def", "macro", "dynamic"})
_QUOTES = {"'": "single", "`": "back"}
_LITERALS = {
    "QUANTITY": re.compile(r"[0-9]+(\.[0-9]+)?(%|[a-z]+)?"),
    "NAME": re.compile(r"[A-Za-z_][A-Za-z0-9_-]*"),
    "PATH": re.compile(r"[A-Za-z0-9_.*-]+/[A-Za-z0-9_.*-]+"),
    "TIME": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z"),
    "CLOCK": re.compile(r"[0-9]{1,2}:[0-9]{2}"),
}


def habit(machine: Machine) -> bool:
    """Deal with the token that does not fit, if it is such a habit."""
    return any(repair(machine) for repair in _HABITS)


def _comment(machine: Machine) -> bool:
    """`// …` and `/* … */`: left out as the comments that they are."""
    token = machine.token
    if token.type != BAD_COMMENT:
        return False
    text = token.text.removeprefix("//").removeprefix("/*").removesuffix("*/").strip()
    _offer(
        machine,
        Mistake(code="MIG106", at=token.at, message=f"`{token.text[:2]}` begins no comment: `#` does"),
        f"# {text}",
    )
    machine.at += 1
    return True


def _merge(machine: Machine) -> bool:
    """The marks of a merge; what stands between them is read, and only the first one is told."""
    token = machine.token
    if token.type != BAD_MERGE:
        return False
    if not any(earlier.type == BAD_MERGE for earlier in machine.tokens[: machine.at]):
        message = f"`{token.text[:7]}` is the mark of a merge that was not finished"
        machine.report.add(Mistake(code="MIG106", at=token.at, message=message, help="keep one side, and no mark"))
    machine.at += 1
    return True


def _quotes(machine: Machine) -> bool:
    """A text in other quotes, or an address without any."""
    token = machine.token
    if token.type != BAD_QUOTES:
        return False
    bare = token.text.startswith("http")
    inner = token.text if bare else token.text[1:-1]
    message = (
        "an address stands in quotes"
        if bare
        else f"a text stands in double quotes, not in {_QUOTES.get(token.text[0], 'curly')} quotes"
    )
    offered = inner if not bare and inner in _words(machine) else f'"{inner}"'
    _offer(machine, Mistake(code="MIG106", at=token.at, message=message), offered)
    _take(machine, "TEXT" if machine.can("TEXT") else _words(machine).get(inner, ""))
    return True


def _time(machine: Machine) -> bool:
    """A moment in another form, such as a day without its hour."""
    token = machine.token
    if token.type != BAD_TIME:
        return False
    offered = _moment(token.text)
    message = f"{quoted(token.text)} is no moment to the minute in UTC"
    if offered:
        _offer(machine, Mistake(code="MIG226", at=token.at, message=message), offered)
    else:
        machine.report.add(Mistake(code="MIG226", at=token.at, message=message, help="write `2026-11-30T22:00Z`"))
    _take(machine, "TIME" if machine.can("TIME") else "")
    return True


def _moment(text: str) -> str:
    """Return the same moment as the language has it, one without a zone in UTC; empty where there is none."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def _quoted(machine: Machine) -> bool:
    """A word, a name or a quantity in quotes."""
    token = machine.token
    if token.type != "TEXT":
        return False
    accepted, words = machine.expected(), _words(machine)
    type_ = words.get(token.inner) or next(
        (name for name, form in _LITERALS.items() if name in accepted and form.fullmatch(token.inner)), ""
    )
    if not type_:
        return False
    last = _behind(machine)
    needs = f"`{token.inner}`" if token.inner in words else skipping.named(machine, type_)
    message = f"{last} needs {needs} without quotes"
    _offer(machine, Mistake(code="MIG109", at=token.at, message=message, mark="a text"), token.inner)
    _take(machine, type_)
    return True


def _unquoted(machine: Machine) -> bool:
    """A name where only a text may stand."""
    token = machine.token
    if token.type not in ("NAME", "PATH", "DOTTED") or machine.expected() != {"TEXT"}:
        return False
    last = _behind(machine)
    message = f"{last} needs {skipping.named(machine, 'TEXT')}"
    _offer(machine, Mistake(code="MIG109", at=token.at, message=message, mark="no quotes"), f'"{token.text}"')
    _take(machine, "TEXT")
    return True


def _assignment(machine: Machine) -> bool:
    """`bake = 10m`, `steps: 5%`, `profile gentle:`."""
    token, last = machine.token, machine.previous
    if token.text not in ("=", ":", ":=") or last is None:
        return False
    if token.text == ":" and machine.can("LBRACE"):
        _offer(machine, Mistake(code="MIG106", at=token.at, message="`:` opens no block: braces do"), " {")
        machine.at += 1
        machine.feed(token._replace(type="LBRACE"))
        return True
    if last is not machine.statement or machine.is_complete:
        return False
    message = f"`{token.text}` does not belong here behind {quoted(last.text)}"
    help_text = f"take it away: a key and its value need no `{token.text}` between them"
    machine.report.add(Mistake(code="MIG109", at=token.at, message=message, help=help_text, replacement=""))
    machine.at += 1
    return True


def _unit(machine: Machine) -> bool:
    """A number and its unit with a blank between them: `10 m`, `5 percent`, `5 %`."""
    token, last = machine.token, machine.previous
    offered = joined(last.text, token.text) if last is not None and last.type == "QUANTITY" else ""
    if last is None or not offered:
        return False
    at, message = Extent(last.start, token.end), "a number and its unit stand together"
    _offer(machine, Mistake(code="MIG204", at=at, message=message), offered)
    machine.at += 1
    return True


def _label(machine: Machine) -> bool:
    """`where tier == "web"`."""
    token = machine.token
    if token.type != "NAME" or machine.expected() != {"LABEL"}:
        return False
    message = f"a condition asks for a label of the pods, and {quoted(token.text)} is none by itself"
    _offer(machine, Mistake(code="MIG109", at=token.at, message=message), f'label("{token.text}")')
    for type_ in ("LABEL", "LPAR"):
        machine.feed(Token(type_, "", token.start))
    machine.feed(token._replace(type="TEXT"))
    machine.at += 1
    machine.feed(Token("RPAR", "", token.end))
    return True


def _everything(machine: Machine) -> bool:
    """`workloads *`."""
    token = machine.token
    if token.type != "STAR" or not machine.can("PATH"):
        return False
    message = "`*` names no workload: a workload is written with its namespace"
    _offer(machine, Mistake(code="MIG215", at=token.at, message=message), "*/*")
    _take(machine, "PATH")
    return True


def _days(machine: Machine) -> bool:
    """`mon-fri`, `Mon-Fri`."""
    token = machine.token
    ends = [nearest(part, DAYS) for part in token.text.split("-")]
    if token.type != "NAME" or len(ends) != 2 or not all(ends) or not machine.can("MON"):  # noqa: PLR2004 - from, to
        return False
    message = "days from one to another have two dots between them"
    _offer(machine, Mistake(code="MIG108", at=token.at, message=message), "..".join(ends))
    for type_ in (ends[0].upper(), "RANGE"):
        machine.feed(Token(type_, "", token.start))
    _take(machine, ends[1].upper())
    return True


def _param(machine: Machine) -> bool:
    """`param pace = 10m`."""
    token, first = machine.token, machine.statement
    if first is None or first.type != "PARAM" or token.text != "=" or machine.expected() != {"IN"}:
        return False
    name, value = machine.previous, machine.following
    message = "a param names its choices before the one that is chosen"
    example = f"write `param {name.text if name else 'NAME'} in [{value.text}, …] = {value.text}`"
    machine.report.add(Mistake(code="MIG109", at=token.at, message=message, help=example))
    machine.settle()
    skipping.skip_statement(machine, first)
    return True


def _sign(machine: Machine) -> bool:
    """A sign that is written a little differently here."""
    token = machine.token
    wanted = _SIGNS.get(token.text, "")
    type_ = machine.word_type(wanted)
    if not wanted or not machine.can(type_):
        return False
    message = f"`{token.text}` is written `{wanted}` here"
    _offer(machine, Mistake(code="MIG108", at=token.at, message=message), wanted)
    _take(machine, type_)
    return True


def _program(machine: Machine) -> bool:
    """A loop, a condition or a function."""
    token = machine.token
    if token.text not in _PROGRAM or not (machine.is_boundary or machine.is_complete):
        return False
    message = f"{quoted(token.text)} is no word of {skipping.block_name(machine)}"
    help_text = "the file is a runbook, not a program: wildcards select, `param` chooses, the plan lists every item"
    machine.report.add(Mistake(code="MIG108", at=token.at, message=message, help=help_text))
    machine.settle()
    skipping.skip_statement(machine, token)
    return True


def _behind(machine: Machine) -> str:
    """Name what the token stands behind: a comma or a sign that was passed over says less than the statement's word."""
    last = machine.previous
    if last is None or (not last.text[:1].isalnum() and machine.statement is not None):
        last = machine.statement
    return quoted(last.text if last else "")


def _words(machine: Machine) -> Mapping[str, str]:
    """Return the reserved words that may stand here, with their types."""
    return {machine.spelled(type_): type_ for type_ in machine.accepted() if machine.spelled(type_)[:1].isalpha()}


def _offer(machine: Machine, mistake: Mistake, offered: str) -> None:
    """Tell a mistake with the text that was meant."""
    help_text = f"did you mean `{offered.strip()}`?"
    machine.report.add(replace(mistake, help=help_text, replacement=offered))


def _take(machine: Machine, type_: str) -> None:
    """Go on behind the token, taken for what it was meant as; for nothing where that is not known."""
    if type_:
        machine.feed(machine.token._replace(type=type_))
    machine.at += 1


_HABITS: tuple[Callable[[Machine], bool], ...] = (
    *(_comment, _merge, _program, _quotes, _time),
    *(_quoted, _unquoted, _label, _param, _assignment, _unit, _everything, _days, _sign),
)
