"""Params: closed choices of literals, and putting the chosen one in wherever a param's name stands for it."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from meshmig.language import tree
from meshmig.language.parser import Parsed
from meshmig.language.remembering import Once
from meshmig.language.report import Mistake, Report
from meshmig.language.suggest import nearest
from meshmig.language.tree import Extent, Token
from meshmig.language.units import kind_of
from meshmig.language.wording import LITERALS, QUANTITIES, listed, quoted
from meshmig.model import intent

Node = TypeVar("Node")

_FITTING = {
    "NAMED_TEXT": frozenset({"TEXT"}),
    "NAMED_QUANTITY": frozenset({"QUANTITY", "RATE"}),
    "NAMED_PATH": frozenset({"PATH"}),
}
"""The literals that a param's name may stand for, by the place where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The params of a file; `values` are the chosen literals, by name."""

    params: tuple[intent.Param, ...] = ()
    values: Mapping[str, Token]


def resolve_params(parsed: Parsed, given: Mapping[str, str]) -> Params:
    """Choose each param's value: the given one, else the file's own; what is wrong is in the report."""
    report = parsed.report
    found: dict[str, tree.Param] = {}
    for item in parsed.file.items if parsed.file else ():
        if isinstance(item, tree.Param):
            _define(found, item, report)
    values = {name: _value(item, given, report) for name, item in found.items()}
    _all_known(given, found, report)
    params = tuple(
        intent.Param(
            name=name,
            choices=tuple(choice.inner for choice in item.choices),
            value=values[name].inner,
            span=report.span(item.at),
        )
        for name, item in found.items()
    )
    return Params(params=params, values=values)


def _define(found: dict[str, tree.Param], item: tree.Param, report: Report) -> None:
    before = found.setdefault(item.name.text, item)
    if before is not item:
        others = (report.label(before.name.at, "first here"),)
        message = f"the param {quoted(item.name.text)} is defined twice"
        help_text = "give one of them another name"
        report.add(Mistake(code="MIG202", at=item.name.at, message=message, help=help_text, others=others))
    if report.is_damaged(item.at):
        return
    first = item.choices[0]
    for place, choice in enumerate(item.choices):
        if _kind(choice) != _kind(first):
            others = (report.label(first.at, _kind(first)),)
            message = f"the choices of a param are of one kind, and {quoted(choice.text)} is {_kind(choice)}"
            mark, help_text = _kind(choice), "make a param for each kind"
            report.add(Mistake(code="MIG205", at=choice.at, message=message, mark=mark, help=help_text, others=others))
        elif choice.text in {earlier.text for earlier in item.choices[:place]}:
            message = f"{quoted(choice.text)} is written twice in these choices"
            report.add(Mistake(code="MIG203", at=choice.at, message=message, mark="again here", help="keep one"))


def _kind(literal: Token) -> str:
    match literal.type:
        case "TEXT":
            return "a text"
        case "PATH":
            return "a workload"
        case _:
            return kind_of(literal.text)


def _value(item: tree.Param, given: Mapping[str, str], report: Report) -> Token:
    """Return the chosen literal; what is given from outside needs no quotes."""
    name, texts = item.name.text, {choice.text: choice for choice in item.choices}
    choices = listed([quoted(text) for text in texts])
    if item.value.text not in texts and not report.is_damaged(item.at):
        meant = nearest(item.value.text, texts) if item.value.type == "TEXT" else ""
        report.add(
            Mistake(
                code="MIG225",
                at=item.value.at,
                message=f"{quoted(item.value.text)} is no choice of the param {quoted(name)}",
                help=f"did you mean {quoted(meant)}?" if meant else f"choose {choices}",
                replacement=meant or None,
                others=(report.label(Extent(item.choices[0].start, item.choices[-1].end), "the choices"),),
            )
        )
    if name not in given:
        return item.value
    chosen = next((choice for choice in item.choices if given[name] in (choice.text, choice.inner)), None)
    if chosen is None:
        message = f"`--param {name}={given[name]}` is no choice of the param {quoted(name)}"
        report.add(Mistake(code="MIG225", at=item.name.at, message=message, help=f"choose {choices}"))
    return chosen or item.value


def _all_known(given: Mapping[str, str], found: Mapping[str, tree.Param], report: Report) -> None:
    for name in given:
        if name not in found:
            known = f"its params are {listed([quoted(known) for known in found])}" if found else "it has none"
            message = f"`--param {name}=…` names no param of this file"
            report.add(Mistake(code="MIG201", at=Extent(0, 0), message=message, help=known))
            return


