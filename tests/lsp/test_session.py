"""A session over the real protocol: the installed program, its standard streams, and an editor."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lsp.client import Editor, applied, editor
from tests.program import PROGRAM, meshmig

GATES = """mig 1

## Fit to carry what it carries today.
gate healthy {
  require  errors <= old * 1.25 + 0.05%
}
"""

SITE = """mig 1

use "gates.mig"

migration shop {
  cluster  files "shop"
  from     appmesh "shop"
  to       istio
}

profile gentle {
  steps    10%, 100%
  bake     10m
  check    healthy
}

stage 1 "ground" { protect  install istio }
stage 2 "all"    { move rest using gentle }
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a migration and the gates that it uses."""
    (tmp_path / "gates.mig").write_text(GATES)
    (tmp_path / "site.mig").write_text(SITE)
    return tmp_path


def test_a_right_file_has_no_diagnostics_and_the_server_leaves_in_peace(site: Path) -> None:
    """Initialize, open, shut down: exit code 0, nothing but the protocol on stdout."""
    with editor(site) as at:
        found = at.open("site.mig")

        assert found == []
        assert at.leave() == 0


def test_diagnostics_as_one_types(site: Path) -> None:
    """An incremental change that breaks the file is told with its version; taking it back clears it."""
    with editor(site) as at:
        at.open("site.mig")
        at.change("site.mig", "10x", (12, 11), (12, 14))
        broken = at.diagnostics("site.mig")
        at.change("site.mig", "10m", (12, 11), (12, 14))

        assert [(found["code"], found["range"]["start"], found["range"]["end"]) for found in broken] == [
            ("MIG204", {"line": 12, "character": 11}, {"line": 12, "character": 14})
        ]
        assert broken[0]["severity"] == 1
        assert "bake" in broken[0]["message"]
        assert at.diagnostics("site.mig") == []


def test_many_changes_at_once_are_answered_for_the_last(site: Path) -> None:
    """A paste sent as many messages ends with the diagnostics of the newest version."""
    with editor(site) as at:
        at.open("site.mig")
        for sign in '\nwait 5\n\nstage 3 "x" { wait 5 }':
            at.change("site.mig", sign, (99, 0), (99, 0))

        assert "MIG204" in [found["code"] for found in at.diagnostics("site.mig")]


def test_a_second_place_is_related_information(site: Path) -> None:
    """Where one sentence needs two places, the editor gets both."""
    with editor(site) as at:
        found = at.open("site.mig", SITE.replace("bake     10m", "bake 10m\n  bake 20m"))

        related = found[0]["relatedInformation"][0]
        assert (found[0]["code"], related["message"]) == ("MIG203", "first here")
        assert related["location"]["range"]["start"]["line"] == found[0]["range"]["start"]["line"] - 1


def test_errors_in_a_used_file_are_shown_there(site: Path) -> None:
    """A used file is judged as the migration uses it, with the text that the editor shows."""
    with editor(site) as at:
        at.open("site.mig")
        at.open("gates.mig")
        at.change("gates.mig", "sick", (3, 5), (3, 12))

        assert at.diagnostics("gates.mig") == []
        assert [found["code"] for found in at.diagnostics("site.mig")] == ["MIG201"]
        at.change("gates.mig", "healthy", (3, 5), (3, 9))
        assert at.diagnostics("site.mig") == []


def test_an_unopened_used_file_gets_its_own_errors(site: Path) -> None:
    """A mistake on the disk is published under the used file's address."""
    (site / "gates.mig").write_text(GATES.replace("0.05%", "5"))
    with editor(site) as at:
        at.open("site.mig")

        assert [found["code"] for found in at.diagnostics("gates.mig")] == ["MIG204"]


