"""A folder of manifests, read whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meshmig.adapters.yaml_text import documents
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.objects import Manifest, ObjectRef

CODES: dict[str, str] = {
    "MIG613": "a file of the folder cannot be read",
    "MIG614": "an object is defined twice",
    "MIG616": "the folder of manifests is missing",
}

_SUFFIXES = {".yaml", ".yml", ".json"}
_LARGEST = 64 * 1024 * 1024
_PLAN_MARK = b'"meshmig/plan/'
_HEAD = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What a folder holds: every object once, in the order of files and lines, and what was wrong."""

    manifests: tuple[Manifest, ...]
    findings: tuple[Diagnostic, ...]


def read_folder(path: Path) -> Folder:
    """Read every `.yaml`, `.yml` and `.json` below a folder, leaving out dot folders and meshmig's own plans.

    Of an object that is defined twice the later file's definition counts, with a warning. Sources are relative to
    the folder's own name, so that the same folder reads the same from everywhere.
    """
    if not path.is_dir():
        return Folder(manifests=(), findings=(_missing(path),))
    manifests: list[Manifest] = []
    findings: list[Diagnostic] = []
    for file in sorted(_files(path, frozenset())):
        source = str(file.relative_to(path.parent)) if path.name else str(file)
        text = _text(file, source)
        if isinstance(text, Diagnostic):
            findings.append(text)
            continue
        found, wrong = documents(text, source)
        manifests += found
        findings += wrong
    kept, repeated = _later_wins(manifests)
    return Folder(manifests=kept, findings=(*findings, *repeated))


def _files(path: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Yield the files below a folder; a link that leads back to a folder above it is not followed."""
    here = path.resolve()
    if here in above:
        return
    for entry in path.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry, above | {here})
        elif entry.suffix.lower() in _SUFFIXES:
            yield entry


def _text(file: Path, source: str) -> bytes | Diagnostic:
    try:
        if file.exists() and not file.is_file():
            return _unread(source, "it is no regular file")
        size = file.stat().st_size
        if size > _LARGEST:
            return _unread(source, f"it has {size // 1024 // 1024} MB; the most is {_LARGEST // 1024 // 1024} MB")
        text = file.read_bytes()
    except OSError as error:
        return _unread(source, error.strerror or str(error))
    return b"" if _is_plan(text) else text


def _is_plan(text: bytes) -> bool:
    return text.lstrip()[:1] == b"{" and _PLAN_MARK in text[:_HEAD] + text[-_HEAD:]


def _later_wins(manifests: list[Manifest]) -> tuple[tuple[Manifest, ...], list[Diagnostic]]:
    kept: dict[ObjectRef | int, Manifest] = {}
    findings = []
    for number, manifest in enumerate(manifests):
        ref = manifest.ref
        key = ref if ref.name else number
        earlier = kept.pop(key, None)
        if earlier is not None:
            findings.append(_repeated(earlier, manifest))
        kept[key] = manifest
    return tuple(kept.values()), findings


def _repeated(earlier: Manifest, later: Manifest) -> Diagnostic:
    return Diagnostic(
        code="MIG614",
        severity=Severity.WARNING,
        message=f"{later.ref} is defined at {earlier.source} and again at {later.source}; the later one counts",
        help="delete the definition that is out of date",
        object=later.ref.object_name,
    )


def _unread(source: str, why: str) -> Diagnostic:
    return Diagnostic(
        code="MIG613",
        severity=Severity.ERROR,
        message=f"{source} cannot be read: {why}",
        help="make it readable, split it, or move it out of the folder",
    )


def _missing(path: Path) -> Diagnostic:
    return Diagnostic(
        code="MIG616",
        severity=Severity.ERROR,
        message=f"there is no folder {path}",
        help='name the folder of manifests in `cluster files "DIR"`, relative to the .mig file',
    )
