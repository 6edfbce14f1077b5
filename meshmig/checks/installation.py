"""The ground that Istio needs: Kubernetes' version, rights, and what is installed already."""

import re
from collections.abc import Iterator, Mapping

from meshmig.checks.facts import Facts
from meshmig.checks.rights import INSTALL, Right
from meshmig.diagnostics import Severity
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.shape import at, items, mapping, number, text

ISTIO = "1.31"
"""The release that the translation is made for; https://istio.io/latest/docs/releases/supported-releases/."""
LEAST_KUBERNETES = 32
NATIVE_SIDECARS = 33
"""From this kubelet on, istiod makes native sidecars by itself (istioctl: pkg/kube/inject/webhook.go)."""

_OTHERS = ("linkerd", "consul", "kuma", "cilium", "calico")
_INSTALLED = "label app=istiod"
_ISTIO_GROUPS = ("networking.istio.io", "security.istio.io")


def versions(facts: Facts) -> Iterator[Seen]:
    """P01: Kubernetes is too old for Istio."""
    nodes = facts.snapshot.of_kind("", "Node")
    if facts.server is not None and (minor := _minor(facts.server.version)) is not None and minor < LEAST_KUBERNETES:
        text_ = f"Istio {ISTIO} needs Kubernetes 1.{LEAST_KUBERNETES}, and the API server is older"
        yield Fired(Evidence(None, "version", facts.server.version), text_)
    if facts.server is None and not nodes:
        yield Gap("needs the API server's version: a folder of manifests has none")
        return
    if facts.server is None:
        yield Gap("needs the API server's version: the nodes' was looked at instead", partly=True)
    for node in nodes:
        version = text(at(node.body, "status", "nodeInfo", "kubeletVersion"))
        minor = _minor(version)
        evidence = Evidence(node.ref, "status.nodeInfo.kubeletVersion", version)
        if minor is not None and minor < LEAST_KUBERNETES - 1:
            yield Fired(evidence, f"Istio {ISTIO} was not tested on a kubelet older than 1.{LEAST_KUBERNETES - 1}")
        elif minor is not None and minor < NATIVE_SIDECARS:
            yield Fired(
                evidence,
                f"kubelets before 1.{NATIVE_SIDECARS} get classic sidecars: start order and Jobs need care (P30, P31)",
                "set holdApplicationUntilProxyStarts, or upgrade the node",
                Severity.INFO,
            )
    if reason := facts.blind("Node"):
        yield Gap(reason, partly=True)


def _minor(version: str) -> int | None:
    match = re.match(r"v?1\.(\d+)", version)
    return int(match[1]) if match else None


def rights_to_install(facts: Facts) -> Iterator[Seen]:
    """P02: a right to install Istio is missing."""
    yield from _rights(facts, tuple(right for right in _missing(facts) if right in INSTALL))


def rights_to_move(facts: Facts) -> Iterator[Seen]:
    """P03: a right to move workloads is missing."""
    yield from _rights(facts, tuple(right for right in _missing(facts) if right not in INSTALL))


def _missing(facts: Facts) -> tuple[Right, ...]:
    return facts.server.missing if facts.server else ()


def _rights(facts: Facts, missing: tuple[Right, ...]) -> Iterator[Seen]:
    if facts.server is None:
        yield Gap("needs an API server that can be asked for rights: a folder has no users")
    for right in missing:
        yield Fired(Evidence(None, "SelfSubjectAccessReview", str(right)), f"the right to {right} is missing")


def gateway_api(facts: Facts) -> Iterator[Seen]:
    """P04: Gateway API is served in versions that Istio does not read."""
    if reason := facts.blind("CustomResourceDefinition", "apiextensions.k8s.io"):
        yield Gap(reason)
    for crd in facts.snapshot.of_kind("apiextensions.k8s.io", "CustomResourceDefinition"):
        if at(crd.body, "spec", "group") == "gateway.networking.k8s.io":
            served = _served(crd)
            if not served & {"v1", "v1beta1"} and at(crd.body, "spec", "names", "kind") in {"Gateway", "HTTPRoute"}:
                value = ", ".join(sorted(served)) or "none"
                yield Fired(
                    Evidence(crd.ref, "spec.versions[].served", value),
                    "Istio reads Gateway API in v1 and v1beta1 only, and neither is served: such objects are ignored",
                )


def _served(crd: Manifest) -> set[str]:
    versions_ = map(mapping, items(crd.spec.get("versions")))
    return {text(version.get("name")) for version in versions_ if version.get("served") is True}


def istiods(facts: Facts) -> tuple[Manifest, ...]:
    """Return every istiod."""
    deployments = facts.snapshot.of_kind("apps", "Deployment")
    return tuple(one for one in deployments if one.labels.get("app") == "istiod")


