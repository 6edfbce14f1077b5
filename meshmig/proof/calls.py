"""The proof of calls: in every place that a plan passes through, every caller still reaches its callees."""

from collections.abc import Iterator
from dataclasses import dataclass

from meshmig.model.objects import Manifest, ObjectRef, Snapshot
from meshmig.model.plan import Plan, UnsafeCall
from meshmig.proof.appmesh_objects import Members
from meshmig.proof.callers import OUTSIDE, Scene
from meshmig.proof.course import Course, TooManyPlacesError, course_of
from meshmig.proof.walking import Call, Walk


@dataclass(frozen=True, kw_only=True)
class CallsProved:
    """How many places and pairs were looked at, what breaks, and which calls could not be walked."""

    states: int
    pairs: int
    unsafe: tuple[UnsafeCall, ...]
    unwalked: tuple[str, ...] = ()


def prove_calls(members: Members, source: Snapshot, plan: Plan) -> CallsProved:
    """Walk every call through every place of the plan."""
    return _proved(Scene(members, course_of(plan, source)))


def judge_calls(members: Members, target: Snapshot) -> CallsProved:
    """Look at every call in a cluster as it stands, every meshed pod taken for one with Istio's sidecar."""
    return _proved(Scene(members, Course(target, (), ()), joined=True))


def _proved(scene: Scene) -> CallsProved:
    states, pairs = 0, set[tuple[str, str]]()
    unsafe: list[UnsafeCall] = []
    unwalked: list[str] = []
    for call in _calls(scene):
        for walk in _walks(scene, call):
            pairs |= {(call.caller, callee) for callee in walk.callees}
            try:
                looked, broken = walk.all_places()
            except TooManyPlacesError:
                unwalked.append(f"{call.caller} to {', '.join(walk.callees)}")
                continue
            states += looked
            unsafe += broken
    return CallsProved(
        states=states, pairs=len(pairs), unsafe=tuple(dict.fromkeys(unsafe)), unwalked=tuple(dict.fromkeys(unwalked))
    )


def _walks(scene: Scene, call: Call) -> Iterator[Walk]:
    """Split a call by callees that share no Service: what becomes of one is independent of the others."""
    groups: list[tuple[set[ObjectRef], set[ObjectRef]]] = []
    for service in Walk(scene, call).services:
        served, together = set(scene.served(service)), {service}
        apart = []
        for workloads, services in groups:
            if workloads & served:
                served |= workloads
                together |= services
            else:
                apart.append((workloads, services))
        groups = [*apart, (served, together)]
    for workloads, services in groups:
        if workloads:
            yield Walk(scene, call, only=frozenset(services), among=frozenset(workloads))
    nodes = call.host.nodes if call.host is not None else ()
    loose = frozenset(ref for node in nodes if node.service is None for ref in node.workloads)
    reached = frozenset(ref for workloads, _ in groups for ref in workloads)
    for ref in sorted(loose - reached):
        yield Walk(scene, call, only=frozenset(), among=frozenset({ref}))


def _calls(scene: Scene) -> Iterator[Call]:
    members = scene.members
    for name, callers in sorted(members.callers.items()):
        for caller in callers:
            yield from _proxied(scene, members.nodes[caller], name, is_gateway=False)
    for gateway in members.gateways.values():
        for name in dict.fromkeys(_behind(members, gateway)):
            yield from _proxied(scene, gateway, name, is_gateway=True)
    exposed = frozenset(_named_by_ingresses(scene))
    for service in (ref for ref in scene.refs if ref.kind == "Service" and not ref.group):
        manifest = scene.course.source.get(service)
        if manifest is not None and any(ref in scene.first_proxy for ref in scene.served(service)):
            is_open = manifest.spec.get("type") in ("LoadBalancer", "NodePort") or service in exposed
            yield Call(OUTSIDE, service=service, exposed=is_open)


def _proxied(scene: Scene, owner: Manifest, host: str, *, is_gateway: bool) -> Iterator[Call]:
    called = scene.host(host)
    for pods in scene.members.pods(owner) if called is not None else ():
        refs = scene.workloads.get(pods.counts_as, (pods.ref,))
        yield Call(pods.counts_as, refs, called, is_gateway=is_gateway)


def _behind(members: Members, gateway: Manifest) -> Iterator[str]:
    for route in members.gateway_routes.values():
        home = route.ref.namespace
        written = route.spec.get("virtualGatewayRef") or {}
        if written and f"{written.get('namespace') or home}/{written.get('name')}" != gateway.ref.id:
            continue
        for kind in ("httpRoute", "http2Route", "grpcRoute"):
            target = ((route.spec.get(kind) or {}).get("action") or {}).get("target") or {}
            named = (target.get("virtualService") or {}).get("virtualServiceRef")
            if named:
                yield f"{named.get('namespace') or home}/{named.get('name')}"


def _named_by_ingresses(scene: Scene) -> Iterator[ObjectRef]:
    for ingress in scene.course.source.of_kind("networking.k8s.io", "Ingress"):
        for rule in ingress.spec.get("rules") or ():
            for path in (rule.get("http") or {}).get("paths") or ():
                name = ((path.get("backend") or {}).get("service") or {}).get("name")
                if name:
                    yield ObjectRef("v1", "Service", ingress.ref.namespace, name)
