"""After App Mesh's control plane is gone: what runs goes on, what starts never becomes ready."""

import pytest

from meshmig.ports import NotFoundError
from meshmig.sandbox.cluster import EmbeddedCluster
from tests.sandbox.small import INJECT, deployment, mesh, names, pods, ready, ref, service, settle, world

WEB = ref("apps/v1", "Deployment", "web")
NODE = ref("appmesh.k8s.aws/v1beta2", "VirtualNode", "web")


def _gone(*more: object) -> EmbeddedCluster:
    return world([*mesh("web"), deployment("web"), service("web"), *more], gone=True)


def test_running_pods_stay_ready() -> None:
    """Frozen, not broken."""
    cluster = _gone()
    settle(cluster, 86_400)

    assert [ready(pod) for pod in pods(cluster, "web")] == [True, True]


def test_a_new_pod_never_becomes_ready() -> None:
    """It waits for its first configuration for ever; while the control plane lives it is ready."""
    for cluster, expected in ((_gone(), 2), (world([*mesh("web"), deployment("web")]), 3)):
        cluster.patch(WEB, {"spec": {"replicas": 3}})
        settle(cluster, 3_600)

        assert sum(ready(pod) for pod in pods(cluster, "web")) == expected


def test_a_restart_in_place_is_the_end_of_a_pod() -> None:
    """The proxy that restarts has lost its configuration."""
    cluster = _gone()
    cluster.restart(ref("v1", "Pod", pods(cluster, "web")[0]["metadata"]["name"]))
    settle(cluster, 3_600)

    assert sum(ready(pod) for pod in pods(cluster, "web")) == 1
    assert max(one["restartCount"] for pod in pods(cluster, "web") for one in pod["status"]["containerStatuses"]) == 1


def test_a_pod_without_the_old_proxy_starts() -> None:
    """The way out: Istio's sidecar instead."""
    cluster = _gone()
    cluster.ensure_control_plane("default")
    settle(cluster)
    metadata = {"annotations": {INJECT: "disabled"}, "labels": {"sidecar.istio.io/inject": "true"}}
    cluster.apply(deployment("web-istio", 1, template={"metadata": metadata}))
    settle(cluster)

    (pod,) = pods(cluster, "web-istio")
    assert names(pod) == (["app", "istio-proxy"], ["istio-init"])
    assert ready(pod)


def test_two_proxies_in_one_pod_never_work() -> None:
    """They take each other's ports, whoever is alive."""
    cluster = world([*mesh("web"), deployment("web", 1)])
    cluster.ensure_control_plane("default")
    settle(cluster)
    cluster.patch(WEB, {"spec": {"template": {"metadata": {"labels": {"sidecar.istio.io/inject": "true"}}}}})
    settle(cluster)

    both = [pod for pod in pods(cluster, "web") if {"envoy", "istio-proxy"} <= set(names(pod)[0])]
    assert both
    assert not any(ready(pod) for pod in both)


def test_proxies_know_the_objects_of_the_switch_off_moment() -> None:
    """Live objects change, what the old proxies were told does not."""
    cluster = _gone()
    cluster.apply(service("web", selector={"app": "other"}), force=True)

    known = {(one.ref.kind, one.ref.name): one for one in cluster.frozen}
    assert known["Service", "web"].spec["selector"] == {"app": "web"}
    assert ("VirtualNode", "web") in known


def test_while_the_control_plane_lives_proxies_follow() -> None:
    """And the moment of the switch-off is what counts."""
    cluster = world([*mesh("web"), service("web")])
    cluster.apply(service("web", selector={"app": "other"}), force=True)
    cluster.switch_off()
    cluster.apply(service("web", selector={"app": "third"}), force=True)

    assert next(one for one in cluster.frozen if one.ref.name == "web" and one.ref.kind == "Service").spec[
        "selector"
    ] == {"app": "other"}


def test_a_deleted_resource_hangs_on_its_finalizers_once_aws_is_gone() -> None:
    """While AWS answers the controller lets it go; afterwards only a patch does."""
    alive, gone = world(mesh("web")), _gone()
    for cluster in (alive, gone):
        cluster.delete(NODE)
        settle(cluster, 300)

    with pytest.raises(NotFoundError):
        alive.get(NODE)
    assert gone.get(NODE).metadata["finalizers"]


def test_the_controller_puts_finalizers_back_while_it_runs() -> None:
    """Stripping a live object's finalizers holds only once the controller is down."""
    cluster = _gone()
    cluster.patch(NODE, {"metadata": {"finalizers": None}})
    settle(cluster)
    put_back = cluster.get(NODE).metadata.get("finalizers")

    assert put_back


def test_a_cloud_map_gate_is_passed_only_by_a_living_controller() -> None:
    """The readiness gate that injection adds."""
    node = mesh("web")[-1]
    cloud = type(node)({**node.body, "spec": {**node.spec, "serviceDiscovery": {"awsCloudMap": {}}}})
    cluster = world([*mesh("web")[:-1], cloud, deployment("web", 1)])

    (pod,) = pods(cluster, "web")
    assert pod["spec"]["readinessGates"] == [{"conditionType": "conditions.appmesh.k8s.aws/aws-cloudmap-healthy"}]
    assert ready(pod)
