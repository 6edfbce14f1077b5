"""Findings for machines that review code: SARIF 2.1.0, and GitHub's workflow commands."""

import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from meshmig import __version__
from meshmig.catalogue import page
from meshmig.commands.result import Result
from meshmig.diagnostics import Diagnostic, Edit, Label, Severity, Span
from meshmig.model.objects import Json

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_ESCAPED = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_ESCAPED_IN_PROPERTY = _ESCAPED | {":": "%3A", ",": "%2C"}


def formatted(form: str, result: Result) -> str:
    """Write the findings as `sarif` or `github`."""
    return _sarif(result.findings) if form == "sarif" else "".join(map(_github, result.findings))


def _sarif(findings: Sequence[Diagnostic]) -> str:
    codes = sorted({finding.code for finding in findings})
    driver = {"name": "meshmig", "version": __version__, "rules": [_rule(code) for code in codes]}
    places = {code: place for place, code in enumerate(codes)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, places[finding.code]) for finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> Json:
    """Describe a code by its page: what the viewer shows beside every finding of it."""
    found = page(code)
    if found is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": found.title},
        "fullDescription": {"text": found.summary},
        "help": {"text": found.text, "markdown": found.text},
    }


def _result(finding: Diagnostic, rule: int) -> Json:
    found: dict[str, Json] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVEL[finding.severity],
        "message": {"text": _sentence(finding)},
    }
    if finding.span is not None:
        found["locations"] = [{"physicalLocation": _place(finding.span)}]
    elif finding.object is not None:
        name = f"{finding.object}{f' {finding.path}' if finding.path else ''}"
        found["locations"] = [{"logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}]}]
    others = [
        {"id": number, "message": {"text": label.text}, "physicalLocation": _place(label.span)}
        for number, label in enumerate(_others(finding), start=1)
    ]
    if others:
        found["relatedLocations"] = others
    if finding.edit is not None:
        found["fixes"] = [_fix(finding.edit, finding.help)]
    return found


def _fix(edit: Edit, text: str) -> Json:
    replacement = {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.replacement}}
    change = {"artifactLocation": _artifact(edit.span), "replacements": [replacement]}
    return {"description": {"text": text or "replace"}, "artifactChanges": [change]}


def _place(span: Span) -> Json:
    return {"artifactLocation": _artifact(span), "region": _region(span)}


def _artifact(span: Span) -> Json:
    """Name a file by a URI reference: relative where the file was named so, else from the root."""
    path = span.file.removeprefix("./")
    return {"uri": f"file://{quote(path)}" if path.startswith("/") else quote(path, errors="surrogateescape")}


def _region(span: Span) -> Json:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _github(finding: Diagnostic) -> str:
    """Write one command; GitHub shows columns only where they lie on one line, and cuts nothing off by itself."""
    places = [_said(label) for label in _others(finding)]
    text = "\n".join([_sentence(finding), *places, f"meshmig explain {finding.code}"])
    properties = ",".join(f"{key}={_escaped(value, _ESCAPED_IN_PROPERTY)}" for key, value in _properties(finding))
    return f"::{_COMMAND[finding.severity]} {properties}::{_escaped(text, _ESCAPED)}\n"


def _properties(finding: Diagnostic) -> Iterator[tuple[str, str]]:
    span = finding.span
    if span is not None:
        yield from (("file", span.file), ("line", str(span.line)), ("endLine", str(span.end_line)))
        if span.line == span.end_line:
            yield from (("col", str(span.column)), ("endColumn", str(span.end_column)))
    yield "title", f"meshmig {finding.code}"


def _escaped(text: str, signs: Mapping[str, str]) -> str:
    return text.translate({ord(sign): to for sign, to in signs.items()})


def _sentence(finding: Diagnostic) -> str:
    where = f"{finding.object}: " if finding.object is not None and finding.span is None else ""
    return f"{where}{finding.message}. {finding.help}" if finding.help else f"{where}{finding.message}"


def _said(label: Label) -> str:
    return f"{label.span.file}:{label.span.line}:{label.span.column}: {label.text}"


def _others(finding: Diagnostic) -> tuple[Label, ...]:
    """Return the further places, without what is only said beside the finding's own."""
    return tuple(label for label in finding.labels if label.span != finding.span)
