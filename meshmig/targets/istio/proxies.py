"""What App Mesh's annotations asked of its sidecar, as Istio's annotations."""

import json

from meshmig.model.mesh import ProxySettings

LEAST_CPU, LEAST_MEMORY = "50m", "96Mi"
"""App Mesh's 10m and 32Mi starve Istio's proxy; these are the least that it is given where nobody wrote more."""

_NOT_FOR_ISTIO = ("APPMESH_", "ENVOY_", "AWS_", "DD_", "STATSD_", "XRAY_", "JAEGER_")
"""Variables of App Mesh's image, and of tracers, which are providers of the installation in Istio."""


def proxy_annotations(proxy: ProxySettings) -> dict[str, str]:
    """Return Istio's annotations for what App Mesh's asked of the sidecar."""
    found = _sizes(proxy)
    if proxy.inbound_ports is not None:
        found["traffic.sidecar.istio.io/includeInboundPorts"] = ",".join(map(str, proxy.inbound_ports))
    if proxy.ignored_outbound_ports:
        found["traffic.sidecar.istio.io/excludeOutboundPorts"] = ",".join(map(str, proxy.ignored_outbound_ports))
    if proxy.ignored_outbound_addresses:
        found["traffic.sidecar.istio.io/excludeOutboundIPRanges"] = ",".join(
            map(address_range, proxy.ignored_outbound_addresses)
        )
    found |= _mounts(proxy)
    variables = {name: value for name, value in proxy.environment if not name.startswith(_NOT_FOR_ISTIO)}
    if variables:
        found["proxy.istio.io/config"] = json.dumps({"proxyMetadata": variables}, sort_keys=True)
    return found


def address_range(address: str) -> str:
    """Return an address as the range that Istio wants."""
    if "/" in address:
        return address
    return f"{address}/128" if ":" in address else f"{address}/32"


def _sizes(proxy: ProxySettings) -> dict[str, str]:
    """One written size makes Istio's injector forget its defaults for all four, so both requests are written."""
    sizes = {
        "proxyCPU": proxy.cpu_request,
        "proxyMemory": proxy.memory_request,
        "proxyCPULimit": proxy.cpu_limit,
        "proxyMemoryLimit": proxy.memory_limit,
    }
    if not any(sizes.values()):
        return {}
    sizes = {"proxyCPU": LEAST_CPU, "proxyMemory": LEAST_MEMORY} | {k: v for k, v in sizes.items() if v}
    return {f"sidecar.istio.io/{name}": value for name, value in sizes.items()}


def _mounts(proxy: ProxySettings) -> dict[str, str]:
    volumes = {name: {"secret": {"secretName": name}} for name, _ in proxy.secret_mounts}
    places = {name: {"mountPath": path, "readOnly": True} for name, path in proxy.secret_mounts}
    places |= {name: {"mountPath": path} for name, path in proxy.volume_mounts}
    found = {"sidecar.istio.io/userVolume": json.dumps(volumes, sort_keys=True)} if volumes else {}
    return found | ({"sidecar.istio.io/userVolumeMount": json.dumps(places, sort_keys=True)} if places else {})
