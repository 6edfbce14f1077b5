"""A real Envoy asks the real istiod for a proxy's routes, and another one serves by them.

The first Envoy only connects: it names itself as a sidecar or gateway, and its admin page then holds the route tables
that istiod made. The second one listens with those very tables; every cluster leads to one small server that says
which cluster it was asked as, and what it was asked.
"""

import hashlib
import http.client
import json
import shutil
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.realcluster.processes import Processes, free_ports

ADDRESS = "127.0.0.1"
_H2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}
_HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_WAIT_S = 40.0


def envoy() -> str | None:
    """Return the Envoy program, if there is one: of this environment, else on PATH."""
    return shutil.which("envoy", path=str(Path(sys.executable).parent)) or shutil.which("envoy")


@dataclass(frozen=True)
class Proxy:
    """A proxy as istiod knows it: `kind` is sidecar or router."""

    kind: str
    namespace: str
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """A name that no two proxies share."""
        digest = hashlib.sha256(repr(self.labels).encode()).hexdigest()
        return f"{self.kind}-{self.namespace}-{digest[:6]}"


def tables_of(proxies: Iterable[Proxy], xds_port: int, folder: Path) -> Mapping[str, Any]:
    """Return the route tables that istiod makes for some proxies, by `PROXY/TABLE`."""
    listed = list(proxies)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda proxy: _tables(proxy, xds_port, folder), listed)
        return {
            f"{proxy.name}/{name}": table
            for proxy, own in zip(listed, found, strict=True)
            for name, table in own.items()
        }


def _tables(proxy: Proxy, xds_port: int, folder: Path) -> Mapping[str, Any]:
    processes, (admin,) = Processes(folder), free_ports(1)
    config = folder / f"{proxy.name}.json"
    config.write_text(json.dumps(_asking(proxy, xds_port, admin)))
    processes.start(proxy.name, [str(envoy()), "-c", str(config), "--use-dynamic-base-id", "-l", "warn"])
    try:
        return _settled(admin)
    finally:
        processes.stop_all()


def _settled(admin: int) -> Mapping[str, Any]:
    """The tables once no more of them come."""
    until, last, same = time.monotonic() + _WAIT_S, -1, 0
    found: dict[str, Any] = {}
    while time.monotonic() < until and same < 6:
        found = _dumped(admin)
        same = same + 1 if len(found) == last and found else 0
        last = len(found)
        time.sleep(0.5)
    return found


def _dumped(admin: int) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://{ADDRESS}:{admin}/config_dump?resource=dynamic_route_configs") as answer:
            configs = json.load(answer).get("configs") or []
    except OSError:
        return {}
    tables = (item["route_config"] for item in configs if "route_config" in item)
    return {str(table["name"]): table for table in tables}


