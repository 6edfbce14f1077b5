"""The `Cluster` port: one script of 200 requests, whose answers are the same from the embedded and the real cluster."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from meshmig.adapters.clock import SystemClock
from meshmig.adapters.kube import connect
from meshmig.adapters.store import MemoryStore
from meshmig.model.intent import ControlPlane
from meshmig.sandbox.clock import VirtualClock
from meshmig.sandbox.cluster import boot
from tests.ports.normal import differences
from tests.ports.requests import Forget, Player, Request, Step, Sync, Wait
from tests.ports.script import CHAPTERS
from tests.realcluster.cluster import CONTEXT, RealCluster

Answers = Mapping[str, Sequence[tuple[Request, Any]]]


def _played(player: Player) -> Answers:
    return {chapter: list(player.play(steps)) for chapter, steps in CHAPTERS.items()}


def _embedded_player() -> Player:
    clock = VirtualClock.at_start()
    cluster = boot(MemoryStore(), [], clock=clock, control_plane=ControlPlane.GONE, name="embedded")
    return Player(cluster, clock, cluster.forget)


@pytest.fixture(scope="module")
def embedded() -> Answers:
    return _played(_embedded_player())


@pytest.fixture(scope="module")
def real(real_cluster: RealCluster) -> Answers:
    cluster = connect(CONTEXT, kubeconfig=str(real_cluster.kubeconfig))
    return _played(Player(cluster, SystemClock(), real_cluster.forget))


def _is_request(step: Step) -> bool:
    return not isinstance(step, Wait | Forget | Sync)


def test_the_script_has_200_requests() -> None:
    """The contract is not emptied by accident."""
    count = sum(_is_request(step) for steps in CHAPTERS.values() for step in steps)

    assert count >= 200


def test_the_embedded_cluster_answers_the_same_every_time(embedded: Answers) -> None:
    """The embedded cluster is deterministic, to the byte, before any normalisation of what it made itself."""
    again = _played(_embedded_player())

    assert json.dumps([row[1] for rows in again.values() for row in rows]) == json.dumps(
        [row[1] for rows in embedded.values() for row in rows]
    )


@pytest.mark.cluster
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_embedded_cluster_answers_as_a_real_one(chapter: str, embedded: Answers, real: Answers) -> None:
    """Request by request, the answers of both are equal but for what no two clusters have in common."""
    wrong = [
        f"{request}: {difference}"
        for (request, answer), (_, expected) in zip(embedded[chapter], real[chapter], strict=True)
        for difference in differences(answer, expected)
    ]

    assert not wrong, "\n".join(wrong)
