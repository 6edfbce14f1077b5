"""What must hold for every input there is; the fuzzer looks for bytes that break it, a test walks known ones."""

import unicodedata
from collections.abc import Mapping

from meshmig.diagnostics import Diagnostic, Span
from meshmig.language import CODES, Loaded, format_text, load, render_finding
from meshmig.language.source import MAX_BYTES
from tests.language.reading import meaning

FILE = "site.mig"
_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of signs that a terminal obeys or hides."""

_SEEN = set("\n\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Of these, the line end, and the signs before numbers in Arabic and Kaithi, which are seen."""
USED = {
    "gates.mig": b"mig 1\ngate healthy { require errors <= old * 1.25 + 0.05% }\n",
    "odd.mig": b'mig 1\nprofile gentle { steps 5 check helthy }\nstage 1 "x" { protect }\n',
}


def hold(data: bytes) -> None:
    """Raise an AssertionError where reading, telling or laying out these bytes breaks a promise."""
    loaded = _load(data)
    for finding in loaded.findings:
        _is_whole(finding, loaded.sources)
    assert len(loaded.findings) <= 60 * (len(USED) + 1)
    formatted = format_text(data, FILE)
    assert (formatted.text is None) == any(finding.severity == "error" for finding in formatted.findings)
    if formatted.text is not None:
        _is_stable(formatted.text, loaded)


def _load(data: bytes) -> Loaded:
    def read(path: str) -> bytes:
        if path == FILE:
            return data
        if path not in USED:
            raise FileNotFoundError(2, "No such file or directory", path)
        return USED[path]

    return load(FILE, read)


def _is_whole(finding: Diagnostic, sources: Mapping[str, str]) -> None:
    """A known code, one line of message, a next act, places that lie within the text they name."""
    assert finding.code in CODES
    assert finding.message
    assert "\n" not in finding.message
    assert finding.help
    assert finding.span is not None
    edits = [finding.edit.span] if finding.edit else []
    for span in (finding.span, *(label.span for label in finding.labels), *edits):
        _lies_within(span, sources)
    steering = {sign for sign in render_finding(finding, sources) if unicodedata.category(sign) in _STEERING}
    assert steering <= _SEEN, steering


def _lies_within(span: Span, sources: Mapping[str, str]) -> None:
    assert 1 <= span.line <= span.end_line
    assert span.column >= 1
    assert (span.line, span.column) <= (span.end_line, span.end_column)
    lines = sources.get(span.file, "").split("\n")
    assert span.end_line <= len(lines)
    assert span.end_column <= len(lines[span.end_line - 1]) + 1


def _is_stable(text: str, before: Loaded) -> None:
    """Laid out again it is the same text, and it means and lacks the same as before."""
    data = text.encode()
    assert len(data) > MAX_BYTES or format_text(data, FILE).text == text
    after = _load(data)
    assert [finding.code for finding in after.findings] == [finding.code for finding in before.findings]
    if before.migration is not None:
        assert after.migration is not None
        assert meaning(before.migration) == meaning(after.migration)
        assert before.migration.fingerprint == after.migration.fingerprint
