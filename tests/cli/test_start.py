"""Starting fast: help and version need nothing but the argument parser."""

import subprocess
import sys

from tests.program import ROOT, meshmig

PROBE = """
import sys
from meshmig.cli import run
run([{argument!r}])
foreign = {{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names - {{"meshmig", "__main__"}}
sys.stderr.write(",".join(sorted(name for name in foreign if not name.startswith("_"))))
"""


def _third_party(argument: str) -> str:
    probe = PROBE.format(argument=argument)
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stderr


def test_help_imports_no_third_party_package() -> None:
    """`--help` must not wait for what it does not need."""
    assert _third_party("--help") == ""


def test_version_imports_no_third_party_package() -> None:
    """`--version` must not wait for what it does not need."""
    assert _third_party("--version") == ""


def test_wrong_use_is_told_in_the_envelope(tmp_path) -> None:
    """A command line that nobody can take is outcome `usage`, exit 1, as JSON where asked."""
    ran = meshmig("plan", "--no-such-flag", "--json", cwd=tmp_path)

    assert (ran.exit, ran.outcome) == (1, "usage")
    assert "--no-such-flag" in ran.document["findings"][0]["message"]


def test_wrong_use_without_json_is_one_line_and_a_hint(tmp_path) -> None:
    """No traceback, no usage dump: what is wrong, and where help is."""
    ran = meshmig("nonsense", cwd=tmp_path)

    assert ran.exit == 1
    assert ran.stderr.startswith("error: ")
    assert "--help" in ran.stderr
