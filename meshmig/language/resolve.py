"""From trees to the migration: names resolved, units read, everything checked that needs no cluster."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from meshmig.language import tree
from meshmig.language.names import Definition, Names, Node, Scope, Table, collect
from meshmig.language.parser import Parsed
from meshmig.language.remembering import Memory, Once
from meshmig.language.report import Mistake, Report
from meshmig.language.resolve_decisions import (
    resolve_adoptions,
    resolve_allows,
    resolve_answers,
    resolve_raw,
    resolve_take_overs,
)
from meshmig.language.resolve_gates import resolve_gate
from meshmig.language.resolve_migration import contradictions, judged_blindly, resolve_header
from meshmig.language.resolve_params import filled, resolve_params
from meshmig.language.resolve_profiles import resolve_profile
from meshmig.language.resolve_selections import moved_twice, resolve_group
from meshmig.language.resolve_stages import Named, resolve_stages
from meshmig.language.resolve_windows import resolve_notifications, resolve_windows
from meshmig.language.wording import quoted
from meshmig.model import intent

Value = TypeVar("Value")

_SHARED = (tree.Use, tree.Gate, tree.Profile, tree.Group)
"""The items that a used file may hold."""

_UNBUILT: Mapping[type, str] = {
    tree.Mirror: "mirror",
}
"""Items and actions that may be written already, but do nothing yet."""


def resolve(
    main: Parsed, used: Sequence[Parsed], given: Mapping[str, str], *, partial: bool, memory: Memory | None = None
) -> intent.Migration | None:
    """Resolve a file with the files it uses, which come first; `partial`: one of those could not be read.

    `given` are values of the file's params, by name, that replace its own. Returns the migration, or None where the
    file has none; the mistakes are in each file's report, and a migration with mistakes is not to be used. With a
    `memory` only the mistakes are to be used: what was remembered says where things stood in an earlier text.
    """
    params = resolve_params(main, given)
    values = tuple((name, token.type, token.text) for name, token in params.values.items())
    once = Once(memory=memory, reports=tuple(parsed.report for parsed in (*used, main)), around=values)
    used = tuple(filled(parsed, {}, once) for parsed in used)
    main = filled(main, params.values, once)
    files = (*used, main)
    names = collect(files, partial=partial)
    for parsed in used:
        _only_shared(parsed)
    gates, named = _named(names, main, once.within(names.known, names.excuses))
    whole = _main(main, named, gates) if main.file else None
    if whole is None:
        return None
    return replace(whole, params=params.params, fingerprint=fingerprint(files, params.params))


def _named(names: Names, main: Parsed, once: Once) -> tuple[tuple[intent.Gate, ...], Named]:
    """Resolve what has a name; stages look at all of it."""

    def each(table: Table[Node], work: Callable[[Node, Scope], Value]) -> dict[str, Value]:
        return {name: _defined(found, Scope.of(names, found.parsed), work, once) for name, found in table.items()}

    gates, groups = each(names.gates, resolve_gate), each(names.groups, resolve_group)
    profiles = each(names.profiles, resolve_profile)
    texts = {name: _text(found) for name, found in names.groups.items()}
    texts |= {name: texts.get(name, "") + _text(found) for name, found in names.profiles.items()}
    scope = Scope.of(names, main)
    return tuple(gates.values()), Named(profiles=profiles, groups=groups, scope=scope, once=once, texts=texts)


def _text(found: Definition[Node]) -> str:
    return found.parsed.source.text[slice(*found.node.at)]


def _defined(found: Definition[Node], scope: Scope, work: Callable[[Node, Scope], Value], once: Once) -> Value:
    what = type(found.node).__name__
    return once.do(what, found.node, scope.report, lambda node: work(node, scope))


def fingerprint(files: Iterable[Parsed], params: Iterable[intent.Param]) -> str:
    """Return the SHA-256 over all words of the files and the params' values: comments and layout do not change it."""
    texts = ["\n".join(token.text for token in parsed.tokens) for parsed in files]
    texts += [f"{param.name} = {param.value}" for param in params]
    return hashlib.sha256("\n\n".join(texts).replace("\r\n", "\n").encode()).hexdigest()


def _only_shared(parsed: Parsed) -> None:
    """A used file holds gates, profiles and groups; the first other item is told."""
    for item in parsed.file.items if parsed.file else ():
        if not isinstance(item, _SHARED):
            word = parsed.source.text[item.at.start :].split(maxsplit=1)[0]
            message = f"a used file holds gates, profiles and groups, and no `{word}`"
            help_text = f"move the `{word}` to the file that has the migration"
            at = tree.Extent(item.at.start, item.at.start + len(word))
            parsed.report.add(Mistake(code="MIG211", at=at, message=message, help=help_text))
            return


