"""Who gets which sidecar: the decision tables of both injectors."""

import pytest

from meshmig.model.objects import Manifest
from tests.sandbox.small import INJECT, SPACE, deployment, manifest, mesh, names, pods, ref, refusal, settle, world

APPMESH_TABLE = [
    # namespace label, pod annotation, virtual nodes that match -> envoy, plain or refused
    ("", None, 1, "plain"),
    ("", "enabled", 1, "plain"),
    ("enabled", None, 1, "envoy"),
    ("enabled", "enabled", 1, "envoy"),
    ("enabled", None, 0, "refused"),
    ("enabled", "disabled", 1, "plain"),
    ("enabled", "disabled", 0, "plain"),
    ("enabled", None, 2, "refused"),
    ("disabled", None, 1, "plain"),
    ("disabled", "enabled", 1, "envoy"),
    ("disabled", "enabled", 0, "refused"),
]


def _pod(annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None) -> Manifest:
    metadata = {"labels": {"app": "web", **(labels or {})}} | ({"annotations": annotations} if annotations else {})
    return manifest("v1", "Pod", "p", metadata=metadata, spec={"containers": [{"name": "app", "image": "app:1"}]})


@pytest.mark.parametrize(("label", "annotation", "matching", "outcome"), APPMESH_TABLE)
def test_app_mesh_decides_by_namespace_pod_and_node(
    label: str, annotation: str | None, matching: int, outcome: str
) -> None:
    """The pod's annotation beats the namespace's label; exactly one virtual node must match."""
    nodes = [
        manifest(
            "appmesh.k8s.aws/v1beta2",
            "VirtualNode",
            f"n{number}",
            spec={"podSelector": {"matchLabels": {"app": "web"}}},
        )
        for number in range(matching)
    ]
    cluster = world([*mesh(label=label), *nodes])
    body = _pod({INJECT: annotation} if annotation else None)

    if outcome == "refused":
        assert refusal(lambda: cluster.create(body)) == (403, "Forbidden")
        return
    envoy = (["app", "envoy"], ["proxyinit"])
    assert names(cluster.create(body).body) == (envoy if outcome == "envoy" else (["app"], []))


def test_the_envoy_says_which_node_it_is() -> None:
    """Mesh and node stand in the container's environment, under the names that AWS knows."""
    cluster = world([*mesh("web"), deployment("web")])

    env = {one["name"]: one.get("value") for one in pods(cluster, "web")[0]["spec"]["containers"][1]["env"]}
    assert env["APPMESH_VIRTUAL_NODE_NAME"] == env["APPMESH_RESOURCE_ARN"] == f"mesh/{SPACE}/virtualNode/web_{SPACE}"


ISTIO_TABLE = [
    # revision installed, namespace labels, pod's inject label, pod's revision label -> injected
    ("default", {}, None, None, False),
    ("default", {}, "true", None, True),
    ("default", {}, None, "default", True),
    ("default", {}, "false", "default", False),
    ("default", {"istio-injection": "enabled"}, None, None, True),
    ("default", {"istio-injection": "enabled"}, "false", None, False),
    ("default", {"istio-injection": "disabled"}, "true", None, False),
    ("default", {"istio.io/rev": "default"}, None, None, True),
    ("default", {"istio.io/rev": "blue"}, None, None, False),
    ("blue", {}, "true", None, False),
    ("blue", {}, None, "blue", True),
    ("blue", {}, "false", "blue", False),
    ("blue", {"istio-injection": "enabled"}, None, "blue", False),
    ("blue", {"istio.io/rev": "blue"}, None, None, True),
    ("blue", {"istio.io/rev": "blue"}, "false", None, False),
    ("blue", {"istio-injection": "enabled", "istio.io/rev": "blue"}, None, None, False),
]