def present_istio(facts: Facts) -> Iterator[Seen]:
    """P05: an Istio is there already, and does not fit."""
    wanted, found = facts.migration.target.revision, istiods(facts)
    revisions = {one.labels.get("istio.io/rev", "default"): one for one in found}
    if found and wanted not in revisions:
        first = next(iter(revisions.values()))
        yield Fired(
            Evidence(first.ref, "metadata.labels[istio.io/rev]", ", ".join(sorted(revisions))),
            f"an Istio is installed, and none of its revisions is `{wanted}`, which the file asks for",
            "name an installed revision in `to istio { revision … }`, or install the one that the file names",
            Severity.WARNING,
        )
    injectors = [hook for hook in _hooks(facts, "MutatingWebhookConfiguration") if "istio" in hook.ref.name]
    yield from _overlaps(injectors)
    if not found and (reason := facts.blind("MutatingWebhookConfiguration", "admissionregistration.k8s.io")):
        yield Gap(reason)


def _overlaps(injectors: list[Manifest]) -> Iterator[Seen]:
    owners: dict[str, str] = {}
    for hook in injectors:
        if hook.labels.get("app") != "sidecar-injector":
            continue
        key = hook.labels.get("istio.io/tag") or hook.labels.get("istio.io/rev", "default")
        if key in owners:
            yield Fired(
                Evidence(hook.ref, "metadata.labels[istio.io/rev]", key),
                f"{owners[key]} injects for `{key}` too: a pod would get two sidecars",
                "remove one of the two webhooks (istioctl tag list shows which revision each serves)",
            )
        owners.setdefault(key, hook.ref.name)


def _hooks(facts: Facts, kind: str) -> tuple[Manifest, ...]:
    return facts.snapshot.of_kind("admissionregistration.k8s.io", kind)


def other_meshes(facts: Facts) -> Iterator[Seen]:
    """P06: another mesh or CNI takes connections too."""
    for manifest in facts.snapshot.of_kind("apps", "DaemonSet") + facts.snapshot.of_kind("apps", "Deployment"):
        name = next((other for other in _OTHERS if manifest.ref.name.startswith(other)), "")
        is_system = manifest.ref.namespace not in facts.mesh.namespaces
        if name and is_system:
            is_cni = name in {"cilium", "calico"}
            why = (
                f"{name} may take connections before Istio does (cilium: cni.exclusive, socketLB.hostNamespaceOnly)"
                if is_cni
                else f"{name} may inject its own proxy beside Istio's"
            )
            yield Fired(
                Evidence(manifest.ref, "metadata.name", manifest.ref.name),
                why,
                "",
                Severity.INFO if name == "calico" else Severity.WARNING,
            )
    for namespace in facts.mesh.namespaces:
        manifest_ = facts.snapshot.get(ObjectRef("v1", "Namespace", "", namespace))
        marks = {} if manifest_ is None else {**manifest_.labels, **manifest_.annotations}
        for key in ("linkerd.io/inject", "kuma.io/sidecar-injection", "consul.hashicorp.com/connect-inject"):
            if marks.get(key) in {"enabled", "true"} and manifest_ is not None:
                yield Fired(
                    Evidence(manifest_.ref, key, marks[key]),
                    "another mesh injects into the same namespace",
                    "",
                    Severity.ERROR,
                )


def colliding_objects(facts: Facts) -> Iterator[Seen]:
    """P47: Istio objects for the same hosts exist."""
    hosts = {host.service.fqdn if host.service else host.name: host.id for host in facts.mesh.hosts}
    hosts |= {upstream.service.fqdn: upstream.id for upstream in facts.mesh.upstreams if upstream.service}
    for manifest in (one for group in _ISTIO_GROUPS for one in _of_group(facts, group)):
        if manifest.labels.get("app.kubernetes.io/managed-by") == "meshmig":
            continue
        if manifest.ref.kind == "VirtualService":
            yield from _same_host(manifest, hosts)
        elif manifest.ref.kind == "DestinationRule":
            yield from _rule(manifest, hosts)
        elif manifest.ref.kind == "PeerAuthentication":
            yield from _strict(manifest, facts)


def _of_group(facts: Facts, group: str) -> Iterator[Manifest]:
    return (manifest for manifest in facts.snapshot if manifest.ref.group == group)


def _same_host(manifest: Manifest, hosts: Mapping[str, str]) -> Iterator[Seen]:
    if "mesh" not in (items(manifest.spec.get("gateways")) or ("mesh",)):
        return
    for host in items(manifest.spec.get("hosts")):
        if _full(text(host), manifest) in hosts:
            yield Fired(
                Evidence(manifest.ref, "spec.hosts", text(host)),
                "it routes a host that the migration routes too: Istio takes only one of the two",
            )


