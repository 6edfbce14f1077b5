"""The precheck over real manifests, as files and as live clusters gave them back."""

import pytest

from meshmig.checks import CHECKS, Facts, look, uses
from meshmig.checks.features import feature_of
from meshmig.model.intent import ControlPlane
from meshmig.model.objects import Snapshot
from meshmig.model.plan import World
from meshmig.model.precheck import State
from meshmig.planning import call_order
from meshmig.sources.appmesh import lift
from tests.checks.world import migration
from tests.sources.test_corpus import FOLDER, LIVE, SETS, from_cluster, from_files

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(FOLDER is None, reason="the corpus is absent: give its folder as MESHMIG_CORPUS"),
]


def looked(snapshot: Snapshot, *, live: bool):
    lifted = lift(snapshot)
    if lifted.mesh is None:
        pytest.skip("no Mesh to move")
    facts = Facts(
        snapshot=snapshot,
        mesh=lifted.mesh,
        ledger=lifted.ledger,
        world=World(control_plane=ControlPlane.GONE, evidence=("2026",)),
        migration=migration(),
        live=live,
        findings=lifted.findings,
        units=call_order(lifted.mesh),
    )
    return look(facts, CHECKS)


@pytest.mark.parametrize("name", SETS)
def test_every_check_answers_on_a_folder(name: str) -> None:
    """Every check is fired, clear, or says what it needs; every finding names a place, a reason and an act."""
    results = looked(from_files(name), live=False)

    assert len(results) == len(CHECKS)
    for result in results:
        assert result.state is not State.NOT_LOOKED_AT or result.gaps
        assert all(one.message and one.help and (one.object or one.path) for one in result.findings)


@pytest.mark.parametrize("name", LIVE)
def test_a_live_cluster_shows_more_and_not_something_else(name: str) -> None:
    """What fires on the manifests fires on the cluster too; pods and webhooks add to it."""
    files = {one.code for one in looked(from_files(name), live=False) if one.fired}
    live = {one.code: one for one in looked(from_cluster(name), live=True)}

    assert files <= {code for code, one in live.items() if one.fired}
    assert live["P08"].fired, "the recorded clusters have no controller behind App Mesh's webhook"
    assert live["P48"].fired


@pytest.mark.parametrize("name", SETS)
def test_every_feature_of_a_set_has_its_row(name: str) -> None:
    """Every field of the ledger belongs to a feature of the table of alternatives."""
    lifted = lift(from_files(name))

    assert [row.path for row in lifted.ledger.rows if feature_of(row.path, row.value) is None] == []
    if lifted.mesh is not None:
        assert all(use.objects for use in uses(lifted.ledger))