def test_a_used_file_shows_what_every_migration_finds_in_it(site: Path) -> None:
    """A change in one of two open migrations does not hide what the other finds in the file that both use."""
    (site / "gates.mig").write_text(f"{GATES}\nprofile late {{\n  check  own\n}}\n")
    other = SITE.replace("shop {", "other {").replace("gentle", "slow")
    with editor(site) as at:
        at.open("site.mig", f"{SITE}\ngate own {{\n  require errors <= 1% over 5m\n}}\n")
        at.open("other.mig", other)
        told = at.diagnostics("gates.mig")
        at.change("site.mig", "# a comment\n", (1, 0), (1, 0))
        at.diagnostics("site.mig")
        at.change("other.mig", f"{other}\ngate own {{\n  require errors <= 1% over 5m\n}}\n")

        assert [found["code"] for found in told] == ["MIG201"]
        assert at.diagnostics("gates.mig") == []


def test_a_closed_file_is_judged_by_what_lies_on_the_disk(site: Path) -> None:
    """What was typed and not saved is gone; of a file that an open one uses, the findings stay."""
    with editor(site) as at:
        at.open("site.mig")
        at.open("gates.mig", GATES.replace("0.05%", "5"))
        (site / "gates.mig").write_text(GATES.replace("0.05%", "7m"))
        at.close("gates.mig")
        shown = at.diagnostics("gates.mig")
        at.close("site.mig")

        assert [found["code"] for found in shown] == ["MIG205"]
        assert at.diagnostics("gates.mig") == []


def test_an_editor_that_can_is_asked_to_watch_the_files(site: Path) -> None:
    """A used file that changes on the disk, by a checkout say, is read again."""
    able = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    with editor(site, able) as at:
        at.open("site.mig")
        asked = at.asked("client/registerCapability")
        (site / "gates.mig").write_text(GATES.replace("gate healthy", "gate fit"))
        at.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": at.uri("gates.mig"), "type": 2}]})

        assert asked["registrations"][0]["registerOptions"] == {"watchers": [{"globPattern": "**/*.mig"}]}
        assert [found["code"] for found in at.diagnostics("site.mig")] == ["MIG201"]


def test_a_code_action_mends_the_file(site: Path) -> None:
    """The suggestion of a finding is an edit; applied, the file has no mistake."""
    wrong = SITE.replace("10m", "10").replace("check    healthy", "check    helthy")
    with editor(site) as at:
        found = at.open("site.mig", wrong)
        params = {
            "textDocument": {"uri": at.uri("site.mig")},
            "range": found[0]["range"],
            "context": {"diagnostics": []},
        }
        actions = at.request("textDocument/codeAction", params)
        single = next(action for action in actions if action["kind"] == "quickfix")
        whole = next(action for action in actions if action["kind"] == "source.fixAll")
        mended = applied(wrong, single["edit"]["changes"][at.uri("site.mig")])
        at.change("site.mig", mended)
        left = at.diagnostics("site.mig")
        at.change("site.mig", applied(wrong, whole["edit"]["changes"][at.uri("site.mig")]))

        assert single["title"] == "MIG204: write `10m`"
        assert [found["code"] for found in left] == ["MIG201"]
        assert at.diagnostics("site.mig") == []


def test_formatting_equals_fmt(site: Path) -> None:
    """The edits lead to the bytes that `meshmig fmt` writes; a file with mistakes is left alone."""
    crooked = SITE.replace("  bake     10m", "bake   10m # ten\n\n\n").replace("stage 2 ", "stage 2\n")
    (site / "site.mig").write_text(crooked)
    with editor(site) as at:
        at.open("site.mig")
        params = {"textDocument": {"uri": at.uri("site.mig")}, "options": {"tabSize": 2, "insertSpaces": True}}
        edits = at.request("textDocument/formatting", params)
        at.change("site.mig", "mig 1\nstage")
        at.diagnostics("site.mig")
        meshmig("fmt", "site.mig", cwd=site)

        assert applied(crooked, edits) == (site / "site.mig").read_text()
        assert len(edits) < 5
        assert at.request("textDocument/formatting", params) == []