def filled(parsed: Parsed, values: Mapping[str, Token], once: Once) -> Parsed:
    """Return the file with each param's value where its name stands; a name that stands for nothing is told."""
    if parsed.file is None:
        return parsed
    filler = _Filler(parsed, values)
    items = tuple(
        filler.fill(item) if once.do("holds a param", item, parsed.report, filler.holds_name) else item
        for item in parsed.file.items
    )
    return replace(parsed, file=tree.File(items=items))


class _Filler:
    """Puts values in; what holds no param's name comes back as it was."""

    def __init__(self, parsed: Parsed, values: Mapping[str, Token]) -> None:
        self._parsed, self._values = parsed, values

    def holds_name(self, part: object) -> bool:
        """Say whether a part of the tree holds a name that may stand for a value."""
        if isinstance(part, Token):
            return part.type in _FITTING or (part.type == "NAME" and part.text in self._values)
        if type(part) is tuple:
            return any(map(self.holds_name, part))
        if part is None or isinstance(part, Extent | tree.Use | tree.Param):
            return False
        return any(self.holds_name(getattr(part, name)) for name in getattr(part, "__slots__", ()))

    def fill(self, node: Node) -> Node:
        """Return a node of the tree with its values."""
        changed = {}
        for name in getattr(node, "__slots__", ()):
            before = getattr(node, name)
            after = self._part(before)
            if after is not before:
                changed[name] = after
        if isinstance(node, tree.Selection) and self._values:
            changed["items"] = tuple(self._selected(item) for item in node.items)
        return replace(node, **changed) if changed else node  # type: ignore[type-var]

    def _part(self, part: object) -> object:
        if isinstance(part, Token):
            return self._token(part) if part.type in _FITTING else part
        if type(part) is tuple:
            parts = tuple(self._part(each) for each in part)
            return parts if any(after is not before for after, before in zip(parts, part, strict=True)) else part
        return part if part is None else self.fill(part)

    def _selected(self, token: Token) -> Token:
        value = self._values.get(token.text)
        fits = token.type == "NAME" and value is not None and value.type == "PATH"
        return Token("PATH", value.text, token.start, token.text) if fits and value else token

    def _token(self, token: Token) -> Token:
        value = self._values.get(token.text)
        if value is not None and value.type in _FITTING[token.type]:
            return Token(value.type, value.text, token.start, token.text)
        if not self._parsed.report.is_damaged(token.at):
            self._parsed.report.add(self._mistake(token, value))
        return token._replace(type=token.type.removeprefix("NAMED_"))

    def _mistake(self, token: Token, value: Token | None) -> Mistake:
        wanted, before = token.type.removeprefix("NAMED_"), self._before(token)
        needs = QUANTITIES.get(self._statement(token), LITERALS[wanted]) if wanted == "QUANTITY" else LITERALS[wanted]
        message = f"{quoted(before)} needs {needs}"
        if value is not None:
            text = f"{message}, and the param {quoted(token.text)} is {_kind(value)}"
            return Mistake(code="MIG204", at=token.at, message=text, mark=_kind(value), help=f"write {needs}")
        meant = nearest(token.text, self._values)
        if meant:
            text = f"no param is called {quoted(token.text)}"
            help_text = f"did you mean `{meant}`?"
            return Mistake(code="MIG201", at=token.at, message=text, help=help_text, replacement=meant)
        if wanted == "PATH":
            text = f"{quoted(token.text)} names no workload: its namespace is missing"
            help_text = f"write it with its namespace, like `shop/{token.text}`"
            return Mistake(code="MIG215", at=token.at, message=text, mark="a name", help=help_text)
        offered = f'"{token.text}"' if wanted == "TEXT" else None
        help_text = f"did you mean {quoted(offered)}?" if offered else f"write {needs}"
        return Mistake(code="MIG109", at=token.at, message=message, mark="a name", help=help_text, replacement=offered)

    def _before(self, token: Token) -> str:
        tokens = self._parsed.tokens
        return tokens[bisect_left(tokens, token.start, key=_start) - 1].text

    def _statement(self, token: Token) -> str:
        tokens, starts = self._parsed.tokens, self._parsed.starts
        index = bisect_left(tokens, token.start, key=_start)
        return tokens[starts[bisect_right(starts, index) - 1]].text if starts else ""


def _start(token: Token) -> int:
    return token.start
