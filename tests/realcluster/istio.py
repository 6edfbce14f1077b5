"""A real istiod beside the real cluster, with its own webhooks reached over loopback."""

import base64
import json
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from typing import Any

from meshmig.adapters.yaml_text import documents
from tests.realcluster.build import folder
from tests.realcluster.cluster import RealCluster
from tests.realcluster.processes import free_ports

_NAMESPACE = "istio-system"
_VANILLA = ("values.telemetry.enabled=false", "meshConfig.enableAutoMtls=false")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def start_istio(cluster: RealCluster, *, revision: str = "", vanilla_envoy: bool = False) -> None:
    """Install Istio's manifests, run istiod, then register its webhooks.

    The manifests are those of `istioctl`; the pods that they lead to do nothing, the istiod that answers runs outside.
    `vanilla_envoy` leaves out what only Istio's own build of Envoy knows, and every certificate.
    """
    began = time.monotonic()
    manifests = _manifests(revision, _VANILLA if vanilla_envoy else ())
    webhooks = [body for body in manifests if body["kind"] in _WEBHOOKS]
    rest = [body for body in manifests if body["kind"] not in _WEBHOOKS]
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}])
    cluster.apply(rest)
    names = ("http", "https", "grpc", "secure_grpc", "monitoring")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    cluster.ports["istiod_grpc"] = ports["grpc"]
    _start_istiod(cluster, rest, ports, revision)
    for body in webhooks:
        _point_at_loopback(body, cluster, ports["https"])
    cluster.apply(webhooks)
    cluster.timings["istio"] = time.monotonic() - began


def crds_only(cluster: RealCluster) -> None:
    """Install only Istio's kinds."""
    cluster.apply([body for body in _manifests("") if body["kind"] == "CustomResourceDefinition"])


def _manifests(revision: str, settings: Sequence[str] = ()) -> list[dict[str, Any]]:
    flags = ["--set", "values.defaultRevision=default"] + (["--revision", revision] if revision else [])
    flags += [word for setting in settings for word in ("--set", setting)]
    command = [str(folder() / "istioctl"), "manifest", "generate", *flags]
    done = subprocess.run(command, capture_output=True, check=True)
    found, findings = documents(done.stdout, "istioctl")
    assert not findings, findings
    return [dict(manifest.body) for manifest in found]


def _start_istiod(cluster: RealCluster, manifests: list[dict[str, Any]], ports: dict[str, int], revision: str) -> None:
    home = cluster.directory / "istiod"
    home.mkdir(exist_ok=True)
    suffix = f"-{revision}" if revision else ""
    mesh = _data(manifests, f"istio{suffix}")
    injector = _data(manifests, f"istio-sidecar-injector{suffix}")
    for name, text in {"mesh": mesh["mesh"], "config": injector["config"], "values": injector["values"]}.items():
        (home / name).write_text(text)
    flags = {
        "kubeconfig": cluster.kubeconfig,
        "meshConfig": home / "mesh",
        "injectionDir": home,
        "httpAddr": f"127.0.0.1:{ports['http']}",
        "httpsAddr": f"127.0.0.1:{ports['https']}",
        "grpcAddr": f"127.0.0.1:{ports['grpc']}",
        "secureGRPCAddr": f"127.0.0.1:{ports['secure_grpc']}",
        "monitoringAddr": f"127.0.0.1:{ports['monitoring']}",
        "tlsCertFile": cluster.directory / "api.crt",
        "tlsKeyFile": cluster.directory / "api.key",
        "caCertFile": cluster.directory / "ca.crt",
        "ctrlz_port": 0,
    }
    words = [f"--{name}={value}" for name, value in flags.items()]
    cluster.processes.start("istiod", [str(folder() / "pilot-discovery"), "discovery", *words], _environment(revision))
    cluster.processes.wait_until("istiod", lambda: _answers(ports["http"]))


def _environment(revision: str) -> dict[str, str]:
    """The webhooks' own patching is off: their addresses on loopback are ours."""
    return {
        "POD_NAMESPACE": _NAMESPACE,
        "POD_NAME": "istiod-on-loopback",
        "CLUSTER_ID": "Kubernetes",
        "REVISION": revision or "default",
        "PILOT_CERT_PROVIDER": "istiod",
        "VALIDATION_WEBHOOK_CONFIG_NAME": "",
        "INJECTION_WEBHOOK_CONFIG_NAME": "",
        # What only Istio's own build of Envoy knows; no such build ever connects here.
        "PILOT_ENABLE_ALPN_FILTER": "false",
        "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    }


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _data(manifests: list[dict[str, Any]], name: str) -> dict[str, str]:
    found = [b for b in manifests if b["kind"] == "ConfigMap" and b["metadata"]["name"] == name]
    assert found, f"istioctl made no ConfigMap {name}: {json.dumps(sorted(b['metadata']['name'] for b in manifests))}"
    data: dict[str, str] = found[0]["data"]
    return data


def _point_at_loopback(body: dict[str, Any], cluster: RealCluster, port: int) -> None:
    authority = base64.b64encode((cluster.directory / "ca.crt").read_bytes()).decode()
    for webhook in body["webhooks"]:
        path = webhook["clientConfig"]["service"]["path"]
        webhook["clientConfig"] = {"url": f"https://127.0.0.1:{port}{path}", "caBundle": authority}
