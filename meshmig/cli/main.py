"""One command line carried out: the command is called, its result shown, its exit code returned."""

import argparse
import gc
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from meshmig.cli.exits import EXIT
from meshmig.commands.result import Result
from meshmig.diagnostics import Diagnostic, RejectedError, Severity
from meshmig.model.run import Outcome
from meshmig.ports import ClusterError, LockedError, StoppedError, UnavailableError

_COLLECT_AFTER = 100_000
_LEAST_WIDTH = 40

Dispatch = Callable[[argparse.Namespace], Result]


def execute(arguments: argparse.Namespace) -> int:
    """Carry out a parsed command line."""
    from meshmig.cli.dispatch import dispatch

    # Manifests and plans are trees of millions of small frozen values without cycles: collecting them more often
    # than this costs half the time of a large plan.
    gc.set_threshold(_COLLECT_AFTER, 50, 50)
    result = _guarded(dispatch, arguments)
    try:
        _show(arguments, result)
    except Exception as error:  # noqa: BLE001 - a view that fails is a bug to report too
        result = _bug(error)
        _show(arguments, result)
    return EXIT[result.outcome]


def _guarded(dispatch: Dispatch, arguments: argparse.Namespace) -> Result:
    try:
        return dispatch(arguments)
    except RejectedError as error:
        return Result(outcome=Outcome.REFUSED, findings=error.findings, sources=_sources(error))
    except LockedError as error:
        help_text = "wait for it, or, when it is dead: meshmig lock break --because TEXT"
        return _failed(Outcome.LOCKED, "MIG510", str(error), help_text)
    except UnavailableError as error:
        return _failed(Outcome.UNREACHABLE, "MIG650", str(error), "nothing was lost: run the same command again")
    except ClusterError as error:
        return _failed(Outcome.REFUSED, "MIG651", f"the API server refused: {error}", _after_refusal(error.status))
    except StoppedError as error:
        return _failed(Outcome.WAITING, "MIG652", str(error) or "stopped", "run the same command again to go on")
    except KeyboardInterrupt:
        return _failed(Outcome.WAITING, "MIG652", "stopped", "run the same command again to go on")
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a report instead of a traceback
        return _bug(error)


def _after_refusal(status: int) -> str:
    match status:
        case 401:
            return "it answered 401: renew the token or certificate of this context, then run the same command again"
        case 403:
            return "it answered 403: ask for the right that it names, or use a context that has it"
        case _:
            return f"it answered {status}"


def _sources(error: RejectedError) -> dict[str, str]:
    texts = {}
    for file in {finding.span.file for finding in error.findings if finding.span is not None}:
        try:
            texts[file] = Path(file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return texts


def _failed(outcome: Outcome, code: str, message: str, help_text: str) -> Result:
    finding = Diagnostic(code=code, severity=Severity.ERROR, message=message, help=help_text)
    return Result(outcome=outcome, findings=(finding,))


def _bug(error: Exception) -> Result:
    report = Path(tempfile.gettempdir()) / "meshmig-bug-report.txt"
    text = f"meshmig {' '.join(sys.argv[1:])}\n\n{''.join(traceback.format_exception(error))}"
    try:
        report.write_text(text, encoding="utf-8")
        where = f"the report is in {report}"
    except OSError:
        where = "no report could be written"
    return _failed(Outcome.BUG, "MIG999", f"this is a bug in meshmig: {type(error).__name__}: {error}", where)


def _show(arguments: argparse.Namespace, result: Result) -> None:
    if arguments.json or getattr(arguments, "format", "text") == "json":
        from meshmig.cli.views.envelope import envelope

        _write(sys.stdout, envelope(arguments.command, result))
        return
    from meshmig.cli.views.formats import formatted

    form = getattr(arguments, "format", "text")
    if form != "text":
        _write(sys.stdout, formatted(form, result))
        return
    from meshmig.cli.views.human import findings_text, human

    _write(sys.stdout, human(result, verbose=arguments.verbose))
    _write(sys.stderr, findings_text(result, _width(), verbose=arguments.verbose))


def _width() -> int:
    """Return the terminal's columns, no fewer than make sense; a pipe or a file gets a fixed width."""
    from meshmig.language import WIDTH

    if not sys.stderr.isatty():
        return WIDTH
    return max(_LEAST_WIDTH, os.get_terminal_size(sys.stderr.fileno()).columns or WIDTH)


def _write(stream: TextIO, text: str) -> None:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a file's name may be no text in the terminal's encoding
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        sys.stderr.close()
