"""Objects without what servers fill in: their own fields, and Kubernetes' default values."""

from collections.abc import Mapping

from meshmig.model.objects import Json, Manifest

_METADATA = {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"}
_METADATA |= {"deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences"}
_ANNOTATIONS = {"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"}
_ANNOTATIONS |= {"deprecated.daemonset.template.generation", "kubectl.kubernetes.io/restartedAt"}
_SERVICE = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort", "internalTrafficPolicy"}
_SERVICE |= {"externalTrafficPolicy", "allocateLoadBalancerNodePorts"}

_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "securityContext": {},
}
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "resources": {}}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
_WORKLOAD = {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10, "strategy": _ROLLING}
_PORT = {"protocol": "TCP"}


def normalise(manifest: Manifest) -> Manifest:
    """Return the object without server-filled fields and without Kubernetes' own defaults."""
    body = dict(without_server_fields(manifest).body)
    spec = dict(manifest.spec)
    match manifest.ref.kind:
        case "Deployment" | "StatefulSet" | "DaemonSet":
            body["spec"] = _workload(spec)
        case "Service":
            body["spec"] = _service(spec)
        case _:
            pass
    return Manifest(body)


def without_server_fields(manifest: Manifest) -> Manifest:
    """Return the object as it could be created anew."""
    body = {name: value for name, value in manifest.body.items() if name != "status"}
    metadata = {name: value for name, value in manifest.metadata.items() if name not in _METADATA}
    annotations = {name: value for name, value in manifest.annotations.items() if name not in _ANNOTATIONS}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    if manifest.ref.kind == "Service":
        body["spec"] = {name: value for name, value in manifest.spec.items() if name not in _SERVICE}
    return Manifest(body | {"metadata": metadata})


def _without(value: Mapping[str, Json], defaults: Mapping[str, Json]) -> dict[str, Json]:
    return {name: inner for name, inner in value.items() if name not in defaults or inner != defaults[name]}


def _workload(spec: Mapping[str, Json]) -> dict[str, Json]:
    kept = _without(spec, _WORKLOAD)
    if "template" in kept:
        kept["template"] = _template(kept["template"])
    return kept


def _template(template: Mapping[str, Json]) -> dict[str, Json]:
    metadata = {name: value for name, value in (template.get("metadata") or {}).items() if name != "creationTimestamp"}
    pod = _without(template.get("spec") or {}, _POD)
    if pod.get("serviceAccount") == pod.get("serviceAccountName"):
        pod.pop("serviceAccount", None)
    for field in ("containers", "initContainers"):
        if pod.get(field):
            pod[field] = [_container(container) for container in pod[field]]
    return {"metadata": metadata, "spec": pod}


def _container(container: Mapping[str, Json]) -> dict[str, Json]:
    kept = _without(container, _CONTAINER)
    kept.pop("imagePullPolicy", None) if kept.get("imagePullPolicy") == _pull(kept.get("image", "")) else None
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in kept:
            kept[probe] = _probe(kept[probe])
    if kept.get("ports"):
        kept["ports"] = [_without(port, _PORT) for port in kept["ports"]]
    return kept


def _pull(image: str) -> str:
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in {"", "latest"} else "IfNotPresent"


def _probe(probe: Mapping[str, Json]) -> dict[str, Json]:
    kept = _without(probe, _PROBE)
    if "httpGet" in kept:
        kept["httpGet"] = _without(kept["httpGet"], {"scheme": "HTTP"})
    return kept


def _service(spec: Mapping[str, Json]) -> dict[str, Json]:
    kept = {name: value for name, value in spec.items() if name not in _SERVICE}
    kept = _without(kept, {"type": "ClusterIP", "sessionAffinity": "None"})
    kept["ports"] = [_service_port(port) for port in spec.get("ports") or ()]
    return kept


def _service_port(port: Mapping[str, Json]) -> dict[str, Json]:
    kept = _without(port, _PORT)
    kept.pop("nodePort", None)
    if kept.get("targetPort") == kept.get("port"):
        kept.pop("targetPort", None)
    return kept
