"""The names of a migration: what its files define, and what to say about a name that none defines."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from meshmig.diagnostics import Label
from meshmig.language import tree
from meshmig.language.parser import Parsed
from meshmig.language.report import Mistake, Report
from meshmig.language.suggest import nearest
from meshmig.language.tree import Token
from meshmig.language.wording import listed, quoted

Node = TypeVar("Node", tree.Gate, tree.Profile, tree.Group)


@dataclass(frozen=True, slots=True)
class Definition(Generic[Node]):
    """A gate, profile or group, and the file that defines it."""

    node: Node
    parsed: Parsed


Table = Mapping[str, Definition[Node]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Definitions by kind and name. `partial`: a file could not be read, so an unknown name proves nothing."""

    gates: Table[tree.Gate]
    profiles: Table[tree.Profile]
    groups: Table[tree.Group]
    lost: frozenset[str]
    partial: bool
    told: dict[tuple[str, str], tuple[Report, int]] = field(default_factory=dict)
    """Unknown names that were told already, by kind and name, and where: further uses are shown with the first."""

    @property
    def known(self) -> tuple[Hashable, ...]:
        """All names that are defined, by kind."""
        return tuple(frozenset(table) for table in (self.gates, self.profiles, self.groups))

    @property
    def excuses(self) -> Hashable:
        """What keeps unknown names from being told; None where nothing does."""
        unnamed = "" in self.gates or "" in self.profiles or "" in self.groups
        return (self.lost, self.partial) if self.lost or self.partial or unnamed else None


def collect(files: Iterable[Parsed], *, partial: bool) -> Names:
    """Gather the definitions of all files; a second one of a name is told with the place of the first."""
    files = tuple(files)
    gates: dict[str, Definition[tree.Gate]] = {}
    profiles: dict[str, Definition[tree.Profile]] = {}
    groups: dict[str, Definition[tree.Group]] = {}
    for parsed in files:
        for item in parsed.file.items if parsed.file else ():
            match item:
                case tree.Gate():
                    _define(gates, Definition(item, parsed), "gate")
                case tree.Profile():
                    _define(profiles, Definition(item, parsed), "profile")
                case tree.Group():
                    _define(groups, Definition(item, parsed), "group")
                case _:
                    pass
    lost = frozenset[str]().union(*(parsed.lost for parsed in files))
    unread = partial or any(parsed.file is None for parsed in files)
    return Names(gates=gates, profiles=profiles, groups=groups, lost=lost, partial=unread)


def known(token: Token, kind: str, table: Table[Node], scope: "Scope") -> bool:
    """Say whether a name is defined; if not, tell it, unless what defines it may have been lost to another mistake."""
    if token.text in table:
        return True
    names = scope.names
    if names.partial or "" in table or token.text in names.lost:
        return False
    told = names.told.setdefault((kind, token.text), (scope.report, token.start))
    if told != (scope.report, token.start):
        told[0].also(told[1], scope.report.label(token.at, "and here"))
        return False
    meant = nearest(token.text, table)
    help_text = f"did you mean `{meant}`?" if meant else _choices(kind, table)
    defined = table[meant] if meant else None
    others = (Label(span=defined.parsed.report.span(defined.node.name.at), text="defined here"),) if defined else ()
    scope.report.add(
        Mistake(
            code="MIG201",
            at=token.at,
            message=f"no {kind} is called {quoted(token.text)}",
            help=help_text,
            replacement=meant or None,
            others=others,
        )
    )
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the resolution of one file's statements looks at, and where its mistakes go."""

    names: Names
    report: Report
    docs: Mapping[int, str]

    @staticmethod
    def of(names: Names, parsed: Parsed) -> "Scope":
        """Return the scope of one file."""
        return Scope(names=names, report=parsed.report, docs=parsed.docs)

    def doc(self, at: tree.Extent) -> str:
        """Return the `##` comment above a statement."""
        source = self.report.source
        return self.docs.get(source.line(at.start), "") if self.docs and source.is_first(at.start) else ""


def unique(keys: Iterable[Token], where: str, report: Report) -> None:
    """Tell every key that is written a second time, with the place of the first."""
    first: dict[str, Token] = {}
    for key in keys:
        before = first.setdefault(key.text, key)
        if before is not key:
            report.add(
                Mistake(
                    code="MIG203",
                    at=key.at,
                    message=f"`{key.text}` is written twice in {where}",
                    mark="again here",
                    help="keep one of them",
                    others=(report.label(before.at, "first here"),),
                )
            )


def _choices(kind: str, table: Table[Node]) -> str:
    if not table:
        return f"define it: `{kind} NAME {{ … }}`, or `use` the file that does"
    return f"there {'is' if len(table) == 1 else 'are'} {listed([f'`{name}`' for name in sorted(table)])}"


def _define(table: dict[str, Definition[Node]], new: Definition[Node], kind: str) -> None:
    name = new.node.name
    before = table.setdefault(name.text, new)
    if kind == "group" and name.text == "rest":
        text = "`rest` always means all workloads that no other selection names"
        mistake = Mistake(code="MIG221", at=name.at, message=text, help="give the group another name")
        new.parsed.report.add(mistake)
    if before is not new and name.text:
        first = Label(span=before.parsed.report.span(before.node.name.at), text="first here")
        new.parsed.report.add(
            Mistake(
                code="MIG202",
                at=name.at,
                message=f"the {kind} {quoted(name.text)} is defined twice",
                mark="again here",
                help="give one of them another name",
                others=(first,),
            )
        )
