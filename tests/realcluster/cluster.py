"""A real Kubernetes on loopback: etcd, API server, controllers, scheduler, and kwok's nodes."""

import base64
import json
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.realcluster.build import folder
from tests.realcluster.crds import appmesh_crds
from tests.realcluster.processes import Processes, free_ports
from tests.realcluster.stages import stages

CONTEXT = "real"
_NAMES = "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.0.0.1"
_NODES = 3


class RealCluster:
    """One cluster in one folder. `start` takes about ten seconds, `stop` ends every process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.processes = Processes(directory / "logs")
        self.kubeconfig = directory / "kubeconfig"
        self.timings: dict[str, float] = {}
        names = ("etcd", "etcd_peer", "api", "controllers", "scheduler", "kwok")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._token = secrets.token_hex(16)

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.ports['api']}"

    def start(self) -> None:
        """Bring everything up, App Mesh's kinds included."""
        began = time.monotonic()
        self._certificates()
        self._write_kubeconfig()
        self._start_etcd()
        self.start_api_server()
        self._start_controllers()
        self.apply([*_nodes(), *appmesh_crds()])
        self.start_kwok(appmesh_alive=True)
        self._wait_for_accounts()
        self.timings["kubernetes"] = time.monotonic() - began

    def stop(self) -> None:
        """End every process."""
        self.processes.stop_all()

    def switch_off_appmesh(self) -> None:
        """From now on a new pod with App Mesh's proxy never becomes ready."""
        self.processes.stop("kwok")
        self.start_kwok(appmesh_alive=False)

    def forget(self) -> None:
        """Compact etcd and restart the API server: continue tokens and watches of before now are answered 410."""
        revision = self._etcd("range", {"key": "AA=="})["header"]["revision"]
        self._etcd("compaction", {"revision": revision, "physical": True})
        self.processes.kill("kube-apiserver")
        self.start_api_server()

    def _etcd(self, verb: str, body: Mapping[str, Any]) -> Any:
        url = f"http://127.0.0.1:{self.ports['etcd']}/v3/kv/{verb}"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())) as response:
            return json.load(response)

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl and return what it prints."""
        command = [str(folder() / "kubectl"), "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def read(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """Return every object of a kind in a namespace."""
        items: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "-n", namespace, "-o", "json"))["items"]
        return items

    def apply(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Apply objects server-side as a person would, with kubectl."""
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=listed)

    def _certificates(self) -> None:
        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

        (self.directory / "names").write_text(f"subjectAltName={_NAMES}")
        new = ("-newkey", "rsa:2048", "-nodes")
        openssl("req", "-x509", *new, "-days", "9", "-subj", "/CN=meshmig-ca", "-keyout", "ca.key", "-out", "ca.crt")
        openssl("req", *new, "-subj", "/CN=kube-apiserver", "-keyout", "api.key", "-out", "api.csr")
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "9", "-extfile", "names")
        openssl("x509", "-req", "-in", "api.csr", *signed, "-out", "api.crt")
        openssl("genrsa", "-out", "accounts.key", "2048")
        (self.directory / "tokens.csv").write_text(f"{self._token},admin,admin,system:masters\n")

    def _write_kubeconfig(self) -> None:
        authority = base64.b64encode((self.directory / "ca.crt").read_bytes()).decode()
        cluster = {"server": self.server, "certificate-authority-data": authority}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self._token}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": "admin"}}],
            "current-context": CONTEXT,
        }
        self.kubeconfig.write_text(json.dumps(config))

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{self.ports[name]}" for name in ("etcd", "etcd_peer"))
        flags = {
            "data-dir": self.directory / "etcd",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
        }
        self._start("etcd", flags, "--unsafe-no-fsync")

    def start_api_server(self) -> None:
        """Start the API server, at its old address when it was stopped."""
        flags = {
            "etcd-servers": f"http://127.0.0.1:{self.ports['etcd']}",
            "bind-address": "127.0.0.1",
            "secure-port": self.ports["api"],
            "tls-cert-file": self.directory / "api.crt",
            "tls-private-key-file": self.directory / "api.key",
            "client-ca-file": self.directory / "ca.crt",
            "token-auth-file": self.directory / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-cluster-ip-range": "10.0.0.0/16",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": self.directory / "accounts.key",
            "service-account-signing-key-file": self.directory / "accounts.key",
        }
        self._start("kube-apiserver", flags, "--allow-privileged")
        self.processes.wait_until("kube-apiserver", self._is_ready)

    def _is_ready(self) -> bool:
        command = [str(folder() / "kubectl"), "--kubeconfig", str(self.kubeconfig), "get", "--raw", "/readyz"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _start_controllers(self) -> None:
        known = {"kubeconfig": self.kubeconfig, "leader-elect": "false", "bind-address": "127.0.0.1"}
        accounts = {
            "service-account-private-key-file": self.directory / "accounts.key",
            "root-ca-file": self.directory / "ca.crt",
            "secure-port": self.ports["controllers"],
            # Nobody renews a kwok node's lease: without it every pod turns unready after 50 seconds.
            "node-monitor-grace-period": "24h",
        }
        self._start("kube-controller-manager", known | accounts, "--use-service-account-credentials")
        self._start("kube-scheduler", known | {"secure-port": self.ports["scheduler"]})

    def start_kwok(self, *, appmesh_alive: bool) -> None:
        """Start what stands in for kubelets, in the world with or without App Mesh's control plane."""
        config = self.directory / "stages.yaml"
        config.write_text("\n---\n".join(json.dumps(stage) for stage in stages(appmesh_alive=appmesh_alive)))
        flags = {
            "kubeconfig": self.kubeconfig,
            "config": config,
            "server-address": f"127.0.0.1:{self.ports['kwok']}",
        }
        self._start("kwok", flags, "--manage-all-nodes")

    def _wait_for_accounts(self) -> None:
        until = time.monotonic() + 60
        while "default" not in self.kubectl("get", "serviceaccounts", "-n", "default", "-o", "name"):
            assert time.monotonic() < until, "no default ServiceAccount"
            time.sleep(0.2)

    def _start(self, program: str, flags: Mapping[str, object], *switches: str) -> None:
        words = [f"--{name}={value}" for name, value in flags.items()]
        self.processes.start(program, [str(folder() / program), *words, *switches])


def _nodes() -> list[dict[str, Any]]:
    room = {"cpu": "64", "memory": "256Gi", "pods": "5000"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"node-{number}", "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "status": {"allocatable": room, "capacity": room},
        }
        for number in range(1, _NODES + 1)
    ]
