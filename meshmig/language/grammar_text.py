"""Where the grammar lies: beside the package once installed, in the checkout's `grammar/` otherwise."""

from pathlib import Path


def grammar_text() -> str:
    """Read the one grammar file; this is the language's only look at the machine."""
    here = Path(__file__).parent
    installed = here / "grammar" / "mig.lark"
    chosen = installed if installed.is_file() else here.parents[1] / "grammar" / "mig.lark"
    return chosen.read_text(encoding="utf-8")
