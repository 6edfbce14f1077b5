"""`meshmig verify` as people and outside checkers meet it."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.program import example, meshmig


def _emitted(tmp_path: Path) -> Path:
    """The worked shop with its own Istio objects in a folder."""
    file = example("shop", tmp_path)
    done = meshmig("plan", file.name, "--emit", "istio", cwd=tmp_path)
    assert done.exit == 0, done.stderr
    return tmp_path / "istio"


def test_the_worked_shop_is_proved_equal(tmp_path: Path) -> None:
    """Exit 0, every routed class equal, nothing undecided; the open filter is announced; the plan shows the same."""
    file = example("shop", tmp_path)

    ran = meshmig("verify", file.name, "--json", cwd=tmp_path)
    planned = meshmig("plan", file.name, "--json", cwd=tmp_path)

    assert (ran.exit, ran.outcome) == (0, "ok"), ran.stdout
    classes = ran.data["classes"]
    differing = ran.data["differences"]
    assert classes["compared"] == classes["equal"] + classes["announced"]
    assert classes["equal"] > classes["announced"]
    assert (classes["unannounced"], classes["undecided"]) == (0, 0)
    assert all(item["announced"] and "egressFilter" in item["announcement"] for item in differing)
    assert ran.data["calls"]["unsafe"] == []
    assert planned.data["proof"] == {"routing": classes, "calls": ran.data["calls"]}


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The command is read only."""
    file = example("shop", tmp_path)
    before = sorted(str(path) for path in tmp_path.rglob("*"))

    meshmig("verify", file.name, cwd=tmp_path)

    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_witnesses_are_written_as_requests(tmp_path: Path) -> None:
    """One request of every class, with the command that sends it."""
    file = example("shop", tmp_path)

    ran = meshmig("verify", file.name, "--witnesses", "w.json", "--json", cwd=tmp_path)

    written = json.loads((tmp_path / "w.json").read_text())["witnesses"]
    assert len(written) == ran.data["classes"]["compared"]
    assert all(item["curl"].startswith(("curl ", "nc ", "grpcurl ")) for item in written)


@pytest.mark.parametrize("what", ["timeout", "retries", "match", "route"])
def test_a_spoilt_folder_is_found_out(what: str, tmp_path: Path) -> None:
    """`--istio` judges any manifests: a field that goes missing is a difference with a request, both sides, objects."""
    folder = _emitted(tmp_path)
    for path in folder.glob("virtualservice-*"):
        document = yaml.safe_load(path.read_text())
        for rule in document["spec"].get("http", ()):
            if what == "route" and len(rule.get("route", ())) > 1:
                rule["route"] = rule["route"][:1]
            elif what != "route":
                rule.pop(what, None)
        path.write_text(yaml.safe_dump(document))

    ran = meshmig("verify", "shop.mig", "--istio", "istio", "--json", cwd=tmp_path)

    assert (ran.exit, ran.outcome) == (1, "refused")
    assert "MIG701" in ran.codes
    first = ran.data["differences"][0]
    assert not first["announced"]
    assert first["curl"]
    assert first["before"]["text"] != first["after"]["text"]
    kinds = {(item["apiVersion"].partition("/")[0], item["kind"]) for item in first["objects"]}
    assert {group for group, _ in kinds} == {"appmesh.k8s.aws", "networking.istio.io"}


def test_our_own_objects_pass_as_a_folder(tmp_path: Path) -> None:
    """What the plan leads to is equal however it is handed in."""
    _emitted(tmp_path)

    ran = meshmig("verify", "shop.mig", "--istio", "istio", "--json", cwd=tmp_path)

    assert ran.exit == 0, ran.stdout


def test_a_folder_without_istio_is_refused(tmp_path: Path) -> None:
    """Nothing to judge is said, not passed."""
    file = example("shop", tmp_path)
    shutil.copytree(tmp_path / "shop", tmp_path / "other")

    ran = meshmig("verify", file.name, "--istio", "other", "--json", cwd=tmp_path)

    assert ran.codes == ["MIG705"]
