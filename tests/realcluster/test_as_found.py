"""What a precheck and an assessment say of a real cluster, before anything is moved on it."""

from pathlib import Path

import pytest

from tests.program import Ran, meshmig
from tests.realcluster.cluster import CONTEXT
from tests.realcluster.shop import Site

pytestmark = pytest.mark.cluster

ASKED_OF_THE_SERVER = ("P01", "P02", "P03", "P04", "P05", "P08", "P10", "P44", "P48", "P50")
"""What a folder of manifests cannot answer."""


@pytest.fixture(scope="module")
def checked(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A precheck of the file that `init` writes of the cluster."""
    place: Path = tmp_path_factory.mktemp("precheck")
    asked = ("init", "--context", CONTEXT, "--metrics", site.metrics.url, "-o", "site.mig", "--json")
    assert meshmig(*asked, cwd=place, env=site.environment).outcome == "ok"
    return meshmig("precheck", "--json", cwd=place, env=site.environment)


def test_what_only_a_server_knows_is_looked_at(checked: Ran) -> None:
    """Version, rights, definitions, webhooks, pods, conditions, metrics: none of it is a gap any more."""
    states = {check["code"]: check["state"] for check in checked.data["checks"]}

    assert {code: states[code] for code in ASKED_OF_THE_SERVER if states[code] == "not_looked_at"} == {}
    assert {states[code] for code in ("P01", "P02", "P03", "P44")} <= {"clear", "fired"}


def test_an_administrator_lacks_no_right(checked: Ran) -> None:
    """SelfSubjectAccessReviews are answered by the real authorizer."""
    rights = [check for check in checked.data["checks"] if check["code"] in {"P02", "P03"}]

    assert [check["findings"] for check in rights] == [[], []]


def test_the_finalizers_that_nobody_serves_are_seen(checked: Ran) -> None:
    """They hold every App Mesh object of the shop."""
    found = next(check for check in checked.data["checks"] if check["code"] == "P48")

    assert found["state"] == "fired"
    assert found["findings"][0]["severity"] == "info"
