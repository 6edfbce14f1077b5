"""Field changes as lines, and the shape by which equal steps are folded."""

import json
import textwrap
from collections.abc import Iterator

from meshmig.model.objects import Json
from meshmig.model.plan import Change, FieldChange, Shift, Step

WIDTH = 100
_BOOKKEEPING = {"metadata.labels[app.kubernetes.io/managed-by]", "metadata.annotations[meshmig.io/origin]"}
"""Marks that every object of ours carries: shown only where everything is."""


def change_lines(change: Change, *, indent: int, limit: int) -> Iterator[str]:
    """Write one line a field: path, before, after, where it comes from; `limit` 0 shows all."""
    fields = change.fields if not limit else tuple(item for item in change.fields if item.path not in _BOOKKEEPING)
    shown = fields if not limit else fields[:limit]
    for item in shown:
        yield clip(" " * indent + field_line(item))
    if len(shown) < len(fields):
        left = len(fields) - len(shown)
        yield " " * indent + f"… {left} more {'field' if left == 1 else 'fields'} (-v)"


def field_line(item: FieldChange) -> str:
    """Write `path  before → after  note`."""
    note = f"   {item.note}" if item.note else ""
    if item.before is None:
        return f"{item.path} = {value_text(item.after)}{note}"
    if item.after is None:
        return f"{item.path} {value_text(item.before)} → removed{note}"
    return f"{item.path} {value_text(item.before)} → {value_text(item.after)}{note}"


def value_text(value: Json) -> str:
    """Write a JSON value in the short form: bare words bare."""
    if isinstance(value, str):
        return value if value and "\n" not in value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: `1 write`, `2 writes`."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def clip(line: str, width: int = WIDTH) -> str:
    """Cut a line to the width, saying so with an ellipsis."""
    return line if len(line) <= width else line[: width - 1] + "…"


def wrapped(head: str, text: str, width: int = WIDTH) -> Iterator[str]:
    """Write a text behind a head, its further lines indented under its first word."""
    yield from textwrap.wrap(text, width, initial_indent=head, subsequent_indent=" " * len(head)) or [head]


def shape_of(step: Step) -> tuple[str, ...]:
    """Return what two steps must share to be folded: what they do, to which kind, with which fields and values."""
    if step.write is None or step.change is None or isinstance(step.action, Shift):
        return (step.id,)
    fields = tuple(field_line(item) for item in step.change.fields if not _names_it(item, step))
    return (step.stage.__str__(), step.change.action, step.write.ref.kind, step.irreversible, *sorted(fields))


def _names_it(item: FieldChange, step: Step) -> bool:
    """Whether a field only repeats what the object is called."""
    name = step.write.ref.name if step.write else ""
    return item.path.startswith("metadata.") or (isinstance(item.after, str) and name in item.after)
