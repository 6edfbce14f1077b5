"""Findings for machines that review code: SARIF, and GitHub's workflow commands."""

import json

from meshmig import __version__
from meshmig.commands.result import Result
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.objects import Json

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def formatted(form: str, result: Result) -> str:
    """Write the findings as `sarif` or `github`."""
    return _sarif(result) if form == "sarif" else "".join(_github(finding) for finding in result.findings)


def _sarif(result: Result) -> str:
    codes = sorted({finding.code for finding in result.findings})
    driver = {"name": "meshmig", "version": __version__, "rules": [{"id": code} for code in codes]}
    run = {"tool": {"driver": driver}, "results": [_sarif_result(finding) for finding in result.findings]}
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _sarif_result(finding: Diagnostic) -> Json:
    text = f"{finding.message}. {finding.help}" if finding.help else finding.message
    found: dict[str, Json] = {
        "ruleId": finding.code,
        "level": _LEVEL[finding.severity],
        "message": {"text": text},
    }
    if finding.span is not None:
        region = {
            "startLine": finding.span.line,
            "startColumn": finding.span.column,
            "endLine": finding.span.end_line,
            "endColumn": finding.span.end_column,
        }
        place = {"artifactLocation": {"uri": finding.span.file}, "region": region}
        found["locations"] = [{"physicalLocation": place}]
    elif finding.object is not None:
        found["locations"] = [{"logicalLocations": [{"fullyQualifiedName": str(finding.object)}]}]
    return found


def _github(finding: Diagnostic) -> str:
    level = {Severity.INFO: "notice"}.get(finding.severity, finding.severity.value)
    place = ""
    if finding.span is not None:
        place = f" file={finding.span.file},line={finding.span.line},col={finding.span.column}"
    text = f"{finding.message}. {finding.help}" if finding.help else finding.message
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return (
        f"::{level}{place},title={finding.code}::{escaped}\n"
        if place
        else f"::{level} title={finding.code}::{escaped}\n"
    )
