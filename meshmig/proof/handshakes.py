"""Whether a caller's proxy and a callee's speak the same TLS: the matrix of both meshes standing side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from meshmig.model.objects import Json, Manifest
from meshmig.proof.generations import Generation, Proxy

ROOT_NAMESPACE = "istio-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """What App Mesh's node says of a listener; `asks_client` wants the client's certificate."""

    mode: str = "DISABLED"
    asks_client: bool = False

    @property
    def on(self) -> bool:
        """Whether App Mesh's callers start TLS towards it."""
        return self.mode in ("STRICT", "PERMISSIVE")


def refusal(caller: Proxy, callee: Proxy, node: ServerTls, mode: str, client: str) -> str:
    """Return why a handshake fails, or nothing.

    `mode` is what PeerAuthentication asks of the callee's pods, `client` the DestinationRule's tls mode (empty: none).
    """
    match caller:
        case Proxy.APPMESH:
            return _from_appmesh(callee, node, mode)
        case Proxy.ISTIO:
            return _from_istio(callee, node, mode, client)
        case Proxy.NONE:
            return _from_nobody(callee, node, mode)


def _from_appmesh(callee: Proxy, node: ServerTls, mode: str) -> str:
    if callee is Proxy.APPMESH:
        return ""
    if node.on:
        who = "Istio's sidecar takes no TLS but its own" if callee is Proxy.ISTIO else "a pod without proxy ends none"
        return f"App Mesh's proxies start TLS towards it, and {who}"
    if callee is Proxy.ISTIO and mode == "STRICT":
        return "its PeerAuthentication is STRICT, and App Mesh's proxies speak plain text"
    return ""


def _from_istio(callee: Proxy, node: ServerTls, mode: str, client: str) -> str:
    match callee, client:
        case Proxy.ISTIO, "SIMPLE" | "MUTUAL":
            return f"the DestinationRule says {client}, and Istio's sidecar takes no TLS but its own"
        case Proxy.ISTIO, "DISABLE" if mode == "STRICT":
            return "the DestinationRule says DISABLE, and the PeerAuthentication is STRICT"
        case Proxy.ISTIO, "ISTIO_MUTUAL" if mode == "DISABLE":
            return "the DestinationRule says ISTIO_MUTUAL, and the PeerAuthentication is DISABLE"
        case Proxy.ISTIO, _:
            return ""
        case _, "ISTIO_MUTUAL":
            return f"the DestinationRule says ISTIO_MUTUAL, and pods with {callee.value} know nothing of it"
        case Proxy.APPMESH, "" | "DISABLE" if node.mode == "STRICT":
            return "its App Mesh listener is STRICT, and no DestinationRule starts TLS"
        case Proxy.APPMESH, "SIMPLE" if node.on and node.asks_client:
            return "its App Mesh listener asks for a client certificate, and the DestinationRule says SIMPLE"
        case _, "SIMPLE" | "MUTUAL" if callee is Proxy.NONE or not node.on:
            return f"the DestinationRule says {client}, and nobody ends that TLS"
        case _:
            return ""


def _from_nobody(callee: Proxy, node: ServerTls, mode: str) -> str:
    if callee is Proxy.APPMESH and node.mode == "STRICT":
        return "its App Mesh listener is STRICT, and the caller has no proxy"
    if callee is Proxy.ISTIO and mode == "STRICT":
        return "its PeerAuthentication is STRICT, and the caller has no proxy"
    return ""


def server_tls(node: Manifest, port: int | None) -> ServerTls:
    """Read a VirtualNode's listener of a port; without a port, its first one."""
    listeners = node.spec.get("listeners") or ()
    mapped = (item for item in listeners if port in (None, (item.get("portMapping") or {}).get("port")))
    tls = (next(mapped, None) or {}).get("tls") or {}
    return ServerTls(mode=str(tls.get("mode") or "DISABLED"), asks_client=bool(tls.get("validation")))


def peer_mode(policies: Iterable[Manifest], pods: Generation, port: int) -> str:
    """Return what PeerAuthentications ask of pods at a container port: the pods' own, the namespace's, the mesh's."""
    listed = sorted(policies, key=lambda policy: policy.ref)
    own = [p for p in listed if p.ref.namespace == pods.ref.namespace]
    chosen = [p for p in own if (wanted := _labels(p)) and wanted.items() <= pods.labels.items()]
    wide = [p for p in own if not _labels(p)] + [
        p for p in listed if p.ref.namespace == ROOT_NAMESPACE and not _labels(p)
    ]
    for policy in (*chosen, *wide):
        at_port = (policy.spec.get("portLevelMtls") or {}).get(str(port)) or {}
        mode = at_port.get("mode") or (policy.spec.get("mtls") or {}).get("mode")
        if mode and mode != "UNSET":
            return str(mode)
    return "PERMISSIVE"


def _labels(policy: Manifest) -> Mapping[str, str]:
    return (policy.spec.get("selector") or {}).get("matchLabels") or {}


def client_mode(rule: Manifest | None, subset: str, port: int) -> str:
    """Return the tls mode that a DestinationRule sets for a subset and port; empty where it sets none."""
    if rule is None:
        return ""
    subsets: Sequence[Mapping[str, Json]] = rule.spec.get("subsets") or ()
    named = [item.get("trafficPolicy") or {} for item in subsets if subset and item.get("name") == subset]
    for policy in (*named, rule.spec.get("trafficPolicy") or {}):
        mode = _mode_of(policy, port)
        if mode:
            return mode
    return ""


def _mode_of(policy: Mapping[str, Json], port: int) -> str:
    levels: Sequence[Mapping[str, Json]] = policy.get("portLevelSettings") or ()
    own = [item.get("tls") or {} for item in levels if (item.get("port") or {}).get("number") == port]
    modes = (tls.get("mode") for tls in (*own, policy.get("tls") or {}))
    return str(next((mode for mode in modes if mode), ""))
