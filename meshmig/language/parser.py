"""Text to tree, with every mistake named on the way."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from meshmig.language import tree
from meshmig.language.collecting import no_collection
from meshmig.language.lexer import split
from meshmig.language.machine import Machine
from meshmig.language.recover import recover
from meshmig.language.report import Mistake, Report
from meshmig.language.source import HIDDEN, Source
from meshmig.language.suggest import nearest
from meshmig.language.tree import Extent, Token

MOST_MISTAKES = 50
VERSIONS = ("1",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One file, read. `file` holds what could be understood; None where nothing could.

    `starts` are the indices of the tokens that begin statements; `lost` holds words of statements that were given up;
    `docs` are the `##` comments, by the line that they stand directly above.
    """

    source: Source
    report: Report
    file: tree.File | None
    tokens: tuple[Token, ...]
    comments: tuple[Token, ...]
    starts: tuple[int, ...]
    lost: frozenset[str]
    docs: Mapping[int, str]


def parse(source: Source) -> Parsed:
    """Read a text; the mistakes are in the report, one per cause, at most fifty."""
    report = begin_report(source)
    with no_collection():
        pieces = split(source.text)
        machine = Machine(pieces.tokens, report)
        file = read(machine) if begin(machine) else None
    return parsed(machine, file, pieces.comments)


def begin_report(source: Source) -> Report:
    """Return the report of a text, with what is wrong with its characters."""
    report = Report(source)
    _find_hidden(report)
    return report


def parsed(machine: Machine, file: tree.File | None, comments: tuple[Token, ...]) -> Parsed:
    """Return what a machine has read."""
    report = machine.report
    report.close_syntax()
    return Parsed(
        source=report.source,
        report=report,
        file=file,
        tokens=tuple(machine.tokens),
        comments=comments,
        starts=tuple(machine.starts),
        lost=frozenset(machine.lost),
        docs=_docs(report.source, comments),
    )


def _docs(source: Source, comments: Iterable[Token]) -> Mapping[int, str]:
    found = dict[int, list[str]]()
    for comment in comments:
        if comment.text.startswith("##") and source.is_first(comment.start):
            line = source.line(comment.start)
            lines = found.pop(line, [])
            lines.append(comment.text.lstrip("#").strip())
            found[line + 1] = lines
    return {line: "\n".join(lines) for line, lines in found.items()}


def _find_hidden(report: Report) -> None:
    for match in HIDDEN.finditer(report.source.text):
        sign = f"U+{ord(match.group()):04X}"
        report.add(
            Mistake(
                code="MIG115",
                at=Extent(match.start(), match.end()),
                message=f"the hidden character {sign} could make the file look other than it is",
                help="take it away",
                replacement="",
            )
        )
        if len(report) >= MOST_MISTAKES:
            return


def begin(machine: Machine) -> bool:
    """Read `mig 1`; a file of another version is not read at all."""
    first, second = machine.token, machine.following
    code, message = "MIG104", "a `.mig` file begins with its language version"
    edge = Extent(first.start, first.start)
    mistake = Mistake(
        code=code, at=edge, message=message, help="write `mig 1` as the first line", replacement="mig 1\n\n"
    )
    if first.type == "MIG" and second.type == "QUANTITY":
        if second.text not in VERSIONS:
            text = f"this meshmig knows version {', '.join(VERSIONS)} of the language, not `{second.text}`"
            help_text = "install a newer meshmig, or write the file in version 1"
            machine.report.add(Mistake(code="MIG105", at=second.at, message=text, help=help_text))
            return False
        machine.at = 2
    elif (
        first.type == "MIG" and second.text in ("=", ":") and machine.tokens[2:3] and machine.tokens[2].text in VERSIONS
    ):
        at = Extent(first.end, machine.tokens[2].start)
        help_text = f"did you mean `mig {machine.tokens[2].text}`?"
        machine.report.add(Mistake(code=code, at=at, message=message, help=help_text, replacement=" "))
        machine.at = 3
    elif second.type == "QUANTITY" and nearest(first.text, ["mig"]):
        machine.report.add(
            Mistake(code=code, at=first.at, message=message, help="did you mean `mig`?", replacement="mig")
        )
        machine.at = 2
    elif first.type == "MIG":
        at = Extent(first.end, first.end)
        machine.report.add(Mistake(code=code, at=at, message=message, help="did you mean `mig 1`?", replacement=" 1"))
        machine.at = 1
    else:
        machine.report.add(mistake)
    machine.begin()
    return True


def read(machine: Machine, stops: Sequence[int] = ()) -> tree.File | None:
    """Read statements up to the end, or to the first of the tokens `stops` before which every item is finished.

    Returns what was read, or None where there were too many mistakes to go on.
    """
    while machine.repairs < 4 * MOST_MISTAKES:
        place = bisect_left(stops, machine.at)
        if place < len(stops) and stops[place] == machine.at:
            if machine.is_settled:
                return machine.taken()
            place += 1
        machine.end = stops[place] if place < len(stops) else len(machine.tokens)
        machine.run()
        if machine.at == machine.end < len(machine.tokens):
            continue
        file = machine.finish()
        if file is not None:
            return file
        if len(machine.report) >= MOST_MISTAKES:
            break
        recover(machine)
        machine.repairs += 1
    text = f"{len(machine.report)} mistakes, and the file goes on: the rest was not read"
    at = Extent(machine.token.start, machine.token.start)
    machine.report.add(Mistake(code="MIG116", at=at, message=text, help="mend the first ones and check again"))
    return None
