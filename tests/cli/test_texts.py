"""`check` and `fmt` as a person, a pipeline and a code review meet them."""

import json
import re
import stat
import subprocess

import pytest

from tests.program import PROGRAM, meshmig

UGLY = "mig 1\nprofile gentle { steps 5%,100%   # fast\nbake 10m }\n"
NEAT = "mig 1\n\nprofile gentle {\n  steps    5%, 100%  # fast\n  bake     10m\n}\n"
WRONG = "mig 1\n\ngate healthy {\n  require errors <= 250ms over 5m\n}\n\nprofile gentle {\n  check helthy\n}\n"


def _piped(text: str | bytes, *arguments: str, cwd) -> subprocess.CompletedProcess[bytes]:
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([str(PROGRAM), *arguments], input=data, capture_output=True, check=False, cwd=cwd)


def test_fmt_writes_the_one_layout_and_is_content_with_it(tmp_path) -> None:
    """Formatted once, a second run changes nothing."""
    (tmp_path / "a.mig").write_text(UGLY)
    first = meshmig("fmt", "a.mig", cwd=tmp_path)
    second = meshmig("fmt", "--check", "a.mig", cwd=tmp_path)

    assert (first.exit, first.stdout) == (0, "formatted a.mig\n")
    assert (tmp_path / "a.mig").read_text() == NEAT
    assert (second.exit, second.stdout, second.stderr) == (0, "", "")


def test_fmt_check_and_diff_write_nothing(tmp_path) -> None:
    """Exit 1 where a file would change; the diff is one that `patch` takes."""
    (tmp_path / "a.mig").write_text(UGLY.rstrip("\n"))
    checked = meshmig("fmt", "--check", "a.mig", "--json", cwd=tmp_path)
    shown = meshmig("fmt", "--diff", "a.mig", cwd=tmp_path)
    untouched = (tmp_path / "a.mig").read_text()
    subprocess.run(["patch", "-s", "-p0", "a.mig"], input=shown.stdout.encode(), check=True, cwd=tmp_path)

    assert (checked.exit, checked.codes) == (1, ["MIG004"])
    assert checked.data["changed"] == ["a.mig"]
    assert shown.exit == 1
    assert untouched == UGLY.rstrip("\n")
    assert (tmp_path / "a.mig").read_text() == NEAT


def test_fmt_reads_stdin_and_writes_stdout(tmp_path) -> None:
    """Editors and hooks pipe; wrong input gives no text, and exit 1."""
    right, wrong = _piped(UGLY, "fmt", "-", cwd=tmp_path), _piped("mig 1\ngate {", "fmt", "-", cwd=tmp_path)
    checked = _piped(UGLY, "fmt", "--check", "-", cwd=tmp_path)

    assert (right.returncode, right.stdout.decode()) == (0, NEAT)
    assert (wrong.returncode, wrong.stdout) == (1, b"")
    assert b"<stdin>:2:6" in wrong.stderr
    assert checked.returncode == 1
    assert b"run: meshmig fmt -\n" in checked.stderr


def test_one_wrong_file_keeps_all_as_they_are(tmp_path) -> None:
    """Nothing is half done."""
    (tmp_path / "a.mig").write_text(UGLY)
    (tmp_path / "b.mig").write_text("mig 1\ngate {\n")
    ran = meshmig("fmt", "a.mig", "b.mig", cwd=tmp_path)

    assert (ran.exit, ran.stdout) == (1, "")
    assert (tmp_path / "a.mig").read_text() == UGLY


def test_fmt_keeps_a_link_and_the_permissions(tmp_path) -> None:
    """The file behind the link is written, as it was protected."""
    (tmp_path / "real.mig").write_text(UGLY)
    (tmp_path / "real.mig").chmod(0o640)
    (tmp_path / "a.mig").symlink_to("real.mig")
    meshmig("fmt", "a.mig", cwd=tmp_path)

    assert (tmp_path / "a.mig").is_symlink()
    assert (tmp_path / "real.mig").read_text() == NEAT
    assert stat.S_IMODE((tmp_path / "real.mig").stat().st_mode) == 0o640


def test_a_file_need_not_be_named(tmp_path) -> None:
    """Without FILE the only migration of the folder is meant."""
    (tmp_path / "gates.mig").write_text("mig 1\n")
    (tmp_path / "site.mig").write_text('mig 1\nmigration a { cluster in-cluster from appmesh "a" to istio }\n')
    ran = meshmig("check", "--json", cwd=tmp_path)

    assert ran.data["files"] == ["site.mig"]
    assert ran.codes == ["MIG209"]


@pytest.mark.parametrize("command", ["check", "fmt"])
@pytest.mark.parametrize(
    "data", [b"\x7fELF\0\1\2" * 1000, b"mig 1\n" + b"# padding\n" * 1_200_000], ids=["binary", "huge"]
)
def test_what_is_no_migration_is_refused_with_one_line(command: str, data: bytes, tmp_path) -> None:
    """One finding, whatever the size; what goes on for ever is not read to its end."""
    (tmp_path / "a.mig").write_bytes(data)
    ran = meshmig(command, "a.mig", cwd=tmp_path)

    assert (ran.exit, ran.stdout) == (1, "")
    assert ran.stderr.count("error MIG10") == 1
    assert len(ran.stderr.splitlines()) <= 4


def test_a_file_without_an_end_is_refused(tmp_path) -> None:
    """A device that never ends is read no further than a `.mig` file goes."""
    assert meshmig("check", "/dev/zero", "--json", cwd=tmp_path).codes == ["MIG103"]


