"""Where fuzzing begins, and what it once found: every `.mig` text of the project, by a name of its own."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("plans", "tests/language/good", "tests/language/wrong", "tests/language/used", "tests/fuzz/found")


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield each text with a name that is unique, in a fixed order."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*")):
            if path.suffix == ".mig" and path.is_file():
                yield f"{path.parent.name}-{path.name}", path.read_bytes()
