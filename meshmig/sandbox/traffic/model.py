"""The traffic: every flow sends in every state of the cluster, and while time passes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.units import Instant
from meshmig.ports import Matcher, Series
from meshmig.sandbox.cluster import EmbeddedCluster
from meshmig.sandbox.faults import FaultName, Faults
from meshmig.sandbox.traffic.appmesh import AppMesh, rule_of
from meshmig.sandbox.traffic.counters import Counters
from meshmig.sandbox.traffic.pods import Pod, PodCache, Side, belongs, pod_of
from meshmig.sandbox.traffic.promql import answer
from meshmig.sandbox.traffic.requests import Flow, Request, joined, synthesised
from meshmig.sandbox.traffic.walking import Hop, Walk

PER_STATE = 100
"""Requests that each flow sends in every state."""
RATE = 1_000.0
"""Requests a second that each flow sends while time passes."""
_HEALTHY, _SICK = 0.0005, 0.05
"""The share of requests that fail."""
_PROMPT, _LATE = 0.002, 0.2
"""The share of requests that are slow."""
_RELEVANT = {"", "networking.istio.io", "security.istio.io", "discovery.k8s.io"}
_IRRELEVANT = {"ConfigMap", "Namespace", "ServiceAccount"}


@dataclass(kw_only=True)
class Requests:
    """What was counted: sent, lost, the lost ones by cause; `states` are the cluster's states that were sent in."""

    sent: int = 0
    lost: int = 0
    by_cause: dict[str, int] = field(default_factory=dict)
    states: int = 0
    least_per_flow: int = 0


class Traffic:
    """The `MetricsSource` port of an embedded cluster, and its count of requests."""

    def __init__(self, cluster: EmbeddedCluster, faults: Faults) -> None:
        self._cluster = cluster
        self._faults = faults
        self._appmesh = AppMesh(cluster.frozen)
        self._counters = Counters()
        self._pods = PodCache()
        self._fronts = tuple(self._outside())
        known = (*self._appmesh.flows(), *self._fronts)
        first = Walk(cluster, self._appmesh, self._pods)
        # What never worked is no flow: nothing that is done afterwards can lose it. A later process must not look
        # anew: what is lost at its beginning, as after a kill, would be lost unseen.
        lost = [flow.name for flow in known if any(hop.lost for hop, _ in first.of(flow))]
        broken = set(cluster.first_known("broken_flows", lost))
        self.flows = tuple(flow for flow in known if flow.name not in broken)
        self.broken_before = len(known) - len(self.flows)
        self.requests = Requests(least_per_flow=PER_STATE if self.flows else 0)
        self._shares: tuple[tuple[Flow, tuple[tuple[Hop, float], ...]], ...] = ()
        self._dirty = True
        cluster.on_change(self._changed)
        cluster.clock.subscribe(self._passed)
        self._send()

    def _outside(self) -> Iterator[Flow]:
        """Yield the flows of clients without a proxy: through gateways, and to Services that lead out."""
        pods = [pod_of(body) for body in self._cluster.of_kind("", "Pod")]
        gateways = self._appmesh.of_kind("VirtualGateway")
        for service in self._cluster.of_kind("", "Service"):
            selector = (service.get("spec") or {}).get("selector")
            if not selector:
                continue
            chosen = [p for p in pods if p.namespace == service["metadata"]["namespace"] and _takes(selector, p)]
            place = (service["metadata"]["namespace"], service["metadata"]["name"])
            gateway = next((g for g in gateways if any(belongs(p, g) for p in chosen)), None)
            if gateway is not None:
                yield from self._through(gateway, place)
            elif service["spec"].get("type") in {"LoadBalancer", "NodePort"} and any(
                p.side is not Side.PLAIN for p in chosen
            ):
                yield Flow(f"outside -> {place[1]}", Request(place[1]), None, place)

    def _through(self, gateway: Mapping[str, Json], place: tuple[str, str]) -> Iterator[Flow]:
        for route in self._appmesh.routes_of(gateway):
            _, rule = rule_of(route)
            match = rule.get("match") or {}
            authority = (match.get("hostname") or {}).get("exact") or "outside.example"
            outer = synthesised(authority, match, http=True, port=None)
            target = self._appmesh.behind_gateway(gateway, outer)
            for word, inner in self._appmesh.requests_to(target[0]) if target else ():
                request = joined(outer, inner, str(match.get("prefix") or ""))
                taken = self._appmesh.behind_gateway(gateway, request)
                if taken is not None and self._appmesh.targets(*taken):
                    yield Flow(f"outside -> {place[1]} {route['metadata']['name']} {word}", request, None, place)

    def _changed(self, ref: ObjectRef) -> None:
        if ref.group in _RELEVANT and ref.kind not in _IRRELEVANT:
            self._dirty = True
            self._send()

    def _send(self) -> None:
        """Send every flow's requests in the present state."""
        walk = Walk(self._cluster, self._appmesh, self._pods)
        self._shares = tuple((flow, walk.of(flow)) for flow in self.flows)
        self._dirty = False
        counted = self.requests
        counted.states += 1
        for _, hops in self._shares:
            counted.sent += PER_STATE
            for hop, share in hops:
                if hop.lost and share:
                    lost = max(1, round(PER_STATE * share))
                    counted.lost += lost
                    counted.by_cause[hop.lost] = counted.by_cause.get(hop.lost, 0) + lost

    def _passed(self, before: Instant, now: Instant) -> None:
        if self._faults.in_force(FaultName.IDLE):
            return
        seconds = now.since(before).seconds
        for _, hops in self._shares:
            for hop, share in hops:
                if hop.pod is not None and not hop.lost:
                    self._counters.add(hop, RATE * seconds * share, self._errors(hop.pod), self._slow(hop.pod))
                    self._counters.pass_gateway(hop, RATE * seconds * share)

    def _errors(self, pod: Pod) -> float:
        both, new = (self._faults.in_force(name) for name in (FaultName.ERRORS_BOTH, FaultName.ERRORS_NEW))
        return _SICK if both or (new and pod.side is Side.ISTIO) else _HEALTHY

    def _slow(self, pod: Pod) -> float:
        late = self._faults.in_force(FaultName.LATENCY_NEW) and pod.side is Side.ISTIO
        return _LATE if late else _PROMPT

    def select(self, metric: str, matchers: Sequence[Matcher], at: Instant) -> tuple[Series, ...]:
        """Return the newest sample of every matching series; a blind fault hides the new pods."""
        pods = {body["metadata"]["name"]: self._pods.read(body) for body in self._cluster.of_kind("", "Pod")}
        blind = self._faults.in_force(FaultName.BLIND)
        visible = {n: p for n, p in pods.items() if p.ready and not (blind and p.side is Side.ISTIO)}
        return tuple(self._counters.select(metric, matchers, visible, at))

    def query(self, promql: str, at: Instant) -> tuple[Series, ...]:
        """Answer simple expressions over the same series; others say nothing."""
        return answer(promql, lambda metric, matchers: self.select(metric, matchers, at), at)


def _takes(selector: Mapping[str, str], pod: Pod) -> bool:
    return all(pod.labels.get(key) == value for key, value in selector.items())
