"""Who wrote a field, read from managedFields as API servers write them."""

import pytest

from meshmig.diffs import owner_of
from meshmig.model.objects import Manifest

FIELDS = {
    "meshmig": {"f:spec": {"f:hosts": {}, "f:gateways": {}}},
    "editor": {"f:spec": {"f:http": {}}},
    "kubectl": {
        "f:spec": {
            "f:selector": {"f:app": {}},
            "f:ports": {".": {}, 'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:targetPort": {}}},
        }
    },
}
LIVE = Manifest(
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "managedFields": [{"manager": m, "fieldsV1": f} for m, f in FIELDS.items()]},
    }
)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("spec.hosts", "meshmig"),
        ("spec.http[0].route[1].weight", "editor"),
        ("spec.selector.app", "kubectl"),
        ("spec.selector.tier", ""),
        ("spec.ports[80].targetPort", "kubectl"),
        ("spec.ports[81].targetPort", ""),
        ("metadata.labels.app", ""),
    ],
)
def test_the_owner_of_a_field(path: str, owner: str) -> None:
    """A leaf, a list that is owned whole, an item of a keyed list, and what nobody owns."""
    assert owner_of(LIVE, path) == owner
