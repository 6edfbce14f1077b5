"""A folder of manifests."""

from pathlib import Path

from meshmig.adapters.folder import read_folder
from meshmig.diagnostics import Severity

TEXT = "apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: n}\nspec: {type: %s}\n"


def _write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_files_are_read_below_every_folder_but_dot_folders(tmp_path: Path) -> None:
    """`.yaml`, `.yml` and `.json`, in the order of their paths; nothing else."""
    folder = _write(
        tmp_path,
        b_yaml=TEXT % ("b", "x"),
        a__c_yml=TEXT % ("c", "x"),
        d_txt="no",
        e_json='{"apiVersion":"v1","kind":"A","metadata":{"name":"e"}}',
    )
    (folder / ".git").mkdir()
    (folder / ".git" / "x.yaml").write_text(TEXT % ("hidden", "x"))

    read = read_folder(folder)

    assert [one.ref.name for one in read.manifests] == ["c", "b", "e"]
    assert read.manifests[0].source == f"{tmp_path.name}/a/c.yml:1"
    assert not read.findings


def test_meshmigs_own_plans_are_left_out(tmp_path: Path) -> None:
    """A saved plan beside the manifests is none of them."""
    folder = _write(
        tmp_path, plan_json='{"digest":"x","schema":"meshmig/plan/v1","stages":[]}', a_yaml=TEXT % ("a", "x")
    )

    read = read_folder(folder)

    assert [one.ref.name for one in read.manifests] == ["a"]
    assert not read.findings


def test_of_two_definitions_the_later_counts(tmp_path: Path) -> None:
    """With a warning that names both places."""
    folder = _write(tmp_path, a_yaml=TEXT % ("a", "ClusterIP"), b_yaml=TEXT % ("a", "NodePort"))

    read = read_folder(folder)

    assert [one.spec["type"] for one in read.manifests] == ["NodePort"]
    assert [(one.code, one.severity) for one in read.findings] == [("MIG614", Severity.WARNING)]
    assert "a.yaml:1" in read.findings[0].message


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Named, with the reason."""
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere.yaml")

    read = read_folder(tmp_path)

    assert [one.code for one in read.findings] == ["MIG613"]


def test_a_huge_file_is_an_error(tmp_path: Path) -> None:
    """Nobody's manifests are that long; memory is kept."""
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(65 * 1024 * 1024)

    assert [one.code for one in read_folder(tmp_path).findings] == ["MIG613"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """Not an empty mesh."""
    assert [one.code for one in read_folder(tmp_path / "none").findings] == ["MIG616"]
