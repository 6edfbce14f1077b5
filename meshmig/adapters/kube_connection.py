"""Requests to one API server: credentials, back-off, time limits, and errors in the words of the port."""

import gc
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from meshmig.adapters.kube_config import Access
from meshmig.adapters.kube_errors import error_of, unavailable
from meshmig.diagnostics import MeshmigError, reject
from meshmig.model.objects import Json
from meshmig.ports import ClusterError

JSON = "application/json"

_TRIES = 5
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 30.0
_CONNECT_SECONDS = 10.0
_REFUSED = 400
_UNAUTHORIZED = 401
_TOO_MANY = 429
_SERVER_ERROR = 500
_LARGE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `read` says that it may be sent twice without harm."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Json] | None = None
    content_type: str = JSON
    seconds: float = 60.0
    stream: bool = False

    @property
    def read(self) -> bool:
        """Whether a repetition changes nothing."""
        return self.method == "GET"


class _PassingError(Exception):
    """A failure that a repetition may mend, no sooner than `pause` seconds from now."""

    def __init__(self, error: MeshmigError, pause: float = 0.0) -> None:
        self.error, self.pause = error, pause
        super().__init__(str(error))


class Connection:
    """Pooled connections with one way's credentials; may be used from several threads."""

    def __init__(self, access: Access, wait: Callable[[float], None] = time.sleep) -> None:
        self.access = access
        self._wait = wait
        self._lock = threading.Lock()
        self._configuration = access.load()
        self._pool = _pool_of(self._configuration)

    @property
    def server(self) -> str:
        """The API server's address."""
        return str(self._configuration.host)

    def ask(self, request: Request) -> dict[str, Json]:
        """Send a request and return its answer.

        Raises:
            ClusterError: the API server refused.
            UnavailableError: it cannot be reached, a read failed every time, or what answers is no API server.
        """
        response = self._send(request)
        try:
            answer = _decoded(response.data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            why = f"what answers there is no API server (HTTP {response.status}, {response.data[:40]!r})"
            raise unavailable(self.server, self.access.name, ValueError(why))
        return answer

    def lines(self, request: Request) -> Iterator[dict[str, Json]]:
        """Send a request whose answer is one JSON document a line, until the API server ends it.

        Raises:
            ClusterError: the API server refused.
            UnavailableError: it cannot be reached.
        """
        response = self._send(request)
        try:
            rest = b""
            for chunk in response.stream(amt=None, decode_content=True):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in whole if line)
        except _garbled() as error:
            raise unavailable(self.server, self.access.name, error) from error
        finally:
            response.close()

    def _send(self, request: Request) -> Any:  # noqa: ANN401 - the client package has no types
        for attempt in range(_TRIES - 1):
            try:
                return self._attempt(request)
            except _PassingError as passing:
                self._wait(min(max(passing.pause, _FIRST_PAUSE * 2**attempt), _LONGEST_PAUSE))
        try:
            return self._attempt(request)
        except _PassingError as passing:
            raise _final(request, passing.error, self) from passing

    def _attempt(self, request: Request) -> Any:  # noqa: ANN401 - see _send
        response = self._exchange(request)
        if response.status == _UNAUTHORIZED:
            response.drain_conn()
            self._renew()
            response = self._exchange(request)
        if response.status < _REFUSED:
            return response
        error = error_of(response.status, response.data, request.path)
        passing = response.status == _TOO_MANY or (request.read and response.status >= _SERVER_ERROR)
        if not passing:
            raise error
        raise _PassingError(error, _seconds(response.headers.get("Retry-After")))

    def _exchange(self, request: Request) -> Any:  # noqa: ANN401 - see _send
        from urllib3 import Timeout

        with self._lock:
            headers, pool = self._headers(request), self._pool
        url = f"{self.server}{request.path}" + (f"?{urlencode(request.query)}" if request.query else "")
        body = None if request.body is None else json.dumps(request.body, separators=(",", ":")).encode()
        try:
            return pool.request(
                request.method,
                url,
                body=body,
                headers=headers,
                timeout=Timeout(connect=_CONNECT_SECONDS, read=request.seconds),
                retries=False,
                redirect=False,
                preload_content=not request.stream,
            )
        except _broken() as error:
            failure = unavailable(self.server, self.access.name, error)
            if request.read or _never_sent(error):
                raise _PassingError(failure) from error
            raise failure from error

    def _headers(self, request: Request) -> Any:  # noqa: ANN401 - see _send
        from urllib3 import HTTPHeaderDict

        headers = HTTPHeaderDict({"Accept": JSON, "User-Agent": "meshmig", "Accept-Encoding": "gzip"})
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        for name, value in self.access.headers:
            headers.add(name, value)
        for setting in self._configuration.auth_settings().values():
            headers[setting["key"]] = setting["value"]
        return headers

    def _renew(self) -> None:
        """Read the credentials again: tokens end while a run goes on for hours."""
        with self._lock:
            self._configuration = self.access.load()
            self._pool = _pool_of(self._configuration)

    def close(self) -> None:
        """End the pooled connections."""
        self._pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pool_of(configuration: Any) -> Any:  # noqa: ANN401 - the client package has no types
    from kubernetes.client.rest import RESTClientObject
    from urllib3.exceptions import LocationValueError

    try:
        return RESTClientObject(configuration).pool_manager
    except LocationValueError as error:
        text = f"the proxy {configuration.proxy!r} of the environment cannot be used: {error}"
        raise reject("MIG623", text, "correct HTTPS_PROXY, or name the API server in NO_PROXY") from error


def _broken() -> tuple[type[Exception], ...]:
    from urllib3.exceptions import HTTPError

    return (HTTPError, OSError)


def _garbled() -> tuple[type[Exception], ...]:
    return (*_broken(), ValueError)


def _never_sent(error: Exception) -> bool:
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    return isinstance(error, (NewConnectionError, ConnectTimeoutError))


def _final(request: Request, error: MeshmigError, connection: Connection) -> MeshmigError:
    """A read that failed to the last is an API server out of reach; a write keeps its status for the caller."""
    match error:
        case ClusterError() if request.read:
            return unavailable(connection.server, connection.access.name, error)
        case _:
            return error


def _seconds(text: str | None) -> float:
    """Retry-After in seconds; API servers never send the form with a date."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _decoded(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Decode with the cycle collector at rest: it walks every new dict again and again, and finds nothing."""
    if len(data) < _LARGE or not gc.isenabled():
        return json.loads(data)
    gc.disable()
    try:
        return json.loads(data)
    finally:
        gc.enable()
