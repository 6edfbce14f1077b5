"""Groups, and what `move` and `waves` select."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from meshmig.language import tree
from meshmig.language.names import Scope, known, unique
from meshmig.language.report import Mistake, Report
from meshmig.language.tree import Token
from meshmig.language.units import read_count
from meshmig.language.wording import quoted
from meshmig.model import intent

_PATTERN = re.compile(r"[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?/[a-z0-9*]([a-z0-9*.-]*[a-z0-9*])?")


def resolve_group(group: tree.Group, scope: Scope) -> intent.Selection:
    """Turn a group into the selection that its name stands for."""
    report = scope.report
    found = intent.Selection(group=group.name.text, span=report.span(group.name.at))
    unique((part.key for part in group.parts if isinstance(part, tree.Expect)), f"the group {group.name.text}", report)
    for part in group.parts:
        found = _with_part(found, part, report)
    if not found.patterns and not report.is_damaged(group.at):
        message = f"the group {quoted(group.name.text)} names no workloads"
        report.add(
            Mistake(code="MIG209", at=group.name.at, message=message, help="write `workloads shop/cart, shop/cat-*`")
        )
    return found


def _with_part(
    found: intent.Selection, part: tree.Patterns | tree.Where | tree.Expect, report: Report
) -> intent.Selection:
    match part:
        case tree.Patterns(key=Token(type="WORKLOADS")):
            return replace(found, patterns=(*found.patterns, *patterns(part.items, report)))
        case tree.Patterns():
            return replace(found, excepts=(*found.excepts, *patterns(part.items, report)))
        case tree.Where():
            conditions = (_condition(condition) for condition in part.conditions)
            return replace(found, conditions=(*found.conditions, *conditions))
        case tree.Expect():
            return replace(found, expect=_expect(part, report) or found.expect)


def _condition(condition: tree.Condition) -> intent.LabelCondition:
    equal = condition.sign.type == "EQUAL"
    return intent.LabelCondition(key=condition.key.inner, value=condition.value.inner, equal=equal)


def _expect(part: tree.Expect, report: Report) -> tuple[int, int] | None:
    low = read_count(part.low, "the least number of workloads", report, least=0)
    if part.high is None:
        offered = f"{part.low.text}..{part.low.text}"
        message = "`expect` needs the least and the greatest number"
        mistake = Mistake(
            code="MIG204",
            at=part.low.at,
            message=message,
            mark="one number",
            help=f"did you mean `{offered}`?",
            replacement=offered,
        )
        report.add(mistake)
        return None
    high = read_count(part.high, "the greatest number of workloads", report)
    if low is None or high is None:
        return None
    if low > high:
        message = f"no number lies between {low} and {high}"
        at = tree.Extent(part.low.start, part.high.end)
        offered = f"{high}..{low}"
        help_text = f"did you mean `{offered}`?"
        report.add(Mistake(code="MIG207", at=at, message=message, help=help_text, replacement=offered))
        return None
    return (low, high)


def patterns(items: Iterable[Token], report: Report) -> tuple[intent.Pattern, ...]:
    """Read patterns: `namespace/name` in Kubernetes' letters, `*` for any text."""
    found = []
    for item in items:
        if not _PATTERN.fullmatch(item.text):
            message = f"{quoted(item.text)} names no workload"
            help_text = "write `namespace/name` in small letters, digits and `-`; `*` stands for any text"
            report.add(Mistake(code="MIG215", at=item.at, message=message, help=help_text))
        found.append(intent.Pattern(text=item.text, span=report.span(item.at)))
    return tuple(found)


def resolve_selection(
    selection: tree.Selection, groups: Mapping[str, intent.Selection], scope: Scope
) -> intent.Selection | None:
    """Turn a comma list into patterns, or the one group, or the rest; it cannot be several of these at once."""
    report, first = scope.report, selection.items[0]
    span = report.span(selection.at)
    names = [item for item in selection.items if item.type != "PATH"]
    if not names:
        return intent.Selection(patterns=patterns(selection.items, report), span=span)
    unknown = [name for name in names if name.type == "NAME" and not _is_group(name, scope)]
    if unknown:
        return None
    if len(selection.items) > 1:
        odd = names[0] if names[0] is not first else selection.items[1]
        message = "a selection is patterns, or one group, or `rest`: it cannot mix them"
        other = report.label((first if odd is not first else selection.items[1]).at, "another kind")
        help_text = "make a group that holds them all, or move them one after the other"
        report.add(Mistake(code="MIG223", at=odd.at, message=message, help=help_text, others=(other,)))
        return None
    return intent.Selection(rest=True, span=span) if first.type == "REST" else replace(groups[first.text], span=span)


def _is_group(name: Token, scope: Scope) -> bool:
    groups = scope.names.groups
    if name.text in groups or groups or scope.names.partial or name.text in scope.names.lost:
        return known(name, "group", groups, scope)
    message = f"no group is called {quoted(name.text)}"
    help_text = f"a workload is written with its namespace: `shop/{name.text}`"
    scope.report.add(Mistake(code="MIG201", at=name.at, message=message, help=help_text))
    return False


def moved_twice(stages: Iterable[tree.Stage], report: Report) -> None:
    """Tell workloads, written without `*`, and `rest`, that two moves name."""
    first: dict[str, Token] = {}
    moves = (action for stage in stages for action in stage.actions if isinstance(action, tree.Move | tree.Waves))
    for item in (item for move in moves for item in move.selection.items):
        if item.type == "NAME" or "*" in item.text:
            continue
        before = first.setdefault(item.text, item)
        if before is not item:
            report.add(
                Mistake(
                    code="MIG224",
                    at=item.at,
                    message=f"{quoted(item.text)} is moved twice",
                    mark="again here",
                    help="a workload moves once: take it out of one of the stages",
                    others=(report.label(before.at, "first here"),),
                )
            )
