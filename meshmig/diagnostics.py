"""Findings: a code, where it stands, what is wrong, why, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs; only an error makes an outcome `refused`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a source file; lines and columns count from 1, `end_column` is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """The Kubernetes object that a finding is about, as the command line's contract prints it."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A second place that explains a finding, with what to see there."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A suggested replacement of a span, fit to be applied by an editor."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding.

    `message` is one sentence that names the thing and says why it is wrong; `help` is the next act.
    `object` and `path` place a finding in a manifest, `span` in a `.mig` file; either may be missing.
    """

    code: str
    severity: Severity
    message: str
    help: str = ""
    span: Span | None = None
    labels: tuple[Label, ...] = ()
    edit: Edit | None = None
    object: ObjectName | None = None
    path: str = ""


class MeshmigError(Exception):
    """Everything that meshmig raises on purpose."""


class RejectedError(MeshmigError):
    """The `.mig` file, the manifests or the flags are at fault; carries every finding at once."""

    def __init__(self, findings: Iterable[Diagnostic]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{finding.code} {finding.message}" for finding in self.findings))


def reject(code: str, message: str, help_text: str = "", span: Span | None = None) -> RejectedError:
    """Build the rejection that carries one error."""
    return RejectedError([Diagnostic(code=code, severity=Severity.ERROR, message=message, help=help_text, span=span)])


def has_errors(findings: Iterable[Diagnostic]) -> bool:
    """Say whether one of the findings is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def in_order(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort findings by place, then code, dropping repeats: the same input gives the same order."""
    return tuple(sorted(dict.fromkeys(findings), key=_place))


def _place(finding: Diagnostic) -> tuple[str, int, int, str, str, str, str]:
    span = finding.span
    file, line, column = (span.file, span.line, span.column) if span else ("", 0, 0)
    return (file, line, column, str(finding.object or ""), finding.path, finding.code, finding.message)
