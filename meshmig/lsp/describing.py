"""What a gate measures, what a profile does step by step, whom a group holds: in words, as Markdown."""

from collections.abc import Iterator, Sequence

from meshmig.gates.metrics import NEW_LATENCY, NEW_REQUESTS, OLD_LATENCY, OLD_REQUESTS, Counter, Histogram
from meshmig.model.intent import (
    AbsoluteRequirement,
    Gate,
    Measure,
    OnFailure,
    Param,
    Profile,
    QueryRequirement,
    RelativeRequirement,
    Requirement,
    Selection,
    Strategy,
)
from meshmig.model.mesh import Mesh
from meshmig.planning.selection import takes

_MOST_MEMBERS = 12

_HARM = {
    OnFailure.ROLLBACK: "the failing unit is rolled back",
    OnFailure.PAUSE: "the run pauses",
}

_STRATEGY = {
    Strategy.CANARY: "a copy beside the old pods takes over the traffic",
    Strategy.IN_PLACE: "the workload's own pods are replaced, all at once",
    Strategy.BLUE_GREEN: "a second set of pods in another namespace takes over the traffic",
    Strategy.MIRROR: "a copy hears the requests; no traffic moves",
}


def describe_gate(gate: Gate) -> str:
    """Say what a gate requires, which series it reads, and what its verdicts lead to."""
    lines = [f"gate **{gate.name}**", *_paragraph(gate.doc), "", "requires:"]
    lines += [f"- {_required(requirement)}" for requirement in gate.requirements] or ["- nothing"]
    lines += ["", "measures:", *_series(gate), ""]
    finish = f"within {gate.finish_within}" if gate.finish_within else "not asked for"
    lines.append(
        f"advance after {gate.advance_after} requests without evidence of harm · proof before the old side goes: "
        f"{finish} · no data: {gate.no_data_wait}, then the run pauses · harm: {_HARM[gate.on_failure]}"
    )
    return "\n".join(lines)


def describe_profile(profile: Profile) -> str:
    """Say what a profile does, every step of it."""
    lines = [f"profile **{profile.name}**: {profile.strategy}, {_STRATEGY[profile.strategy]}", *_paragraph(profile.doc)]
    lines += ["", *(f"{number}. {step}" for number, step in enumerate(_steps(profile), start=1))]
    if profile.on_failure:
        lines += ["", f"harm: {_HARM[profile.on_failure]}"]
    return "\n".join(lines)


def describe_group(group: Selection, mesh: Mesh | None, doc: str) -> str:
    """Say which patterns a group takes, and whom they select where the manifests are at hand."""
    taken = ", ".join(f"`{pattern.text}`" for pattern in group.patterns) or "nothing"
    text = f"group **{group.group}**: {taken}"
    if group.excepts:
        text += f", except {', '.join(f'`{pattern.text}`' for pattern in group.excepts)}"
    signs = {True: "==", False: "!="}
    conditions = [f'label("{c.key}") {signs[c.equal]} "{c.value}"' for c in group.conditions]
    text += f", where {' and '.join(conditions)}" if conditions else ""
    if group.expect:
        text += f", {group.expect[0]} to {group.expect[1]} expected"
    return "\n".join([text, *_paragraph(doc), "", describe_members(group, mesh)])


def describe_members(selection: Selection, mesh: Mesh | None) -> str:
    """List the workloads that a selection of patterns means."""
    if mesh is None:
        return "the manifests are not at hand: `meshmig plan` shows its workloads"
    members = [workload.id for workload in mesh.workloads if takes(selection, workload)]
    return describe_workloads(members, len(mesh.workloads))


def describe_workloads(members: Sequence[str], whole: int) -> str:
    """List workloads of a mesh that has so many."""
    shown = ", ".join(f"`{member}`" for member in members[:_MOST_MEMBERS])
    more = f" and {len(members) - _MOST_MEMBERS} more" if len(members) > _MOST_MEMBERS else ""
    return f"{len(members)} of {whole} workloads: {shown}{more}" if members else f"none of {whole} workloads"


def describe_param(param: Param) -> str:
    """Say what a param may be, and what it is."""
    choices = " or ".join(f"`{choice}`" for choice in param.choices)
    return f"param **{param.name}** = `{param.value}`, of {choices}"


def _paragraph(doc: str) -> list[str]:
    return ["", *doc.splitlines()] if doc else []


def _required(requirement: Requirement) -> str:
    match requirement:
        case RelativeRequirement():
            slack = f", plus {requirement.slack}" if requirement.slack.millionths else ""
            allowed = f"at most {requirement.ratio:g} times the old side's{slack}"
            return f"{_measured(requirement)}: {allowed} (same callers, same minutes)"
        case AbsoluteRequirement():
            bound = f"{'at least' if requirement.at_least else 'at most'} {requirement.bound}"
            return f"{_measured(requirement)}: {bound}, over {requirement.window}"
        case QueryRequirement():
            bound = f"{'at least' if requirement.at_least else 'at most'} {requirement.bound_text}"
            return f"`{requirement.query}`: {bound}"


def _measured(requirement: RelativeRequirement | AbsoluteRequirement) -> str:
    match requirement.measure:
        case Measure.SLOWER_THAN:
            return f"share of requests slower than {requirement.threshold or '?'}"
        case Measure.SUCCESS_RATE:
            return "share of requests not answered with a 5xx"
        case _:
            return "share of requests answered with a 5xx"


def _series(gate: Gate) -> Iterator[str]:
    measures = {requirement.measure for requirement in gate.requirements}
    if measures & {Measure.ERRORS, Measure.SUCCESS_RATE}:
        yield _counted("old", OLD_REQUESTS)
        yield _counted("new", NEW_REQUESTS)
    if Measure.SLOWER_THAN in measures:
        yield _timed("old", OLD_LATENCY)
        yield _timed("new", NEW_LATENCY)
    if Measure.QUERY in measures:
        yield "- the queries above, in the units of Prometheus"


def _counted(side: str, counter: Counter) -> str:
    return f"- {side}: `{_selector(counter)}`, requests by `{counter.code_label}`, at {counter.observed_at}"


def _timed(side: str, histogram: Histogram) -> str:
    return f"- {side}: `{_selector(histogram)}`, milliseconds by `le`"


def _selector(table: Counter | Histogram) -> str:
    matchers = ",".join(f'{matcher.label}{matcher.op}"{matcher.value}"' for matcher in table.matchers)
    return f"{table.metric}{{{matchers}}}"


def _steps(profile: Profile) -> Iterator[str]:
    approvals = sorted(profile.approvals, key=lambda approval: approval.percent)
    for percent in profile.steps:
        teams = [approval.team for approval in approvals if approval.percent == percent]
        parts = [*(f"approval by {team}" for team in teams), f"**{percent}%**"]
        parts += [f"bake {profile.bake}"] if profile.bake.ms else []
        parts += [f"check `{profile.gate}`"] if profile.gate else []
        yield ", ".join(parts)
    if profile.keep.ms:
        yield f"keep the old pods {profile.keep}"
