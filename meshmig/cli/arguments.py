"""What each command takes, as argparse tables; only the standard library is imported here."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from meshmig import __version__

FAULTS = "errors-new errors-both latency-new blind idle pod-restart api-429 api-down conflict kill"
FILE_HELP = "the .mig file; without it, the only one of this folder that holds a migration"


class _UsageError(Exception):
    """A command line that argparse cannot take."""


class _Parser(argparse.ArgumentParser):
    """An argument parser that raises instead of leaving the program with argparse's own exit code."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message}\n       try: {self.prog} --help")


def parse(arguments: Sequence[str]) -> argparse.Namespace | int:
    """Parse a command line; an int is the exit code of one that ends here (help, version, wrong use)."""
    try:
        return _parser().parse_args(arguments)
    except _UsageError as error:
        return _wrong_use(str(error), arguments)
    except SystemExit as leaving:
        return int(leaving.code or 0)


def _wrong_use(message: str, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        command = next((word for word in arguments if not word.startswith("-")), "")
        finding: dict[str, object] = {"code": "MIG001", "severity": "error", "message": message.partition("\n")[0]}
        finding |= {"help": "meshmig --help lists the commands", "span": None, "object": None, "path": ""}
        finding |= {"labels": [], "edit": None}
        document = {"schema": "meshmig/result/v1", "command": command, "exit": 1, "outcome": "usage"}
        sys.stdout.write(json.dumps(document | {"findings": [finding], "data": {}}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"error: {message}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="meshmig",
        description="Moves a production service mesh from AWS App Mesh to Istio: planned, proved, gated, undoable.",
        epilog="Begin with: meshmig init --files DIR -o site.mig, then meshmig plan, meshmig rehearse, meshmig apply.",
    )
    parser.add_argument("--version", action="version", version=f"meshmig {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, (summary, fill) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        _common(command)
        fill(command)
    return parser


def _common(parser: argparse.ArgumentParser, default: bool | str = False) -> None:  # noqa: FBT001, FBT002 - argparse's word
    json_help = "one JSON document on stdout, nothing else there"
    parser.add_argument("--json", action="store_true", default=default, help=json_help)
    parser.add_argument("-v", "--verbose", action="store_true", default=default, help="open what is folded")


def _file(parser: argparse.ArgumentParser, help_text: str = FILE_HELP) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help=help_text)


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", metavar="DIR", help="where the embedded cluster's state lies")
    parser.add_argument("--seed", type=int, default=0, help="seed of the embedded cluster and its traffic")
    parser.add_argument("--kubeconfig", metavar="PATH", help="instead of KUBECONFIG and ~/.kube/config")
    _params(parser)


def _params(parser: argparse.ArgumentParser) -> None:
    text = "choose another value for a `param` of the file"
    parser.add_argument("--param", action="append", default=[], type=_pair, metavar="NAME=VALUE", help=text)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        message = f"`{text}` is no NAME=VALUE"
        raise argparse.ArgumentTypeError(message)
    return name, value


def _events(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", metavar="PATH", help="newline-delimited JSON as things happen; - is stdout")


def _stage(parser: argparse.ArgumentParser, *, required: bool = False, text: str = "only this stage") -> None:
    parser.add_argument("--stage", type=int, metavar="N", required=required, help=text)


def _init(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--files", metavar="DIR", help="a folder of manifests")
    where.add_argument("--context", metavar="C", help="a context of the kubeconfig")
    where.add_argument("--in-cluster", action="store_true", help="the cluster this program runs in")
    parser.add_argument("-n", "--namespace", metavar="NS", default="", help="only the workloads of this namespace")
    parser.add_argument("--mesh", metavar="NAME", default="", help="which mesh, where the cluster holds several")
    parser.add_argument("--metrics", metavar="URL", default="", help="the Prometheus to gate on")
    parser.add_argument("-o", "--output", metavar="FILE", help="write here instead of to stdout")
    parser.add_argument("--force", action="store_true", help="replace an existing FILE")
    parser.add_argument("--kubeconfig", metavar="PATH", help="instead of KUBECONFIG and ~/.kube/config")


def _files(parser: argparse.ArgumentParser) -> None:
    help_text = "the .mig files, - for stdin; without any, the only one of this folder that holds a migration"
    parser.add_argument("files", nargs="*", metavar="FILE", help=help_text)


def _check(parser: argparse.ArgumentParser) -> None:
    _files(parser)
    parser.add_argument("--format", choices=("text", "json", "sarif", "github"), default="text")
    _params(parser)


def _fmt(parser: argparse.ArgumentParser) -> None:
    _files(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change")


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", help="a code such as MIG204")


def _lsp(_parser: argparse.ArgumentParser) -> None:
    """The editor says everything over standard input."""


def _plan(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    _stage(parser)
    parser.add_argument("-o", "--output", metavar="PLAN", help="save the plan for review and apply")
    parser.add_argument("--ledger", action="store_true", help="show the fate of every field in full")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 where there are changes")
    parser.add_argument("--emit", metavar="DIR", help="write the objects of the journey's end there")


def _precheck(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    parser.add_argument("--dump", metavar="DIR", default="", help="what App Mesh's Envoys say of themselves, by pod")
    parser.add_argument("--format", choices=("text", "json", "sarif", "github"), default="text")


def _assess(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    parser.add_argument("--files", metavar="DIR", default="", help="a folder of manifests, instead of a FILE")
    parser.add_argument("--mesh", metavar="NAME", default="", help="which mesh, where the folder holds several")
    _run(parser)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN")
    parser.add_argument("--step", metavar="ID", help="one step in full")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="fits a review comment")
    form.add_argument("--html", action="store_true", help="one file that opens offline")
    form.add_argument("--graph", choices=("mermaid", "dot"), help="the steps and what they wait for")


def _apply(parser: argparse.ArgumentParser) -> None:
    _file(parser, "the .mig file or a saved plan; without it, the only .mig file of this folder")
    _run(parser)
    _stage(parser)
    _events(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal")


def _approve(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    _stage(parser, required=True)
    parser.add_argument("--step", metavar="ID", default="", help="one approval; without it, all that the team is asked")
    parser.add_argument("--because", metavar="TEXT", required=True)
    parser.add_argument(
        "--as", dest="team", metavar="TEAM", default="", help="for which team that is asked; needed on files"
    )


def _status(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    parser.add_argument("--objects", action="store_true", help="every object as one v1 List")
    parser.add_argument("--watch", action="store_true", help="again every few seconds, until Ctrl-C")


def _rollback(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    _stage(parser, text="take this stage back; without it, the last one that was begun")
    _events(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal")


def _drift(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)


def _lock(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="what", required=True, metavar="WHAT", parser_class=_Parser)
    for name, summary in (("show", "Show who holds the lock."), ("break", "Take the lock from a run that died.")):
        act = acts.add_parser(name, help=summary, description=summary)
        # What stands before the act must not be taken back by what is unset behind it.
        _common(act, argparse.SUPPRESS)
        _file(act)
        _run(act)
        act.add_argument("--because", metavar="TEXT", default="", help="why another run's lock is broken")


def _rehearse(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    _events(parser)
    parser.add_argument("--fault", action="append", default=[], metavar="NAME@STAGE", help=f"break a stage: {FAULTS}")


def _verify(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    parser.add_argument("--istio", metavar="DIR", help="judge the Istio manifests of a folder instead of the plan's")
    parser.add_argument("--witnesses", metavar="PATH", help="write one request of every class compared, as JSON")


def _generate(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT", parser_class=_Parser)
    for name, summary in (("networking", "Istio's objects"), ("iop", "the values of Istio's installation")):
        kind = kinds.add_parser(name, help=summary, description=f"Write {summary} as files.")
        # What stands before the kind must not be taken back by what is unset behind it.
        _common(kind, argparse.SUPPRESS)
        _file(kind)
        _run(kind)
        kind.add_argument("-o", "--output", metavar="DIR", help="write files there instead of to stdout")
        kind.add_argument("--force", action="store_true", help="replace files that exist")
        if name == "iop":
            kind.add_argument("--form", choices=("helm", "operator"), default="helm", help="Helm values, or one file")


def _gate(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    _run(parser)
    _stage(parser)
    parser.add_argument("--explain", action="store_true", help="the arithmetic of every requirement")


def _replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("journal", metavar="JOURNAL", help="what `apply --events PATH` wrote")


Fill = Callable[[argparse.ArgumentParser], None]

COMMANDS: dict[str, tuple[str, Fill]] = {
    "init": ("Write a complete .mig file for the mesh of a folder or a cluster.", _init),
    "check": ("Check .mig files: names, types, units; offline.", _check),
    "fmt": ("Lay .mig files out in the one canonical style.", _fmt),
    "explain": ("Explain a code: what, why, a wrong and a right example.", _explain),
    "lsp": ("Serve an editor: the language server, on standard input and output.", _lsp),
    "precheck": ("Look for everything that could go wrong, in the cluster as it is; read only.", _precheck),
    "assess": ("Say what each alternative to App Mesh keeps and loses of this mesh.", _assess),
    "plan": ("Compare the cluster with the desired state; show the whole journey.", _plan),
    "generate": ("Write Istio's objects, or the values of its installation, as files.", _generate),
    "show": ("Show a saved plan, anywhere.", _show),
    "apply": ("Carry the plan out, or go on with it, stage by stage.", _apply),
    "approve": ("Say yes to what a stage waits for, bound to the plan's digest.", _approve),
    "status": ("Say where the migration stands.", _status),
    "rollback": ("Take a stage back: the last one started, or the one named.", _rollback),
    "drift": ("List what others changed since the last write.", _drift),
    "lock": ("Show who holds the migration's lock, or break it.", _lock),
    "gate": ("Show what the running gate counted, its arithmetic and its verdict.", _gate),
    "replay": ("Decide every look of a recorded run's gates again; offline.", _replay),
    "rehearse": ("Run the whole migration on the embedded cluster; break stages on purpose.", _rehearse),
    "verify": ("Prove that Istio routes every class of requests as App Mesh did, and that no call breaks.", _verify),
}
