"""The tools that hold the structure: each must be content with the whole tree."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TOOLS = {
    "import contracts": ["lint-imports", "--no-logo"],
    "ruff": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "dead code": ["vulture"],
}


@pytest.mark.structure
@pytest.mark.parametrize("tool", TOOLS)
def test_the_tool_is_content(tool: str) -> None:
    """A clean run of the tool over the tree."""
    command = [str(Path(sys.executable).parent / TOOLS[tool][0]), *TOOLS[tool][1:]]

    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
