"""Rights that are missing and credentials that are not accepted, as a real API server says so; plans with the least."""

import json
from pathlib import Path
from typing import Any

import pytest

from meshmig.model.resources import PLAN_RESOURCES
from tests.program import Ran, meshmig
from tests.realcluster.cluster import CONTEXT
from tests.realcluster.shop import Site

pytestmark = pytest.mark.cluster

_RBAC = "rbac.authorization.k8s.io"


@pytest.fixture(scope="module")
def folder(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file that `init` writes of the cluster."""
    place = tmp_path_factory.mktemp("weather")
    written = meshmig("init", "--context", CONTEXT, "-o", "site.mig", "--json", cwd=place, env=site.environment)
    assert written.outcome == "ok", written.stdout + written.stderr
    return place


def test_a_plan_needs_get_and_list_and_reads_no_secret(site: Site, folder: Path) -> None:
    """A service account that may do nothing else plans what the administrator plans, byte for byte."""
    environment = _as_account(site, folder, "planner", [*_reading(), *_bound("planner")])
    limited = meshmig("plan", "--json", cwd=folder, env=environment)
    whole = meshmig("plan", "--json", cwd=folder, env=site.environment)

    assert limited.outcome == "ok", limited.stdout
    assert limited.stdout == whole.stdout


def test_an_account_of_get_and_list_cannot_apply(site: Site, folder: Path) -> None:
    """Refused by the API server in its own words, before anything is written."""
    environment = _as_account(site, folder, "looker", [*_reading(), *_bound("looker")])
    ran = meshmig("apply", "--yes", "--json", cwd=folder, env=environment)

    assert (ran.exit, ran.outcome, ran.codes) == (1, "refused", ["MIG651"])
    assert 'User "system:serviceaccount:default:looker" cannot' in _message(ran)


def test_every_missing_right_is_named_at_once(site: Site, folder: Path) -> None:
    """Nobody asks an administrator twenty times."""
    environment = _as_account(site, folder, "nobody", [])
    ran = meshmig("init", "--context", CONTEXT, "--json", cwd=folder, env=environment)

    assert (ran.exit, ran.codes) == (1, ["MIG620"] * len(PLAN_RESOURCES))
    assert all(resource.plural in ran.stdout for resource in PLAN_RESOURCES)


def test_credentials_that_are_not_accepted_are_named(site: Site, folder: Path) -> None:
    """An expired token is no missing right: the way out is another one."""
    ran = meshmig("plan", "--json", cwd=folder, env=_with_token(site, folder, "expired", "no such token"))

    assert (ran.exit, ran.outcome, ran.codes) == (1, "refused", ["MIG651"])
    assert "does not accept the credentials" in _message(ran)


def _message(ran: Ran) -> str:
    return " ".join(str(found["message"]) for found in ran.document["findings"])


def _as_account(site: Site, folder: Path, name: str, objects: list[dict[str, Any]]) -> dict[str, str]:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}}
    site.cluster.apply([account, *objects])
    token = site.cluster.kubectl("create", "token", name, "-n", "default", "--duration=10m")
    return _with_token(site, folder, name, token.strip())


def _with_token(site: Site, folder: Path, name: str, token: str) -> dict[str, str]:
    config = json.loads(site.cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    path = folder / f"{name}.kubeconfig"
    path.write_text(json.dumps(config))
    return {"KUBECONFIG": str(path)}


def _reading() -> list[dict[str, Any]]:
    """The rights of a plan: every kind that it lists, and the journal's ConfigMaps in their own namespace."""
    groups = sorted({resource.group for resource in PLAN_RESOURCES})
    rules = [
        {
            "apiGroups": [group],
            "resources": [resource.plural for resource in PLAN_RESOURCES if resource.group == group],
            "verbs": ["get", "list"],
        }
        for group in groups
    ]
    journal = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "meshmig"}},
        _rbac("ClusterRole", {"name": "meshmig-plan"}, rules=rules),
        _rbac("Role", {"name": "meshmig-plan", "namespace": "meshmig"}, rules=[journal]),
    ]


def _bound(name: str) -> list[dict[str, Any]]:
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": "default"}]
    cluster, journal = ({"apiGroup": _RBAC, "kind": kind, "name": "meshmig-plan"} for kind in ("ClusterRole", "Role"))
    return [
        _rbac("ClusterRoleBinding", {"name": f"meshmig-{name}"}, roleRef=cluster, subjects=subjects),
        _rbac("RoleBinding", {"name": name, "namespace": "meshmig"}, roleRef=journal, subjects=subjects),
    ]


def _rbac(kind: str, metadata: dict[str, str], **rest: Any) -> dict[str, Any]:
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, **rest}