def _main(main: Parsed, named: Named, gates: tuple[intent.Gate, ...]) -> intent.Migration | None:
    items = main.file.items if main.file else ()
    report = main.report
    stages = [item for item in items if isinstance(item, tree.Stage)]
    decided = _decided(items, report)
    resolved = resolve_stages(stages, named)
    moved_twice(stages, report)
    _refuse_unbuilt(items, report)
    migration = _one_migration(items, main)
    header = resolve_header(migration, report) if migration else None
    if migration is None or header is None:
        return None
    _has_stages(migration, stages, main)
    judged_blindly(migration, stages, named.profiles, named.scope)
    contradictions(migration, stages, named.scope)
    return replace(
        decided,
        name=migration.name.text,
        file=main.source.file,
        cluster=header.cluster,
        mesh=header.mesh,
        target=header.target,
        metrics=header.metrics,
        gates=gates,
        profiles=tuple(named.profiles.values()),
        stages=resolved,
        doc=named.scope.doc(migration.at),
        span=report.span(migration.name.at),
    )


def _decided(items: Iterable[tree.Item], report: Report) -> intent.Migration:
    """Return a migration of nothing but its decisions: what is allowed, adopted, told to whom, and when."""
    items = tuple(items)
    return intent.Migration(
        name="",
        file="",
        cluster=intent.ClusterChoice(kind=intent.ClusterKind.FILES),
        mesh="",
        target=intent.IstioChoice(),
        metrics=None,
        gates=(),
        profiles=(),
        stages=(),
        allows=resolve_allows(items, report),
        answers=resolve_answers(items, report),
        adoptions=resolve_adoptions(items, report),
        take_overs=resolve_take_overs(items, report),
        windows=resolve_windows(items, report),
        notifications=resolve_notifications(items, report),
        raw=resolve_raw(items, report),
    )


def _refuse_unbuilt(items: Iterable[tree.Item], report: Report) -> None:
    """Refuse by name what may be written and does nothing yet: a word is never read and ignored."""
    if report.findings:
        return
    for part in (*items, *(part for item in items for part in _parts(item))):
        word = _unbuilt(part)
        if word:
            at = tree.Extent(part.at.start, part.at.start + len(word))
            shown = "move … into" if isinstance(part, tree.Move) else word
            text = f"`{shown}` is not built yet in this version"
            report.add(Mistake(code="MIG112", at=at, message=text, help="take the statement away"))


def _parts(item: tree.Item) -> tuple[tree.Action | tree.GatePart, ...]:
    match item:
        case tree.Stage():
            return item.actions
        case tree.Gate():
            return item.parts
        case _:
            return ()


def _unbuilt(part: tree.Item | tree.Action | tree.GatePart) -> str:
    match part:
        case tree.Move() if part.into is not None:
            return "move"
        case _:
            return _UNBUILT.get(type(part), "")


def _one_migration(items: Iterable[tree.Item], main: Parsed) -> tree.Migration | None:
    """Return the file's migration; a second one is told, and stages without any."""
    found = [item for item in items if isinstance(item, tree.Migration)]
    for again in found[1:]:
        others = (main.report.label(found[0].name.at, "first here"),)
        message, help_text = "a file holds one migration, and this is another", "write it in a file of its own"
        mistake = Mistake(code="MIG213", at=again.name.at, message=message, help=help_text, others=others)
        main.report.add(mistake)
    orphan = next((item for item in items if not isinstance(item, (*_SHARED, tree.Param, tree.Migration))), None)
    if not found and orphan is not None and not main.report.is_broken:
        word = main.source.text[orphan.at.start :].split(maxsplit=1)[0]
        at = tree.Extent(orphan.at.start, orphan.at.start + len(word))
        message = f"this file has a `{word}`, but no migration that it belongs to"
        help_text = "write `migration NAME { … }` above it"
        main.report.add(Mistake(code="MIG213", at=at, message=message, help=help_text))
    return found[0] if found else None


def _has_stages(migration: tree.Migration, stages: Sequence[tree.Stage], main: Parsed) -> None:
    if not stages and not main.report.is_broken:
        message = f"the migration {quoted(migration.name.text)} has no stage, so nothing would ever happen"
        help_text = 'write `stage 1 "ground" { protect  install istio }` below it'
        main.report.add(Mistake(code="MIG209", at=migration.name.at, message=message, help=help_text))
