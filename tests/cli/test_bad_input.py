"""Bad input is a feature: a clear message that names the thing, exit 1, nothing half done, no traceback."""

import pytest

from tests.program import example, meshmig


def test_a_code_is_explained_by_its_page(tmp_path) -> None:
    """`explain` prints the page as a terminal shows it; a number alone will do, an unknown code is told."""
    page = meshmig("explain", "204", cwd=tmp_path)
    unknown = meshmig("explain", "MIG942", "--json", cwd=tmp_path)

    assert page.stdout.startswith("MIG204: a quantity without its unit")
    assert "steps    1%, 5, 25%, 100%\n" in page.stdout
    assert "```" not in page.stdout
    assert (unknown.exit, unknown.codes) == (1, ["MIG005"])


def _refused(ran) -> str:
    assert (ran.exit, ran.outcome) == (1, "refused"), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    return " ".join(f"{found['code']} {found['message']} {found['help']}" for found in ran.document["findings"])


def test_a_folder_without_a_mesh(tmp_path) -> None:
    """There is nothing to migrate: said so, and no file is written."""
    (tmp_path / "empty").mkdir()
    text = _refused(meshmig("init", "--files", "empty", "-o", "site.mig", "--json", cwd=tmp_path))

    assert "MIG" in text
    assert not (tmp_path / "site.mig").exists()


def test_a_folder_that_is_not_there(tmp_path) -> None:
    """The folder is named."""
    assert "nowhere" in _refused(meshmig("init", "--files", "nowhere", "--json", cwd=tmp_path))


def test_broken_yaml_is_named_with_its_line(tmp_path) -> None:
    """File and line of the first thing that is no YAML."""
    example("shop", tmp_path)
    (tmp_path / "shop" / "99-broken.yaml").write_text("kind: [unclosed\nother: }\n")
    ran = meshmig("plan", "shop.mig", "--json", cwd=tmp_path)

    assert "MIG" in _refused(ran)
    assert any("99-broken.yaml" in (found["span"] or {}).get("file", "") for found in ran.document["findings"])


def test_a_file_that_exists_is_not_overwritten(tmp_path) -> None:
    """`init` replaces a file only when forced."""
    example("shop", tmp_path)
    (tmp_path / "site.mig").write_text("mine\n")
    _refused(meshmig("init", "--files", "shop", "-o", "site.mig", "--json", cwd=tmp_path))

    assert (tmp_path / "site.mig").read_text() == "mine\n"


def test_an_edited_plan_is_refused(tmp_path) -> None:
    """A plan is reviewed as it is: its digest tells."""
    example("shop", tmp_path)
    meshmig("plan", "shop.mig", "-o", "plan.json", cwd=tmp_path)
    plan = tmp_path / "plan.json"
    plan.write_text(plan.read_text().replace('"replicas": 2', '"replicas": 7', 1))

    assert "MIG607" in _refused(meshmig("apply", "plan.json", "--yes", "--json", cwd=tmp_path))
    assert not (tmp_path / ".meshmig").exists()


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cluster.json", '{"format":"other/v9","n":0,"t":0,"v":0}\n'),
        ("cluster.jsonl", '{"v":1,"facts":{"format":"other"}}\n'),
    ],
)
def test_a_state_folder_of_something_else(command: tuple[str, ...], name: str, content: str, tmp_path) -> None:
    """State that is not ours is never continued."""
    example("shop", tmp_path)
    (tmp_path / "state").mkdir()
    held = tmp_path / "state" / name
    held.write_text(content)

    assert "MIG630" in _refused(meshmig(*command, "shop.mig", "--state", "state", "--json", cwd=tmp_path))
    assert held.read_text() == content


def test_a_state_folder_of_another_migration(tmp_path) -> None:
    """Each migration has its own embedded cluster: one is never taken for the other."""
    example("shop", tmp_path)
    example("vault", tmp_path)
    begun = meshmig("apply", "shop.mig", "--stage", "1", "--yes", "--state", "state", "--json", cwd=tmp_path)
    text = _refused(meshmig("plan", "vault.mig", "--state", "state", "--json", cwd=tmp_path))

    assert begun.exit == 0
    assert "MIG631" in text
    assert "'shop'" in text


