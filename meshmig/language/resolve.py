"""From trees to the migration: names resolved, units read, everything checked that needs no cluster."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from meshmig.language import tree
from meshmig.language.names import Scope, collect
from meshmig.language.parser import Parsed
from meshmig.language.report import Mistake, Report
from meshmig.language.resolve_gates import resolve_gate
from meshmig.language.resolve_migration import contradictions, judged_blindly, resolve_header
from meshmig.language.resolve_profiles import resolve_profile
from meshmig.language.resolve_selections import moved_twice, resolve_group
from meshmig.language.resolve_stages import Named, resolve_stages
from meshmig.language.wording import quoted
from meshmig.model import intent

_CODE = re.compile(r"MIG[0-9]{3}")


def resolve(main: Parsed, used: Sequence[Parsed], *, partial: bool) -> intent.Migration | None:
    """Resolve a file with the files it uses, which come first; `partial`: one of those could not be read.

    Returns the migration, or None where the file has none; the mistakes are in each file's report, and a migration
    with mistakes is not to be used.
    """
    files = (*used, main)
    names = collect(files, partial=partial)
    for parsed in used:
        _only_shared(parsed)
    gates = tuple(resolve_gate(d.node, Scope.of(names, d.parsed)) for d in names.gates.values())
    named = Named(
        profiles={name: resolve_profile(d.node, Scope.of(names, d.parsed)) for name, d in names.profiles.items()},
        groups={name: resolve_group(d.node, Scope.of(names, d.parsed)) for name, d in names.groups.items()},
        scope=Scope.of(names, main),
    )
    return _main(main, named, gates, fingerprint(files)) if main.file else None


def fingerprint(files: Iterable[Parsed]) -> str:
    """Return the SHA-256 over all tokens of the files: comments and layout do not change it."""
    texts = ("\n".join(token.text for token in parsed.tokens) for parsed in files)
    return hashlib.sha256("\n\n".join(texts).encode()).hexdigest()


def _only_shared(parsed: Parsed) -> None:
    """A used file holds gates, profiles and groups; the first other item is told."""
    for item in parsed.file.items if parsed.file else ():
        if isinstance(item, tree.Migration | tree.Stage | tree.Allow | tree.Answer):
            word = type(item).__name__.lower()
            message = f"a used file holds gates, profiles and groups, and no `{word}`"
            help_text = f"move the `{word}` to the file that has the migration"
            at = tree.Extent(item.at.start, item.at.start + len(word))
            parsed.report.add(Mistake(code="MIG211", at=at, message=message, help=help_text))
            return


def _main(main: Parsed, named: Named, gates: tuple[intent.Gate, ...], digest: str) -> intent.Migration | None:
    items = main.file.items if main.file else ()
    report = main.report
    stages = [item for item in items if isinstance(item, tree.Stage)]
    resolved = resolve_stages(stages, named)
    moved_twice(stages, report)
    allows, answers = _allows(items, report), _answers(items, report)
    migration = _one_migration(items, main)
    header = resolve_header(migration, report) if migration else None
    if migration is None or header is None:
        return None
    _has_stages(migration, stages, main)
    judged_blindly(migration, stages, named.profiles, named.scope)
    contradictions(migration, stages, named.scope)
    return intent.Migration(
        name=migration.name.text,
        file=main.source.file,
        cluster=header.cluster,
        mesh=header.mesh,
        target=header.target,
        metrics=header.metrics,
        gates=gates,
        profiles=tuple(named.profiles.values()),
        stages=resolved,
        allows=allows,
        answers=answers,
        doc=named.scope.doc(migration.at),
        span=report.span(migration.name.at),
        fingerprint=digest,
    )


def _one_migration(items: Iterable[tree.Item], main: Parsed) -> tree.Migration | None:
    """Return the file's migration; a second one is told, and stages without any."""
    found = [item for item in items if isinstance(item, tree.Migration)]
    for again in found[1:]:
        others = (main.report.label(found[0].name.at, "first here"),)
        message, help_text = "a file holds one migration, and this is another", "write it in a file of its own"
        mistake = Mistake(code="MIG213", at=again.name.at, message=message, help=help_text, others=others)
        main.report.add(mistake)
    orphan = next((item for item in items if isinstance(item, tree.Stage | tree.Allow | tree.Answer)), None)
    if not found and orphan is not None and not main.report.is_broken:
        word = type(orphan).__name__.lower()
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


def _allows(items: Iterable[tree.Item], report: Report) -> tuple[intent.Allow, ...]:
    found: dict[str, tree.Allow] = {}
    for item in items:
        if isinstance(item, tree.Allow):
            _allow(item, found, report)
    return tuple(
        intent.Allow(code=code, because=allow.because.inner, span=report.span(allow.at))
        for code, allow in found.items()
    )


def _allow(allow: tree.Allow, found: dict[str, tree.Allow], report: Report) -> None:
    code = allow.code.text
    before = found.setdefault(code, allow)
    if not _CODE.fullmatch(code):
        upper = code.upper()
        offered = upper if _CODE.fullmatch(upper) else ""
        message = f"{quoted(code)} is no code of a finding"
        help_text = f"did you mean `{offered}`?" if offered else "codes look like `MIG412`"
        at = allow.code.at
        report.add(Mistake(code="MIG220", at=at, message=message, help=help_text, replacement=offered or None))
    elif before is not allow:
        _twice(before.code, allow.code, f"{quoted(code)} is allowed twice", report)
    if not allow.because.inner.strip():
        message = "the reason is empty: it is what a reviewer reads"
        report.add(Mistake(code="MIG222", at=allow.because.at, message=message, help="say why this is acceptable"))


def _answers(items: Iterable[tree.Item], report: Report) -> tuple[intent.Answer, ...]:
    found: dict[str, tree.Answer] = {}
    for item in items:
        if isinstance(item, tree.Answer):
            before = found.setdefault(item.question.text, item)
            if before is not item:
                message = f"{quoted(item.question.text)} is answered twice"
                _twice(before.question, item.question, message, report)
    return tuple(
        intent.Answer(id=question, choice=answer.choice.inner, span=report.span(answer.at))
        for question, answer in found.items()
    )


def _twice(before: tree.Token, again: tree.Token, message: str, report: Report) -> None:
    others = (report.label(before.at, "first here"),)
    mistake = Mistake(code="MIG203", at=again.at, message=message, mark="again here", help="keep one", others=others)
    report.add(mistake)