def _rule(manifest: Manifest, hosts: Mapping[str, str]) -> Iterator[Seen]:
    host, mode = text(manifest.spec.get("host")), text(at(manifest.body, "spec", "trafficPolicy", "tls", "mode"))
    full = _full(host, manifest)
    covers = full in hosts or (host.startswith("*") and any(name.endswith(host[1:]) for name in hosts))
    if covers and mode and mode != "DISABLE":
        yield Fired(
            Evidence(manifest.ref, "spec.trafficPolicy.tls.mode", mode),
            f"it fixes TLS for {host}, and the old pods behind that host speak none of it: calls to them break",
            "remove tls from it for the whole journey: Istio chooses mutual TLS for each pod by itself",
        )
    elif full in hosts:
        yield Fired(
            Evidence(manifest.ref, "spec.host", host),
            "it sets policy for a host that the migration sets policy for: the two are merged, subsets collide",
            "fold it into the migration, or remove it",
            Severity.WARNING,
        )


def _strict(manifest: Manifest, facts: Facts) -> Iterator[Seen]:
    mode = text(at(manifest.body, "spec", "mtls", "mode"))
    if mode == "STRICT" and manifest.ref.namespace in {"istio-system", *facts.mesh.namespaces}:
        yield Fired(
            Evidence(manifest.ref, "spec.mtls.mode", mode),
            "moved pods would refuse every caller that is still in App Mesh or has no proxy",
            "set it to PERMISSIVE until the last caller has moved; `enforce mtls` tightens it at the end",
        )


def _full(host: str, manifest: Manifest) -> str:
    return f"{host}.{manifest.ref.namespace}.svc.cluster.local" if "." not in host and host != "*" else host


def istio_webhooks(facts: Facts) -> Iterator[Seen]:
    """P50: Istio's webhooks do not guard what is written."""
    yield Gap("needs a dry-run write to try the webhooks themselves: a precheck writes nothing", partly=True)
    validators = [hook for hook in _hooks(facts, "ValidatingWebhookConfiguration") if "istio" in hook.ref.name]
    injectors = [hook for hook in _hooks(facts, "MutatingWebhookConfiguration") if "istio" in hook.ref.name]
    for manifest in validators:
        policies = {text(mapping(hook).get("failurePolicy")) for hook in items(manifest.body.get("webhooks"))}
        if "Ignore" in policies:
            yield Fired(
                Evidence(manifest.ref, "webhooks[].failurePolicy", "Ignore"),
                "while istiod is away, Istio objects are stored without being checked",
            )
    for manifest in (*validators, *injectors):
        for number_, hook in enumerate(items(manifest.body.get("webhooks"))):
            yield from _served_by(facts, manifest, number_, hook)
    if (
        not validators
        and not injectors
        and (reason := facts.blind("ValidatingWebhookConfiguration", "admissionregistration.k8s.io"))
    ):
        yield Gap(reason)


def _served_by(facts: Facts, manifest: Manifest, index: int, hook: Json) -> Iterator[Seen]:
    service = mapping(at(hook, "clientConfig", "service"))
    if service and is_dead(facts, text(service.get("namespace")), text(service.get("name"))):
        place = f"{text(service.get('namespace'))}/{text(service.get('name'))}"
        yield Fired(
            Evidence(manifest.ref, f"webhooks[{index}].clientConfig.service", place),
            "nothing serves this webhook: what it admits cannot be created",
            "bring istiod back, or remove the webhook of a revision that is no longer there",
            Severity.ERROR,
        )


def is_dead(facts: Facts, namespace: str, name: str) -> bool:
    """Say whether a Service certainly has no ready pod: it is missing, or its endpoints and Deployments say so."""
    service = facts.snapshot.get(ObjectRef("v1", "Service", namespace, name))
    if service is None:
        return True
    slices = [
        one
        for one in facts.snapshot.of_kind("discovery.k8s.io", "EndpointSlice")
        if one.ref.namespace == namespace and one.labels.get("kubernetes.io/service-name") == name
    ]
    if slices:
        endpoints = [mapping(end) for one in slices for end in items(one.body.get("endpoints"))]
        return not any(at(endpoint, "conditions", "ready") is not False for endpoint in endpoints)
    selector = mapping(service.spec.get("selector"))
    behind = [
        one
        for one in facts.snapshot.of_kind("apps", "Deployment")
        if one.ref.namespace == namespace
        and selector.items() <= mapping(at(one.body, "spec", "template", "metadata", "labels")).items()
    ]
    return bool(selector) and not any((number(one.status.get("readyReplicas")) or not one.status) for one in behind)
