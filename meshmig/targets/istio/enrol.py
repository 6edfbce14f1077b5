"""Pod templates that join Istio: App Mesh's annotations out, Istio's in."""

from collections.abc import Mapping, Sequence

from meshmig.model.mesh import Edge, HealthCheck, Protocol, Workload
from meshmig.model.objects import Json
from meshmig.targets.istio.edges import SELECTOR, gateway_label
from meshmig.targets.istio.proxies import proxy_annotations
from meshmig.targets.istio.settings import MANAGED_BY, WORKLOAD, Settings

APPMESH_PREFIX = "appmesh.k8s.aws/"
OFF = {f"{APPMESH_PREFIX}sidecarInjectorWebhook": "disabled"}
_APPMESH_PROXY = "envoy"
_KEPT_BY_GATEWAYS = {"serviceAccountName", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints"}


def enrol(template: Mapping[str, Json], workload: Workload, settings: Settings) -> dict[str, Json]:
    """Return a workload's pod template with Istio's sidecar asked for and App Mesh's refused."""
    labels = _labels(template, workload.ref.name, settings)
    made = _template(template, labels, proxy_annotations(workload.proxy))
    return made | {"spec": _probed(made["spec"], workload.probe)} if workload.probe is not None else made


def enrol_gateway(template: Mapping[str, Json], workload: Workload, edge: Edge, settings: Settings) -> dict[str, Json]:
    """Return the pod template of an Istio gateway that takes an edge's place; its proxy's files stay mounted."""
    labels = _labels(template, workload.ref.name, settings) | {SELECTOR: gateway_label(edge)}
    pod = template.get("spec") or {}
    ports: list[Json] = [{"containerPort": listener.port, "protocol": "TCP"} for listener in edge.listeners]
    container: dict[str, Json] = {"name": "istio-proxy", "image": "auto", "ports": ports}
    kept = {name: value for name, value in pod.items() if name in _KEPT_BY_GATEWAYS}
    containers: Sequence[Mapping[str, Json]] = pod.get("containers") or ()
    old = next((item for item in containers if item.get("name") == _APPMESH_PROXY), {})
    mounted = {mount.get("name") for mount in old.get("volumeMounts") or ()}
    volumes = [volume for volume in pod.get("volumes") or () if volume.get("name") in mounted]
    if volumes:
        container["volumeMounts"] = old["volumeMounts"]
        kept["volumes"] = volumes
    made = _template(template, labels, {"inject.istio.io/templates": "gateway"})
    return made | {"spec": kept | {"containers": [container]}}


def _template(template: Mapping[str, Json], labels: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, Json]:
    metadata = template.get("metadata") or {}
    kept = {k: v for k, v in (metadata.get("annotations") or {}).items() if not k.startswith(APPMESH_PREFIX)}
    return {
        "metadata": {
            "labels": dict(sorted(labels.items())),
            "annotations": dict(sorted({**kept, **OFF, **extra}.items())),
        },
        "spec": template.get("spec") or {},
    }


def _labels(template: Mapping[str, Json], name: str, settings: Settings) -> dict[str, str]:
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    labels |= {WORKLOAD: name, "meshmig.io/dataplane": "istio", "service.istio.io/canonical-name": name}
    labels[MANAGED_BY] = "meshmig"
    if settings.choice.revision == "default":
        labels["sidecar.istio.io/inject"] = "true"
    else:
        labels["istio.io/rev"] = settings.choice.revision
    return labels


def _probed(pod: Mapping[str, Json], check: HealthCheck) -> dict[str, Json]:
    """Give the container that serves a health check's port a readiness probe, unless it has one of its own."""
    containers: Sequence[Json] = pod.get("containers") or ()
    serving = next((number for number, item in enumerate(containers) if _serves(item, check.port)), 0)
    made = list(containers)
    if made and "readinessProbe" not in made[serving]:
        made[serving] = dict(made[serving]) | {"readinessProbe": _probe(check)}
    return dict(pod) | {"containers": made}


def _serves(container: Mapping[str, Json], port: int | None) -> bool:
    return any(entry.get("containerPort") == port for entry in container.get("ports") or ())


def _probe(check: HealthCheck) -> dict[str, Json]:
    """A health check as Kubernetes asks it: whole seconds, upwards."""
    how: dict[str, Json] = {"port": check.port}
    match check.protocol:
        case Protocol.HTTP | Protocol.HTTP2:
            asked: dict[str, Json] = {"httpGet": {"path": check.path or "/"} | how}
        case Protocol.GRPC:
            asked = {"grpc": how}
        case _:
            asked = {"tcpSocket": how}
    return asked | {
        "periodSeconds": _whole_seconds(check.interval.ms),
        "timeoutSeconds": _whole_seconds(check.timeout.ms),
        "successThreshold": check.healthy_threshold,
        "failureThreshold": check.unhealthy_threshold,
    }


def _whole_seconds(length_ms: int) -> int:
    return max(1, -(-length_ms // 1000))
