"""Every real set of App Mesh manifests: init, check, plan and rehearse, without losing a request."""

import json

import pytest

from tests.corpus.sets import FOLDER, LEGACY, REFUSED, folder_of, names
from tests.program import meshmig

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(FOLDER is None, reason="the corpus is absent: give its folder as MESHMIG_CORPUS"),
]

NOTHING_WORKS: frozenset[str] = frozenset()
"""Sets in which no pair can talk before anything is done, so that nothing can be counted."""


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith(REFUSED)])
def test_the_set_moves_without_losing_a_request(name: str, tmp_path) -> None:
    """init, check, plan, rehearse: finished, every pod in Istio, 100 requests a pair and state, none lost."""
    made = meshmig("init", "--files", str(folder_of(name)), "-o", "site.mig", "--json", cwd=tmp_path)
    checked = meshmig("check", "site.mig", "--format", "json", cwd=tmp_path)
    planned = meshmig("plan", "site.mig", "--json", cwd=tmp_path)
    rehearsed = meshmig("rehearse", "site.mig", "--json", cwd=tmp_path)

    assert (made.exit, checked.exit) == (0, 0), made.stdout + checked.stdout
    assert planned.exit == 0, json.dumps(planned.document["findings"], indent=1)
    requests, pods = rehearsed.data["requests"], rehearsed.data["pods"]
    assert (rehearsed.exit, rehearsed.outcome) == (0, "finished"), rehearsed.data.get("reason")
    assert requests["lost"] == 0, requests
    assert requests["sent"] == requests["least_per_flow"] * requests["flows"] * requests["states"]
    assert (requests["flows"] > 0 and requests["least_per_flow"] >= 100) or name in NOTHING_WORKS
    assert pods["before"] > 0
    assert (pods["istio"], pods["appmesh"]) == (pods["before"], 0)


@pytest.mark.parametrize("name", [name for name in names() if name.startswith(REFUSED)])
def test_the_set_is_refused_with_its_reason(name: str, tmp_path) -> None:
    """What only a person can decide is named, object by object; init writes the file all the same."""
    made = meshmig("init", "--files", str(folder_of(name)), "-o", "site.mig", "--json", cwd=tmp_path)
    if name.startswith(LEGACY):
        assert (made.exit, made.outcome) == (1, "refused")
        assert any(found["object"] for found in made.document["findings"])
        return
    planned = meshmig("plan", "site.mig", "--json", cwd=tmp_path)
    rehearsed = meshmig("rehearse", "site.mig", "--json", cwd=tmp_path)

    assert made.exit == 0, made.stdout
    assert made.data["questions"]
    assert (planned.exit, planned.outcome) == (1, "refused")
    assert (rehearsed.exit, rehearsed.outcome) == (1, "refused")
    errors = [found for found in planned.document["findings"] if found["severity"] == "error"]
    assert errors
    assert all(found["object"] and found["help"] for found in errors)
