"""Collecting mistakes: one per place, so that one cause is told once."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from meshmig.diagnostics import Diagnostic, Edit, Label, Severity, Span
from meshmig.language.source import Source
from meshmig.language.tree import Extent

_MOST_LABELS = 4
"""So many places are shown with one mistake at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One error: `mark` stands beside the caret, `others` are further places, `replacement` mends the place."""

    code: str
    at: Extent
    message: str
    mark: str = ""
    help: str = ""
    replacement: str | None = None
    others: tuple[Label, ...] = ()


class Report:
    """The mistakes of one file. A place that has one already gets no second: it is the same cause.

    `quiet` is for what only follows from a mistake that was told. `touched` counts how often something was told.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: dict[int, Diagnostic | None] = {}
        self._damage: list[int] = []
        self.quiet = False
        self.touched = 0

    def add(self, mistake: Mistake) -> None:
        """Record a mistake, unless its place has one; while `quiet` only the place is remembered."""
        self.touched += 1
        if mistake.at.start not in self._found:
            self._found[mistake.at.start] = None if self.quiet else self._diagnostic(mistake)

    def also(self, start: int, label: Label) -> None:
        """Add a further place to the mistake that was recorded at an offset."""
        self.touched += 1
        found = self._found.get(start)
        if found is not None and len(found.labels) < _MOST_LABELS:
            self._found[start] = replace(found, labels=(*found.labels, label))

    def span(self, at: Extent) -> Span:
        """Return the place as lines and columns."""
        return self.source.span(at)

    def label(self, at: Extent, text: str) -> Label:
        """Return a second place with what to see there."""
        return Label(span=self.source.span(at), text=text)

    def close_syntax(self) -> None:
        """Say that the text was read: what was recorded so far is what could not be understood."""
        self._damage = sorted(self._found)

    @property
    def is_broken(self) -> bool:
        """Whether something could not be understood, so that nothing can be said about what the file lacks."""
        return bool(self._damage)

    def is_damaged(self, at: Extent) -> bool:
        """Say whether something within the extent could not be understood."""
        index = bisect_left(self._damage, at.start)
        return index < len(self._damage) and self._damage[index] < at.end

    def __len__(self) -> int:
        return len(self._found)

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Everything recorded, in the order of places."""
        return tuple(found for _, found in sorted(self._found.items(), key=_place) if found is not None)

    def _diagnostic(self, mistake: Mistake) -> Diagnostic:
        span = self.span(mistake.at)
        mark = (Label(span=span, text=mistake.mark),) if mistake.mark else ()
        edit = None if mistake.replacement is None else Edit(span=span, replacement=mistake.replacement)
        return Diagnostic(
            code=mistake.code,
            severity=Severity.ERROR,
            message=mistake.message,
            help=mistake.help,
            span=span,
            labels=(*mark, *mistake.others),
            edit=edit,
        )


def _place(found: tuple[int, Diagnostic | None]) -> int:
    return found[0]
