"""The Kubernetes side: namespaces, Services as addresses, and the pod templates that they select."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from meshmig.model.mesh import ClusterService, ServicePort
from meshmig.model.objects import Json, Manifest, ObjectRef, Snapshot
from meshmig.sources.appmesh.schema import LabelSelector
from meshmig.sources.appmesh.selectors import selects
from meshmig.sources.appmesh.shape import at, items, mapping, number, text, texts

WORKLOAD_KINDS = ("DaemonSet", "Deployment", "StatefulSet")
NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A pod template and the object that owns it; `pod` is the pod's spec."""

    ref: ObjectRef
    manifest: Manifest
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pod: Mapping[str, Json]

    @property
    def containers(self) -> tuple[Mapping[str, Json], ...]:
        """The application's containers."""
        return tuple(mapping(container) for container in items(self.pod.get("containers")))


class Cluster:
    """Indexes over a snapshot, so that no join scans it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.namespaces = {
            manifest.ref.name: _namespace_labels(manifest) for manifest in snapshot.of_kind("", "Namespace")
        }
        self.templates = tuple(_templates(snapshot))
        self._by_label = _LabelIndex(self.templates)

    @cached_property
    def services(self) -> Mapping[str, ClusterService]:
        """Every Service by `namespace/name`."""
        return {
            service.id: service
            for service in (self._service(manifest) for manifest in self.snapshot.of_kind("", "Service"))
        }

    def selected(self, namespace: str, selector: LabelSelector | None) -> tuple[Template, ...]:
        """Return the templates of a namespace that a label selector takes."""
        if selector is None:
            return ()
        candidates = self._by_label.candidates(namespace, selector.match_labels)
        return tuple(template for template in candidates if selects(selector, template.labels))

    def behind(self, service: ClusterService) -> tuple[Template, ...]:
        """Return the templates that a Service selects."""
        return self._behind(service.namespace, service.selector or {})

    def services_of(self, namespace: str, labels: Mapping[str, str]) -> tuple[ClusterService, ...]:
        """Return the Services of a namespace whose selector takes these labels, by name."""
        found = {
            service.id: service
            for pair in labels.items()
            for service in self._services_by_label.get((namespace, *pair), ())
            if (service.selector or {}).items() <= labels.items()
        }
        return tuple(found[name] for name in sorted(found))

    @cached_property
    def _services_by_label(self) -> Mapping[tuple[str, str, str], tuple[ClusterService, ...]]:
        found: dict[tuple[str, str, str], list[ClusterService]] = defaultdict(list)
        for service in self.services.values():
            if service.selector:
                found[(service.namespace, *min(service.selector.items()))].append(service)
        return {key: tuple(services) for key, services in found.items()}

    def _behind(self, namespace: str, selector: Mapping[str, str]) -> tuple[Template, ...]:
        if not selector:
            return ()
        candidates = self._by_label.candidates(namespace, selector)
        return tuple(template for template in candidates if selector.items() <= template.labels.items())

    def _service(self, manifest: Manifest) -> ClusterService:
        spec = mapping(manifest.body.get("spec"))
        selector = texts(spec.get("selector"))
        templates = self._behind(manifest.ref.namespace, selector)
        return ClusterService(
            namespace=manifest.ref.namespace,
            name=manifest.ref.name,
            ports=tuple(_ports(items(spec.get("ports")), templates)),
            selector=selector or None,
            type=text(spec.get("type")) or "ClusterIP",
            headless=spec.get("clusterIP") == "None",
        )


class _LabelIndex:
    """Templates by namespace and label, so that a selector looks only at the rarest of its labels."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._all: dict[str, list[Template]] = defaultdict(list)
        self._labelled: dict[tuple[str, str, str], list[Template]] = defaultdict(list)
        for template in templates:
            self._all[template.ref.namespace].append(template)
            for key, value in template.labels.items():
                self._labelled[template.ref.namespace, key, value].append(template)

    def candidates(self, namespace: str, labels: Mapping[str, str]) -> list[Template]:
        listed = [self._labelled.get((namespace, key, value), []) for key, value in labels.items()]
        return min(listed, key=len) if listed else self._all.get(namespace, [])


def _templates(snapshot: Snapshot) -> Iterator[Template]:
    for kind in WORKLOAD_KINDS:
        for manifest in snapshot.of_kind("apps", kind):
            yield template_of(manifest, "spec", "template")


def template_of(manifest: Manifest, *path: str) -> Template:
    """Return the pod template that lies at a path of an object."""
    template = mapping(at(manifest.body, *path))
    return Template(
        ref=manifest.ref,
        manifest=manifest,
        labels=texts(at(template, "metadata", "labels")),
        annotations=texts(at(template, "metadata", "annotations")),
        pod=mapping(template.get("spec")),
    )


def _namespace_labels(manifest: Manifest) -> Mapping[str, str]:
    return {**texts(at(manifest.body, "metadata", "labels")), NAMESPACE_NAME: manifest.ref.name}


def _ports(ports: tuple[Json, ...], templates: tuple[Template, ...]) -> Iterator[ServicePort]:
    for entry in map(mapping, ports):
        port = number(entry.get("port"))
        if port is not None and (entry.get("protocol") or "TCP") == "TCP":
            yield ServicePort(
                port=port,
                target_port=_target(entry.get("targetPort"), port, templates),
                name=text(entry.get("name")),
                app_protocol=text(entry.get("appProtocol")),
            )


def _target(target: Json, port: int, templates: tuple[Template, ...]) -> int:
    """A named targetPort is the container port of that name; a name that no container has leads to the port itself."""
    if isinstance(target, str) and target.isdecimal():
        return int(target)
    if isinstance(target, str):
        named = (_container_port(template, target) for template in templates)
        return next((found for found in named if found is not None), port)
    return number(target) or port


def _container_port(template: Template, name: str) -> int | None:
    ports = (mapping(port) for container in template.containers for port in items(container.get("ports")))
    return next((number(port.get("containerPort")) for port in ports if port.get("name") == name), None)
