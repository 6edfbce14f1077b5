"""`meshmig check` and `meshmig fmt`: `.mig` files as texts, offline."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from meshmig.commands.opening import load_migration
from meshmig.commands.result import FilesShown, Result
from meshmig.diagnostics import Diagnostic, Severity, has_errors, in_order, reject
from meshmig.language import format_text
from meshmig.model.run import Outcome


def check(files: Sequence[str]) -> Result:
    """Check each file with what it uses."""
    findings: list[Diagnostic] = []
    sources: dict[str, str] = {}
    for file in files:
        loaded = load_migration(file)
        findings += loaded.findings
        sources |= loaded.sources
    found = in_order(findings)
    wrong = has_errors(found)
    text = "" if wrong else f"{', '.join(files)}: no errors\n"
    outcome = Outcome.REFUSED if wrong else Outcome.OK
    return Result(outcome=outcome, findings=found, shown=FilesShown(files=tuple(files), text=text), sources=sources)


def fmt(files: Sequence[str], *, write: bool, diff: bool) -> Result:
    """Lay files out; without `write` only say which would change. A file with errors stays as it is."""
    findings: list[Diagnostic] = []
    sources: dict[str, str] = {}
    changed: dict[str, tuple[str, str]] = {}
    for file in files:
        before, text, found = _formatted(file)
        findings += found
        sources[file] = before
        if text is not None and text != before:
            changed[file] = (before, text)
    if write and not has_errors(findings):
        for file, (_, text) in changed.items():
            _replace(file, text)
    shown = FilesShown(files=tuple(files), changed=tuple(changed), text=_report(changed, write=write, diff=diff))
    refused = has_errors(findings) or (bool(changed) and not write)
    found = in_order((*findings, *([] if write else map(_would_change, changed))))
    return Result(outcome=Outcome.REFUSED if refused else Outcome.OK, findings=found, shown=shown, sources=sources)


def _formatted(file: str) -> tuple[str, str | None, tuple[Diagnostic, ...]]:
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        finding = reject("MIG604", f"{file} cannot be read: {error.strerror}", "name a .mig file").findings
        return "", None, finding
    formatted = format_text(data, file)
    return data.decode("utf-8", "replace"), formatted.text, formatted.findings


def _replace(file: str, text: str) -> None:
    """Write the whole new text beside the file, then put it in its place: never half written."""
    path = Path(file)
    beside = path.with_name(f".{path.name}.meshmig")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _would_change(file: str) -> Diagnostic:
    message = f"{file} is not in the canonical layout"
    return Diagnostic(code="MIG004", severity=Severity.ERROR, message=message, help=f"run: meshmig fmt {file}")


def _report(changed: dict[str, tuple[str, str]], *, write: bool, diff: bool) -> str:
    if not diff:
        word = "formatted" if write else "would change"
        return "".join(f"{word} {file}\n" for file in changed)
    lines: list[str] = []
    for file, (before, text) in changed.items():
        lines += difflib.unified_diff(
            before.splitlines(keepends=True), text.splitlines(keepends=True), file, f"{file} (formatted)"
        )
    return "".join(lines)
