"""Gates: requirements with their units checked, and what evidence leads to."""

from collections.abc import Sequence
from dataclasses import replace

from meshmig.language import tree
from meshmig.language.names import Scope, unique
from meshmig.language.report import Mistake, Report
from meshmig.language.tree import Token
from meshmig.language.units import kind_of, read_count, read_duration, read_factor, read_percent, read_value
from meshmig.language.wording import quoted
from meshmig.model import intent
from meshmig.model.intent import Measure
from meshmig.model.units import Duration, Percent

_SHARES = {
    Measure.ERRORS: "a share of the requests",
    Measure.SLOWER_THAN: "a share of the requests",
    Measure.SUCCESS_RATE: "a share of the requests",
}
_LEAST_SURE, _ALL = Percent(800_000), Percent(1_000_000)
_DEFAULTS = intent.Gate(name="", requirements=())
_EXAMPLE = "`require errors <= old * 1.25 + 0.05%`"


def resolve_gate(gate: tree.Gate, scope: Scope) -> intent.Gate:
    """Turn a gate into what it means; what is wrong with it is in the report."""
    report = scope.report
    settings = [part for part in gate.parts if isinstance(part, tree.Setting)]
    unique((setting.key for setting in settings), f"the gate {quoted(gate.name.text)}", report)
    requirements = [_requirement(part, report) for part in gate.parts if isinstance(part, tree.Require)]
    _has_requirement(gate, report)
    harm, safe = _odds([part for part in gate.parts if isinstance(part, tree.Confidence)], gate, report)
    found = intent.Gate(
        name=gate.name.text,
        harm_odds=harm,
        safe_odds=safe,
        requirements=tuple(requirement for requirement in requirements if requirement is not None),
        doc=scope.doc(gate.at),
        span=report.span(gate.name.at),
    )
    return _with_settings(found, settings, report)


def _has_requirement(gate: tree.Gate, report: Report) -> None:
    required = any(isinstance(part, tree.Require) for part in gate.parts)
    if not required and not report.is_damaged(gate.at):
        message = f"the gate {quoted(gate.name.text)} requires nothing, so nothing could ever stop a run"
        report.add(Mistake(code="MIG209", at=gate.name.at, message=message, help=f"write {_EXAMPLE}"))


def _with_settings(gate: intent.Gate, settings: list[tree.Setting], report: Report) -> intent.Gate:
    advance, finish, no_data, failure = gate.advance_after, gate.finish_within, gate.no_data_wait, gate.on_failure
    for setting in settings:
        match setting.key.type:
            case "ADVANCE":
                advance = read_count(setting.value, "the number of requests", report) or advance
            case "FINISH":
                finish = read_duration(setting.value, "finish when proved within", report)
            case "NO_DATA":
                no_data = read_duration(setting.value, "no_data wait", report) or no_data
            case _:
                failure = failure_of(setting.value)
    return replace(gate, advance_after=advance, finish_within=finish, no_data_wait=no_data, on_failure=failure)


def _odds(parts: Sequence[tree.Confidence], gate: tree.Gate, report: Report) -> tuple[float, float]:
    """Return the odds of both accounts: 99 % sure is a stake that grew a hundredfold."""
    unique((part.key for part in parts), f"the gate {quoted(gate.name.text)}", report)
    harm, safe = _DEFAULTS.harm_odds, _DEFAULTS.safe_odds
    for part in parts:
        harm = _odds_of(part.harm, report) or harm
        safe = _odds_of(part.safe, report) or safe
    return harm, safe


def _odds_of(token: Token | None, report: Report) -> float:
    percent = read_percent(token, "confidence", report) if token else None
    if token is None or percent is None:
        return 0.0
    if not _LEAST_SURE <= percent < _ALL:
        message = f"{quoted(token.text)} is no confidence to decide by: it lies between `80%` and `99.9999%`"
        report.add(Mistake(code="MIG207", at=token.at, message=message, help="`99%` is one error in a hundred"))
        return 0.0
    return _ALL.millionths / (_ALL.millionths - percent.millionths)


def failure_of(word: Token) -> intent.OnFailure:
    """Return what `fail rollback` or `fail pause` means."""
    return intent.OnFailure.PAUSE if word.type == "PAUSE" else intent.OnFailure.ROLLBACK


def _requirement(require: tree.Require, report: Report) -> intent.Requirement | None:
    if report.is_damaged(require.measure.at):
        return None
    measure = Measure(require.measure.word.type.lower())
    if require.measure.query is not None:
        return _query(require, require.measure.query, report)
    threshold = require.measure.threshold
    limit = read_duration(threshold, "slower_than", report) if threshold else None
    if not _is_upright(require, measure, report):
        return None
    match require.bound:
        case tree.Relative() as bound:
            return _relative(require, bound, limit, report)
        case tree.Absolute() as bound:
            return _absolute(require, bound, limit, report)


