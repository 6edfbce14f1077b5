"""Names followed through files: where one is defined, where it is used, and calling it something else."""

from collections.abc import Iterable, Mapping

from meshmig.diagnostics import Diagnostic, MeshmigError
from meshmig.language import Loaded, load, tree
from meshmig.language.lexer import split
from meshmig.language.parser import Parsed
from meshmig.language.tree import Extent
from meshmig.language.wording import quoted
from meshmig.lsp.addresses import beside
from meshmig.lsp.index import Occurrence, occurrence_at, occurrences
from meshmig.lsp.workspace import View, Workspace, everywhere

Place = tuple[str, Extent]
"""A file and a stretch of it."""


class RefusedError(MeshmigError):
    """What was asked for cannot be done; the text says why."""


def definitions(views: Iterable[View], offset: int) -> tuple[Place, ...]:
    """Return where the name at an offset is defined, or the beginning of the file that a `use` names."""
    views = tuple(views)
    parsed = _parsed(views)
    if parsed is None:
        return ()
    used = _used_file(parsed, offset)
    if used is not None:
        known = any(used in view.loaded.sources for view in views)
        return ((used, Extent(0, 0)),) if known else ()
    wanted = occurrence_at(parsed, offset)
    return () if wanted is None else _places(found for found in _alike(views, wanted) if found.definition)


def references(workspace: Workspace, path: str, offset: int, *, definition: bool) -> tuple[Place, ...]:
    """Return every use of the name at an offset, in all files that know it; `definition`: its definition too."""
    wanted = _wanted(workspace, path, offset)
    if wanted is None:
        return ()
    return _places(
        found for found in _alike(_knowing(workspace, path, wanted), wanted) if definition or not found.definition
    )


def renamable(workspace: Workspace, path: str, offset: int) -> Occurrence | None:
    """Return the name at an offset that can be called something else."""
    return _wanted(workspace, path, offset)


def rename(workspace: Workspace, path: str, offset: int, name: str) -> Mapping[str, tuple[Extent, ...]]:
    """Return, by file, the stretches in which another name belongs.

    Raises:
        RefusedError: no name stands there, or with the new one the files would have a mistake that they have not.
    """
    wanted = _wanted(workspace, path, offset)
    if wanted is None:
        raise RefusedError("no name of a gate, profile, group or param stands here")
    if not _is_name(name):
        raise RefusedError(f"{quoted(name)} is no name: write letters, digits, `_` and `-`, a letter first")
    views = _knowing(workspace, path, wanted)
    places: dict[str, tuple[Extent, ...]] = {}
    for file, at in _places(_alike(views, wanted)):
        places[file] = (*places.get(file, ()), at)
    if name != wanted.name:
        _try(workspace, views, places, name)
    return places


def _is_name(text: str) -> bool:
    pieces = split(text)
    return [token.text for token in pieces.tokens] == [text] and pieces.tokens[0].text[:1].isidentifier()


def _wanted(workspace: Workspace, path: str, offset: int) -> Occurrence | None:
    parsed = _parsed(workspace.views(path))
    return None if parsed is None else occurrence_at(parsed, offset)


def _parsed(views: Iterable[View]) -> Parsed | None:
    return next((view.parsed for view in views if view.parsed is not None), None)


def _knowing(workspace: Workspace, path: str, wanted: Occurrence) -> tuple[View, ...]:
    """Return the views of all migrations that share the name's definition."""
    views = workspace.views(path)
    homes = {found.file for found in _alike(views, wanted) if found.definition} or {path}
    return tuple(view for home in sorted(homes) for view in workspace.views(home))


def _alike(views: Iterable[View], wanted: Occurrence) -> Iterable[Occurrence]:
    for parsed in everywhere(views):
        for found in occurrences(parsed):
            if (found.kind, found.name) == (wanted.kind, wanted.name):
                yield found


def _places(found: Iterable[Occurrence]) -> tuple[Place, ...]:
    return tuple(sorted({(each.file, each.at) for each in found}))


def _used_file(parsed: Parsed, offset: int) -> str | None:
    for item in parsed.file.items if parsed.file else ():
        if isinstance(item, tree.Use) and item.path.start <= offset <= item.path.end:
            return beside(parsed.source.file, item.path.inner)
    return None


def _try(workspace: Workspace, views: Iterable[View], places: Mapping[str, tuple[Extent, ...]], name: str) -> None:
    """Read every migration concerned with the new name in place: a mistake more is the reason to refuse."""
    texts = {parsed.source.file: parsed.source.text for parsed in everywhere(views)}
    renamed = {file: _replaced(texts[file], stretches, name).encode() for file, stretches in places.items()}
    for view in views:
        after = load(view.root, lambda file: renamed[file] if file in renamed else workspace.read(file))
        worse = _new_mistake(view.loaded, after)
        if worse is not None:
            raise RefusedError(f"{quoted(name)} cannot be its name: {worse.message}")


def _replaced(text: str, stretches: Iterable[Extent], name: str) -> str:
    for at in sorted(stretches, reverse=True):
        text = text[: at.start] + name + text[at.end :]
    return text


def _new_mistake(before: Loaded, after: Loaded) -> Diagnostic | None:
    if len(after.findings) <= len(before.findings):
        return None
    told = {finding.message for finding in before.findings}
    return next((finding for finding in after.findings if finding.message not in told), after.findings[-1])