def test_the_stranded_example_is_refused_by_its_hazard(tmp_path) -> None:
    """In place after the switch-off: the plan names the workload, and moving it by copy mends it."""
    file = example("stranded", tmp_path)
    ran = meshmig("plan", "stranded.mig", "--json", cwd=tmp_path)

    assert "MIG401" in _refused(ran)
    assert {f["object"]["name"] for f in ran.document["findings"] if f["code"] == "MIG401"} == {"printer"}

    file.write_text(file.read_text().replace("using hasty", "using gentle"))
    mended = meshmig("rehearse", "stranded.mig", "--json", cwd=tmp_path)

    assert mended.outcome == "finished", mended.stdout[:1500]
    assert mended.data["requests"]["lost"] == 0


@pytest.mark.parametrize("name", ["shop", "vault"])
def test_the_worked_examples_rehearse_to_the_end(name: str, tmp_path) -> None:
    """Every worked example ends finished, with no request lost."""
    example(name, tmp_path)
    ran = meshmig("rehearse", f"{name}.mig", "--json", cwd=tmp_path)

    assert (ran.outcome, ran.data["requests"]["lost"]) == ("finished", 0)


def test_an_approval_is_waited_for_and_goes_on(tmp_path) -> None:
    """A stage that asks waits with exit 5; approved, it goes on to the end."""
    example("vault", tmp_path)
    waiting = meshmig("apply", "--yes", "--json", cwd=tmp_path)
    nobody = meshmig("approve", "--stage", "5", "--because", "reviewed", "--json", cwd=tmp_path)
    approved = meshmig("approve", "--stage", "5", "--because", "reviewed", "--as", "security", "--json", cwd=tmp_path)
    finished = meshmig("apply", "--yes", "--json", cwd=tmp_path)

    assert (waiting.exit, waiting.outcome) == (5, "waiting")
    assert (nobody.exit, nobody.outcome) == (1, "refused")
    assert approved.outcome == "ok"
    assert finished.outcome == "finished"


def _folder_with(tmp_path, name: str, text: str):
    example("stranded", tmp_path)
    (tmp_path / "stranded" / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("deep.json", "[" * 100_000, "MIG610", "deep.json"),
        ("deep.yaml", "a: " + "[" * 20_000, "MIG610", "deep.yaml"),
        ("spec.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: 5\n", "MIG617", "spec of Service a"),
        ("name.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: 12}\n", "MIG617", "metadata.name"),
        (
            "label.yaml",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {version: 1}}\n",
            "MIG617",
            "metadata.labels[version]",
        ),
    ],
)
def test_a_file_that_no_api_server_would_take(name: str, text: str, code: str, said: str, tmp_path) -> None:
    """Endless nesting, wrong shapes: one message that names the file or the field, no traceback."""
    ran = meshmig("init", "--files", "stranded", "--json", cwd=_folder_with(tmp_path, name, text))

    assert code in _refused(ran)
    assert any(said in found["message"] for found in ran.document["findings"])


def test_what_is_no_file_is_never_waited_for(tmp_path) -> None:
    """A pipe named like a manifest would block for ever: it is named instead."""
    import os

    os.mkfifo(_folder_with(tmp_path, "a.yaml", "") / "stranded" / "pipe.yaml")

    assert "MIG613" in _refused(meshmig("init", "--files", "stranded", "--json", cwd=tmp_path))


def test_a_link_back_to_its_folder_is_followed_once(tmp_path) -> None:
    """A link that leads upwards gives no object twice."""
    (_folder_with(tmp_path, "a.yaml", "") / "stranded" / "loop").symlink_to(".")

    ran = meshmig("init", "--files", "stranded", "--json", cwd=tmp_path)

    assert ran.outcome == "ok"
    assert "MIG614" not in {found["code"] for found in ran.document["findings"]}


def test_a_file_that_cannot_be_written_is_named(tmp_path) -> None:
    """`-o` into a folder that is not there: refused, nothing half written."""
    example("stranded", tmp_path)

    assert "MIG604" in _refused(meshmig("init", "--files", "stranded", "-o", "no/site.mig", "--json", cwd=tmp_path))
