"""Kubernetes' controllers over virtual time."""

from typing import Any

import pytest

from meshmig.model.objects import Manifest
from meshmig.model.units import Duration
from meshmig.ports import NotFoundError
from meshmig.sandbox.cluster import EmbeddedCluster
from tests.sandbox.small import SPACE, deployment, manifest, plain_world, pods, ready, ref, refusal, service, settle

WEB = ref("apps/v1", "Deployment", "web")


def _ready(cluster: EmbeddedCluster, app: str = "web") -> int:
    return sum(1 for pod in pods(cluster, app) if ready(pod) and not pod["metadata"].get("deletionTimestamp"))


def test_a_deployment_becomes_ready_in_a_few_seconds() -> None:
    """ReplicaSet, pods, addresses, readiness, status."""
    cluster = plain_world()
    cluster.create(deployment("web", 3))
    assert _ready(cluster) == 0
    settle(cluster, 10)

    status = cluster.get(WEB).status
    assert _ready(cluster) == 3
    assert (status["readyReplicas"], status["updatedReplicas"], status["observedGeneration"]) == (3, 3, 1)
    assert {one["type"]: one["status"] for one in status["conditions"]} == {"Available": "True", "Progressing": "True"}
    assert len({pod["status"]["podIP"] for pod in pods(cluster, "web")}) == 3


ROLLOUTS = [(10, "25%", "25%"), (4, 1, 0), (4, 0, 1), (3, "100%", 0), (1, 0, 0)]


@pytest.mark.parametrize(("replicas", "surge", "unavailable"), ROLLOUTS)
def test_a_rollout_stays_within_surge_and_unavailability(replicas: int, surge: Any, unavailable: Any) -> None:
    """At every moment, never more pods nor fewer ready ones than allowed."""
    cluster = plain_world()
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    if (surge, unavailable) == (0, 0):
        rolling["maxUnavailable"] = 1
    cluster.create(deployment("web", replicas, strategy={"rollingUpdate": rolling}))
    settle(cluster)
    seen: list[tuple[int, int]] = []
    cluster.clock.subscribe(lambda *_: seen.append((_alive(cluster), _ready(cluster))))
    template = {"metadata": {"annotations": {"again": "1"}}}
    cluster.patch(WEB, {"spec": {"template": template}})
    settle(cluster, 120)

    most = replicas + _share(surge, replicas, up=True)
    least = replicas - (_share(rolling["maxUnavailable"], replicas, up=False))
    assert all(count <= most for count, _ in seen)
    assert all(count >= least for _, count in seen)
    assert cluster.get(WEB).status["updatedReplicas"] == replicas
    assert _ready(cluster) == replicas


