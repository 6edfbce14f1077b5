"""An editor as the server meets it: JSON-RPC over the standard streams of the installed program."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any, Self

from tests.program import PROGRAM

Json = dict[str, Any]

WAIT_SECONDS = 30
"""How long an answer may take before a test fails."""


class Editor:
    """Speaks to one server. Requests return results; what the server says unasked is kept in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [str(PROGRAM), "lsp"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._received: Queue[Json | None] = Queue()
        self._unasked: list[Json] = []
        self._last = 0
        self.versions: dict[str, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def initialize(self, capabilities: Json | None = None, *, folders: bool = True) -> Json:
        """Begin the session; returns the server's capabilities."""
        given = [{"uri": self.folder.as_uri(), "name": "site"}] if folders else None
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or {}, "workspaceFolders": given}
        result = self.request("initialize", params)
        self.notify("initialized", {})
        return result["capabilities"]

    def request(self, method: str, params: Any) -> Any:
        """Send a request and return its result; an error fails the test."""
        answer = self.ask(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    def ask(self, method: str, params: Any) -> Json:
        """Send a request and return the whole answer."""
        self._last += 1
        self.send({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        return self.answer(self._last)

    def answer(self, number: int) -> Json:
        """Wait for the answer to a request."""
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                return message
            self._unasked.append(message)

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, message: Json) -> None:
        """Send any message."""
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, body: bytes) -> None:
        """Send any body with a right header."""
        self.send_raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send_raw(self, data: bytes) -> None:
        """Send any bytes."""
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def open(self, name: str, text: str | None = None) -> list[Json]:
        """Open a file of the folder, or one with a text of its own; returns its first diagnostics."""
        path = self.folder / name
        shown = path.read_bytes().decode() if text is None else text
        uri = path.as_uri()
        self.versions[uri] = 1
        item = {"uri": uri, "languageId": "mig", "version": 1, "text": shown}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return self.diagnostics(name)

    def change(self, name: str, text: str, start: tuple[int, int] | None = None, end: tuple[int, int] = (0, 0)) -> None:
        """Replace a stretch given by line and character, or without one the whole text."""
        uri = self.uri(name)
        self.versions[uri] += 1
        change: Json = {"text": text}
        if start is not None:
            change["range"] = {"start": _position(start), "end": _position(end)}
        params = {"textDocument": {"uri": uri, "version": self.versions[uri]}, "contentChanges": [change]}
        self.notify("textDocument/didChange", params)

    def diagnostics(self, name: str) -> list[Json]:
        """Wait for the diagnostics of a file's present version."""
        uri = self.uri(name)
        place = 0
        while True:
            if place == len(self._unasked):
                self._unasked.append(self._next())
            params = self._unasked[place].get("params") or {}
            said = self._unasked[place].get("method") == "textDocument/publishDiagnostics"
            if said and params["uri"] == uri and params.get("version") == self.versions.get(uri):
                del self._unasked[place]
                return params["diagnostics"]
            place += 1

    def close(self, name: str) -> None:
        """Close a file."""
        uri = self.uri(name)
        del self.versions[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def asked(self, method: str) -> Any:
        """Wait for a request of the server's, and return its parameters."""
        while not (found := [each for each in self._unasked if each.get("method") == method]):
            self._unasked.append(self._next())
        self._unasked.remove(found[0])
        return found[0]["params"]

    def at(self, name: str, place: tuple[int, int]) -> Json:
        """Parameters that name a place in a file."""
        return {"textDocument": {"uri": self.uri(name)}, "position": _position(place)}

    def uri(self, name: str) -> str:
        """The address of a file of the folder."""
        return (self.folder / name).as_uri()

    def leave(self) -> int:
        """Shut the server down as the protocol says; returns its exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(WAIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def _next(self) -> Json:
        message = self._received.get(timeout=WAIT_SECONDS)
        assert message is not None, "the server has left"
        return message

    def _listen(self) -> None:
        stream = self.process.stdout
        while length := _content_length(stream):
            self._received.put(json.loads(stream.read(length)))
        self._received.put(None)


def _content_length(stream: Any) -> int:
    length = 0
    try:
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
    except ValueError:  # the stream was closed
        return 0
    return length


def _position(place: tuple[int, int]) -> Json:
    return {"line": place[0], "character": place[1]}


@contextmanager
def editor(folder: Path, capabilities: Json | None = None) -> Iterator[Editor]:
    """An editor that has begun its session."""
    with Editor(folder) as begun:
        begun.initialize(capabilities)
        yield begun


def applied(text: str, edits: list[Json]) -> str:
    """A text after an editor's edits, places counted in UTF-16."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(position: Json) -> int:
        if position["line"] >= len(lines):
            return len(text)
        units = lines[position["line"]].encode("utf-16-le")[: 2 * position["character"]]
        return starts[position["line"]] + len(units.decode("utf-16-le"))

    for edit in sorted(edits, key=lambda edit: offset(edit["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text
