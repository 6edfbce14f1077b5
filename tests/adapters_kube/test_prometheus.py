"""The door to Prometheus: the query to the letter, and every answer that is no clean one refused."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from meshmig.adapters.prometheus import PrometheusMetrics, selector
from meshmig.diagnostics import RejectedError
from meshmig.model.units import Duration, Instant
from meshmig.ports import Matcher, Series, UnavailableError
from tests.adapters_kube.doors import Waits
from tests.adapters_kube.server import DROP, Answer, Script, serving

AT = Instant(1_700_000_000_250)


def _answer(*series: tuple[dict[str, str], list[tuple[float, str]]], **more: Any) -> Answer:
    result = [{"metric": metric, "values": values} for metric, values in series]
    return Answer(body={"status": "success", "data": {"resultType": "matrix", "result": result}, **more})


def _selected(script: Script, url: str = "", **options: Any) -> tuple[Series, ...]:
    metrics = PrometheusMetrics(url or script.url, wait=Waits(), **options)
    return metrics.select("requests_total", [Matcher("pod", "=", "a")], AT)


def test_label_values_are_escaped() -> None:
    """As PromQL's double-quoted strings need it, and nothing else."""
    matchers = [Matcher("a", "=", 'say "\\d"\nend'), Matcher("b", "=~", "x.*|é")]

    query = selector("requests_total", matchers, Duration.of(seconds=90))

    assert query == r'requests_total{a="say \"\\d\"\nend",b=~"x.*|é"}[90000ms]'


def test_the_newest_sample_counts_with_its_own_moment() -> None:
    """Series come in the order of their labels, without the metric's name."""
    second = ({"__name__": "requests_total", "pod": "b"}, [(1_699_999_990.5, "7"), (1_699_999_995.125, "9")])
    first = ({"__name__": "requests_total", "pod": "a"}, [(1_699_999_999.0, "3")])
    with serving(_answer(second, first)) as script:
        found = _selected(script)

    assert found == (
        Series({"pod": "a"}, 3.0, Instant(1_699_999_999_000)),
        Series({"pod": "b"}, 9.0, Instant(1_699_999_995_125)),
    )


def test_every_query_is_asked_at_the_given_moment() -> None:
    """As a form, so that long selectors fit."""
    with serving(_answer()) as script:
        _selected(script)

    asked = script.asked[0]
    assert (asked.method, asked.path) == ("POST", "/api/v1/query")
    assert parse_qs(asked.body.decode()) == {
        "query": ['requests_total{pod="a"}[300000ms]'],
        "time": ["1700000000.250"],
        "timeout": ["30000ms"],
    }


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (_answer(warnings=["one store did not answer"]), "partial: one store did not answer"),
        (Answer(status=422, body={"status": "error", "errorType": "execution", "error": "too many"}), "execution: too"),
        (Answer(status=503, body={"status": "error", "errorType": "timeout", "error": "slow"}), "HTTP 503, timeout"),
        (Answer(status=404, body=b"not here"), "is the URL right"),
        (Answer(status=401, body=b""), "MESHMIG_PROMETHEUS_TOKEN"),
        (Answer(body={"status": "success", "data": {"resultType": "vector", "result": []}}), "not a matrix"),
        (_answer(({"pod": "a"}, [(1.0, "NaN")])), "holds NaN"),
        (_answer(({"pod": "a"}, [(1.0, "+Inf")])), "holds .Inf"),
        (DROP, "cannot be reached"),
    ],
)
def test_whatever_is_no_whole_answer_is_refused(answer: Answer, text: str) -> None:
    """Blindness has a name; it is never taken for no traffic."""
    with serving(answer) as script, pytest.raises(UnavailableError, match=text) as found:
        _selected(script)

    assert script.url in str(found.value)


def test_a_failure_that_passes_is_not_told() -> None:
    """A query may be sent twice."""
    with serving(Answer(status=503), DROP, _answer()) as script:
        found = _selected(script)

    assert found == ()


def test_credentials_go_into_the_header_and_into_no_message() -> None:
    """User and password of the URL, or a token."""
    with serving(_answer()) as script:
        _selected(script, script.url.replace("http://", "http://alice:s%40cret@"))
        _selected(script, token="abc")  # noqa: S106 - of no server
    with pytest.raises(UnavailableError) as found:
        _selected(script, script.url.replace("http://", "http://alice:s%40cret@"))

    assert [asked.headers["authorization"] for asked in script.asked] == ["Basic YWxpY2U6c0BjcmV0", "Bearer abc"]
    assert "cret" not in str(found.value)


@pytest.mark.parametrize("url", ["prometheus:9090", "ftp://prometheus", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(RejectedError) as found:
        PrometheusMetrics(url)

    assert found.value.findings[0].code == "MIG660"
