"""The coverage-guided fuzzer of the language: `python -m tests.fuzz.fuzz_language -max_total_time=3600 CORPUS`.

Needs the extra `fuzz` (atheris). Arguments are libFuzzer's; CORPUS is a folder to keep what was found interesting in,
begun with the project's own `.mig` files. A crash is written as `crash-…`; put it into `tests/fuzz/found/` with a
name that ends in `.mig`, and an ordinary test reads it from then on.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["meshmig.language", "lark.parsers"]):
    from meshmig.language.grammar import grammar
    from tests.fuzz.properties import hold
from tests.fuzz.seeds import seeds


def main() -> None:
    """Fuzz until libFuzzer's limits end it."""
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders:
        _sow(Path(folders[0]))
    atheris.Setup([*sys.argv, f"-dict={_dictionary()}"], hold)
    atheris.Fuzz()


def _sow(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (folder / name).write_bytes(data)


def _dictionary() -> str:
    """Write the language's words and signs, and literals of each kind, as libFuzzer's dictionary."""
    literals = [
        "10m",
        "5%",
        "1.25",
        "shop/cart-*",
        "retry.shop/x",
        "MIG412",
        "../gates.mig",
        "##",
        "\\x0d\\x0a",
        "\\xef\\xbb\\xbf",
    ]
    words = [*sorted(grammar().words), *literals]
    text = "".join('"' + word.replace('"', '\\"') + '"\n' for word in words)
    with tempfile.NamedTemporaryFile("w", suffix=".dict", delete=False) as file:
        file.write(text)
    return file.name


if __name__ == "__main__":
    main()
