"""`notify`: a webhook or a command hears of a stage; a run never waits for it, and says what did not arrive."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.program import example, meshmig


class _Hook(BaseHTTPRequestHandler):
    """Keeps what it is told."""

    told: list[dict]
    status = 200

    def do_POST(self) -> None:
        """Take one notice."""
        length = int(self.headers["Content-Length"])
        type(self).told.append(json.loads(self.rfile.read(length)))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook():
    """A webhook on this machine."""
    handler = type("Hook", (_Hook,), {"told": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/secret"
    server.shutdown()
    server.server_close()


def _shop(folder, words: str, change: tuple[str, str] = ("", "")):
    file = example("shop", folder)
    file.write_text(f"{file.read_text().replace(*change) if change[0] else file.read_text()}\n{words}\n")


def test_a_webhook_hears_of_start_and_end(tmp_path, hook) -> None:
    """In JSON, with the stage and its title; the plan shows who is told."""
    handler, url = hook
    _shop(tmp_path, f'notify webhook "{url}"')
    applied = meshmig("apply", "--stage", "1", "--yes", "--json", cwd=tmp_path)

    assert applied.outcome == "ok"
    assert sorted((n["stage"], n["title"], n["occasion"]) for n in handler.told) == [
        (1, "ground", "end"),
        (1, "ground", "start"),
    ]
    assert f"told         webhook {url}, on start, wait, failure, end" in meshmig("plan", cwd=tmp_path).stdout


def test_a_command_hears_of_a_wait_with_its_reason(tmp_path) -> None:
    """On its standard input; only of the occasions that are named."""
    _shop(
        tmp_path,
        'notify command "tee -a told.jsonl" on wait',
        ("protect  install", 'approve by "team"  protect  install'),
    )
    applied = meshmig("apply", "--stage", "1", "--yes", "--json", cwd=tmp_path)
    (notice,) = map(json.loads, (tmp_path / "told.jsonl").read_text().splitlines())

    assert applied.outcome == "waiting"
    assert (notice["occasion"], notice["reason"]) == ("wait", "team must approve before stage 1")


def test_what_does_not_arrive_is_told_and_stops_nothing(tmp_path, hook) -> None:
    """A refusal, a missing program, a failing one; the address's path may be a secret and is not shown."""
    handler, url = hook
    handler.status = 500
    words = [
        f'notify webhook "{url}" on end',
        'notify command "no-such-program" on end',
        'notify command "false" on end',
    ]
    _shop(tmp_path, "\n".join(words))
    applied = meshmig("apply", "--stage", "1", "--yes", "--json", cwd=tmp_path)
    told = [found["message"] for found in applied.document["findings"] if found["code"] == "MIG661"]

    assert applied.outcome == "ok"
    assert told == [
        "a notification did not arrive: command false, end of stage 1: exit 1",
        "a notification did not arrive: command no-such-program, end of stage 1: No such file or directory",
        "a notification did not arrive: webhook 127.0.0.1, end of stage 1: HTTP 500",
    ]


def test_a_rehearsal_tells_nobody(tmp_path, hook) -> None:
    """Nothing happened that anybody should hear of."""
    handler, url = hook
    _shop(tmp_path, f'notify webhook "{url}"')
    rehearsed = meshmig("rehearse", "--json", cwd=tmp_path)

    assert rehearsed.outcome == "finished"
    assert handler.told == []
