"""The view for people: every shown value as plain text, and findings beneath it."""

import json
from collections.abc import Sequence

from meshmig.cli.views.assess_text import assess_text
from meshmig.cli.views.envelope import object_list
from meshmig.cli.views.gate_text import gate_text, replay_text
from meshmig.cli.views.page_text import page_text
from meshmig.cli.views.plan_text import plan_text, step_text
from meshmig.cli.views.precheck_text import precheck_text
from meshmig.cli.views.proof_views import proof_lines
from meshmig.cli.views.run_text import drift_lines, lock_lines, rollback_lines, run_lines, status_lines
from meshmig.commands import result as shown
from meshmig.commands.result import Result
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.language import WIDTH, render_finding

_NAMED = 3
"""How many of findings alike are named."""


def human(result: Result, *, verbose: bool) -> str:
    """Write what a command shows on stdout, without its findings."""
    match result.shown:
        case shown.Nothing():
            return ""
        case shown.FilesShown(text=text) | shown.DocumentShown(text=text):
            return text
        case shown.PageShown(page=page):
            return page_text(page)
        case shown.GeneratedShown(folder=folder, files=files, text=text):
            return f"wrote {len(files)} files to {folder}\n" if folder else text
        case shown.InitShown() as init:
            return _init_text(init)
        case shown.PlanShown() as plan:
            return step_text(plan.plan.step[plan.step]) if plan.step else plan_text(plan, verbose=verbose)
        case shown.ProofShown() as proof:
            return "\n".join(proof_lines(proof, verbose=verbose)) + "\n"
        case _:
            return _looked(result.shown, verbose=verbose)


def _looked(value: shown.Shown, *, verbose: bool) -> str:
    """What commands show that only look."""
    match value:
        case shown.GateShown() as looked:
            return gate_text(looked)
        case shown.ReplayShown() as replayed:
            return replay_text(replayed, verbose=verbose)
        case shown.AssessShown() as assessed:
            return assess_text(assessed, verbose=verbose)
        case shown.PrecheckShown() as checked:
            return precheck_text(checked, verbose=verbose)
        case _:
            return "\n".join(_lines(value)) + "\n"


def _lines(value: shown.Shown) -> list[str]:
    match value:
        case shown.RunShown():
            return list(run_lines(value))
        case shown.StatusShown() if value.objects is not None:
            return [json.dumps(object_list(value.objects))]
        case shown.StatusShown():
            return list(status_lines(value))
        case shown.RollbackShown():
            return list(rollback_lines(value))
        case shown.DriftShown():
            return list(drift_lines(value))
        case shown.LockShown():
            return list(lock_lines(value))
        case _:
            return []


def _init_text(init: shown.InitShown) -> str:
    if not init.file:
        return init.text
    asked = f", {len(init.questions)} questions open (safest defaults taken)" if init.questions else ""
    return (
        f"wrote {init.file}: {len(init.workloads)} workloads{asked}\n"
        f"Next: meshmig plan {init.file}\n      meshmig rehearse {init.file}\n"
    )


def findings_text(result: Result, width: int = WIDTH, *, verbose: bool = False) -> str:
    """Write the findings, errors first, each rendered with its source line where it has one, so many columns wide.

    What a precheck's own text shows already is left out; without `verbose` findings alike are told once.
    """
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    match result.shown:
        case shown.PrecheckShown() as checked:
            told = checked.beside
        case _:
            told = result.findings
    ranked = sorted(told, key=lambda finding: order[finding.severity])
    alike: dict[tuple[object, ...], list[Diagnostic]] = {}
    for finding in ranked:
        key = (finding.severity, finding.code, finding.span, finding.help)
        alike.setdefault((*key, finding.message) if verbose else key, []).append(finding)
    return "".join(_alike_text(group, result, width) for group in alike.values())


def _alike_text(group: Sequence[Diagnostic], result: Result, width: int) -> str:
    """Write the first of findings that differ in what they are about alone, and name the others."""
    text = _finding_text(group[0], result, width)
    others = [str(finding.object or finding.message) for finding in group[1:]]
    if not others:
        return text
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"{text}  = {len(others)} like it: {', '.join(others[:_NAMED])}{more}   (-v shows them)\n"


def _finding_text(finding: Diagnostic, result: Result, width: int) -> str:
    if finding.span is not None:
        return render_finding(finding, result.sources, width) + "\n"
    where = f" {finding.object}" if finding.object else ""
    path = f" {finding.path}" if finding.path else ""
    helping = f"\n  = {finding.help}" if finding.help else ""
    place = f"{where}{path}:" if finding.object else ""
    return f"{finding.severity.value} {finding.code}:{place} {finding.message}{helping}\n"
