"""What happens to a pod when it is created: both meshes' injectors, as their webhooks decide."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.objects import Json
from meshmig.sandbox.table import Table

APPMESH_KEY = "appmesh.k8s.aws/sidecarInjectorWebhook"
_WEBHOOKS = ("admissionregistration.k8s.io", "MutatingWebhookConfiguration")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the API server does not take a pod."""

    why: str


def admit(table: Table, pod: Mapping[str, Json]) -> Mapping[str, Json] | Refused:
    """Return the pod as it is stored, or why it is refused."""
    body = copy.deepcopy(dict(pod))
    refused = _appmesh(table, body)
    if refused is not None:
        return refused
    _istio(table, body)
    return body


def _namespace_labels(table: Table, namespace: str) -> Mapping[str, str]:
    for body in table.of_kind("", "Namespace"):
        if body["metadata"]["name"] == namespace:
            return body["metadata"].get("labels") or {}
    return {}


def _webhook(table: Table, word: str) -> Mapping[str, Json] | None:
    return next((b for b in table.of_kind(*_WEBHOOKS) if word in b["metadata"]["name"]), None)


def _appmesh(table: Table, pod: dict[str, Json]) -> Refused | None:
    metadata = pod["metadata"]
    label = _namespace_labels(table, metadata["namespace"]).get(APPMESH_KEY)
    if label not in {"enabled", "disabled"} or _webhook(table, "appmesh") is None:
        return None
    if not _controller_answers(table):
        return Refused("failed calling webhook mpod.appmesh.k8s.aws: no endpoints available")
    wish = (metadata.get("annotations") or {}).get(APPMESH_KEY, label)
    if wish != "enabled":
        return None
    nodes = _matching(table, pod, "VirtualNode")
    gateways = _matching(table, pod, "VirtualGateway")
    if len(nodes) + len(gateways) != 1:
        found = "no" if not nodes and not gateways else "more than one"
        return Refused(f"sidecarInject enabled but {found} matching VirtualNode or VirtualGateway")
    if nodes:
        _add_envoy(pod, nodes[0])
    return None


def _controller_answers(table: Table) -> bool:
    pods = table.of_kind("", "Pod")
    return any(
        (pod["metadata"].get("labels") or {}).get("app.kubernetes.io/name") == "appmesh-controller" and is_ready(pod)
        for pod in pods
    )


def is_ready(pod: Mapping[str, Json]) -> bool:
    """Whether a pod's Ready condition is True."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _matching(table: Table, pod: Mapping[str, Json], kind: str) -> list[Mapping[str, Json]]:
    labels = pod["metadata"].get("labels") or {}
    namespace = pod["metadata"]["namespace"]
    return [
        body
        for body in table.of_kind("appmesh.k8s.aws", kind)
        if body["metadata"].get("namespace") == namespace
        and (body.get("spec") or {}).get("podSelector") is not None
        and selects(body["spec"]["podSelector"], labels)
    ]


def selects(selector: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    """Evaluate a LabelSelector."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expression(item, labels) for item in selector.get("matchExpressions") or ())


def _expression(item: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(item["key"]), item.get("values") or []
    match item["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def _add_envoy(pod: dict[str, Json], node: Mapping[str, Json]) -> None:
    spec = node.get("spec") or {}
    name = spec.get("awsName") or f"{node['metadata']['name']}_{node['metadata']['namespace']}"
    mesh = (spec.get("meshRef") or {}).get("name", "")
    resource = f"mesh/{mesh}/virtualNode/{name}"
    env = [{"name": key, "value": resource} for key in ("APPMESH_RESOURCE_ARN", "APPMESH_VIRTUAL_NODE_NAME")]
    envoy = {"name": "envoy", "image": "aws-appmesh-envoy", "env": env, "securityContext": {"runAsUser": 1337}}
    pod["spec"]["containers"] = [*pod["spec"]["containers"], envoy]
    init = {"name": "proxyinit", "image": "aws-appmesh-proxy-route-manager"}
    pod["spec"]["initContainers"] = [*(pod["spec"].get("initContainers") or ()), init]


def _istio(table: Table, pod: dict[str, Json]) -> None:
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    if labels.get("sidecar.istio.io/inject") == "false" or not _istio_wants(table, metadata["namespace"], labels):
        return
    proxy = {"name": "istio-proxy", "image": "proxyv2", "securityContext": {"runAsUser": 1337}}
    containers = pod["spec"]["containers"]
    if (metadata.get("annotations") or {}).get("inject.istio.io/templates") == "gateway":
        pod["spec"]["containers"] = [c | proxy if c["name"] == "istio-proxy" else c for c in containers]
    else:
        pod["spec"]["containers"] = [*containers, proxy]
        init = {"name": "istio-init", "image": "proxyv2"}
        pod["spec"]["initContainers"] = [*(pod["spec"].get("initContainers") or ()), init]
    metadata["labels"] = dict(labels) | {"security.istio.io/tlsMode": "istio"}


def _istio_wants(table: Table, namespace: str, labels: Mapping[str, str]) -> bool:
    around = _namespace_labels(table, namespace)
    default = _webhook(table, "istio-sidecar-injector")
    if default is None or around.get("istio-injection") == "disabled":
        return False
    revision = (default["metadata"].get("labels") or {}).get("istio.io/rev", "default")
    wished = around.get("istio.io/rev") or labels.get("istio.io/rev")
    if wished is not None:
        return bool(wished == revision)
    if around.get("istio-injection") == "enabled":
        return True
    return revision == "default" and labels.get("sidecar.istio.io/inject") == "true"