def _share(value: Any, whole: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    scaled = whole * int(value[:-1])
    return -(-scaled // 100) if up else scaled // 100


def _alive(cluster: EmbeddedCluster) -> int:
    return sum(1 for pod in pods(cluster, "web") if not pod["metadata"].get("deletionTimestamp"))


def test_recreate_ends_every_old_pod_first() -> None:
    """Old and new never run beside each other."""
    cluster = plain_world()
    cluster.create(deployment("web", 2, strategy={"type": "Recreate"}))
    settle(cluster)
    seen: list[int] = []
    hashes = lambda: {pod["metadata"]["labels"]["pod-template-hash"] for pod in pods(cluster, "web")}  # noqa: E731
    cluster.clock.subscribe(lambda *_: seen.append(len(hashes())))
    cluster.patch(WEB, {"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}})
    settle(cluster)

    assert max(seen) == 1
    assert _ready(cluster) == 2


def test_a_rollback_takes_the_old_replica_set_up_again() -> None:
    """The same template is the same ReplicaSet."""
    cluster = plain_world()
    first = cluster.create(deployment("web", 2))
    settle(cluster)
    cluster.patch(WEB, {"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}})
    settle(cluster)
    cluster.patch(WEB, {"spec": {"template": {"metadata": {"annotations": None}}}})
    settle(cluster)

    sets = cluster.of_kind("apps", "ReplicaSet")
    assert sorted(one["spec"]["replicas"] for one in sets) == [0, 2]
    assert cluster.get(WEB).spec == first.spec


def test_unready_and_young_pods_go_first() -> None:
    """A scale-down keeps what serves longest."""
    cluster = plain_world()
    cluster.create(deployment("web", 2))
    settle(cluster)
    old = {pod["metadata"]["name"] for pod in pods(cluster, "web")}
    cluster.patch(WEB, {"spec": {"replicas": 4}})
    settle(cluster)
    cluster.patch(WEB, {"spec": {"replicas": 2}})
    settle(cluster)

    assert {pod["metadata"]["name"] for pod in pods(cluster, "web")} == old


def test_pods_that_cannot_be_made_are_tried_again() -> None:
    """The condition says why; once the cause is gone the pods come."""
    cluster = plain_world()
    cluster.create(deployment("web", 1, template={"spec": {"serviceAccountName": "later"}}))
    settle(cluster)
    failed = cluster.get(WEB).status
    cluster.create(manifest("v1", "ServiceAccount", "later"))
    settle(cluster, 300)

    assert next(one["reason"] for one in failed["conditions"] if one["type"] == "ReplicaFailure") == "FailedCreate"
    assert cluster.get(WEB).status["readyReplicas"] == 1


def test_a_rollout_that_does_not_move_is_overdue() -> None:
    """ProgressDeadlineExceeded, as tools wait for it."""
    cluster = plain_world()
    cluster.create(
        deployment("web", 1, progressDeadlineSeconds=60, template={"containers": [{"name": "a", "image": "auto"}]})
    )
    settle(cluster, 120)

    conditions = {one["type"]: one["reason"] for one in cluster.get(WEB).status["conditions"]}
    assert conditions["Progressing"] == "ProgressDeadlineExceeded"


def test_minimum_ready_seconds_delay_availability() -> None:
    """Ready is not yet available."""
    cluster = plain_world()
    cluster.create(deployment("web", 1, minReadySeconds=30))
    settle(cluster, 10)
    early = cluster.get(WEB).status
    settle(cluster, 40)

    assert early["readyReplicas"] == 1
    assert "availableReplicas" not in early
    assert cluster.get(WEB).status["availableReplicas"] == 1


def test_a_deleted_deployment_takes_its_pods_along() -> None:
    """Garbage collection in the background."""
    cluster = plain_world()
    cluster.create(deployment("web", 2))
    settle(cluster)
    cluster.delete(WEB)
    settle(cluster)

    assert not pods(cluster, "web")
    assert not cluster.of_kind("apps", "ReplicaSet")


def _slices(cluster: EmbeddedCluster, name: str = "web") -> list[Any]:
    listed = cluster.of_kind("discovery.k8s.io", "EndpointSlice")
    return [one for one in listed if one["metadata"]["labels"]["kubernetes.io/service-name"] == name]


def test_endpoint_slices_follow_selector_and_readiness() -> None:
    """Addresses of the selected pods; a flipped selector changes them within a second."""
    cluster = plain_world()
    for name in ("web", "other"):
        cluster.create(deployment(name, 2))
    cluster.create(service("web"))
    settle(cluster)
    before = {one["addresses"][0] for one in _slices(cluster)[0]["endpoints"]}
    cluster.apply(service("web", selector={"app": "other"}), force=True)
    settle(cluster, 1)
    (flipped,) = _slices(cluster)

    assert before == {pod["status"]["podIP"] for pod in pods(cluster, "web")}
    assert {one["addresses"][0] for one in flipped["endpoints"]} == {
        pod["status"]["podIP"] for pod in pods(cluster, "other")
    }
    assert all(one["conditions"]["ready"] for one in flipped["endpoints"])
    assert flipped["ports"] == [{"name": "", "protocol": "TCP", "port": 8080}]


def test_an_ending_pod_takes_no_new_connections() -> None:
    """It serves what it has and is not ready for more."""
    cluster = plain_world()
    cluster.create(deployment("web", 1))
    cluster.create(service("web"))
    settle(cluster)
    cluster.delete(ref("v1", "Pod", pods(cluster, "web")[0]["metadata"]["name"]))
    cluster.clock.wait(Duration(200))

    conditions = [one["conditions"] for one in _slices(cluster)[0]["endpoints"]]
    assert {"ready": False, "serving": True, "terminating": True} in conditions


def _stateful(revision: str = "1", **spec: Any) -> Manifest:
    template = {
        "metadata": {"labels": {"app": "db"}, "annotations": {"revision": revision}},
        "spec": {"containers": [{"name": "app", "image": "db:1"}]},
    }
    selector = {"matchLabels": {"app": "db"}}
    return manifest(
        "apps/v1",
        "StatefulSet",
        "db",
        spec={"replicas": 3, "selector": selector, "serviceName": "db", "template": template, **spec},
    )


def test_a_stateful_set_makes_and_replaces_its_pods_in_order() -> None:
    """Upwards when they are made, downwards when they are replaced, none below the partition."""
    cluster = plain_world()
    cluster.create(_stateful())
    cluster.clock.wait(Duration.of(seconds=1))
    first = [pod["metadata"]["name"] for pod in pods(cluster, "db")]
    settle(cluster)
    cluster.apply(
        _stateful("2", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}), force=True
    )
    settle(cluster)

    revisions = {pod["metadata"]["name"]: pod["metadata"]["annotations"]["revision"] for pod in pods(cluster, "db")}
    assert first == ["db-0"]
    assert revisions == {"db-0": "1", "db-1": "2", "db-2": "2"}
    assert cluster.get(ref("apps/v1", "StatefulSet", "db")).status["readyReplicas"] == 3


def test_a_daemon_set_on_delete_waits_for_somebody_to_delete() -> None:
    """One pod a node; a new template reaches only pods that are made anew."""
    cluster = plain_world()
    template = {"metadata": {"labels": {"app": "log"}}, "spec": {"containers": [{"name": "app", "image": "log:1"}]}}
    spec = {"selector": {"matchLabels": {"app": "log"}}, "template": template, "updateStrategy": {"type": "OnDelete"}}
    cluster.create(manifest("apps/v1", "DaemonSet", "log", spec=spec))
    settle(cluster)
    name = ref("apps/v1", "DaemonSet", "log")
    cluster.patch(name, {"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}})
    settle(cluster)
    untouched = cluster.get(name).status
    cluster.delete(ref("v1", "Pod", pods(cluster, "log")[0]["metadata"]["name"]))
    settle(cluster)

    assert untouched["numberReady"] == 3
    assert "updatedNumberScheduled" not in untouched
    assert cluster.get(name).status["updatedNumberScheduled"] == 1
    assert len({pod["spec"]["nodeName"] for pod in pods(cluster, "log")}) == 3


def test_a_job_completes() -> None:
    """Its pod runs to an end."""
    cluster = plain_world()
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "job:1"}]}}
    cluster.create(manifest("batch/v1", "Job", "once", spec={"template": template}))
    settle(cluster)

    status = cluster.get(ref("batch/v1", "Job", "once")).status
    assert status["succeeded"] == 1
    assert [one["type"] for one in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]


def test_a_namespace_brings_its_account_and_takes_everything_along() -> None:
    """`default`, the root certificate; nothing new while it is going."""
    cluster = plain_world()
    cluster.create(deployment("web", 1))
    settle(cluster)
    cluster.delete(ref("v1", "Namespace", SPACE, ""))

    assert refusal(lambda: cluster.create(service("late"))) == (403, "Forbidden")
    settle(cluster)
    with pytest.raises(NotFoundError):
        cluster.get(ref("v1", "Namespace", SPACE, ""))
    assert not [one for one in cluster.objects if one.namespace == SPACE]


def test_a_disruption_budget_counts() -> None:
    """How many pods may be evicted."""
    cluster = plain_world()
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    cluster.create(manifest("policy/v1", "PodDisruptionBudget", "web", spec=budget))
    cluster.create(deployment("web", 3))
    settle(cluster)

    assert cluster.get(ref("policy/v1", "PodDisruptionBudget", "web")).status["disruptionsAllowed"] == 2
