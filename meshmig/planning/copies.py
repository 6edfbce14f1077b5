"""The copy beside the old pods: which labels change, and the Deployment and Services that result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshmig.diffs import normalise
from meshmig.model.mesh import ClusterService, Mesh, Placement, Upstream, Workload
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.targets.istio import Settings, enrol, enrol_gateway, listener_ports, suffixed

OLD_SUFFIX = "-appmesh"
SERVES = "meshmig.io/serves"
"""The label that lets one Service select old pods and their copy for a while."""

_MANAGED = {"app.kubernetes.io/managed-by": "meshmig"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelling:
    """Which label keys get another value on the copy, so that no Service of the old pods selects it."""

    keys: tuple[str, ...]

    def of(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return labels or a selector as the copy has them."""
        return {key: _renamed(value) if key in self.keys else value for key, value in labels.items()}


def _renamed(value: str) -> str:
    return suffixed(value)


def exclusive_services(mesh: Mesh, workloads: Sequence[Workload]) -> tuple[ClusterService, ...]:
    """Return the Services that select pods of these workloads and of no other workload of the mesh."""
    inside = {workload.id for workload in workloads}
    found = {s.id: s for w in workloads for s in w.services if mesh.selected_by[s.id] <= inside}
    return tuple(found[name] for name in sorted(found))


def relabelling(mesh: Mesh, workloads: Sequence[Workload]) -> Relabelling:
    """Choose the keys to change: one of every selector that must not take the copy, none of shared ones if possible."""
    exclusive = exclusive_services(mesh, workloads)
    selectors = [dict(service.selector or {}) for service in exclusive]
    selectors += [dict(upstream.pod_labels or {}) for upstream in upstreams_of(mesh, workloads)]
    ours = {service.id for service in exclusive}
    shared = {key for w in workloads for s in w.services if s.id not in ours for key in (s.selector or {})}
    keys: list[str] = []
    for selector in selectors:
        if selector and not set(keys) & selector.keys():
            keys.append(min(selector, key=lambda key: (key in shared, key)))
    return Relabelling(keys=tuple(keys))


def same_pods(mesh: Mesh, workload: Workload) -> tuple[Workload, ...]:
    """Return the workloads that one Upstream's address leads to, this one among them."""
    upstream = mesh.upstream.get(workload.upstream or "")
    return tuple(mesh.workload[name] for name in upstream.workloads) if upstream else (workload,)


def upstreams_of(mesh: Mesh, workloads: Sequence[Workload]) -> tuple[Upstream, ...]:
    """Return the Upstreams whose pods these workloads make."""
    names = dict.fromkeys(workload.upstream for workload in workloads if workload.upstream)
    return tuple(mesh.upstream[name] for name in names if name in mesh.upstream)


def copy_ref(workload: Workload) -> ObjectRef:
    """Return what the copy is called."""
    ref = workload.ref
    return ObjectRef(ref.api_version, ref.kind, ref.namespace, suffixed(ref.name))


def copy_workload(mesh: Mesh, live: Manifest, workload: Workload, labels: Relabelling, settings: Settings) -> Manifest:
    """Return the copy of a workload: the same but for labels, the sidecar, and the name."""
    plain = normalise(live)
    template = plain.spec.get("template") or {}
    edge = mesh.edge.get(workload.edge or "")
    if edge is not None:
        template = enrol_gateway(template, workload, edge, settings)
    else:
        template = enrol(template, workload, settings)
    pod_labels = labels.of(template["metadata"]["labels"]) | {SERVES: workload.ref.name}
    template["metadata"]["labels"] = dict(sorted(pod_labels.items()))
    template["spec"] = _placed(template["spec"], labels)
    matched = labels.of((plain.spec.get("selector") or {}).get("matchLabels") or {})
    spec = dict(plain.spec) | {"replicas": workload.replicas, "template": template}
    spec["selector"] = {"matchLabels": matched | {"meshmig.io/workload": workload.ref.name}}
    if workload.ref.kind == "DaemonSet":
        del spec["replicas"]
    ref = copy_ref(workload)
    return _made(ref, workload.ref, labels.of(live.labels), spec)


def _placed(pod: Mapping[str, Json], labels: Relabelling) -> dict[str, Json]:
    """Let the rules that keep a workload's pods apart or together name the copy's pods by the copy's labels."""
    made = dict(pod)
    for field in ("affinity", "topologySpreadConstraints"):
        if field in made:
            made[field] = _renamed_selectors(made[field], labels)
    return made


def _renamed_selectors(value: Json, labels: Relabelling) -> Json:
    match value:
        case {"labelSelector": {"matchLabels": matched, **rest}, **others}:
            return others | {"labelSelector": rest | {"matchLabels": labels.of(matched)}}
        case dict():
            return {key: _renamed_selectors(inner, labels) for key, inner in value.items()}
        case list() | tuple():
            return [_renamed_selectors(inner, labels) for inner in value]
        case _:
            return value


def twin_of(ref: ObjectRef, spec: Mapping[str, Json], origin: ObjectRef | None = None) -> Manifest:
    """Return an object beside another one, by the copy's name."""
    named = ObjectRef(ref.api_version, ref.kind, ref.namespace, suffixed(ref.name))
    return _made(named, origin or ref, {}, spec)


def _made(ref: ObjectRef, origin: ObjectRef, labels: Mapping[str, str], spec: Mapping[str, Json]) -> Manifest:
    metadata = {
        "name": ref.name,
        "namespace": ref.namespace,
        "labels": dict(labels) | _MANAGED,
        "annotations": {"meshmig.io/origin": str(origin)},
    }
    return Manifest({"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "spec": dict(spec)})


def placement_of(mesh: Mesh, upstream: Upstream, workloads: Sequence[Workload], labels: Relabelling) -> Placement:
    """Return where an Upstream's requests go before the move, and the copy's Service for after it."""
    exclusive = {service.id for service in exclusive_services(mesh, workloads)}
    service = upstream.service
    ports = service.ports if service is not None else listener_ports(upstream)
    selector = dict(upstream.pod_labels or {})
    name = workloads[0].ref.name
    old = ClusterService(namespace=upstream.namespace, name=f"{name}{OLD_SUFFIX}", ports=ports, selector=selector)
    if service is not None and service.id in exclusive:
        old, selector, name = service, dict(service.selector or {}), service.name
    new = ClusterService(
        namespace=upstream.namespace,
        name=suffixed(name),
        ports=ports,
        selector=labels.of(selector) | {"meshmig.io/dataplane": "istio"},
    )
    return Placement(upstream=upstream.id, old=old, new=new)


def service_ref(service: ClusterService) -> ObjectRef:
    """Return the reference of a Service."""
    return ObjectRef("v1", "Service", service.namespace, service.name)
