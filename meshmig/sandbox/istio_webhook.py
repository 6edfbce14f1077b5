"""Istio's sidecar injector: the policy of pkg/kube/inject/inject.go; the selectors stand in the webhook."""

from collections.abc import Mapping

from meshmig.model.objects import Json
from meshmig.sandbox.state import Body

INJECT = "sidecar.istio.io/inject"
REVISION = "istio.io/rev"
_STATUS = "sidecar.istio.io/status"
_TEMPLATES = "inject.istio.io/templates"
_IMAGE = "docker.io/istio/proxyv2:1.31.0"
_NEVER = {"kube-system", "kube-public", "kube-node-lease", "local-path-storage"}
_UID = 1337
_RESOURCES = {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "10m", "memory": "40Mi"}}
_MESSAGES = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
_PROBE = {"failureThreshold": 4, "periodSeconds": 15, "successThreshold": 1, "timeoutSeconds": 3}
_INIT_ARGS = [
    "istio-iptables",
    "-p",
    "15001",
    "-z",
    "15006",
    "-u",
    "1337",
    "-m",
    "REDIRECT",
    "-i",
    "*",
    "-x",
    "",
    "-b",
    "*",
]


def mutate(hook: Mapping[str, Json], pod: Body) -> Body:
    """Return the pod with a sidecar, or as a gateway, or as it is where the policy says no."""
    if not _is_wanted(pod):
        return pod
    templates = str((pod["metadata"].get("annotations") or {}).get(_TEMPLATES, "sidecar"))
    spec = _gateway(pod["spec"]) if "gateway" in templates else _sidecar(pod["spec"])
    return pod | {
        "spec": spec,
        "metadata": _marked(pod, str(hook.get("clientConfig", {}).get("service", {}).get("name"))),
    }


def _is_wanted(pod: Body) -> bool:
    """The label beats the annotation; pods of the host's network and system namespaces never."""
    metadata = pod["metadata"]
    if pod["spec"].get("hostNetwork") or metadata.get("namespace") in _NEVER:
        return False
    annotations = metadata.get("annotations") or {}
    said = str((metadata.get("labels") or {}).get(INJECT) or annotations.get(INJECT, ""))
    return said.lower() not in {"false", "n", "no", "off"} and _STATUS not in annotations


def _sidecar(spec: Mapping[str, Json]) -> Body:
    init = {
        "name": "istio-init",
        "image": _IMAGE,
        "args": _INIT_ARGS,
        "resources": _RESOURCES,
        **_MESSAGES,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}, "runAsUser": 0},
    }
    containers = [*spec["containers"], _proxy("sidecar")]
    return {**spec, "initContainers": [*(spec.get("initContainers") or ()), init], "containers": containers}


def _gateway(spec: Mapping[str, Json]) -> Body:
    containers = [
        {**_proxy("router"), **one, "image": _IMAGE} if one["name"] == "istio-proxy" else one
        for one in spec["containers"]
    ]
    return {**spec, "containers": containers}


def _proxy(kind: str) -> Body:
    return {
        "name": "istio-proxy",
        "image": _IMAGE,
        "args": ["proxy", kind, "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
        "env": [{"name": "PILOT_CERT_PROVIDER", "value": "istiod"}],
        "resources": _RESOURCES,
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}, **_PROBE},
        **_MESSAGES,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"runAsUser": _UID, "runAsGroup": _UID, "runAsNonRoot": True},
    }


def _marked(pod: Body, service: str) -> Body:
    revision = service.removeprefix("istiod").removeprefix("-") or "default"
    metadata = pod["metadata"]
    labels = dict(metadata.get("labels") or {})
    name = labels.get("app.kubernetes.io/name") or labels.get("app") or _owner(metadata)
    labels = {
        "service.istio.io/canonical-name": name,
        "service.istio.io/canonical-revision": labels.get("app.kubernetes.io/version")
        or labels.get("version")
        or "latest",
        **labels,
        "security.istio.io/tlsMode": "istio",
    }
    status = f'{{"initContainers":["istio-init"],"containers":["istio-proxy"],"revision":"{revision}"}}'
    annotations = {**(metadata.get("annotations") or {}), _STATUS: status, REVISION: revision}
    return {**metadata, "labels": labels, "annotations": annotations}


def _owner(metadata: Mapping[str, Json]) -> str:
    owners = metadata.get("ownerReferences") or ()
    name = str(owners[0]["name"]) if owners else str(metadata.get("name", ""))
    given = (metadata.get("labels") or {}).get("pod-template-hash")
    return name.removesuffix(f"-{given}") if given else name