def test_a_name_that_is_no_text_is_told_all_the_same(tmp_path) -> None:
    """A file name of bytes that are no UTF-8 reaches every format without a traceback."""
    (tmp_path / "odd\udcff.mig").write_text(WRONG)
    for form in ("text", "json", "sarif", "github"):
        ran = subprocess.run(
            [str(PROGRAM), "check", "odd\udcff.mig", "--format", form], capture_output=True, check=False, cwd=tmp_path
        )

        assert ran.returncode == 1
        assert b"Traceback" not in ran.stderr
        assert b"MIG205" in ran.stdout + ran.stderr


def test_json_carries_second_places_and_edits(tmp_path) -> None:
    """Both spans of unlike units, and the edit of a misspelt name, fit to be applied."""
    (tmp_path / "a.mig").write_text(WRONG)
    unlike, misspelt = meshmig("check", "a.mig", "--json", cwd=tmp_path).document["findings"]
    lines = WRONG.splitlines()
    edit = misspelt["edit"]

    def at(span: dict) -> str:
        return lines[span["line"] - 1][span["column"] - 1 : span["end_column"] - 1]

    assert {at(label["span"]) for label in unlike["labels"]} == {"errors", "250ms"}
    assert edit["replacement"] == "healthy"
    assert at(edit["span"]) == "helthy"


def _sarif(tmp_path, text: str = WRONG, name: str = "a.mig") -> dict:
    (tmp_path / name).write_text(text)
    ran = meshmig("check", name, "--format", "sarif", cwd=tmp_path)
    assert (ran.exit, ran.stderr) == (1, "")
    return json.loads(ran.stdout)


def test_sarif_keeps_the_rules_of_its_schema(tmp_path) -> None:
    """What SARIF 2.1.0 requires of a log, a run, a rule and a result, and how columns are counted."""
    document = _sarif(tmp_path)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]

    assert document["version"] == "2.1.0"
    assert set(document) == {"$schema", "version", "runs"}
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in rules] == ["MIG201", "MIG205"]
    for rule in rules:
        assert set(rule) == {"id", "shortDescription", "fullDescription", "help"}
        assert all(rule[part]["text"] for part in set(rule) - {"id"})
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        for place in [*result["locations"], *result.get("relatedLocations", [])]:
            _is_physical(place["physicalLocation"])


def _is_physical(place: dict) -> None:
    region = place["region"]

    assert re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]+", place["artifactLocation"]["uri"])
    assert all(isinstance(number, int) and number >= 1 for number in region.values())
    assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_sarif_shows_second_places_and_fixes(tmp_path) -> None:
    """Related locations with ids of their own, and the edit as a fix."""
    unlike, misspelt = sorted(_sarif(tmp_path)["runs"][0]["results"], key=lambda result: -result["ruleIndex"])
    ((change,),) = (fix["artifactChanges"] for fix in misspelt["fixes"])

    assert [place["message"]["text"] for place in unlike["relatedLocations"]] == ["a share of the requests"]
    assert [place["id"] for place in unlike["relatedLocations"]] == [1]
    assert change["replacements"][0]["insertedContent"]["text"] == "healthy"
    assert change["replacements"][0]["deletedRegion"] == misspelt["locations"][0]["physicalLocation"]["region"]


def test_sarif_names_files_by_uris(tmp_path) -> None:
    """Blanks, umlauts and percent signs are escaped; a path stays relative."""
    (tmp_path / "a b").mkdir()
    result = _sarif(tmp_path, name="a b/grün 50%.mig")["runs"][0]["results"][0]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/gr%C3%BCn%2050%25.mig"


def test_sarif_of_a_right_file_is_a_run_without_results(tmp_path) -> None:
    """An upload must say that nothing was found."""
    (tmp_path / "a.mig").write_text(NEAT)
    ran = meshmig("check", "a.mig", "--format", "sarif", cwd=tmp_path)

    assert ran.exit == 0
    assert json.loads(ran.stdout)["runs"][0]["results"] == []


def test_github_commands_are_escaped(tmp_path) -> None:
    """Percent signs in messages, commas and colons in file names; one line a finding, second places within it."""
    (tmp_path / "a,b:c.mig").write_text(WRONG.replace("250ms over 5m", "98"))
    ran = meshmig("check", "a,b:c.mig", "--format", "github", cwd=tmp_path)
    first, second = ran.stdout.splitlines()

    assert first.startswith("::error file=a%2Cb%3Ac.mig,line=4,endLine=4,col=21,endColumn=23,title=meshmig MIG204::")
    assert "did you mean `98%25`?" in first
    assert "%0Aa,b:c.mig:3:6: defined here%0Ameshmig explain MIG201" in second


def test_a_narrow_terminal_gets_narrow_lines(tmp_path) -> None:
    """On a terminal the source line is cut around the caret to its width."""
    import pty

    (tmp_path / "a.mig").write_text(
        f"mig 1\ngroup a {{ workloads {'shop/some-workload, ' * 9}shop/last exept shop/x }}\n"
    )
    parent, child = pty.openpty()
    command = ["/bin/sh", "-c", f"stty cols 60 <&2; exec {PROGRAM} check a.mig"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=child, check=False, cwd=tmp_path)
    text = _drained(parent)
    line, carets = (row for row in text.splitlines() if "│" in row)

    assert len(line) <= 60
    assert line[carets.index("^") : carets.rindex("^") + 1] == "exept"


def _drained(parent: int) -> str:
    import os

    return os.read(parent, 100_000).decode()
