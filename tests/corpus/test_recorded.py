"""Recorded answers of real API servers: a live mesh reads, and is planned, as the manifests that made it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.recorded import serving_recorded
from tests.ports.normal import differences
from tests.program import Ran, corpus, meshmig

FOLDER = corpus()
CLUSTERS = FOLDER.parent / "clusters" if FOLDER else None
SETS = sorted(path.name for path in CLUSTERS.iterdir() if path.is_dir()) if CLUSTERS and CLUSTERS.is_dir() else []

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not SETS, reason="recorded clusters are absent: give MESHMIG_CORPUS, with `clusters` beside it"),
]

_METRICS = '\n  metrics prometheus "http://127.0.0.1:9"'
_OWN = ("cluster", "cluster_name", "digest", "fingerprint")
_GENERATED = {"nodePort", "caBundle", "uid"}
_DROPPED_BY_THE_SERVER = "MIG311"
"""A field that the schema does not have: in a manifest it can be seen, a live object lost it."""


@pytest.mark.parametrize("name", SETS)
def test_a_live_mesh_is_planned_as_its_manifests(name: str, tmp_path: Path) -> None:
    """The same mesh, ledger, stages, steps, writes and undo, with the same control plane said for both."""
    assert FOLDER is not None
    assert CLUSTERS is not None
    made = meshmig("init", "--files", str(FOLDER / name), "--json", cwd=tmp_path)
    files = _planned(tmp_path / "files", made, f'files "{FOLDER / name}"', {})
    with serving_recorded(CLUSTERS / name) as url:
        environment = _kubeconfig(tmp_path, url)
        live = _planned(tmp_path / "live", made, 'context "recorded"', environment)
        again = meshmig("init", "--context", "recorded", "--json", cwd=tmp_path, env=environment)

    dropped = [f".body.{found['path']}:" for found in files["findings"] if found["code"] == _DROPPED_BY_THE_SERVER]
    found = differences(_comparable(files), _comparable(live))
    different = [text for text in found if not any(path in text for path in dropped)]

    assert not different, "\n".join(text[:500] for text in different[:20])
    assert again.data["workloads"] == made.data["workloads"]


def _planned(folder: Path, made: Ran, cluster: str, environment: dict[str, str]) -> dict[str, Any]:
    """The saved plan of what `init` wrote, on a cluster of one's choice."""
    folder.mkdir()
    line = f"{cluster} {{ control_plane gone }}{_METRICS}"
    text, count = re.subn(r'files ".*"', lambda _: line, made.data["text"], count=1)
    assert count == 1
    (folder / "site.mig").write_text(text)
    ran = meshmig("plan", "site.mig", "-o", "plan.json", "--json", cwd=folder, env=environment)
    assert ran.outcome in {"ok", "refused"}, ran.stdout + ran.stderr
    if ran.outcome == "refused":
        return {**ran.data, "findings": ran.document["findings"]}
    plan: dict[str, Any] = json.loads((folder / "plan.json").read_text())
    return plan


def _comparable(plan: dict[str, Any]) -> Any:
    """The plan without what two readings cannot have in common: names, digest, evidence, what a server generated."""
    kept = {key: value for key, value in plan.items() if key not in _OWN}
    kept["findings"] = [found for found in plan["findings"] if found["code"] != _DROPPED_BY_THE_SERVER]
    if "world" in kept:
        kept["world"] = {**kept["world"], "evidence": []}
    return _without_generated(kept)


def _without_generated(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_generated(inner) for key, inner in value.items() if key not in _GENERATED}
        case list():
            return [_without_generated(inner) for inner in value]
        case _:
            return value


def _kubeconfig(folder: Path, url: str) -> dict[str, str]:
    config = {
        "clusters": [{"name": "recorded", "cluster": {"server": url}}],
        "users": [{"name": "reader", "user": {"token": "any"}}],
        "contexts": [{"name": "recorded", "context": {"cluster": "recorded", "user": "reader"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return {"KUBECONFIG": str(path)}
