"""The command line: arguments in, a view out."""

from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    from meshmig.cli.arguments import parse

    parsed = parse(arguments)
    if isinstance(parsed, int):
        return parsed
    from meshmig.cli.main import execute

    return execute(parsed)