def _query(require: tree.Require, query: Token, report: Report) -> intent.Requirement | None:
    bound = require.bound
    if not query.inner.strip():
        report.add(Mistake(code="MIG222", at=query.at, message="the query is empty", help="write it in PromQL"))
        return None
    if isinstance(bound, tree.Relative):
        message = "a query has no old side: it is compared with a number"
        report.add(Mistake(code="MIG217", at=bound.at, message=message, help='write `require query "…" <= 64Mi`'))
        return None
    if bound.window is not None:
        message = "a query holds its own window, like `rate(requests_total[5m])`"
        help_text = f"take `over {bound.window.text}` away"
        report.add(Mistake(code="MIG217", at=bound.window.at, message=message, help=help_text))
        return None
    value = read_value(bound.bound, report)
    if value is None:
        return None
    return intent.QueryRequirement(
        query=query.inner,
        bound=value,
        bound_text=bound.bound.text,
        at_least=require.comparison.type == "AT_LEAST",
        span=report.span(require.at),
    )


def _is_upright(require: tree.Require, measure: Measure, report: Report) -> bool:
    """Errors and slowness have a ceiling, success has a floor: the other way round only sick traffic would pass."""
    wanted = "AT_LEAST" if measure is Measure.SUCCESS_RATE else "AT_MOST"
    if require.comparison.type == wanted:
        return True
    sign = ">=" if wanted == "AT_LEAST" else "<="
    report.add(
        Mistake(
            code="MIG216",
            at=require.comparison.at,
            message=f"`{measure}` is healthy while it is {'high' if wanted == 'AT_LEAST' else 'low'}",
            help=f"did you mean `{sign}`?",
            replacement=sign,
            others=(report.label(require.measure.at, "what is measured"),),
        )
    )
    return False


def _relative(
    require: tree.Require, bound: tree.Relative, limit: Duration | None, report: Report
) -> intent.Requirement | None:
    measure = Measure(require.measure.word.type.lower())
    if measure is Measure.SUCCESS_RATE:
        message = "`success_rate` has no comparison with `old`: errors are compared, and success is an absolute floor"
        help_text = f"write {_EXAMPLE}, or `require success_rate >= 98% over 5m`"
        report.add(Mistake(code="MIG217", at=bound.at, message=message, help=help_text))
        return None
    ratio = read_factor(bound.ratio, report) if bound.ratio else 1.0
    slack = _share(bound.slack, require.measure, report) if bound.slack else Percent(0)
    if ratio is None or slack is None:
        return None
    if ratio == 1 and not slack.millionths:
        message = "this leaves no tolerance: two equal sides differ by chance, so every run would be rolled back"
        report.add(Mistake(code="MIG207", at=bound.at, message=message, help="write `old * 1.25 + 0.05%`"))
        return None
    return intent.RelativeRequirement(
        measure=measure, ratio=ratio, slack=slack, threshold=limit, span=report.span(require.at)
    )


def _absolute(
    require: tree.Require, bound: tree.Absolute, limit: Duration | None, report: Report
) -> intent.Requirement | None:
    share = _share(bound.bound, require.measure, report)
    window = read_duration(bound.window, "over", report) if bound.window else None
    if bound.window is None and share is not None:
        message = "an absolute bound needs the window that it is measured over"
        at = tree.Extent(bound.at.end, bound.at.end)
        help_text = "did you mean ` over 5m`?".replace("` ", "`")
        report.add(Mistake(code="MIG209", at=at, message=message, help=help_text, replacement=" over 5m"))
    if share is None or window is None:
        return None
    measure = Measure(require.measure.word.type.lower())
    return intent.AbsoluteRequirement(
        measure=measure,
        bound=share,
        at_least=measure is Measure.SUCCESS_RATE,
        window=window,
        threshold=limit,
        span=report.span(require.at),
    )


def _share(token: Token, measure: tree.Measure, report: Report) -> Percent | None:
    """Read a bound; a duration where a share belongs is told with both places."""
    if kind_of(token.text) != "a duration":
        return read_percent(token, measure.word.text, report)
    share = _SHARES[Measure(measure.word.type.lower())]
    message = f"`{measure.word.text}` is {share}, and {quoted(token.text)} is a duration"
    help_text = "compare it with a percent, like `1%`"
    if measure.word.type != "SLOWER_THAN":
        help_text += f"; for latency: `require slower_than {token.text} <= old * 1.2 + 0.5%`"
    report.add(
        Mistake(
            code="MIG205",
            at=token.at,
            message=message,
            mark="a duration",
            help=help_text,
            others=(report.label(measure.at, share),),
        )
    )
    return None
