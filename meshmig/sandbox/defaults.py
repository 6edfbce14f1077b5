"""What an API server fills in where an object says nothing (Kubernetes 1.36, pkg/apis/*/v1/defaults.go)."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from meshmig.model.objects import Json
from meshmig.sandbox.schema import is_built_in

Body = dict[str, Any]

_POD: Mapping[str, Json] = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_CONTAINER: Mapping[str, Json] = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_VOLUME_MODES = {"configMap": 420, "secret": 420, "projected": 420, "downwardAPI": 420}
_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
_WEBHOOK = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "timeoutSeconds": 10,
}


_WORD = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_WORD}(?:/{_WORD})*(?::\w[\w.-]*)?")
"""Names of images (github.com/distribution/reference); of what is none the API server sees no tag."""


def defaulted(body: Mapping[str, Json]) -> Body:
    """Return the object with its kind's defaults; the given one is not changed."""
    fill = _BY_KIND.get(str(body["kind"]))
    whole = dict(body)
    if fill is not None and is_built_in(str(body["apiVersion"]), str(body["kind"])):
        fill(whole)
    return whole


def pod_spec(spec: Mapping[str, Json]) -> Body:
    """Return a pod's spec with its defaults."""
    filled = {**_POD, **_said(spec)}
    for key in ("containers", "initContainers"):
        if filled.get(key):
            filled[key] = [_container(container) for container in filled[key]]
    if filled.get("volumes"):
        filled["volumes"] = [_volume(volume) for volume in filled["volumes"]]
    if "serviceAccountName" in filled:
        filled["serviceAccount"] = filled["serviceAccountName"]
    return filled


def _said(mapping: Mapping[str, Json]) -> Body:
    return {key: value for key, value in mapping.items() if value is not None}


def _container(container: Mapping[str, Json]) -> Body:
    filled = {**_CONTAINER, **_said(container)}
    image = str(filled.get("image", ""))
    if "imagePullPolicy" not in filled:
        filled["imagePullPolicy"] = "Always" if _is_latest(image) else "IfNotPresent"
    if filled.get("ports"):
        filled["ports"] = [{"protocol": "TCP", **port} for port in filled["ports"]]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if filled.get(probe):
            filled[probe] = _probe(filled[probe])
    if filled.get("env"):
        filled["env"] = [_variable(variable) for variable in filled["env"]]
    return filled


def _is_latest(image: str) -> bool:
    if "@" in image or not _IMAGE.fullmatch(image):
        return False
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag in {"", "latest"}


def _probe(probe: Mapping[str, Json]) -> Body:
    filled = {**_PROBE, **probe}
    if filled.get("httpGet"):
        filled["httpGet"] = {"path": "/", "scheme": "HTTP", **filled["httpGet"]}
    if filled.get("grpc"):
        filled["grpc"] = {"service": "", **filled["grpc"]}
    return filled


def _variable(variable: Mapping[str, Json]) -> Body:
    source = (variable.get("valueFrom") or {}).get("fieldRef")
    if source and "apiVersion" not in source:
        whole = {"apiVersion": "v1", **source}
        return {**variable, "valueFrom": {**variable["valueFrom"], "fieldRef": whole}}
    if variable.get("value") == "":
        return {key: value for key, value in variable.items() if key != "value"}
    return dict(variable)


def _volume(volume: Mapping[str, Json]) -> Body:
    filled = dict(volume)
    for kind, mode in _VOLUME_MODES.items():
        if isinstance(filled.get(kind), dict):
            filled[kind] = {"defaultMode": mode, **filled[kind]}
    if isinstance(filled.get("hostPath"), dict):
        filled["hostPath"] = {"type": "", **filled["hostPath"]}
    if len(filled) == 1:
        filled["emptyDir"] = {}
    return filled


def _template(spec: Body) -> None:
    template = dict(spec.get("template") or {})
    template["metadata"] = _said(template.get("metadata") or {})
    template["spec"] = pod_spec(template.get("spec") or {})
    spec["template"] = template


