"""A cluster that is not reached: each reason in its own words, no traceback, nothing written."""

import json
import re
from pathlib import Path

import pytest

from tests.adapters_kube.server import Answer, serving
from tests.program import Ran, meshmig

_FILE = """mig 1
migration shop {
  cluster  context "there"
  from     appmesh "shop"
  to       istio { revision "default"  mtls strict  egress open }
}
stage 1 "ground" { protect  install istio }
"""
_NO_PROXIES = {name: "" for word in ("https_proxy", "http_proxy", "no_proxy") for name in (word, word.upper())}


def _proxy(url: str) -> dict[str, str]:
    return {"https_proxy": url, "HTTPS_PROXY": url}


def _planned(folder: Path, server: str = "https://127.0.0.1:9", **environment: str) -> Ran:
    (folder / "site.mig").write_text(_FILE)
    config = {
        "clusters": [{"name": "there", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "secret"}}],
        "contexts": [{"name": "there", "context": {"cluster": "there", "user": "me"}}],
    }
    (folder / "config").write_text(json.dumps(config))
    known = _NO_PROXIES | {"KUBECONFIG": str(folder / "config"), "HOME": str(folder)}
    ran = meshmig("plan", "--json", cwd=folder, env=known | environment)
    assert "Traceback" not in ran.stderr
    assert "secret" not in ran.stdout + ran.stderr
    return ran


def _said(ran: Ran) -> str:
    return " ".join(f"{found['code']} {found['message']} {found['help']}" for found in ran.document["findings"])


@pytest.mark.parametrize(
    ("environment", "exit_code", "text"),
    [
        ({}, 7, r"MIG650 the API server https://127.0.0.1:9 \(context `there`\) cannot be reached: .*refused"),
        (_proxy("http://127.0.0.1:7"), 7, r"MIG650 .*the proxy that HTTPS_PROXY names does not answer"),
        (_proxy("garbage"), 1, r"MIG623 the proxy 'garbage' of the environment cannot be used"),
        ({"KUBECONFIG": "/nowhere/config"}, 1, r"MIG621 there is no kubeconfig at /nowhere/config"),
        ({"KUBECONFIG": ""}, 1, r"MIG621 there is no kubeconfig at .*\.kube/config"),
    ],
)
def test_the_way_to_a_cluster_is_broken(environment: dict[str, str], exit_code: int, text: str, tmp_path: Path) -> None:
    """What is broken is named, with what to do."""
    ran = _planned(tmp_path, **environment)

    assert ran.exit == exit_code
    assert re.search(text, _said(ran)), _said(ran)


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    """Those that exist are listed."""
    _planned(tmp_path)
    ran = meshmig(
        "init", "--context", "elsewhere", "--json", cwd=tmp_path, env={"KUBECONFIG": str(tmp_path / "config")}
    )

    assert (ran.exit, ran.codes) == (1, ["MIG622"])
    assert "there" in _said(ran)


def test_what_answers_is_no_api_server(tmp_path: Path) -> None:
    """A portal's page in between is not taken for an empty cluster."""
    with serving(*[Answer(status=200, body="<html>log in</html>")] * 40) as script:
        ran = _planned(tmp_path, script.url)

    assert ran.exit in (1, 7)
    assert script.url in _said(ran)