def _asking(proxy: Proxy, xds_port: int, admin: int) -> dict[str, Any]:
    metadata = {
        "NAMESPACE": proxy.namespace,
        "LABELS": dict(proxy.labels),
        "CLUSTER_ID": "Kubernetes",
        "ISTIO_VERSION": "1.31.0",
        "INTERCEPTION_MODE": "REDIRECT",
        "SERVICE_ACCOUNT": "default",
    }
    name = f"probe.{proxy.namespace}"
    ads = {"ads": {}, "resource_api_version": "V3"}
    service = [{"envoy_grpc": {"cluster_name": "xds-grpc"}}]
    return {
        "node": {
            "id": f"{proxy.kind}~10.9.9.9~{name}~{proxy.namespace}.svc.cluster.local",
            "cluster": name,
            "metadata": metadata,
        },
        "admin": {"address": _socket(admin)},
        "dynamic_resources": {
            "ads_config": {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": service},
            "lds_config": ads,
            "cds_config": ads,
        },
        "static_resources": {"clusters": [_cluster("xds-grpc", xds_port) | {"typed_extension_protocol_options": _H2}]},
    }


def _socket(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": ADDRESS, "port_value": port}}


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _socket(port)}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


@dataclass(frozen=True)
class Answered:
    """What became of a request: the cluster that got it, as the upstream saw it; None where Envoy refused it."""

    status: int
    cluster: str = ""
    path: str = ""
    host: str = ""
    policy: str = ""


class Server:
    """An Envoy with the route tables of several proxies, one listener each."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports

    def send(self, table: str, method: str, target: str, headers: Mapping[str, str]) -> Answered:
        """Send one request by a table, and say what became of it."""
        connection = http.client.HTTPConnection(ADDRESS, self._ports[table], timeout=10)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.getheader("x-upstream") != "yes":
            return Answered(answer.status)
        seen = json.loads(answer.getheader("x-seen") or body)
        return Answered(answer.status, seen["cluster"], seen["path"], seen["host"], seen["policy"])


@contextmanager
def serving(tables: Mapping[str, Any], folder: Path) -> Iterator[Server]:
    """Run an Envoy that serves by these tables."""
    upstream = ThreadingHTTPServer((ADDRESS, 0), _Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    processes = Processes(folder)
    admin, *listening = free_ports(len(tables) + 1)
    ports = dict(zip(sorted(tables), listening, strict=True))
    clusters: set[str] = set()
    listeners = [_listener(name, ports[name], _told(tables[name], clusters)) for name in sorted(tables)]
    static = {
        "listeners": listeners,
        "clusters": [_cluster(name, upstream.server_address[1]) for name in sorted(clusters)],
    }
    config = folder / "serving.json"
    config.write_text(json.dumps({"admin": {"address": _socket(admin)}, "static_resources": static}))
    processes.start("serving", [str(envoy()), "-c", str(config), "--use-dynamic-base-id", "-l", "warn"])
    try:
        processes.wait_until("serving", lambda: _is_ready(admin))
        yield Server(ports)
    finally:
        processes.stop_all()
        upstream.shutdown()
        upstream.server_close()


class _Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        seen = {
            "cluster": self.headers.get("x-witness-cluster", ""),
            "policy": self.headers.get("x-witness-policy", ""),
            "path": self.path,
            "host": self.headers.get("host", ""),
        }
        self.send_response(200)
        self.send_header("x-upstream", "yes")
        self.send_header("x-seen", json.dumps(seen))
        self.send_header("content-length", "0")
        self.end_headers()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _is_ready(admin: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{ADDRESS}:{admin}/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _listener(name: str, port: int, table: Mapping[str, Any]) -> dict[str, Any]:
    manager = {
        "@type": _HCM,
        "stat_prefix": "witness",
        "normalize_path": True,
        "route_config": dict(table) | {"validate_clusters": False},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {"name": name, "address": _socket(port), "filter_chains": [{"filters": filters}]}


def _told(table: Mapping[str, Any], clusters: set[str]) -> dict[str, Any]:
    """The table with headers that tell the upstream which route and cluster it was; nothing else is changed."""
    copied: dict[str, Any] = {key: value for key, value in json.loads(json.dumps(table)).items() if key != "@type"}
    for host in copied.get("virtual_hosts") or ():
        for route in host.get("routes") or ():
            route.pop("typed_per_filter_config", None)
            action = route.get("route")
            if action is None:
                continue
            policy = json.dumps({"timeout": action.get("timeout"), "retry": action.get("retry_policy")}, sort_keys=True)
            route.setdefault("request_headers_to_add", []).append(_header("x-witness-policy", policy))
            # What is compared are routes: no retry is made, and no time limit waited for.
            action.pop("retry_policy", None)
            action.pop("hash_policy", None)
            weighted = (action.get("weighted_clusters") or {}).get("clusters") or ()
            total = sum(item.get("weight", 0) for item in weighted)
            for item in weighted:
                clusters.add(item["name"])
                told = f"{item['name']} {item.get('weight', 0)}/{total}"
                item.setdefault("request_headers_to_add", []).append(_header("x-witness-cluster", told))
            if "cluster" in action:
                clusters.add(action["cluster"])
                route["request_headers_to_add"].append(_header("x-witness-cluster", f"{action['cluster']} 1/1"))
    return copied


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value.replace("%", "%%")}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
