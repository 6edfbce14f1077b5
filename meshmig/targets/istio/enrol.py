"""Pod templates that join Istio: App Mesh's annotations out, Istio's in."""

import json
from collections.abc import Mapping

from meshmig.model.mesh import Edge, ProxySettings, Workload
from meshmig.model.objects import Json
from meshmig.targets.istio.edges import SELECTOR, gateway_label
from meshmig.targets.istio.policies import WORKLOAD
from meshmig.targets.istio.settings import MANAGED_BY, Settings

APPMESH_PREFIX = "appmesh.k8s.aws/"
OFF = {f"{APPMESH_PREFIX}sidecarInjectorWebhook": "disabled"}


def enrol(template: Mapping[str, Json], workload: Workload, settings: Settings) -> dict[str, Json]:
    """Return a workload's pod template with Istio's sidecar asked for and App Mesh's refused."""
    return _template(template, _labels(template, workload.ref.name, settings), proxy_annotations(workload.proxy))


def enrol_gateway(template: Mapping[str, Json], workload: Workload, edge: Edge, settings: Settings) -> dict[str, Json]:
    """Return the pod template of an Istio gateway that takes an edge's place."""
    labels = _labels(template, workload.ref.name, settings) | {SELECTOR: gateway_label(edge)}
    ports = [{"containerPort": listener.port, "protocol": "TCP"} for listener in edge.listeners]
    container = {"name": "istio-proxy", "image": "auto", "ports": ports}
    pod = {name: value for name, value in (template.get("spec") or {}).items() if name in _KEPT_BY_GATEWAYS}
    made = _template(template, labels, {"inject.istio.io/templates": "gateway"})
    return made | {"spec": pod | {"containers": [container]}}


_KEPT_BY_GATEWAYS = {"serviceAccountName", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints"}


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


def proxy_annotations(proxy: ProxySettings) -> dict[str, str]:
    """Return Istio's annotations for what App Mesh's asked of the sidecar."""
    found: dict[str, str] = {}
    sizes = {
        "proxyCPU": proxy.cpu_request,
        "proxyMemory": proxy.memory_request,
        "proxyCPULimit": proxy.cpu_limit,
        "proxyMemoryLimit": proxy.memory_limit,
    }
    found |= {f"sidecar.istio.io/{name}": value for name, value in sizes.items() if value}
    if proxy.inbound_ports:
        found["traffic.sidecar.istio.io/includeInboundPorts"] = ",".join(map(str, proxy.inbound_ports))
    if proxy.ignored_outbound_ports:
        found["traffic.sidecar.istio.io/excludeOutboundPorts"] = ",".join(map(str, proxy.ignored_outbound_ports))
    if proxy.ignored_outbound_addresses:
        ranges = [text if "/" in text else f"{text}/32" for text in proxy.ignored_outbound_addresses]
        found["traffic.sidecar.istio.io/excludeOutboundIPRanges"] = ",".join(ranges)
    if proxy.secret_mounts:
        found |= _secrets(proxy.secret_mounts)
    return found


def _secrets(mounts: tuple[tuple[str, str], ...]) -> dict[str, str]:
    volumes = {name: {"secret": {"secretName": name}} for name, _ in mounts}
    places = {name: {"mountPath": path, "readOnly": True} for name, path in mounts}
    return {
        "sidecar.istio.io/userVolume": json.dumps(volumes, sort_keys=True),
        "sidecar.istio.io/userVolumeMount": json.dumps(places, sort_keys=True),
    }