STATES = ["", "\0", "mig", "mig 1\nstage", "\ud83d", "🦔" * 20, "mig 1\r\n\r\ngate {\r\n", "\ufeffmig 1\n", "{" * 9000]
AT_A_PLACE = ["definition", "prepareRename", "hover", "completion"]
OF_A_FILE = ["documentSymbol", "foldingRange"]


def test_any_state_of_a_document_is_answered(site: Path) -> None:
    """Unfinished, empty, binary, half a character: every request gets an answer."""
    with editor(site) as at:
        at.open("site.mig")
        document = {"textDocument": {"uri": at.uri("site.mig")}}
        for state in STATES:
            at.change("site.mig", state)
            found = at.diagnostics("site.mig")
            layout = at.request("textDocument/formatting", document | {"options": {"tabSize": 2, "insertSpaces": True}})
            for method in AT_A_PLACE:
                at.request(f"textDocument/{method}", at.at("site.mig", (0, 3)))
                at.request(f"textDocument/{method}", at.at("site.mig", (9, 9)))
            lists = [at.request(f"textDocument/{method}", document) for method in OF_A_FILE]

            assert all(isinstance(each, list) for each in (found, layout, *lists)), state
        assert at.leave() == 0


@pytest.mark.parametrize(
    ("encodings", "character"), [(None, 22), (["utf-32", "utf-16"], 20), (["utf-8", "utf-16"], 26), (["utf-16"], 22)]
)
def test_columns_are_counted_as_agreed(site: Path, encodings: list[str] | None, character: int) -> None:
    """UTF-16 unless the editor says otherwise: a hedgehog is two units, four bytes, one character."""
    text = SITE.replace('stage 2 "all"    {', 'stage 2 "🦔🦔" { wait 5 ')
    capabilities = {"general": {"positionEncodings": encodings}} if encodings else None
    with editor(site, capabilities) as at:
        found = at.open("site.mig", text)

        assert [each["range"]["start"] for each in found] == [{"line": 17, "character": character}]


def test_what_cannot_be_understood_does_not_end_the_session(site: Path) -> None:
    """Broken JSON, unknown methods, missing parameters: told to the asker, and the next request is answered."""
    with editor(site) as at:
        at.send_bytes(b"{not json")
        at.send_bytes(b"\xff\xfe")
        at.send_bytes(b"[" * 100_000)
        at.send_bytes(b"{}")
        at.send_raw(b"Nonsense\r\n")
        at.send({"jsonrpc": "2.0", "id": 77, "method": "textDocument/hover", "params": {"position": 3}})
        refused = at.answer(77)
        unknown = at.ask("mig/unknown", {})
        at.notify(
            "textDocument/didChange", {"textDocument": {"uri": "file:///nowhere", "version": 1}, "contentChanges": []}
        )
        at.notify("textDocument/didChange", {})

        assert refused["error"]["code"] == -32602
        assert unknown["error"]["code"] == -32601
        assert at.open("site.mig") == []
        assert at.leave() == 0


def test_an_editor_that_vanishes_is_a_failure(site: Path) -> None:
    """The protocol wants exit code 1 where nobody said `shutdown`."""
    with Editor(site) as at:
        at.initialize()
        at.process.stdin.close()
        code = at.process.wait(30)
        said = at.process.stderr.read().decode()

        assert code == 1
        assert "MIG010" in said
        assert "Traceback" not in said


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """A plain installation has no pygls: a code, the command that installs it, exit 1."""
    hidden = (
        "import sys; sys.modules['pygls'] = None; sys.modules['lsprotocol'] = None; sys.argv = ['meshmig', 'lsp']; "
    )
    hidden += "from meshmig.__main__ import main; sys.exit(main())"

    done = subprocess.run([sys.executable, "-c", hidden], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert PROGRAM.exists()
    assert done.returncode == 1
    assert "MIG009" in done.stderr
    assert "pip install 'meshmig[lsp]'" in done.stderr
