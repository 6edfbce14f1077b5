"""The installed program as outside checkers meet it: a folder, arguments, JSON back."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROGRAM = Path(sys.executable).parent / "meshmig"


@dataclass(frozen=True)
class Ran:
    """What one call of the program printed."""

    exit: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document of `--json`."""
        return json.loads(self.stdout)

    @property
    def data(self) -> dict[str, Any]:
        """The document's data."""
        return self.document["data"]

    @property
    def outcome(self) -> str:
        """The document's outcome."""
        return self.document["outcome"]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [found["code"] for found in self.document["findings"] if found["severity"] == "error"]


def meshmig(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> Ran:
    """Run the installed program in a folder."""
    done = subprocess.run(
        [str(PROGRAM), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=300,
        env=os.environ | (env or {}),
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def example(name: str, folder: Path) -> Path:
    """Copy a worked example with its gates into a folder of the test's own; return the `.mig` file."""
    shutil.copy(ROOT / "plans" / "gates.mig", folder)
    shutil.copytree(ROOT / "plans" / name, folder / name)
    return Path(shutil.copy(ROOT / "plans" / f"{name}.mig", folder))


def corpus() -> Path | None:
    """The folder of real manifests: MESHMIG_CORPUS, or beside the project; None where it is absent."""
    given = os.environ.get("MESHMIG_CORPUS")
    folder = Path(given) if given else ROOT.parent / "shared" / "corpus"
    return folder if folder.is_dir() else None
