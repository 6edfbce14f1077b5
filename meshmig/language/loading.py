"""A `.mig` file with everything it uses: read, resolved, and every mistake of all of them at once."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meshmig.diagnostics import Diagnostic, Severity, Span, has_errors, in_order
from meshmig.language import tree
from meshmig.language.collecting import no_collection
from meshmig.language.parser import Parsed, parse
from meshmig.language.remembering import Memory
from meshmig.language.report import Mistake
from meshmig.language.resolve import resolve
from meshmig.language.source import Source, decode
from meshmig.language.wording import quoted
from meshmig.model.intent import Migration

Read = Callable[[str], bytes]
Parse = Callable[[Source], Parsed]

MOST_FILES = 100
"""A file that uses more than this, directly and further on, is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file holds. `migration` is None where it has none, or where there is any error.

    `sources` are the texts of all files that were read, by the path they were read by: what findings point into.
    `files` are the same files parsed, a used one before the one that uses it.
    """

    migration: Migration | None
    findings: tuple[Diagnostic, ...]
    sources: Mapping[str, str]
    files: tuple[Parsed, ...] = ()


@no_collection()
def load(
    file: str,
    read: Read,
    parse: Parse = parse,
    *,
    params: Mapping[str, str] = MappingProxyType({}),
    memory: Memory | None = None,
) -> Loaded:
    """Read a file with what it uses and resolve it; never raises for what the files hold.

    `read` returns a file's bytes; paths of used files are relative to the file that uses them. It may raise OSError.
    `parse` reads one text; an editor's remembers what it read before. `params` are values for the file's params, by
    name, in place of those it chooses itself. With a `memory` of earlier times no migration is returned.
    """
    library = _Library(read, parse)
    main = library.open(file)
    if main is None:
        return Loaded(migration=None, findings=in_order(library.refusals), sources={})
    library.follow(main, (_normal(file),))
    used = tuple(parsed for parsed in library.files if parsed is not main)
    if memory is not None:
        memory.begin()
    migration = resolve(main, used, params, partial=library.partial, memory=memory)
    mistakes = [finding for parsed in library.files for finding in parsed.report.findings]
    findings = in_order([*library.refusals, *mistakes])
    sources = {parsed.source.file: parsed.source.text for parsed in library.files}
    meant = None if has_errors(findings) or memory is not None else migration
    return Loaded(migration=meant, findings=findings, sources=sources, files=tuple(library.files))


class _Library:
    """Opens each file once. `files`: what was read, a used file before the one that uses it."""

    def __init__(self, read: Read, parse: Parse) -> None:
        self._read, self._parse = read, parse
        self._opened: dict[str, Parsed | None] = {}
        self.files: list[Parsed] = []
        self.refusals: list[Diagnostic] = []
        self.partial = False

    def open(self, file: str) -> Parsed | None:
        """Read and parse one file; what cannot be read, or is no text, is a refusal."""
        try:
            source = decode(self._read(file), file)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._refuse("MIG101", file, f"{file} cannot be read: {why}")
            return None
        if isinstance(source, Diagnostic):
            self.refusals.append(source)
            return None
        return self._parse(source)

    def follow(self, parsed: Parsed, chain: tuple[str, ...]) -> None:
        """Open what a file uses, and what that uses; `chain` are the paths that lead here."""
        for use in _uses(parsed):
            path = _target(use, parsed)
            if path is None:
                self.partial = True
            elif path in chain:
                _cycle(use, parsed, (*chain[chain.index(path) :], path))
            elif path not in self._opened:
                self._open_used(use, parsed, path, chain)
        self.files.append(parsed)

    def _open_used(self, use: tree.Use, parsed: Parsed, path: str, chain: tuple[str, ...]) -> None:
        if len(self._opened) >= MOST_FILES:
            text = f"more than {MOST_FILES} files are used"
            parsed.report.add(Mistake(code="MIG210", at=use.path.at, message=text, help="put them together"))
            self.partial = True
            return
        before = len(self.refusals)
        found = self._opened[path] = self.open(path)
        if found is not None:
            self.follow(found, (*chain, path))
            return
        self.partial = True
        refused = self.refusals.pop() if len(self.refusals) > before else None
        if refused is not None:
            at = use.path.at
            parsed.report.add(Mistake(code=refused.code, at=at, message=refused.message, help=refused.help))

    def _refuse(self, code: str, file: str, message: str) -> None:
        start = Span(file, 1, 1, 1, 1)
        help_text = "name a file that is there and may be read"
        refusal = Diagnostic(code=code, severity=Severity.ERROR, message=message, help=help_text, span=start)
        self.refusals.append(refusal)


def _uses(parsed: Parsed) -> Iterator[tree.Use]:
    for item in parsed.file.items if parsed.file else ():
        if isinstance(item, tree.Use):
            yield item


def _target(use: tree.Use, parsed: Parsed) -> str | None:
    """Return the used file's path as it is read; None, and a mistake, where it is no relative one."""
    path = use.path.inner
    if not path or path.startswith(("/", "~")) or "\\" in path or ":" in path:
        message = f"{quoted(use.path.text)} is no relative path"
        help_text = 'name a file by its way from this one, like `"gates.mig"`: nothing is read over the network'
        parsed.report.add(Mistake(code="MIG212", at=use.path.at, message=message, help=help_text))
        return None
    return _normal(posixpath.join(posixpath.dirname(parsed.source.file), path))


def _normal(path: str) -> str:
    return posixpath.normpath(path)


def _cycle(use: tree.Use, parsed: Parsed, chain: tuple[str, ...]) -> None:
    way = " → ".join(chain)
    message = f"these files use each other: {way}" if len(chain) > 2 else "this file uses itself"  # noqa: PLR2004
    help_text = "take this `use` away: the names are known either way"
    parsed.report.add(Mistake(code="MIG210", at=use.path.at, message=message, help=help_text))