def _deployment(body: Body) -> None:
    spec = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, **_said(body.get("spec") or {})}
    _template(spec)
    strategy = {"type": "RollingUpdate", **_said(spec.get("strategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {
            "maxUnavailable": "25%",
            "maxSurge": "25%",
            **(strategy.get("rollingUpdate") or {}),
        }
    spec["strategy"] = strategy
    body["spec"] = spec
    body.setdefault("status", {})


def _replica_set(body: Body) -> None:
    spec = {"replicas": 1, **_said(body.get("spec") or {})}
    _template(spec)
    body["spec"] = spec
    body.setdefault("status", {"replicas": 0})


def _stateful_set(body: Body) -> None:
    spec = {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        **_said(body.get("spec") or {}),
    }
    _template(spec)
    strategy = {"type": "RollingUpdate", **_said(spec.get("updateStrategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"partition": 0, **(strategy.get("rollingUpdate") or {})}
    spec["updateStrategy"] = strategy
    body["spec"] = spec
    body.setdefault("status", {"replicas": 0, "availableReplicas": 0})


def _daemon_set(body: Body) -> None:
    spec = {"revisionHistoryLimit": 10, **_said(body.get("spec") or {})}
    _template(spec)
    strategy = {"type": "RollingUpdate", **_said(spec.get("updateStrategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": 1, "maxSurge": 0, **(strategy.get("rollingUpdate") or {})}
    spec["updateStrategy"] = strategy
    body["spec"] = spec
    counts = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    body.setdefault("status", dict.fromkeys(counts, 0))
    body["metadata"] = dict(body["metadata"])
    annotations = {"deprecated.daemonset.template.generation": "1", **(body["metadata"].get("annotations") or {})}
    body["metadata"]["annotations"] = annotations


def _job_spec(spec: Mapping[str, Json]) -> Body:
    filled = _said(spec)
    if "completions" not in filled and "parallelism" not in filled:
        filled["completions"] = 1
    return {
        "parallelism": 1,
        "backoffLimit": 6,
        "manualSelector": False,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        **filled,
    }


def _job(body: Body) -> None:
    spec = _job_spec(body.get("spec") or {})
    _template(spec)
    body["spec"] = spec
    body.setdefault("status", {})


def _cron_job(body: Body) -> None:
    spec = {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        **_said(body.get("spec") or {}),
    }
    job = {"metadata": {}, **(spec.get("jobTemplate") or {})}
    job["spec"] = dict(job.get("spec") or {})
    _template(job["spec"])
    spec["jobTemplate"] = job
    body["spec"] = spec
    body.setdefault("status", {})


def _pod(body: Body) -> None:
    spec = {"enableServiceLinks": True, **pod_spec(body.get("spec") or {})}
    for key in ("containers", "initContainers"):
        if spec.get(key):
            spec[key] = [_requesting(container) for container in spec[key]]
    body["spec"] = spec
    body.setdefault("status", {"phase": "Pending"})


def _requesting(container: Body) -> Body:
    """What a pod's container is limited to it asks for, unless it says otherwise."""
    limits = container["resources"].get("limits")
    if not limits:
        return container
    requests = {**limits, **(container["resources"].get("requests") or {})}
    return container | {"resources": {**container["resources"], "requests": requests}}


def _service(body: Body) -> None:
    spec = {"type": "ClusterIP", "sessionAffinity": "None", **_said(body.get("spec") or {})}
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    if spec.get("ports"):
        spec["ports"] = [_service_port(port) for port in spec["ports"]]
    body["spec"] = spec
    body.setdefault("status", {"loadBalancer": {}})


def _service_port(port: Mapping[str, Json]) -> Body:
    filled = {"protocol": "TCP", **_said(port)}
    if filled.get("targetPort") in (None, 0, ""):
        filled["targetPort"] = filled.get("port")
    return filled


def _namespace(body: Body) -> None:
    metadata = dict(body["metadata"])
    if metadata.get("name"):
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    body["metadata"] = metadata
    body.setdefault("status", {"phase": "Active"})


def _autoscaler(body: Body) -> None:
    spec = {"minReplicas": 1, **_said(body.get("spec") or {})}
    if not spec.get("metrics"):
        spec["metrics"] = [_CPU]
    body["spec"] = spec
    body.setdefault("status", {"desiredReplicas": 0, "currentMetrics": None})


def _disruption_budget(body: Body) -> None:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    body.setdefault("status", dict.fromkeys(counts, 0))


def _ingress(body: Body) -> None:
    body.setdefault("status", {"loadBalancer": {}})


def _secret(body: Body) -> None:
    body.setdefault("type", "Opaque")
    plain = body.pop("stringData", None)
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        body["data"] = {**(body.get("data") or {}), **encoded}


def _endpoint_slice(body: Body) -> None:
    body["endpoints"] = [{"conditions": {}, **one} for one in body.get("endpoints") or ()] or None
    body["ports"] = [{"name": "", "protocol": "TCP", **one} for one in body.get("ports") or ()] or None


def _network_policy(body: Body) -> None:
    spec = dict(body.get("spec") or {})
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    body["spec"] = spec


def _webhooks(body: Body) -> None:
    mutating = body["kind"] == "MutatingWebhookConfiguration"
    last = {"reinvocationPolicy": "Never"} if mutating else {}
    body["webhooks"] = [_webhook({**_WEBHOOK, **last, **_said(hook)}) for hook in body.get("webhooks") or ()]


def _webhook(hook: Body) -> Body:
    hook["rules"] = [{"scope": "*", **rule} for rule in hook.get("rules") or ()]
    config = dict(hook.get("clientConfig") or {})
    if config.get("service"):
        config["service"] = {"port": 443, **config["service"]}
    hook["clientConfig"] = config
    return hook


_BY_KIND: Mapping[str, Callable[[Body], None]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Pod": _pod,
    "Service": _service,
    "Namespace": _namespace,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _disruption_budget,
    "EndpointSlice": _endpoint_slice,
    "Ingress": _ingress,
    "NetworkPolicy": _network_policy,
    "Secret": _secret,
    "MutatingWebhookConfiguration": _webhooks,
    "ValidatingWebhookConfiguration": _webhooks,
}
