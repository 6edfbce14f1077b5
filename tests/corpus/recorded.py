"""An API server that answers LISTs from a folder of recorded answers, page by page, and nothing else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PAGE = 3
"""Objects a page, whatever is asked: so that every recorded list of some size is read in pages."""


@contextmanager
def serving_recorded(folder: Path) -> Iterator[str]:
    """Serve a folder's `PLURAL.json` files at the address that is yielded."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(folder: Path, target: str) -> tuple[int, dict[str, Any]]:
    asked = urlsplit(target)
    root, _, plural = asked.path.rpartition("/")
    file = folder / f"{plural}.json"
    recorded = json.loads(file.read_bytes()) if file.is_file() else {}
    if root not in {f"/apis/{recorded.get('apiVersion')}", f"/api/{recorded.get('apiVersion')}"}:
        return 404, {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "details": {}}
    start = int(parse_qs(asked.query).get("continue", ["0"])[0])
    items = recorded["items"]
    following = str(start + _PAGE) if start + _PAGE < len(items) else ""
    metadata = recorded["metadata"] | ({"continue": following} if following else {})
    return 200, recorded | {"metadata": metadata, "items": items[start : start + _PAGE]}


def _handler(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = _answer(folder, self.path)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    return Handler
