"""What is wrong, by the file in which it is shown."""

from collections.abc import Mapping

from meshmig.diagnostics import Diagnostic, in_order
from meshmig.lsp.workspace import View


def findings_by_file(view: View) -> Mapping[str, tuple[Diagnostic, ...]]:
    """Return the findings of every file that a migration is made of; a file without any is in it too."""
    found: dict[str, list[Diagnostic]] = {file: [] for file in (view.root, *view.loaded.sources)}
    for finding in view.loaded.findings:
        found.setdefault(finding.span.file if finding.span else view.root, []).append(finding)
    return {file: in_order(findings) for file, findings in found.items()}
