"""App Mesh's injector as an API server meets it: a webhook that makes pods of enabled namespaces members of the mesh.

A pod gets an `envoy` and the init container that redirects to it; a gateway's own `envoy` only gets its identity.
"""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.realcluster.cluster import RealCluster

_SWITCH = "appmesh.k8s.aws/sidecarInjectorWebhook"
_IDENTITY = {
    "name": "APPMESH_RESOURCE_ARN",
    "value": "arn:aws:appmesh:eu-central-1:111122223333:mesh/shop/virtualNode/any",
}
_ENVOY = {
    "name": "envoy",
    "image": "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.34.13.3-prod",
    "env": [_IDENTITY],
}
_REDIRECT = {
    "name": "proxyinit",
    "image": "public.ecr.aws/appmesh/aws-appmesh-proxy-route-manager:v7-prod",
    "env": [{"name": "APPMESH_IGNORE_UID", "value": "1337"}],
}


class Injector:
    """Serves on loopback while used as a context manager, registered as App Mesh's controller registers itself."""

    def __init__(self, cluster: RealCluster) -> None:
        self._cluster = cluster
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cluster.directory / "api.crt", cluster.directory / "api.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._cluster.apply([self._registration()])
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _registration(self) -> dict[str, Any]:
        authority = base64.b64encode((self._cluster.directory / "ca.crt").read_bytes()).decode()
        rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
        webhook = {
            "name": "mpod.appmesh.k8s.aws",
            "clientConfig": {
                "url": f"https://127.0.0.1:{self._server.server_address[1]}/mutate-v1-pod",
                "caBundle": authority,
            },
            "rules": [rule],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchExpressions": [{"key": _SWITCH, "operator": "In", "values": ["enabled"]}]},
        }
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "appmesh-controller-mutating-webhook-configuration"},
            "webhooks": [webhook],
        }


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = review["request"]
        answer: dict[str, Any] = {"uid": asked["uid"], "allowed": True}
        patch = list(_changes(asked["object"]))
        if patch:
            answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        data = json.dumps({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return


def _changes(pod: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if (pod["metadata"].get("annotations") or {}).get(_SWITCH) == "disabled":
        return
    own = [place for place, each in enumerate(pod["spec"]["containers"]) if each["name"] == "envoy"]
    for place in own:
        held = pod["spec"]["containers"][place].get("env") or []
        yield {"op": "add", "path": f"/spec/containers/{place}/env", "value": [*held, _IDENTITY]}
    if not own:
        yield {"op": "add", "path": "/spec/containers/-", "value": _ENVOY}
        yield {
            "op": "add",
            "path": "/spec/initContainers",
            "value": [*(pod["spec"].get("initContainers") or ()), _REDIRECT],
        }
