"""The program's door: `meshmig …` and `python -m meshmig …`."""

import sys


def main() -> int:
    """Run the command line and return its exit code (the table of exits: README, "Exit codes")."""
    from meshmig.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
