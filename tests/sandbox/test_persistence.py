"""The state survives every kill, and time goes on where it stood."""

from pathlib import Path

import pytest

from meshmig.adapters.store import FolderStore, MemoryStore
from meshmig.diagnostics import RejectedError
from meshmig.model.intent import ControlPlane
from meshmig.model.units import Duration
from meshmig.sandbox.cluster import EmbeddedCluster, boot, is_booted, open_cluster
from meshmig.sandbox.persistence import LOG, SNAPSHOT
from tests.sandbox.small import deployment, mesh, pods, ref, service, settle, world

WEB = ref("apps/v1", "Deployment", "web")
HOUR = Duration.of(hours=1)


def _shop(store: MemoryStore | FolderStore, seed: int = 0) -> EmbeddedCluster:
    return world([*mesh("web"), deployment("web"), service("web")], gone=True, store=store, seed=seed)


def _state(cluster: EmbeddedCluster) -> tuple[object, ...]:
    return (dict(cluster.objects), cluster.version, cluster.clock.now())


def test_a_reopened_cluster_is_the_same(tmp_path: Path) -> None:
    """Objects, versions, the moment, what the proxies know."""
    cluster = _shop(FolderStore(tmp_path))
    cluster.apply(service("web", selector={"app": "x"}), force=True)
    cluster.clock.wait(HOUR)

    again = open_cluster(FolderStore(tmp_path))

    assert is_booted(FolderStore(tmp_path))
    assert _state(again) == _state(cluster)
    assert again.frozen == cluster.frozen
    assert again.control_plane is ControlPlane.GONE


def test_a_second_boot_opens_what_is_there() -> None:
    """The folder's manifests count once."""
    store = MemoryStore()
    first = _shop(store)

    assert _state(boot(store, [], control_plane=ControlPlane.ALIVE, name="small")) == _state(first)


def test_a_kill_at_any_byte_leaves_a_state_that_was() -> None:
    """The log cut at every byte of its last lines: each state is one that was answered, in order."""
    store = MemoryStore()
    cluster = _shop(store)
    snapshot = store.read(SNAPSHOT)
    states = [_state(cluster)[:2]]
    sizes = [0]
    for step in range(4):
        cluster.patch(WEB, {"metadata": {"labels": {"step": str(step)}}})
        states.append(_state(cluster)[:2])
        sizes.append(len(store.read(LOG) or b""))
    log = store.read(LOG) or b""

    for cut in {*range(len(log) - 300, len(log) + 1), *sizes, *(size - 1 for size in sizes[1:])}:
        torn = MemoryStore()
        torn.write(SNAPSHOT, snapshot or b"")
        torn.write(LOG, log[:cut])
        reopened = open_cluster(torn)

        whole = sum(1 for size in sizes[1:] if size <= cut)
        assert _state(reopened)[:2] == states[whole]


def test_a_kill_between_snapshot_and_log_repeats_nothing() -> None:
    """Commits that the snapshot holds already are skipped."""
    store = MemoryStore()
    cluster = _shop(store)
    cluster.patch(WEB, {"spec": {"replicas": 3}})
    log = store.read(LOG) or b""
    cluster._state.compact()
    store.write(LOG, log)

    assert _state(open_cluster(store)) == _state(cluster)


def test_a_rollout_goes_on_in_the_next_process() -> None:
    """Killed in the middle, it ends as one that was not, at the same moments."""
    broken = MemoryStore()
    whole, first = _shop(MemoryStore()), _shop(broken)
    for cluster in (whole, first):
        cluster.patch(WEB, {"spec": {"replicas": 5}})
    whole.clock.wait(Duration.of(seconds=8))
    first.clock.wait(Duration(1_100))
    second = open_cluster(broken)
    second.clock.wait(Duration(6_900))

    assert _state(second) == _state(whole)
    assert len(pods(second, "web")) == 5


def test_the_same_seed_gives_the_same_world() -> None:
    """Names, addresses, uids: all from the seed."""
    one, same, other = _shop(MemoryStore()), _shop(MemoryStore()), _shop(MemoryStore(), seed=1)

    assert _state(one) == _state(same)
    assert {ref.name for ref in other.objects if ref.kind == "Pod"} != {
        ref.name for ref in one.objects if ref.kind == "Pod"
    }


BROKEN = {
    "another format": b'{"format":"other/v9","n":0,"t":0,"v":0}\n',
    "no JSON": b"hello\n",
    "a list": b"[]\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_store_of_something_else_is_refused(case: str) -> None:
    """With a finding that says what to do."""
    store = MemoryStore()
    store.write(SNAPSHOT, BROKEN[case])

    with pytest.raises(RejectedError) as refused:
        open_cluster(store)

    assert refused.value.findings[0].code == "MIG630"


def test_a_damaged_line_before_the_last_is_refused() -> None:
    """A torn tail is a kill; a hole in the middle is damage, and nothing is guessed."""
    store = MemoryStore()
    cluster = _shop(store)
    cluster.patch(WEB, {"spec": {"replicas": 3}})
    store.write(LOG, b'{"n":\n' + (store.read(LOG) or b""))

    with pytest.raises(RejectedError):
        open_cluster(store)


def test_the_state_of_another_migration_is_refused() -> None:
    """Its name is in it."""
    store = MemoryStore()
    _shop(store)

    with pytest.raises(RejectedError) as refused:
        open_cluster(store, name="other")

    assert refused.value.findings[0].code == "MIG631"


def test_listeners_hear_of_writes_and_of_controllers() -> None:
    """Once a kind and moment."""
    cluster = _shop(MemoryStore())
    heard: list[str] = []
    cluster.on_change(lambda changed: heard.append(changed.kind))
    cluster.patch(WEB, {"spec": {"replicas": 5}})
    at_once = list(heard)
    settle(cluster, 10)

    assert at_once == ["Deployment"]
    assert {"ReplicaSet", "Pod"} <= set(heard)
