"""A folder of files that Envoy's admin port gave, read as text."""

from pathlib import Path

from meshmig.diagnostics import reject

CODES: dict[str, str] = {"MIG751": "a folder of dumps cannot be read"}

_LARGEST = 64 * 1024 * 1024


def read_dump_files(folder: Path) -> tuple[tuple[str, str], ...]:
    """Return every file below a folder as (path below it, text), in order; dot files are left out.

    Raises:
        RejectedError: there is no such folder, or one of its files cannot be read.
    """
    if not folder.is_dir():
        raise reject("MIG751", f"there is no folder {folder}", "name a folder with one or more files a pod")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder)))
    return tuple((path.relative_to(folder).as_posix(), _text(path)) for path in files)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise reject("MIG751", f"{path} is larger than 64 MB", "leave it out, or dump without include_eds")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise reject("MIG751", f"{path} cannot be read: {error.strerror}", "make it readable") from error
