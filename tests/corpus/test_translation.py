"""The ledger and the validation of every real set of App Mesh manifests."""

from pathlib import Path

import pytest

from meshmig.model.mesh import Fate
from tests.corpus.sets import REFUSED
from tests.corpus.translation import sets, translate

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not sets(), reason="the corpus is absent: give its folder as MESHMIG_CORPUS"),
]


@pytest.mark.parametrize("folder", sets(), ids=lambda folder: folder.name)
def test_every_field_of_the_set_has_a_fate_that_says_where_it_went(folder: Path) -> None:
    """Carried fields name a target; all others state the difference; no object breaks a rule of Istio's."""
    found = translate(folder)

    assert all(row.targets for row in found.ledger.rows if row.fate is Fate.CARRIED)
    assert all(row.note for row in found.ledger.rows if row.fate is not Fate.CARRIED)
    assert bool(found.ledger.rows) == (not folder.name.startswith(("legacy-", "controller-docs-backendgroup")))
    assert found.refused == folder.name.startswith(REFUSED)
    assert bool(found.objects) >= (not found.refused)
