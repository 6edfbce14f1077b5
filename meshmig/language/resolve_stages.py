"""Stages: their numbers, their actions in the order written, and what an action contradicts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from meshmig.language import tree
from meshmig.language.names import Scope, known, unique
from meshmig.language.remembering import Once
from meshmig.language.report import Mistake
from meshmig.language.resolve_gates import failure_of
from meshmig.language.resolve_profiles import is_text, with_parts
from meshmig.language.resolve_selections import resolve_selection
from meshmig.language.resolve_windows import resolve_windows
from meshmig.language.tree import Token
from meshmig.language.units import read_count, read_duration, read_whole_percent
from meshmig.language.wording import quoted
from meshmig.model import intent
from meshmig.model.units import Duration

_JOB = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the names of a migration mean, and where its stages stand; `texts` are what groups and profiles say."""

    profiles: Mapping[str, intent.Profile]
    groups: Mapping[str, intent.Selection]
    scope: Scope
    once: Once
    texts: Mapping[str, str]


def resolve_stages(stages: Iterable[tree.Stage], named: Named) -> tuple[intent.StageIntent, ...]:
    """Turn stages into what they mean; what is wrong with them is in the report."""
    found: list[intent.StageIntent] = []
    last: tree.Stage | None = None
    for stage in stages:
        number = read_count(stage.number, "the number of a stage", named.scope.report)
        if number is not None:
            last = _rising(stage, number, last, named.scope)
        found.append(_stage_once(stage, number or 0, named))
    return tuple(found)


def _rising(stage: tree.Stage, number: int, last: tree.Stage | None, scope: Scope) -> tree.Stage:
    if last is None or int(last.number.text) < number:
        return stage
    report, before = scope.report, int(last.number.text)
    same = f"there are two stages {number}" if number == before else f"stage {number} stands behind stage {before}"
    report.add(
        Mistake(
            code="MIG208",
            at=stage.number.at,
            message=f"{same}: stages run in the order written, and their numbers rise",
            help=f"did you mean `{before + 1}`?",
            replacement=str(before + 1),
            others=(report.label(last.number.at, "the stage before"),),
        )
    )
    return last


def _stage_once(stage: tree.Stage, number: int, named: Named) -> intent.StageIntent:
    """Resolve a stage, or remember it where it and the groups and profiles that it names are as they were."""
    once = named.once.within(tuple(named.texts.get(name, "") for name in _named(stage)))
    return once.do("Stage", stage, named.scope.report, lambda stage: _stage(stage, number, named))


def _named(stage: tree.Stage) -> Iterator[str]:
    for action in stage.actions:
        if isinstance(action, tree.Move | tree.Waves | tree.Mirror):
            yield from (item.text for item in action.selection.items)
        if isinstance(action, tree.Move | tree.Waves):
            yield action.profile.text


def _stage(stage: tree.Stage, number: int, named: Named) -> intent.StageIntent:
    report = named.scope.report
    is_text(stage.title, "the title of the stage", report)
    if not stage.actions and not report.is_damaged(stage.at):
        message = f"stage {stage.number.text} does nothing"
        report.add(
            Mistake(code="MIG209", at=stage.number.at, message=message, help="give it an action, or take it away")
        )
    failures = [part for part in stage.actions if isinstance(part, tree.Setting) and part.key.type == "FAIL"]
    unique((part.key for part in failures), f"stage {stage.number.text}", report)
    if (
        failures
        and not any(isinstance(part, tree.RunJob) for part in stage.actions)
        and not report.is_damaged(stage.at)
    ):
        message = "`fail` says what a failed job leads to, and this stage runs none"
        help_text = "take it away; a gate and a profile have a `fail` of their own"
        report.add(Mistake(code="MIG218", at=failures[0].at, message=message, help=help_text))
    actions = [_action(action, named) for action in stage.actions]
    return intent.StageIntent(
        number=number,
        title=stage.title.inner,
        actions=tuple(action for action in actions if action is not None),
        windows=resolve_windows(stage.actions, report),
        on_failure=failure_of(failures[0].value) if failures else intent.OnFailure.PAUSE,
        doc=named.scope.doc(stage.at),
        span=report.span(stage.number.at),
    )


def _action(action: tree.Action, named: Named) -> intent.StageAction | None:
    match action:
        case tree.Setting():
            return _simple(action, named.scope)
        case tree.Move():
            return _move(action, named)
        case tree.Waves():
            return _waves(action, named)
        case tree.Check():
            return _check(action, named.scope)
        case tree.Mirror():
            return _mirror(action, named)
        case tree.RunJob():
            return _job(action, named.scope)
        case tree.Window():
            return None