@pytest.mark.parametrize(("revision", "around", "inject", "pod_revision", "injected"), ISTIO_TABLE)
def test_istio_decides_by_labels(
    revision: str, around: dict[str, str], inject: str | None, pod_revision: str | None, injected: bool
) -> None:
    """The selectors of the revision's webhook decide."""
    cluster = world([manifest("v1", "Namespace", SPACE, "", metadata={"labels": around})])
    cluster.ensure_control_plane(revision)
    settle(cluster)
    said = {"sidecar.istio.io/inject": inject, "istio.io/rev": pod_revision}

    made = cluster.create(_pod(labels={key: value for key, value in said.items() if value}))

    assert names(made.body) == ((["app", "istio-proxy"], ["istio-init"]) if injected else (["app"], []))
    assert (made.labels.get("security.istio.io/tlsMode") == "istio") == injected


def test_a_gateway_template_replaces_the_auto_image() -> None:
    """No second proxy, no interception: the container that is there becomes the proxy."""
    cluster = world([manifest("v1", "Namespace", SPACE, "")])
    cluster.ensure_control_plane("default")
    settle(cluster)
    template = {
        "metadata": {
            "annotations": {"inject.istio.io/templates": "gateway"},
            "labels": {"sidecar.istio.io/inject": "true"},
        },
        "containers": [{"name": "istio-proxy", "image": "auto"}],
    }
    cluster.apply(deployment("edge", 1, template=template))
    settle(cluster)

    (pod,) = pods(cluster, "edge")
    assert names(pod) == (["istio-proxy"], [])
    assert pod["spec"]["containers"][0]["image"] != "auto"
    assert cluster.get(ref("apps/v1", "Deployment", "edge")).status["readyReplicas"] == 1


def test_without_injection_the_auto_image_never_starts() -> None:
    """A gateway that was made before Istio is not ready."""
    cluster = world([manifest("v1", "Namespace", SPACE, "")])
    cluster.create(deployment("edge", 1, template={"containers": [{"name": "istio-proxy", "image": "auto"}]}))
    settle(cluster)

    assert "readyReplicas" not in cluster.get(ref("apps/v1", "Deployment", "edge")).status


def test_nothing_is_made_where_the_webhook_stays_and_the_controller_is_gone() -> None:
    """failurePolicy Fail: pods in labelled namespaces and custom resources are refused, until the webhook goes too."""
    cluster = world([*mesh("web"), deployment("web", 1)])
    cluster.delete(ref("v1", "Pod", "appmesh-controller", "appmesh-system"))
    settle(cluster)
    node = ref("appmesh.k8s.aws/v1beta2", "VirtualNode", "web")
    webhooks = ("Mutating", "Validating")

    assert refusal(lambda: cluster.create(_pod({INJECT: "disabled"})))[0] == 500
    assert refusal(lambda: cluster.patch(node, {"metadata": {"labels": {"a": "b"}}}))[0] == 500
    for word in webhooks:
        name = f"appmesh-controller-{word.lower()}-webhook-configuration"
        cluster.delete(ref("admissionregistration.k8s.io/v1", f"{word}WebhookConfiguration", name, ""))
    assert names(cluster.create(_pod()).body) == (["app"], [])
    assert cluster.patch(node, {"metadata": {"labels": {"a": "b"}}}).labels == {"a": "b"}


def test_custom_resources_get_their_names_and_their_mesh() -> None:
    """As the real controller fills them in."""
    service = manifest("appmesh.k8s.aws/v1beta2", "VirtualService", "web", spec={"provider": {}})
    cluster = world([*mesh("web"), service])

    node = cluster.get(ref("appmesh.k8s.aws/v1beta2", "VirtualNode", "web"))
    host = cluster.get(ref("appmesh.k8s.aws/v1beta2", "VirtualService", "web"))
    whole = cluster.get(ref("appmesh.k8s.aws/v1beta2", "Mesh", SPACE, ""))
    assert [one.spec["awsName"] for one in (node, host, whole)] == [f"web_{SPACE}", f"web.{SPACE}", SPACE]
    assert node.spec["meshRef"] == {"name": SPACE, "uid": whole.metadata["uid"]}
    assert whole.metadata["finalizers"][0] == "finalizers.appmesh.k8s.aws/mesh-members"
    assert node.status["conditions"][0]["type"] == "VirtualNodeActive"
