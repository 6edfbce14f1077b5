"""Prometheus' HTTP API as the `MetricsSource` port: raw series, one moment, no arithmetic on the far side.

https://prometheus.io/docs/prometheus/latest/querying/api/ ; Thanos, Mimir and Amazon's service speak the same.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from meshmig.diagnostics import reject
from meshmig.model.objects import Json
from meshmig.model.units import Duration, Instant
from meshmig.ports import Matcher, Series, UnavailableError

CODES: dict[str, str] = {"MIG660": "the address of Prometheus is no http or https URL"}

TOKEN = "MESHMIG_PROMETHEUS_TOKEN"
"""The environment's name of a bearer token: a `.mig` file lies in git and holds no secret."""

_WINDOW = Duration.of(minutes=5)
_TIMEOUT = Duration.of(seconds=30)
_TRIES = 3
_FIRST_PAUSE = 0.5
_OK = 200
_PASSING = frozenset({429, 500, 502, 503, 504})
_SECRET = frozenset({401, 403})
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class PrometheusMetrics:
    """One Prometheus server.

    A plain selector would hide a sample's own moment, so a range selector is asked and its newest sample kept;
    `window` is how far it reaches back: as far as Prometheus' own lookback, so that a source that lags is seen to lag.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        window: Duration = _WINDOW,
        timeout: Duration = _TIMEOUT,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Remember where; nothing is sent yet. User and password may stand in the URL, a token in the environment.

        Raises:
            RejectedError: the URL is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise reject(
                "MIG660", f"`{url}` is no address of Prometheus", "write http://HOST:9090 or https://HOST/PATH"
            )
        self._url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._headers = _headers(parts.username, parts.password, os.environ.get(TOKEN, "") if token is None else token)
        self._window, self._timeout, self._wait = window, timeout, wait
        self._pool: Any = None

    def select(self, metric: str, matchers: Sequence[Matcher], at: Instant) -> tuple[Series, ...]:
        """Return the newest sample of every matching series at that moment, in the order of their labels.

        Raises:
            UnavailableError: no answer, an error, a warning (partial data), or a value that is no number.
        """
        query = selector(metric, matchers, self._window)
        fields = {"query": query, "time": _seconds(at), "timeout": f"{self._timeout.ms}ms"}
        answer = self._answer(urlencode(fields).encode())
        data = answer.get("data") or {}
        if data.get("resultType") != "matrix":
            raise self._failed(f"answered {metric} with a {data.get('resultType')}, not a matrix")
        return tuple(sorted(self._newest(data.get("result") or ()), key=_place))

    def query(self, promql: str, at: Instant) -> tuple[Series, ...]:
        """Return what a PromQL expression says: one series for a number; NaN and infinities are handed on.

        Raises:
            UnavailableError: no answer, an error (a wrong expression too), a warning, or a range instead of a value.
        """
        fields = {"query": promql, "time": _seconds(at), "timeout": f"{self._timeout.ms}ms"}
        data = self._answer(urlencode(fields).encode()).get("data") or {}
        match data.get("resultType"):
            case "scalar":
                entries: Sequence[Mapping[str, Json]] = [{"metric": {}, "value": data["result"]}]
            case "vector":
                entries = data.get("result") or ()
            case other:
                raise self._failed(f"answered `{promql}` with a {other}, not a number")
        return tuple(sorted((_single(entry) for entry in entries), key=_place))

    def _newest(self, result: Iterable[Mapping[str, Json]]) -> Iterable[Series]:
        for entry in result:
            if not entry.get("values"):
                continue
            labels = {name: value for name, value in entry["metric"].items() if name != "__name__"}
            moment, text = entry["values"][-1]
            value = float(text)
            if not math.isfinite(value):
                raise self._failed(f"holds {text} for {entry['metric'].get('__name__', 'a series')} {labels}")
            yield Series(labels, value, Instant(round(float(moment) * 1000)))

    def _answer(self, body: bytes) -> Mapping[str, Json]:
        status, data = self._post(body)
        try:
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or "status" not in answer:
            raise self._failed(f"answered HTTP {status} without its JSON envelope; is the URL right?")
        if status != _OK or answer["status"] != "success":
            kind, text = answer.get("errorType") or "error", answer.get("error") or "no reason given"
            raise self._failed(f"refused with HTTP {status}, {kind}: {text}")
        if answer.get("warnings"):
            raise self._failed(f"warns that its data is partial: {'; '.join(answer['warnings'])}")
        return answer

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Ask, again where the failure may pass; a query changes nothing, so it may be sent twice."""
        for attempt in range(_TRIES - 1):
            try:
                status, data = self._post_once(body)
            except UnavailableError:
                self._wait(_FIRST_PAUSE * 2**attempt)
                continue
            if status not in _PASSING:
                return status, data
            self._wait(_FIRST_PAUSE * 2**attempt)
        return self._post_once(body)

    def _post_once(self, body: bytes) -> tuple[int, bytes]:
        from urllib3 import PoolManager
        from urllib3.exceptions import HTTPError

        self._pool = self._pool or PoolManager(timeout=self._timeout.seconds, retries=False)
        try:
            response = self._pool.request("POST", f"{self._url}/api/v1/query", body=body, headers=self._headers)
        except (HTTPError, OSError) as error:
            why = str(error).rpartition(">: ")[2] or str(error)
            raise self._failed(f"cannot be reached: {why}") from error
        if response.status in _SECRET:
            raise self._failed(f"refused the credentials with HTTP {response.status}; give a token in {TOKEN}")
        return response.status, response.data

    def _failed(self, why: str) -> UnavailableError:
        return UnavailableError(f"Prometheus at {self._url} {why}")


def selector(metric: str, matchers: Sequence[Matcher], window: Duration) -> str:
    """Write the range selector; label values are escaped as PromQL's double-quoted strings need it."""
    conditions = ",".join(f'{m.label}{m.op}"{m.value.translate(_ESCAPES)}"' for m in matchers)
    return f"{metric}{{{conditions}}}[{window.ms}ms]"


def _headers(user: str | None, password: str | None, token: str) -> dict[str, str]:
    from urllib3.util import make_headers

    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    headers |= make_headers(accept_encoding="gzip", user_agent="meshmig")
    if user:
        return headers | make_headers(basic_auth=f"{unquote(user)}:{unquote(password or '')}")
    return headers | ({"authorization": f"Bearer {token}"} if token else {})


def _seconds(at: Instant) -> str:
    return f"{at.ms // 1000}.{at.ms % 1000:03}"


def _single(entry: Mapping[str, Json]) -> Series:
    moment, text = entry["value"]
    return Series(dict(entry["metric"]), float(text), Instant(round(float(moment) * 1000)))


def _place(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series.labels.items()))