def _mirror(mirror: tree.Mirror, named: Named) -> intent.Mirror | None:
    report = named.scope.report
    selection = resolve_selection(mirror.selection, named.groups, named.scope)
    percent = read_whole_percent(mirror.percent, "mirror", report)
    length = read_duration(mirror.length, "mirror … for", report)
    if selection is None or percent is None or length is None:
        return None
    return intent.Mirror(selection=selection, percent=percent, length=length, span=report.span(mirror.at))


def _job(run: tree.RunJob, scope: Scope) -> intent.RunJob | None:
    within = read_duration(run.within, "run job … within", scope.report)
    if not _JOB.fullmatch(run.job.text):
        message = f"{quoted(run.job.text)} names no job"
        help_text = "write `namespace/name` in small letters, digits and `-`: one job, without `*`"
        scope.report.add(Mistake(code="MIG215", at=run.job.at, message=message, help=help_text))
        return None
    if within is None:
        return None
    namespace, _, name = run.job.text.partition("/")
    return intent.RunJob(namespace=namespace, name=name, within=within, span=scope.report.span(run.at))


def _simple(action: tree.Setting, scope: Scope) -> intent.StageAction | None:
    span, value = scope.report.span(action.at), action.value
    match action.key.type:
        case "PROTECT":
            return intent.Protect(span=span)
        case "INSTALL":
            return intent.InstallIstio(span=span)
        case "WAIT":
            length = read_duration(value, "wait", scope.report)
            return intent.Wait(length=length, span=span) if length else None
        case "APPROVE":
            is_text(value, "the team", scope.report)
            return intent.Approve(team=value.inner, span=span)
        case "ENFORCE":
            return intent.Enforce(what=intent.Enforced(value.type.lower()), span=span)
        case "FAIL":
            return None
        case _:
            return intent.RetireAppMesh(span=span)


def _check(check: tree.Check, scope: Scope) -> intent.Check | None:
    length = read_duration(check.length, "check … for", scope.report) if check.length else Duration(0)
    if not known(check.gate, "gate", scope.names.gates, scope) or length is None:
        return None
    return intent.Check(gate=check.gate.text, length=length, span=scope.report.span(check.at))


def _profile(name: Token, overrides: tree.Overrides | None, named: Named) -> intent.Profile | None:
    """Return the profile with its overrides; those are checked even where the profile is unknown."""
    is_known = known(name, "profile", named.scope.names.profiles, named.scope)
    base = named.profiles[name.text] if is_known else intent.Profile(name=name.text)
    found = with_parts(base, overrides.parts, "these braces", named.scope) if overrides else base
    return found if is_known else None


def _move(move: tree.Move, named: Named) -> intent.Move | None:
    selection = resolve_selection(move.selection, named.groups, named.scope)
    profile = _profile(move.profile, move.overrides, named)
    if selection is None or profile is None:
        return None
    into, span = move.into.text if move.into else "", named.scope.report.span(move.at)
    return intent.Move(selection=selection, profile=profile, into=into, span=span)


def _waves(waves: tree.Waves, named: Named) -> intent.Waves | None:
    report = named.scope.report
    unique((limit.key for limit in waves.limits), "these waves", report)
    counts = {limit.key.type: read_count(limit.count, "a number of workloads", report) for limit in waves.limits}
    selection = resolve_selection(waves.selection, named.groups, named.scope)
    profile = _profile(waves.profile, waves.overrides, named)
    pause, gate = _between(waves.between, named.scope)
    if selection is None or profile is None:
        return None
    found = intent.Waves(selection=selection, profile=profile, between_wait=pause, between_gate=gate)
    return replace(
        found,
        at_most=counts.get("MOST") or found.at_most,
        at_once=counts.get("ONCE") or found.at_once,
        span=report.span(waves.at),
    )


def _between(between: tree.Between | None, scope: Scope) -> tuple[Duration, str]:
    pause, gate = Duration(0), ""
    parts = between.parts if between else ()
    unique((part.key for part in parts), "`between`", scope.report)
    for part in parts:
        if part.key.type == "WAIT":
            pause = read_duration(part.value, "wait", scope.report) or pause
        elif known(part.value, "gate", scope.names.gates, scope):
            gate = part.value.text
    return pause, gate
