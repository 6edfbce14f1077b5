"""A small HTTP server on loopback that answers what a test lays out, and keeps what it was asked."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered; `drop` cuts the connection instead, `lines` are sent one by one and then cut or ended."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    lines: Sequence[Any] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


DROP = Answer(drop=True)


def refusal(status: int, reason: str, message: str = "no", **details: Any) -> Answer:
    """An API server's `Status`."""
    body = {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message}
    return Answer(status=status, body=body | {"details": details})


class Script:
    """The answers to come; the last one is given again and again."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self.asked: list[Asked] = []
        self.url = ""

    def next(self, asked: Asked) -> Answer:
        """Keep what was asked, and return what is answered."""
        with self._lock:
            self.asked.append(asked)
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@contextmanager
def serving(*answers: Answer) -> Iterator[Script]:
    """Serve answers at `script.url`."""
    script = Script(answers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            _send(self, script.next(asked))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            return

    return Handler


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.drop and not answer.lines:
        handler.close_connection = True
        handler.connection.close()
        return
    data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if answer.lines:
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        _stream(handler, answer)
        return
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _stream(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    for line in answer.lines:
        data = json.dumps(line).encode() + b"\n"
        handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    handler.wfile.write(b"" if answer.drop else b"0\r\n\r\n")
    handler.wfile.flush()
    handler.close_connection = True
