"""Ways to a cluster: kubeconfig files and plugins, as people who use kubectl expect."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from meshmig.adapters.kube import connect
from meshmig.adapters.kube_config import kubeconfig_access
from meshmig.diagnostics import RejectedError


def _config(path: Path, *contexts: str, user: dict[str, Any] | None = None, current: str = "") -> str:
    content = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example"}} for name in contexts],
        "users": [{"name": name, "user": user or {"token": f"token of {path.name}"}} for name in contexts],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in contexts],
        "current-context": current or (contexts[0] if contexts else ""),
    }
    path.write_text(json.dumps(content))
    return str(path)


def _plugin(path: Path, answer: str, code: int = 0) -> str:
    path.write_text(f"#!/bin/sh\necho '{answer}'\necho 'not logged in' >&2\nexit {code}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path.name


def test_the_current_context_is_used_without_a_name(tmp_path: Path) -> None:
    """And the cluster is called as its context."""
    cluster = connect(None, kubeconfig=_config(tmp_path / "config", "one", "two", current="two"))

    assert cluster.name == "two"


def test_an_unknown_context_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    """The next act is in the help."""
    with pytest.raises(RejectedError) as found:
        connect("three", kubeconfig=_config(tmp_path / "config", "two", "one"))

    assert found.value.findings[0].code == "MIG622"
    assert found.value.findings[0].help == "name one of its contexts: one, two"


@pytest.mark.parametrize("text", ["{", "- a\n- b\n", ""])
def test_a_broken_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    """Never a traceback."""
    path = tmp_path / "config"
    path.write_text(text)

    with pytest.raises(RejectedError, match=str(path)) as found:
        connect(None, kubeconfig=str(path))

    assert found.value.findings[0].code == "MIG621"


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    """The one that was asked for."""
    with pytest.raises(RejectedError, match=r"there is no kubeconfig at .*absent"):
        connect(None, kubeconfig=str(tmp_path / "absent"))


def test_of_several_files_the_first_word_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBECONFIG is a list; missing files of it are passed over."""
    first, second = _config(tmp_path / "first", "one"), _config(tmp_path / "second", "one", "two", current="two")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([str(tmp_path / "absent"), first, second]))

    current, other = kubeconfig_access(None), kubeconfig_access("two")

    assert current.name == "one"
    assert current.load().api_key["BearerToken"] == "Bearer token of first"
    assert other.load().host == "https://two.example"


def test_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    """Wherever meshmig is started."""
    (tmp_path / "token").write_text("from the file")
    path = _config(tmp_path / "config", "one", user={"tokenFile": "token"})

    access = kubeconfig_access("one", path)

    assert access.load().api_key["BearerToken"] == "Bearer from the file"


def test_a_plugin_gives_the_token(tmp_path: Path) -> None:
    """As `aws eks get-token` does."""
    version = "client.authentication.k8s.io/v1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "fresh"}}
    name = _plugin(tmp_path / "plugin", json.dumps(answer))
    user = {"exec": {"apiVersion": version, "command": f"./{name}", "interactiveMode": "Never"}}

    access = kubeconfig_access("one", _config(tmp_path / "config", "one", user=user))

    assert access.load().api_key["BearerToken"] == "Bearer fresh"


@pytest.mark.parametrize("command", ["./plugin", "no-such-plugin"])
def test_a_plugin_that_fails_is_named(tmp_path: Path, command: str, capfd: pytest.CaptureFixture[str]) -> None:
    """With what it said and its author's hint, and nothing else on the terminal."""
    _plugin(tmp_path / "plugin", "", 1)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "installHint": "log in first"}

    with pytest.raises(RejectedError) as found:
        connect("one", kubeconfig=_config(tmp_path / "config", "one", user={"exec": plugin}))

    assert found.value.findings[0].code == "MIG624"
    assert found.value.findings[0].help == "log in first"
    assert capfd.readouterr() == ("", "")


def test_impersonation_is_kept(tmp_path: Path) -> None:
    """Without it the caller would have more rights than was asked for."""
    user = {"token": "t", "as": "reader", "as-groups": ["auditors"]}

    access = kubeconfig_access("one", _config(tmp_path / "config", "one", user=user))

    assert access.headers == (("Impersonate-User", "reader"), ("Impersonate-Group", "auditors"))


def test_outside_a_pod_there_is_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """`in cluster` says what is missing."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(RejectedError) as found:
        connect(None, in_cluster=True)

    assert found.value.findings[0].code == "MIG625"
