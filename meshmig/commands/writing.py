"""Generated files: written all or none, and never over what is there already."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meshmig.diagnostics import reject


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One generated file."""

    name: str
    text: str


def write_files(folder: Path, files: Sequence[File], *, force: bool) -> None:
    """Write every file into a folder.

    Raises:
        RejectedError: one of them exists and `force` is not given, or the folder cannot be written.
    """
    present = [file.name for file in files if (folder / file.name).exists()]
    if present and not force:
        named = ", ".join(present[:3]) + (f" and {len(present) - 3} more" if len(present) > 3 else "")  # noqa: PLR2004
        raise reject("MIG603", f"{folder} has {named} already", "name another folder, or replace them with --force")
    beside = [(folder / f".{file.name}.meshmig", folder / file.name, file.text) for file in files]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for draft, _, text in beside:
            draft.write_text(text, encoding="utf-8")
        for draft, final, _ in beside:
            draft.replace(final)
    except OSError as error:
        for draft, _, _ in beside:
            draft.unlink(missing_ok=True)
        raise reject("MIG604", f"{folder} cannot be written: {error.strerror}", "name a place that can") from error
