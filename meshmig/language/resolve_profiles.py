"""Profiles and what a move overrides of them; groups and other selections."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from meshmig.language import tree
from meshmig.language.names import Scope, known, unique
from meshmig.language.report import Mistake, Report
from meshmig.language.resolve_gates import failure_of
from meshmig.language.units import read_duration, read_whole_percent
from meshmig.language.wording import quoted
from meshmig.model import intent
from meshmig.model.intent import Strategy
from meshmig.model.units import Duration

_ALL = 100


def resolve_profile(profile: tree.Profile, scope: Scope) -> intent.Profile:
    """Turn a profile into what it means; what is wrong with it is in the report."""
    base = intent.Profile(name=profile.name.text, doc=scope.doc(profile.at), span=scope.report.span(profile.name.at))
    return with_parts(base, profile.parts, f"the profile {quoted(profile.name.text)}", scope)


def with_parts(base: intent.Profile, parts: Sequence[tree.ProfilePart], where: str, scope: Scope) -> intent.Profile:
    """Return the profile with the parts put in place of its own; approvals replace all earlier ones."""
    unique((part.key for part in parts if not isinstance(part, tree.ApproveBefore)), where, scope.report)
    approvals = [part for part in parts if isinstance(part, tree.ApproveBefore)]
    found = replace(base, approvals=_approvals(approvals, scope.report)) if approvals else base
    for part in parts:
        match part:
            case tree.Setting():
                found = _with_setting(found, part, scope)
            case tree.Steps():
                found = replace(found, steps=_steps(part, scope.report) or found.steps)
            case tree.ApproveBefore():
                pass
    return _whole(found, parts, scope.report)


def _with_setting(profile: intent.Profile, setting: tree.Setting, scope: Scope) -> intent.Profile:
    value, report = setting.value, scope.report
    match setting.key.type:
        case "STRATEGY":
            if value.type in ("BLUE_GREEN", "MIRROR"):
                message = f"`{value.text}` is not built yet in this version"
                help_text = "the strategies of this version are `canary` and `in_place`"
                report.add(Mistake(code="MIG112", at=value.at, message=message, help=help_text))
            return replace(profile, strategy=Strategy(value.type.lower()))
        case "BAKE":
            return replace(profile, bake=read_duration(value, "bake", report) or profile.bake)
        case "KEEP":
            return replace(profile, keep=read_duration(value, "keep", report) or profile.keep)
        case "CHECK":
            return replace(profile, gate=value.text if known(value, "gate", scope.names.gates, scope) else "")
        case _:
            return replace(profile, on_failure=failure_of(value))


def _whole(profile: intent.Profile, parts: Iterable[tree.ProfilePart], report: Report) -> intent.Profile:
    """A workload that is replaced in its place moves all at once, and leaves no old pods behind."""
    if profile.strategy is not Strategy.IN_PLACE:
        return profile
    for part in parts:
        if not isinstance(part, tree.ApproveBefore) and part.key.type in ("STEPS", "KEEP"):
            why = "moves all at once" if part.key.type == "STEPS" else "leaves no old pods behind"
            message = f"`{part.key.text}` has no meaning here: `in_place` {why}"
            help_text = "take it away, or write `strategy canary`"
            report.add(Mistake(code="MIG218", at=part.at, message=message, help=help_text))
    return replace(profile, steps=(_ALL,), keep=Duration(0))


def _approvals(parts: Iterable[tree.ApproveBefore], report: Report) -> tuple[intent.ApprovalBefore, ...]:
    found = []
    for part in parts:
        percent = read_whole_percent(part.percent, "approve before", report)
        is_text(part.team, "the team", report)
        if percent is not None:
            found.append(intent.ApprovalBefore(percent=percent, team=part.team.inner, span=report.span(part.at)))
    return tuple(found)


def is_text(token: tree.Token, what: str, report: Report) -> None:
    """Tell a text that says nothing."""
    if not token.inner.strip():
        report.add(Mistake(code="MIG222", at=token.at, message=f"{what} is empty", help="write it between the quotes"))


def _steps(steps: tree.Steps, report: Report) -> tuple[int, ...]:
    read = [read_whole_percent(token, "steps", report, several=True) for token in steps.values]
    values = [value for value in read if value is not None]
    if len(values) < len(read) or not values or report.is_damaged(steps.at):
        return ()
    for before, after in zip(range(len(values)), range(1, len(values)), strict=False):
        if values[after] <= values[before]:
            message = f"steps rise, and {quoted(steps.values[after].text)} does not"
            other = report.label(steps.values[before].at, "the step before")
            mistake = Mistake(
                code="MIG206",
                at=steps.values[after].at,
                message=message,
                help="put the steps in rising order, each once",
                others=(other,),
            )
            report.add(mistake)
            return ()
    if values[-1] != _ALL:
        last = steps.values[-1]
        message = f"the last step is {quoted(last.text)}: the move would never end"
        offered = f"{last.text}, 100%"
        report.add(
            Mistake(code="MIG206", at=last.at, message=message, help=f"did you mean `{offered}`?", replacement=offered)
        )
        return ()
    return tuple(values)
