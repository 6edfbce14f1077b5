"""Workloads whose pods are in the mesh: who is injected, as which VirtualNode or VirtualGateway."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from meshmig.model.mesh import HealthCheck, Origin, Workload
from meshmig.model.objects import Manifest
from meshmig.sources.appmesh.annotations import INJECTION, place_of, proxy_settings
from meshmig.sources.appmesh.cluster import Cluster, Template, template_of
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.inventory import Inventory, Source
from meshmig.sources.appmesh.schema import LabelSelector, VirtualGatewaySpec, VirtualNodeSpec
from meshmig.sources.appmesh.selectors import selects
from meshmig.sources.appmesh.shape import at, items, mapping, number, text, texts

PROXY_CONTAINER = "envoy"
_PROXY_VARIABLES = {"APPMESH_RESOURCE_ARN", "APPMESH_VIRTUAL_NODE_NAME"}
_MODES = {"enabled", "disabled"}
_JOBS = (("Job", ("spec", "template")), ("CronJob", ("spec", "jobTemplate", "spec", "template")))

_LABEL_OWNERS = {
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}
_ANNOTATION_OWNERS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "meta.helm.sh/release-name": "Helm",
}
_MANAGED_BY = {"Helm": "Helm", "flagger": "Flagger", "argocd": "Argo CD", "flux": "Flux"}
_MANAGERS = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "flagger": "Flagger",
    "helm": "Helm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The injected templates of every VirtualNode and VirtualGateway, by its id."""

    nodes: Mapping[str, tuple[Template, ...]]
    gateways: Mapping[str, tuple[Template, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What listeners ask of their pods: the ports that the sidecar takes over (None: all), a readiness probe."""

    ports: tuple[int, ...] | None = None
    probe: HealthCheck | None = None


def is_meshed_pod(manifest: Manifest) -> bool:
    """Say whether a live pod carries App Mesh's proxy (a sidecar's or a gateway's), by its container's environment."""
    return any(
        container.get("name") == PROXY_CONTAINER
        and any(mapping(entry).get("name") in _PROXY_VARIABLES for entry in items(container.get("env")))
        for container in map(mapping, items(at(manifest.body, "spec", "containers")))
    )


def is_injected(namespace_labels: Mapping[str, str], annotations: Mapping[str, str]) -> bool:
    """Say whether the injector takes a new pod: the namespace must be labelled at all, the pod's word wins."""
    mode = namespace_labels.get(INJECTION)
    return mode in _MODES and annotations.get(INJECTION, mode).lower() != "disabled"


def assign(inventory: Inventory, report: Report) -> Crew:
    """Find the injected templates of every VirtualNode and VirtualGateway, as the injector does."""
    return _Assignment(inventory, report).crew()


def lift_workloads(
    inventory: Inventory, crew: Crew, served: Mapping[str, Served], report: Report
) -> tuple[Workload, ...]:
    """Build the workloads, by id; `served` says what the listeners of each VirtualNode ask of its pods."""
    members = [(template, name, None) for name, templates in crew.nodes.items() for template in templates]
    fronts = [(template, None, name) for name, templates in crew.gateways.items() for template in templates]
    found: dict[str, Workload] = {}
    for template, node, gateway in sorted([*members, *fronts], key=lambda entry: entry[0].ref):
        if template.ref.id in found:
            report.error(
                "MIG324",
                Origin(template.ref),
                f"{template.ref} and {found[template.ref.id].ref} have one name: their copies cannot be told apart",
                "rename one of them first",
            )
            continue
        made = _workload(inventory.cluster, template, served.get(node or "", Served()), report)
        found[template.ref.id] = replace(made, upstream=node, edge=gateway)
    return tuple(found[name] for name in sorted(found))


class _Assignment:
    def __init__(self, inventory: Inventory, report: Report) -> None:
        self._inventory, self._cluster, self._report = inventory, inventory.cluster, report
        self._live = _live_proxies(self._cluster)
        self._claims: dict[str, list[str]] = defaultdict(list)
        self._taken: dict[str, Template] = {}

    def crew(self) -> Crew:
        nodes = {source.id: self._claim(source, "VirtualNode") for source in self._inventory.nodes.values()}
        gateways = {source.id: self._claim(source, "VirtualGateway") for source in self._inventory.gateways.values()}
        self._refuse_double_claims()
        self._name_the_unmatched()
        self._note_jobs()
        self._note_bare_pods()
        return Crew(nodes=nodes, gateways=gateways)

    def _claim(self, source: Source[VirtualNodeSpec] | Source[VirtualGatewaySpec], kind: str) -> tuple[Template, ...]:
        selected = self._cluster.selected(source.ref.namespace, source.spec.pod_selector)
        mine = []
        for template in selected:
            if self._is_meshed(template):
                key = str(template.ref)
                if key not in self._taken:
                    mine.append(template)
                self._claims[key].append(f"{kind} {source.id}")
                self._taken[key] = template
        return tuple(mine)

    def _is_meshed(self, template: Template) -> bool:
        labels = self._cluster.namespaces.get(template.ref.namespace, {})
        expected, live = is_injected(labels, template.annotations), self._live.get(str(template.ref))
        if live is not None and live != expected:
            self._report.warning(
                "MIG325",
                place_of(template, INJECTION),
                f"{template.ref} says that its pods {'are' if expected else 'are not'} injected, "
                f"but its live pods {'carry' if live else 'do not carry'} App Mesh's proxy: it is taken as meshed",
                "compare the namespace's label and the pod template with the pods that run",
            )
        return expected or bool(live)

    def _refuse_double_claims(self) -> None:
        for key, claimants in self._claims.items():
            if len(claimants) > 1:
                self._report.error(
                    "MIG320",
                    Origin(self._taken[key].ref, "spec.template.metadata.labels"),
                    f"{key} is taken by {' and '.join(sorted(claimants))}: App Mesh refuses pods that two of them take",
                    "narrow the podSelectors, so that one of them takes it",
                )

    def _name_the_unmatched(self) -> None:
        homes = frozenset(namespaces_of(self._inventory))
        for template in self._cluster.templates:
            namespace = template.ref.namespace
            labels = self._cluster.namespaces.get(namespace, {})
            mode = template.annotations.get(INJECTION, labels.get(INJECTION, "")).lower()
            if (
                namespace in homes
                and is_injected(labels, template.annotations)
                and str(template.ref) not in self._claims
            ):
                self._report.warning(
                    "MIG321",
                    Origin(template.ref, "spec.template.metadata.labels"),
                    f"no VirtualNode or VirtualGateway takes {template.ref}"
                    + (": App Mesh refuses to create its pods" if mode == "enabled" else ""),
                    f"set annotation {INJECTION} to `disabled` on its pod template, or give it a VirtualNode",
                )

    def _note_jobs(self) -> None:
        selectors = _selectors_by_namespace(self._inventory)
        for kind, path in _JOBS:
            for manifest in self._cluster.snapshot.of_kind("batch", kind):
                template = template_of(manifest, *path)
                labels = self._cluster.namespaces.get(manifest.ref.namespace, {})
                wanted = selectors.get(manifest.ref.namespace, ())
                if is_injected(labels, template.annotations) and any(selects(s, template.labels) for s in wanted):
                    self._report.warning(
                        "MIG323",
                        Origin(manifest.ref),
                        f"{manifest.ref} runs in the mesh; meshmig moves no Jobs, and its new pods need App Mesh",
                        f"let it end, or set annotation {INJECTION} to `disabled` on its pod template",
                    )

    def _note_bare_pods(self) -> None:
        homes = frozenset(namespaces_of(self._inventory))
        for pod in self._cluster.snapshot.of_kind("", "Pod"):
            if pod.ref.namespace in homes and not _owner(pod)[1] and is_meshed_pod(pod):
                self._report.warning(
                    "MIG323",
                    Origin(pod.ref),
                    f"{pod.ref} is in the mesh and no workload owns it: meshmig cannot copy it",
                    "put it under a Deployment, or make it anew without App Mesh",
                )


def namespaces_of(inventory: Inventory) -> tuple[str, ...]:
    """Return the namespaces of the mesh: those with members, and those that it selects for injection."""
    homes = {member.ref.namespace for member in inventory.members()}
    selector = inventory.mesh.spec.namespace_selector
    labelled = inventory.cluster.namespaces.items()
    return tuple(
        sorted(homes | {name for name, labels in labelled if INJECTION in labels and selects(selector, labels)})
    )


def _selectors_by_namespace(inventory: Inventory) -> Mapping[str, tuple[LabelSelector | None, ...]]:
    found: dict[str, tuple[LabelSelector | None, ...]] = defaultdict(tuple)
    for node in inventory.nodes.values():
        found[node.ref.namespace] += (node.spec.pod_selector,)
    for gateway in inventory.gateways.values():
        found[gateway.ref.namespace] += (gateway.spec.pod_selector,)
    return found


def _workload(cluster: Cluster, template: Template, served: Served, report: Report) -> Workload:
    body = template.manifest.body
    return Workload(
        id=template.ref.id,
        ref=template.ref,
        replicas=_replicas(template.manifest),
        labels=template.labels,
        services=cluster.services_of(template.ref.namespace, template.labels),
        proxy=proxy_settings(template, served.ports, report),
        probe=served.probe,
        stops_gracefully=bool(template.containers)
        and all(at(container, "lifecycle", "preStop") for container in template.containers),
        owns_storage=bool(items(at(body, "spec", "volumeClaimTemplates")))
        or any("persistentVolumeClaim" in mapping(volume) for volume in items(template.pod.get("volumes"))),
        controlled_by=controller_of(template.manifest),
    )


def _replicas(manifest: Manifest) -> int:
    written = number(at(manifest.body, "spec", "replicas"))
    counted = number(at(manifest.body, "status", "desiredNumberScheduled"))
    return next((count for count in (written, counted) if count is not None), 1)


def controller_of(manifest: Manifest) -> str:
    """Say which tool owns an object: Helm, Argo CD, Flux or Flagger; empty where none shows."""
    return next(_signs_of_a_controller(manifest), "")


def _signs_of_a_controller(manifest: Manifest) -> Iterator[str]:
    labels = texts(manifest.metadata.get("labels"))
    annotations = texts(manifest.metadata.get("annotations"))
    for owner in map(mapping, items(manifest.metadata.get("ownerReferences"))):
        if text(owner.get("apiVersion")).startswith("flagger.app/"):
            yield "Flagger"
    yield from (name for key, name in _LABEL_OWNERS.items() if key in labels)
    yield from (name for key, name in _ANNOTATION_OWNERS.items() if key in annotations)
    managed_by = labels.get("app.kubernetes.io/managed-by", "")
    yield from (name for key, name in _MANAGED_BY.items() if key == managed_by)
    managers = {text(mapping(entry).get("manager")) for entry in items(manifest.metadata.get("managedFields"))}
    yield from (name for key, name in _MANAGERS.items() if key in managers)


def _live_proxies(cluster: Cluster) -> Mapping[str, bool]:
    """Whether any live pod of a workload carries the proxy, by the workload, found through its ReplicaSets."""
    parents = {
        (manifest.ref.namespace, manifest.ref.name): _owner(manifest)
        for manifest in cluster.snapshot.of_kind("apps", "ReplicaSet")
    }
    found: dict[str, bool] = {}
    for pod in cluster.snapshot.of_kind("", "Pod"):
        kind, name = _owner(pod)
        if kind == "ReplicaSet":
            kind, name = parents.get((pod.ref.namespace, name), ("", ""))
        if name:
            key = f"{kind} {pod.ref.namespace}/{name}"
            found[key] = found.get(key, False) or is_meshed_pod(pod)
    return found


def _owner(manifest: Manifest) -> tuple[str, str]:
    owners = (mapping(owner) for owner in items(manifest.metadata.get("ownerReferences")))
    controller = next((owner for owner in owners if owner.get("controller") is True), {})
    return text(controller.get("kind")), text(controller.get("name"))
