"""A plan as a document: Markdown for a review comment, one HTML file, a graph of its steps."""

import html
from collections.abc import Iterator, Sequence

from meshmig.cli.views.fields import counted
from meshmig.cli.views.plan_data import action_name, summary_data
from meshmig.cli.views.plan_text import StagePart, plan_parts
from meshmig.commands.result import PlanShown
from meshmig.diagnostics import Severity
from meshmig.model.plan import Plan, Step

COMMENT_LIMIT = 60_000
"""Review comments end at 65,536 characters; the rest is left to the frame around ours."""

_LEFT_OUT = "does not fit a comment: `meshmig show PLAN` shows it"
_FINDINGS = 50


def markdown(plan: Plan) -> str:
    """Write the plan for a review comment, never longer than a comment may be: stages that do not fit are named."""
    parts = plan_parts(PlanShown(plan=plan), verbose=False)
    above = "\n".join([*_markdown_head(plan), *_fenced(parts.journey)])
    below = "\n".join(["", *_fenced(parts.tail)])
    room = COMMENT_LIMIT - len(above) - len(below) - sum(len(_named(part)) + 1 for part in parts.stages)
    stages = []
    for part in parts.stages:
        whole = "\n".join(["", f"<details><summary>{part.title}</summary>", "", *_fenced(part.lines), "", "</details>"])
        fits = len(whole) <= room
        room -= len(whole) if fits else 0
        stages.append(whole if fits else _named(part))
    return "\n".join([above, *stages, below])[: COMMENT_LIMIT - 1] + "\n"


def _markdown_head(plan: Plan) -> Iterator[str]:
    counts = summary_data(plan)
    yield f"## meshmig plan `{plan.migration}` · digest `{plan.digest[:8]}`"
    yield ""
    yield (
        f"{counts['stages']} stages, {counts['steps']} steps: {counts['create']} objects to add, "
        f"{counts['update']} changes, {counts['delete']} to delete, {counted(counts['approvals'], 'approval')}."
    )
    yield f"World: App Mesh's control plane is **{plan.world.control_plane.value}**."
    yield ""
    shown = [finding for finding in plan.findings if finding.severity is not Severity.INFO]
    for finding in shown[:_FINDINGS]:
        yield f"- **{finding.code}** {finding.severity.value}: {finding.message}"
    if len(shown) > _FINDINGS:
        yield f"- and {len(shown) - _FINDINGS} more"


def _fenced(lines: Sequence[str]) -> tuple[str, ...]:
    """Put lines into a code block; a fence inside them cannot end it."""
    return ("```text", *(line.replace("```", "` ` `") for line in lines), "```") if lines else ()


def _named(part: StagePart) -> str:
    return f"\n- {part.title}: {_LEFT_OUT}"


_STYLE = (
    "body{font:14px/1.45 ui-monospace,monospace;margin:2rem auto;max-width:120ch;padding:0 1rem}"
    "pre{white-space:pre-wrap}summary{font-weight:bold;cursor:pointer;margin-top:1rem}"
    ".add{color:#0a7a2f}.del{color:#b3261e}.mod{color:#8a5a00}"
)
_SIGNED = {"  + ": "add", "  - ": "del", "  ~ ": "mod"}


def html_page(plan: Plan) -> str:
    """Write the plan as one file that opens offline: no script, no outside reference."""
    parts = plan_parts(PlanShown(plan=plan, full_ledger=True), verbose=True)
    title = html.escape(f"meshmig plan {plan.migration} {plan.digest[:8]}")
    body = [f"<pre>{_escaped((*parts.head, '', *parts.journey))}</pre>"]
    body += [
        f"<details open><summary>{html.escape(part.title)}</summary><pre>{_escaped(part.lines)}</pre></details>"
        for part in parts.stages
    ]
    body.append(f"<pre>{_escaped(parts.tail)}</pre>")
    lines = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n{lines}</body></html>\n"
    )


def _escaped(lines: Sequence[str]) -> str:
    return "\n".join(_coloured(line) for line in lines)


def _coloured(line: str) -> str:
    """Colour a line by its sign, which stays: colour says nothing that the sign does not."""
    style = _SIGNED.get(line[:4])
    text = html.escape(line)
    return f'<span class="{style}">{text}</span>' if style else text


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
