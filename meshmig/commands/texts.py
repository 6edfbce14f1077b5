"""`meshmig check` and `meshmig fmt`: `.mig` files as texts, offline."""

import difflib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshmig.commands.opening import STDIN, load_migration, read_text_file
from meshmig.commands.result import FilesShown, Result
from meshmig.diagnostics import Diagnostic, RejectedError, Severity, has_errors, in_order, reject
from meshmig.language import format_text
from meshmig.model.run import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A file before and after; `after` is None where it has errors, which are the findings."""

    file: str
    before: str
    after: str | None
    findings: tuple[Diagnostic, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the file is not in the canonical layout."""
        return self.after not in (None, self.before)


def check(files: Sequence[str], params: Mapping[str, str]) -> Result:
    """Check each file with what it uses."""
    findings: list[Diagnostic] = []
    sources: dict[str, str] = {}
    for file in files:
        loaded = load_migration(file, params)
        findings += loaded.findings
        sources |= loaded.sources
    found = in_order(findings)
    wrong = has_errors(found)
    text = "" if wrong else f"{', '.join(files)}: no errors\n"
    outcome = Outcome.REFUSED if wrong else Outcome.OK
    return Result(outcome=outcome, findings=found, shown=FilesShown(files=tuple(files), text=text), sources=sources)


def fmt(files: Sequence[str], *, write: bool, diff: bool) -> Result:
    """Lay files out; without `write` only say which would change. Where one file has errors, none is written.

    `-` is the standard input: its text is shown instead of written.
    """
    texts = [_formatted(file) for file in dict.fromkeys(files)]
    changed = [text for text in texts if text.changes]
    findings = [finding for text in texts for finding in text.findings]
    refused = has_errors(findings)
    if not write:
        findings += map(_would_change, changed)
    elif not refused:
        findings += [finding for text in changed if text.file != STDIN for finding in _replace(text)]
    shown = FilesShown(
        files=tuple(files),
        changed=tuple(text.file for text in changed),
        text="" if refused and write else "".join(_report(texts, write=write, diff=diff)),
    )
    return Result(
        outcome=Outcome.REFUSED if has_errors(findings) else Outcome.OK,
        findings=in_order(findings),
        shown=shown,
        sources={text.file: text.before for text in texts if text.before},
    )


def _formatted(file: str) -> _Text:
    try:
        data = read_text_file(file)
    except OSError as error:
        finding = reject("MIG604", f"{file} cannot be read: {error.strerror}", "name a .mig file")
        return _Text(file=file, before="", after=None, findings=finding.findings)
    formatted = format_text(data, file)
    before = formatted.before if formatted.text is None else data.decode()  # a byte order mark is a change
    return _Text(file=file, before=before, after=formatted.text, findings=formatted.findings)


def _replace(text: _Text) -> tuple[Diagnostic, ...]:
    """Write the whole new text beside the file, then put it in its place: never half written, a link stays one."""
    path = Path(text.file).resolve()
    beside = path.with_name(f".{path.name}.meshmig")
    try:
        beside.write_bytes((text.after or "").encode())
        shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        message = f"{text.file} cannot be written: {error.strerror}"
        refusal: RejectedError = reject("MIG604", message, "make it and its folder writable")
        return refusal.findings
    return ()


def _would_change(text: _Text) -> Diagnostic:
    message = f"{text.file} is not in the canonical layout"
    file = "-" if text.file == STDIN else text.file
    return Diagnostic(code="MIG004", severity=Severity.ERROR, message=message, help=f"run: meshmig fmt {file}")


def _report(texts: Sequence[_Text], *, write: bool, diff: bool) -> Iterator[str]:
    for text in texts:
        if write and text.file == STDIN:
            yield text.after or ""
        elif text.changes and diff:
            yield from _diff(text)
        elif text.changes:
            yield f"{'formatted' if write else 'would change'} {text.file}\n"


def _diff(text: _Text) -> Iterator[str]:
    """Yield a unified diff that `patch` takes, also where the file does not end with a line end."""
    before, after = (each.splitlines(keepends=True) for each in (text.before, text.after or ""))
    for line in difflib.unified_diff(before, after, text.file, f"{text.file} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
