"""From arguments to commands: one small function each."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from meshmig.commands.opening import STDIN, Place, find_migration
from meshmig.commands.result import DocumentShown, PlanShown, Result
from meshmig.diagnostics import RejectedError, has_errors, reject
from meshmig.model.run import Outcome

Handler = Callable[[argparse.Namespace], Result]


def dispatch(arguments: argparse.Namespace) -> Result:
    """Call the command of the parsed arguments."""
    return HANDLERS[arguments.command](arguments)


def _place(arguments: argparse.Namespace) -> Place:
    return Place(
        state=arguments.state or "",
        seed=arguments.seed,
        kubeconfig=arguments.kubeconfig or "",
        params=dict(arguments.param),
    )


@contextmanager
def _stoppable(arguments: argparse.Namespace) -> Iterator[Place]:
    from meshmig.cli.stopping import stoppable

    with stoppable() as stopping:
        yield replace(_place(arguments), on_clock=stopping.watch)


def _migration(arguments: argparse.Namespace) -> str:
    return find_migration(arguments.file, Path.cwd())


def _init(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.starting import Start, start

    request = Start(
        files=arguments.files or "",
        context=arguments.context or "",
        in_cluster=arguments.in_cluster,
        namespace=arguments.namespace,
        mesh=arguments.mesh,
        metrics=arguments.metrics,
        output=arguments.output or "",
        kubeconfig=arguments.kubeconfig or "",
    )
    return start(request, force=arguments.force)


def _texts(arguments: argparse.Namespace) -> list[str]:
    given: list[str] = arguments.files
    return [STDIN if file == "-" else file for file in given] or [find_migration(None, Path.cwd())]


def _check(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.texts import check

    return check(_texts(arguments), dict(arguments.param))


def _fmt(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.texts import fmt

    return fmt(_texts(arguments), write=not (arguments.check or arguments.diff), diff=arguments.diff)


def _explain(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.explain import explain

    return explain(arguments.code)


def _lsp(_arguments: argparse.Namespace) -> Result:
    try:
        from meshmig.lsp.server import serve
    except ModuleNotFoundError as error:
        message = f"the language server is not installed: there is no package `{error.name}`"
        raise reject("MIG009", message, "run: pip install 'meshmig[lsp]'") from error
    if not serve():
        raise reject("MIG010", "the editor left without `shutdown`", "look at the editor's log of this server")
    return Result(outcome=Outcome.OK)


def _precheck(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.precheck import precheck

    return precheck(_migration(arguments), _place(arguments), arguments.dump)


def _gate(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.gate import gate

    return gate(_migration(arguments), _place(arguments), arguments.stage, explain=arguments.explain)


def _replay(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.gate import replay

    return replay(arguments.journal)


def _assess(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.assess import assess, assess_folder

    if arguments.files:
        return assess_folder(arguments.files, arguments.mesh)
    return assess(_migration(arguments), _place(arguments))


def _plan(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.plan import PlanOptions, plan

    options = PlanOptions(
        stage=arguments.stage,
        output=arguments.output or "",
        full_ledger=arguments.ledger,
        detailed=arguments.detailed_exitcode,
        emit=arguments.emit or "",
    )
    return plan(_migration(arguments), _place(arguments), options)


def _generate(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.generate import Output, iop, networking

    output = Output(folder=arguments.output or "", force=arguments.force)
    if arguments.what == "networking":
        return networking(_migration(arguments), _place(arguments), output)
    return iop(_migration(arguments), _place(arguments), output, operator=arguments.form == "operator")


def _show(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.show import read_plan, require_step

    plan = read_plan(arguments.plan)
    if arguments.step:
        require_step(plan, arguments.step)
    shown = PlanShown(plan=plan, step=arguments.step or "", saved=arguments.plan)
    if not (arguments.markdown or arguments.html or arguments.graph):
        return Result(outcome=Outcome.OK, findings=plan.findings, shown=shown)
    from meshmig.cli.views import documents
    from meshmig.cli.views.plan_data import plan_data

    if arguments.graph:
        text = documents.graph(plan, arguments.graph)
    else:
        text = documents.markdown(plan) if arguments.markdown else documents.html_page(plan)
    return Result(outcome=Outcome.OK, shown=DocumentShown(text=text, data=plan_data(shown) | {"document": text}))


def _apply(arguments: argparse.Namespace) -> Result:
    from meshmig.cli.asking import confirm
    from meshmig.cli.observing import observer
    from meshmig.commands.apply import ApplyOptions, apply

    file = arguments.file or _migration(arguments)
    seen = _Seen(arguments, file)
    confirm(f"apply {file}", agreed=arguments.yes, show=seen.show)
    with observer(arguments) as observed, _stoppable(arguments) as place:
        return apply(file, place, ApplyOptions(stage=arguments.stage, observer=observed, agreed=seen.digest))


@dataclass
class _Seen:
    """What a person is shown before they agree, and the digest of it: that plan is applied, or none."""

    arguments: argparse.Namespace
    file: str
    digest: str = ""

    def show(self) -> None:
        """Print the plan as `plan` or `show` prints it.

        Raises:
            RejectedError: it cannot be applied.
        """
        from meshmig.cli.views.human import human
        from meshmig.commands.plan import PlanOptions, plan
        from meshmig.commands.show import is_plan, read_plan

        if is_plan(self.file):
            shown = PlanShown(plan=read_plan(self.file), stage=self.arguments.stage, saved=self.file)
            result = Result(outcome=Outcome.OK, shown=shown)
        else:
            result = plan(self.file, _place(self.arguments), PlanOptions(stage=self.arguments.stage))
        if has_errors(result.findings):
            raise RejectedError(result.findings)
        if isinstance(result.shown, PlanShown):
            self.digest = result.shown.plan.digest
        print(human(result, verbose=self.arguments.verbose))


def _approve(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.approve import ApproveOptions, approve

    options = ApproveOptions(stage=arguments.stage, step=arguments.step, because=arguments.because, team=arguments.team)
    return approve(_migration(arguments), _place(arguments), options)


def _status(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.status import status

    file = _migration(arguments)
    if not arguments.watch:
        return status(file, _place(arguments), objects=arguments.objects)
    if arguments.json or arguments.objects:
        raise reject(
            "MIG007", "--watch prints again and again, --json and --objects print one document", "leave one out"
        )
    from meshmig.cli.watching import watch

    return watch(lambda: status(file, _place(arguments), objects=False), verbose=arguments.verbose)


def _rollback(arguments: argparse.Namespace) -> Result:
    from meshmig.cli.asking import confirm
    from meshmig.cli.observing import observer
    from meshmig.cli.views.run_text import back_ahead_lines
    from meshmig.commands.apply import ApplyOptions, back_ahead, rollback

    file = _migration(arguments)

    def show() -> None:
        for line in back_ahead_lines(back_ahead(file, _place(arguments), arguments.stage)):
            print(line)

    confirm(f"roll back {file}", agreed=arguments.yes, show=show)
    with observer(arguments) as observed, _stoppable(arguments) as place:
        return rollback(file, place, ApplyOptions(stage=arguments.stage, observer=observed))


def _drift(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.status import drift

    return drift(_migration(arguments), _place(arguments))


def _lock(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.status import break_lock, show_lock

    if arguments.what == "show":
        return show_lock(_migration(arguments), _place(arguments))
    return break_lock(_migration(arguments), _place(arguments), arguments.because)


def _rehearse(arguments: argparse.Namespace) -> Result:
    from meshmig.cli.observing import observer
    from meshmig.commands.rehearse import rehearse

    with observer(arguments) as observed, _stoppable(arguments) as place:
        return rehearse(_migration(arguments), place, arguments.fault, observed)


def _verify(arguments: argparse.Namespace) -> Result:
    from meshmig.commands.verify import VerifyOptions, verify

    options = VerifyOptions(istio=arguments.istio or "", witnesses=arguments.witnesses or "")
    return verify(_migration(arguments), _place(arguments), options)


HANDLERS: Mapping[str, Handler] = {
    "init": _init,
    "check": _check,
    "fmt": _fmt,
    "explain": _explain,
    "lsp": _lsp,
    "precheck": _precheck,
    "assess": _assess,
    "gate": _gate,
    "replay": _replay,
    "plan": _plan,
    "generate": _generate,
    "show": _show,
    "apply": _apply,
    "approve": _approve,
    "status": _status,
    "rollback": _rollback,
    "drift": _drift,
    "lock": _lock,
    "rehearse": _rehearse,
    "verify": _verify,
}
