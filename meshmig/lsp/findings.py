"""What is wrong, by the file in which it is shown."""

from collections.abc import Iterable, Mapping

from meshmig.diagnostics import Diagnostic, in_order
from meshmig.lsp.workspace import View


def findings_by_file(views: Iterable[View]) -> Mapping[str, tuple[Diagnostic, ...]]:
    """Return the findings of every file that the views' migrations are made of; a file without any is in it too."""
    found: dict[str, list[Diagnostic]] = {}
    for view in views:
        found.setdefault(view.root, [])
        for file in view.loaded.sources:
            found.setdefault(file, [])
        for finding in view.loaded.findings:
            found.setdefault(finding.span.file if finding.span else view.root, []).append(finding)
    return {file: in_order(findings) for file, findings in found.items()}
