"""One flow's way through the cluster as it is now: which pods it reaches, and what is lost on the way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from meshmig.model.objects import Json
from meshmig.sandbox.cluster import EmbeddedCluster
from meshmig.sandbox.traffic.appmesh import AppMesh
from meshmig.sandbox.traffic.istio import Istio
from meshmig.sandbox.traffic.pods import Pod, PodCache, Pods, Side, belongs
from meshmig.sandbox.traffic.requests import Flow, Request

_DOMAIN = ".svc.cluster.local"


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a share of a flow ends: a pod, or a cause of loss; `by` is the gateway pod that it came through."""

    pod: Pod | None
    lost: str = ""
    by: Pod | None = None


class Walk:
    """One state of the cluster, in which every flow is walked."""

    def __init__(self, cluster: EmbeddedCluster, appmesh: AppMesh, known: PodCache) -> None:
        self._appmesh = appmesh
        self._istio = Istio(cluster.of_kind)
        self._pods = Pods(pod for pod in map(known.read, cluster.of_kind("", "Pod")) if pod.ready)
        self._services: dict[tuple[str, str], Mapping[str, Json]] = {
            (b["metadata"]["namespace"], b["metadata"]["name"]): b.get("spec") or {}
            for b in cluster.of_kind("", "Service")
        }
        self._selected: dict[tuple[str, str], list[Pod]] = {}
        self._senders: dict[tuple[str, str], list[Pod]] = {}
        self._modes_of: dict[str, set[str]] = {}

    def of(self, flow: Flow) -> tuple[tuple[Hop, float], ...]:
        """Return the flow's ends with their shares, which sum to one."""
        if flow.caller is None:
            return tuple(self._from_outside(flow))
        callers = self._kinds(flow.caller)
        if not callers:
            return ((Hop(None, "caller_not_ready"), 1.0),)
        share = 1.0 / len(callers)
        return tuple(
            (self._checked(hop, flow.allowed), part * share)
            for caller in callers
            for hop, part in self._from_pod(caller, flow.caller, flow.request)
        )

    def _kinds(self, node: Mapping[str, Json]) -> list[Pod]:
        """One pod of each mesh that the caller has ready: both send the same way."""
        place = (node["metadata"]["namespace"], node["metadata"]["name"])
        senders = self._senders.get(place)
        if senders is None:
            found: dict[Side, Pod] = {}
            pods = self._pods.behind(node)
            for pod in [pod for pod in pods if pod.name in self._called] or pods:
                found.setdefault(pod.side, pod)
            senders = self._senders[place] = list(found.values())
        return senders

    @cached_property
    def _called(self) -> frozenset[str]:
        """The pods that a Service of the users leads to: one that nobody calls any more calls nobody either."""
        ours = (place for place in self._services if not place[1].endswith("-appmesh"))
        return frozenset(pod.name for place in ours for pod in self._ready(place))

    def _checked(self, hop: Hop, allowed: Sequence[Mapping[str, Json]]) -> Hop:
        if hop.pod is None or hop.lost or any(self._stands_for(hop.pod, node) for node in allowed):
            return hop
        return Hop(hop.pod, "wrong_destination", hop.by)

    def _stands_for(self, pod: Pod, node: Mapping[str, Json]) -> bool:
        if (node["spec"] or {}).get("podSelector") is not None:
            return belongs(pod, node)
        hostname = ((node["spec"].get("serviceDiscovery") or {}).get("dns") or {}).get("hostname", "")
        place = self._resolve(hostname, node["metadata"]["namespace"])
        return place is not None and pod in self._ready(place)

    def _from_pod(self, pod: Pod, node: Mapping[str, Json], request: Request) -> Iterator[tuple[Hop, float]]:
        match pod.side:
            case Side.APPMESH:
                service = self._appmesh.service_named(request.authority)
                yield from self._by_appmesh(service, request) if service else [(Hop(None, "no_route"), 1.0)]
            case Side.ISTIO:
                yield from self._by_istio(pod, request, node["metadata"]["namespace"])
            case Side.PLAIN:
                place = self._resolve(request.authority, pod.namespace)
                yield from self._plain(place) if place else [(Hop(None, "not_found_host"), 1.0)]

    def _by_appmesh(self, service: Mapping[str, Json], request: Request) -> Iterator[tuple[Hop, float]]:
        targets = self._appmesh.targets(service, request)
        if not targets:
            yield Hop(None, "no_route"), 1.0
        for node, share in targets:
            for hop, part in self._at_node(node):
                yield hop, part * share

    def _at_node(self, node: Mapping[str, Json]) -> Iterator[tuple[Hop, float]]:
        discovery = node["spec"].get("serviceDiscovery") or {}
        if discovery.get("awsCloudMap"):
            pods = [pod for pod in self._pods.behind(node) if pod.side is Side.APPMESH]
            yield from self._spread(pods, lambda pod: self._tls_from_appmesh(node, pod))
            return
        hostname = (discovery.get("dns") or {}).get("hostname", "")
        place = self._resolve(hostname, node["metadata"]["namespace"])
        if place is None:
            yield Hop(None), 1.0
            return
        yield from self._spread(self._ready(place), lambda pod: self._tls_from_appmesh(node, pod))

    def _tls_from_appmesh(self, node: Mapping[str, Json], pod: Pod) -> str:
        modes = {(ls.get("tls") or {}).get("mode", "DISABLED") for ls in node["spec"].get("listeners") or ()}
        if modes - {"DISABLED"}:
            return "" if pod.side is Side.APPMESH else "tls_mismatch"
        return "tls_plaintext_refused" if pod.side is Side.ISTIO and self._istio.is_strict(pod) else ""

    def _by_istio(self, pod: Pod, request: Request, namespace: str) -> Iterator[tuple[Hop, float]]:
        place = self._resolve(request.authority, namespace)
        if place is None and not self._istio.knows(request.authority):
            yield Hop(None, "not_found_host"), 1.0
            return
        host = f"{place[1]}.{place[0]}{_DOMAIN}" if place else request.authority
        for destination in self._istio.from_sidecar(pod, host, request):
            if destination.refused:
                yield Hop(None, destination.refused), destination.share
                continue
            for hop, part in self._at_host(destination.host, namespace):
                yield hop, part * destination.share

    def _at_host(self, host: str, namespace: str) -> Iterator[tuple[Hop, float]]:
        place = self._resolve(host, namespace)
        if place is None:
            yield (Hop(None), 1.0) if self._istio.knows(host) else (Hop(None, "not_found_host"), 1.0)
            return
        mode = self._istio.tls_to(host)
        yield from self._spread(self._ready(place), lambda pod: self._tls_from_istio(mode, pod))

    def _tls_from_istio(self, mode: str, pod: Pod) -> str:
        if mode in {"SIMPLE", "MUTUAL"}:
            return "" if pod.side is Side.APPMESH and self._accepts_tls(pod) else "tls_mismatch"
        if pod.side is Side.ISTIO:
            return ""
        if mode == "ISTIO_MUTUAL":
            return "tls_mismatch"
        return "tls_plaintext_refused" if "STRICT" in self._modes(pod) else ""

    def _modes(self, pod: Pod) -> set[str]:
        if pod.side is not Side.APPMESH:
            return set()
        modes = self._modes_of.get(pod.name)
        if modes is None:
            nodes = [node for node in self._appmesh.of_kind("VirtualNode") if belongs(pod, node)]
            listeners = [listener for node in nodes for listener in node["spec"].get("listeners") or ()]
            modes = {(listener.get("tls") or {}).get("mode", "DISABLED") for listener in listeners}
            self._modes_of[pod.name] = modes
        return modes

    def _accepts_tls(self, pod: Pod) -> bool:
        return bool(self._modes(pod) - {"DISABLED"})

    def _from_outside(self, flow: Flow) -> Iterator[tuple[Hop, float]]:
        if flow.service is None:
            return
        pods = self._ready(flow.service)
        if not pods:
            yield Hop(None, "no_endpoints"), 1.0
            return
        share = 1.0 / len(pods)
        for pod in pods:
            if pod.gateway:
                for hop, part in self._at_gateway(pod, flow.request):
                    yield Hop(hop.pod, hop.lost, pod), part * share
            else:
                yield Hop(pod, self._tls_from_plain(pod)), share

    def _tls_from_plain(self, pod: Pod) -> str:
        if pod.side is Side.ISTIO:
            return "tls_plaintext_refused" if self._istio.is_strict(pod) else ""
        return "tls_plaintext_refused" if "STRICT" in self._modes(pod) else ""

    def _at_gateway(self, pod: Pod, request: Request) -> Iterator[tuple[Hop, float]]:
        gateway = next((g for g in self._appmesh.of_kind("VirtualGateway") if belongs(pod, g)), None)
        taken = self._appmesh.behind_gateway(gateway, request) if gateway is not None else None
        if taken is None:
            yield Hop(None, "no_route"), 1.0
            return
        if pod.side is Side.APPMESH:
            yield from self._by_appmesh(*taken)
            return
        allowed = [node for node, _ in self._appmesh.targets(*taken)]
        for destination in self._istio.from_gateway(pod, request):
            if destination.refused:
                yield Hop(None, destination.refused), destination.share
                continue
            for hop, part in self._at_host(destination.host, pod.namespace):
                yield self._checked(hop, allowed), part * destination.share

    def _plain(self, place: tuple[str, str]) -> Iterator[tuple[Hop, float]]:
        yield from self._spread(self._ready(place), self._tls_from_plain)

    def _spread(self, pods: list[Pod], tls: "Refusal") -> Iterator[tuple[Hop, float]]:
        if not pods:
            yield Hop(None, "no_endpoints"), 1.0
            return
        share = 1.0 / len(pods)
        for pod in pods:
            yield Hop(pod, tls(pod)), share

    def _ready(self, place: tuple[str, str]) -> list[Pod]:
        found = self._selected.get(place)
        if found is None:
            selector = self._services.get(place, {}).get("selector") or {}
            found = self._selected[place] = self._pods.selected(place[0], selector)
        return found

    def _resolve(self, name: str, namespace: str) -> tuple[str, str] | None:
        """Return the Service that a name means for a caller of that namespace."""
        short = name.removesuffix(_DOMAIN).removesuffix(".svc")
        first, _, rest = short.partition(".")
        place = (rest or namespace, first)
        return place if place in self._services else None


from collections.abc import Callable  # noqa: E402

Refusal = Callable[[Pod], str]
