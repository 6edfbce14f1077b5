"""Everything emitted passes the definitions of the oldest and the newest release of Istio that it is made for."""

import pytest

from meshmig.model.objects import Manifest
from tests.targets.meshes import objects, snapshots
from tests.targets.schemas import MODULES, broken_rules

MESHES = snapshots()


@pytest.mark.parametrize("release", sorted(MODULES))
@pytest.mark.parametrize("name", MESHES)
def test_every_object_passes_the_schema_of_the_release(release: str, name: str) -> None:
    """No unknown field, no wrong type, no missing or contradicting ones."""
    made = [manifest for manifest in objects(*MESHES[name]) if manifest.ref.kind != "Service"]

    assert [rule for manifest in made for rule in broken_rules(release, manifest)] == []


def test_the_schema_check_can_fail() -> None:
    """A misspelt field, a wrong word and two matchers in one are told."""
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "x", "namespace": "y"},
        "spec": {
            "hosts": ["x"],
            "htp": [],
            "http": [{"match": [{"uri": {"exact": "/a", "prefix": "/b"}}], "timeout": 5}],
        },
    }

    assert len(broken_rules("1.31", Manifest(body))) == 3
