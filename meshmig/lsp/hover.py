"""What stands under the cursor: a name with what it means, else a word of the language in one sentence."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from meshmig.language import tree
from meshmig.language.parser import Parsed
from meshmig.language.tree import Extent, Token
from meshmig.language.words import meaning
from meshmig.lsp.describing import (
    describe_gate,
    describe_group,
    describe_members,
    describe_param,
    describe_profile,
    describe_workloads,
)
from meshmig.lsp.index import Kind, Occurrence, occurrence_at, token_at
from meshmig.lsp.knowledge import Knowledge
from meshmig.model.intent import Pattern, Selection
from meshmig.planning.selection import takes
from meshmig.sources.appmesh.questions import WORDINGS

Title = Callable[[str], str]
"""What a code of a finding means; empty for one that there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hover:
    """Markdown about a stretch of the text."""

    text: str
    at: Extent


def hover(parsed: Parsed, known: Knowledge, offset: int, title: Title) -> Hover | None:
    """Say what stands at an offset; None where nothing is to be said."""
    name = occurrence_at(parsed, offset)
    text = _named(parsed, name, known) if name else ""
    if name and text:
        return Hover(text=text, at=name.at)
    token = token_at(parsed, offset)
    if token is None:
        return None
    said = _token(parsed, token, known, title)
    return Hover(text=said, at=token.at) if said else None


def statement_of(parsed: Parsed, token: Token) -> Token | None:
    """Return the word that begins the statement that a token is part of."""
    index = bisect_right(parsed.tokens, token.start, key=lambda each: each.start) - 1
    before = bisect_right(parsed.starts, index)
    return parsed.tokens[parsed.starts[before - 1]] if before else None


def _named(parsed: Parsed, name: Occurrence, known: Knowledge) -> str:
    match name.kind:
        case Kind.GATE:
            return describe_gate(known.gates[name.name]) if name.name in known.gates else ""
        case Kind.PROFILE:
            profile = known.overridden(name.name, _overrides(parsed, name.at))
            return describe_profile(profile) if profile else ""
        case Kind.GROUP:
            group = known.groups.get(name.name)
            return describe_group(group, known.mesh, known.docs[name.name]) if group else ""
        case Kind.PARAM:
            return describe_param(known.params[name.name]) if name.name in known.params else ""


def _overrides(parsed: Parsed, at: Extent) -> tree.Overrides | None:
    """Return what a move replaces of the profile that is named there."""
    actions = (action for item in _items(parsed) if isinstance(item, tree.Stage) for action in item.actions)
    moves = (action for action in actions if isinstance(action, tree.Move | tree.Waves))
    return next((move.overrides for move in moves if move.profile.at == at), None)


def _items(parsed: Parsed) -> tuple[tree.Item, ...]:
    return parsed.file.items if parsed.file else ()


def _token(parsed: Parsed, token: Token, known: Knowledge, title: Title) -> str:
    first = statement_of(parsed, token)
    statement = first.text if first else ""
    decided = _decided(token, statement, title)
    if decided:
        return decided
    if token.type == "PATH":
        return describe_members(Selection(patterns=(Pattern(text=token.text),)), known.mesh) if known.mesh else ""
    word = meaning(token.text, statement) if token.type not in ("NAME", "TEXT") else ""
    parts = [f"**{token.text}**: {word}"] if word else []
    if token.type == "REST" and known.mesh:
        parts.append(_rest(known))
    return "\n\n".join([*parts, *_documented(parsed, token)])


def _decided(token: Token, statement: str, title: Title) -> str:
    """Explain the code behind `allow`, and the question and the choices behind `answer`."""
    if statement == "allow" and token.type == "NAME":
        return f"**{token.text}**: {title(token.text)}" if title(token.text) else ""
    question = WORDINGS.get(token.text) if statement == "answer" else None
    if question is None:
        return ""
    choices = ", ".join(f"`{choice}`" for choice in question.choices)
    return f"**{token.text}**: {question.text}\n\nchoices: {choices}; the first is taken where nobody answers"


def _documented(parsed: Parsed, token: Token) -> list[str]:
    """Return the `##` comment of the item whose name, number or title the token is."""
    for item in _items(parsed):
        heads = (item.number, item.title) if isinstance(item, tree.Stage) else (getattr(item, "name", None),)
        if any(isinstance(head, Token) and head.start == token.start for head in heads):
            doc = parsed.docs.get(parsed.source.line(item.at.start), "")
            return [doc] if doc else []
    return []


def _rest(known: Knowledge) -> str:
    """Say whom `rest` means: all that no other selection names."""
    named = tuple(_selected(known))
    workloads = known.mesh.workloads if known.mesh else ()
    return describe_workloads(
        [workload.id for workload in workloads if not any(takes(selection, workload) for selection in named)],
        len(workloads),
    )


def _selected(known: Knowledge) -> Iterator[Selection]:
    """Yield what the stages select by patterns and groups."""
    actions = (action for item in _items(known.main) if isinstance(item, tree.Stage) for action in item.actions)
    for action in actions:
        if isinstance(action, tree.Move | tree.Waves):
            items = action.selection.items
            yield Selection(patterns=tuple(Pattern(text=item.text) for item in items if item.type == "PATH"))
            yield from (known.groups[item.text] for item in items if item.text in known.groups)
