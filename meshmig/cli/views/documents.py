"""A plan as a document: Markdown for a review comment, one HTML file, a graph of its steps."""

import html
from collections.abc import Iterator

from meshmig.cli.views.plan_data import action_name, summary_data
from meshmig.cli.views.plan_steps import SIGN
from meshmig.cli.views.plan_text import plan_text
from meshmig.commands.result import PlanShown
from meshmig.diagnostics import Severity
from meshmig.model.plan import Plan, Stage, Step

COMMENT_LIMIT = 60_000
"""Review comments end at 65,536 characters; the rest is left to the frame around ours."""

_CUT = "\n\n… the rest does not fit a comment: `meshmig show PLAN` shows the whole plan.\n"


def markdown(plan: Plan) -> str:
    """Write the plan for a review comment, never longer than a comment may be."""
    text = "\n".join(_markdown_lines(plan)) + "\n"
    return text if len(text) <= COMMENT_LIMIT else text[: COMMENT_LIMIT - len(_CUT)] + _CUT


def _markdown_lines(plan: Plan) -> Iterator[str]:
    counts = summary_data(plan)
    yield f"## meshmig plan `{plan.migration}` · digest `{plan.digest[:8]}`"
    yield ""
    yield (
        f"{counts['stages']} stages, {counts['steps']} steps: {counts['create']} objects to add, "
        f"{counts['update']} changes, {counts['delete']} to delete, {counts['approvals']} approvals."
    )
    yield f"World: App Mesh's control plane is **{plan.world.control_plane.value}**."
    shown = [finding for finding in plan.findings if finding.severity is not Severity.INFO]
    yield from ("", *(f"- **{finding.code}** {finding.severity.value}: {finding.message}" for finding in shown))
    for stage in plan.stages:
        yield from _markdown_stage(stage)


def _markdown_stage(stage: Stage) -> Iterator[str]:
    mark = f" (▲ no return at {stage.point_of_no_return})" if stage.point_of_no_return else ""
    yield from (
        "",
        f"<details><summary>stage {stage.number} {stage.title}{mark}: {len(stage.steps)} steps</summary>",
        "",
    )
    yield from ("| step | what | fields |", "|---|---|---|")
    for step in stage.steps:
        sign = SIGN[step.change.action] if step.change else ""
        fields = len(step.change.fields) if step.change else 0
        yield f"| {step.id} | {sign} {step.title.replace('|', '/')} | {fields or ''} |"
    yield from ("", "</details>")


def html_page(plan: Plan) -> str:
    """Write the plan as one file that opens offline: no script, no outside reference."""
    body = html.escape(plan_text(PlanShown(plan=plan), verbose=True))
    title = html.escape(f"meshmig plan {plan.migration} {plan.digest[:8]}")
    style = "body{font:14px/1.45 ui-monospace,monospace;margin:2rem;max-width:120ch}pre{white-space:pre-wrap}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{style}</style></head>\n<body><h1>{title}</h1><pre>{body}</pre></body></html>\n"
    )


def graph(plan: Plan, form: str) -> str:
    """Write the steps and what they wait for, as Mermaid or DOT."""
    steps = [step for stage in plan.stages for step in stage.steps]
    return _mermaid(steps) if form == "mermaid" else _dot(steps)


def _label(step: Step) -> str:
    return f"{step.id} {action_name(step)} {step.title}".replace('"', "'")


def _mermaid(steps: list[Step]) -> str:
    lines = ["flowchart TD"]
    lines += [f'  s{step.id.replace(".", "_")}["{_label(step)}"]' for step in steps]
    lines += [
        f"  s{before.replace('.', '_')} --> s{step.id.replace('.', '_')}" for step in steps for before in step.after
    ]
    return "\n".join(lines) + "\n"


def _dot(steps: list[Step]) -> str:
    lines = ["digraph plan {", "  rankdir=TB; node [shape=box];"]
    lines += [f'  "{step.id}" [label="{_label(step)}"];' for step in steps]
    lines += [f'  "{before}" -> "{step.id}";' for step in steps for before in step.after]
    return "\n".join([*lines, "}"]) + "\n"
