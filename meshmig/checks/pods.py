"""Pods that Istio cannot inject, must not inject, or would inject twice."""

from collections.abc import Iterator, Mapping

from meshmig.checks.facts import Facts, containers
from meshmig.diagnostics import Severity
from meshmig.model.mesh import Workload
from meshmig.model.objects import ObjectRef
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.annotations import INJECTION
from meshmig.sources.appmesh.cluster import Template
from meshmig.sources.appmesh.shape import at, items, mapping, number, text

PROXY_USER = 1337
RESERVED = frozenset({15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090})
"""https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio"""

_PROXY_NAMES = {"istio-proxy", "istio-init", "istio-validation"}
_LEVEL = "pod-security.kubernetes.io/enforce"
_INJECT, _REVISION, _OLD, _AMBIENT = (
    "sidecar.istio.io/inject",
    "istio.io/rev",
    "istio-injection",
    "istio.io/dataplane-mode",
)
_POLICY_ENGINES = ("kyverno", "gatekeeper")


def uninjectable(facts: Facts) -> Iterator[Seen]:
    """P22: pods that Istio never injects."""
    for workload, template in facts.meshed:
        if template.pod.get("hostNetwork") is True:
            yield Fired(
                Evidence(workload.ref, "spec.template.spec.hostNetwork", "true"),
                "Istio never injects pods on the host's network",
            )
        if workload.ref.namespace in {"kube-system", "kube-public"}:
            yield Fired(
                Evidence(workload.ref, "metadata.namespace", workload.ref.namespace),
                "Istio never injects into this namespace",
                "move it into a namespace of its own first",
            )


def fargate(facts: Facts) -> Iterator[Seen]:
    """P23: pods on Fargate."""
    profile = "eks.amazonaws.com/fargate-profile"
    for pod in facts.meshed_pods:
        node = text(pod.spec.get("nodeName"))
        if profile in pod.labels or node.startswith("fargate-"):
            yield _on_fargate(Evidence(pod.ref, f"metadata.labels[{profile}]", pod.labels.get(profile, node)))
    for workload, template in facts.meshed:
        chosen = mapping(template.pod.get("nodeSelector")).get("eks.amazonaws.com/compute-type")
        if chosen == "fargate" or profile in template.labels:
            yield _on_fargate(Evidence(workload.ref, "spec.template.spec.nodeSelector", "fargate"))
    if reason := facts.blind("Pod"):
        yield Gap(reason, partly=True)


def _on_fargate(evidence: Evidence) -> Fired:
    return Fired(evidence, "Fargate allows neither NET_ADMIN nor a CNI DaemonSet: no sidecar of Istio can work there")


def security_levels(facts: Facts) -> Iterator[Seen]:
    """P24: pod security refuses Istio's init container."""
    has_cni = any(one.labels.get("k8s-app") == "istio-cni-node" for one in facts.snapshot.of_kind("apps", "DaemonSet"))
    for namespace in facts.mesh.namespaces:
        level = facts.namespace_labels(namespace).get(_LEVEL, "")
        if level in {"baseline", "restricted"} and not has_cni:
            yield Fired(
                Evidence(_namespace(namespace), f"metadata.labels[{_LEVEL}]", level),
                f"`{level}` refuses Istio's init container (NET_ADMIN, NET_RAW): no moved pod can be created",
            )
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for hook in facts.snapshot.of_kind("admissionregistration.k8s.io", kind):
            engine = next((name for name in _POLICY_ENGINES if name in hook.ref.name), "")
            if engine:
                yield Fired(
                    Evidence(hook.ref, "metadata.name", hook.ref.name),
                    f"{engine} decides about pods too, by rules that are not looked at here",
                    "try a moved pod by `kubectl apply --dry-run=server` before the first stage",
                    Severity.WARNING,
                )
    if reason := facts.blind("ValidatingWebhookConfiguration", "admissionregistration.k8s.io"):
        yield Gap(reason, partly=True)


def _namespace(name: str) -> ObjectRef:
    return ObjectRef("v1", "Namespace", "", name)


def clashes(facts: Facts) -> Iterator[Seen]:
    """P25: a pod clashes with Istio's proxy."""
    for workload, template in facts.meshed:
        yield from _users(workload, template)
        for container in containers(template):
            yield from _ports_and_names(workload, container, is_edge=workload.edge is not None)


def _users(workload: Workload, template: Template) -> Iterator[Seen]:
    users = [("securityContext.runAsUser", at(template.pod, "securityContext", "runAsUser"))]
    users += [
        (f"containers[{one.get('name')}].securityContext.runAsUser", at(one, "securityContext", "runAsUser"))
        for one in containers(template)
    ]
    for path, user in users:
        if number(user) == PROXY_USER:
            yield Fired(
                Evidence(workload.ref, f"spec.template.spec.{path}", str(PROXY_USER)),
                "the application runs as the proxy's own user: its calls pass by the proxy, as they did in App Mesh",
            )


def _ports_and_names(workload: Workload, container: Mapping[str, object], *, is_edge: bool) -> Iterator[Seen]:
    name = text(container.get("name"))
    if name in _PROXY_NAMES and not is_edge:
        yield Fired(
            Evidence(workload.ref, f"spec.template.spec.containers[{name}]", name),
            "a container has the name of one that Istio injects",
            "rename the container",
        )
    for port in map(mapping, items(container.get("ports"))):
        if number(port.get("containerPort")) in RESERVED:
            yield Fired(
                Evidence(workload.ref, f"spec.template.spec.containers[{name}].ports", str(port.get("containerPort"))),
                "the application listens on a port that Istio's proxy needs",
                "give the application another port",
            )


def labels(facts: Facts) -> Iterator[Seen]:
    """P27: injection labels that surprise."""
    for namespace in facts.mesh.namespaces:
        yield from _namespace_labels(facts, namespace)
    for workload, template in facts.meshed:
        marks = {**template.annotations, **template.labels}
        asked = marks.get(_INJECT) == "true" or _REVISION in template.labels
        if asked and marks.get(INJECTION, "").lower() != "disabled":
            yield Fired(
                Evidence(workload.ref, "spec.template.metadata", marks.get(_REVISION) or f"{_INJECT}=true"),
                "its template asks for Istio's sidecar while App Mesh injects: a new pod gets both, and no traffic",
                f"take the label away until the move, or set {INJECTION} to `disabled` in the same change",
            )
    for pod in facts.meshed_pods:
        names = {
            text(mapping(one).get("name"))
            for part in ("containers", "initContainers")
            for one in items(pod.spec.get(part))
        }
        if "istio-proxy" in names:
            yield Fired(
                Evidence(pod.ref, "spec.containers", "envoy, istio-proxy"),
                "this pod has both sidecars",
                "delete one injection label, then the pod, once its workload can move",
            )


def _namespace_labels(facts: Facts, namespace: str) -> Iterator[Seen]:
    found, ref = facts.namespace_labels(namespace), _namespace(namespace)
    old, revision, wanted = found.get(_OLD), found.get(_REVISION), facts.migration.target.revision
    if old and revision:
        yield Fired(
            Evidence(ref, f"metadata.labels[{_OLD}]", f"{old}, {_REVISION}={revision}"),
            "the namespace has both of Istio's injection labels: istio-injection wins, the revision is ignored",
            "keep one of them",
        )
    if old == "disabled":
        yield Fired(
            Evidence(ref, f"metadata.labels[{_OLD}]", old),
            "pods cannot ask for Istio's sidecar in a namespace that says `disabled`: no copy would be injected",
            "remove the label: without it only pods that ask are injected",
        )
    if (old == "enabled" or revision) and found.get(INJECTION) == "enabled":
        yield Fired(
            Evidence(ref, "metadata.labels", f"{_OLD}={old}" if old else f"{_REVISION}={revision}"),
            "App Mesh and Istio both inject into the namespace: every new pod gets two sidecars and loses its traffic",
            "remove Istio's label until the last workload has moved: meshmig labels pods, not namespaces",
        )
    elif revision and revision != wanted:
        yield Fired(
            Evidence(ref, f"metadata.labels[{_REVISION}]", revision),
            f"the namespace asks for another revision than the file's `{wanted}`",
            "let both name the same revision or tag",
            Severity.WARNING,
        )
    if found.get(_AMBIENT) == "ambient":
        yield Fired(
            Evidence(ref, f"metadata.labels[{_AMBIENT}]", "ambient"),
            "ztunnel takes the connections of running App Mesh pods too, without a restart",
            "remove the label until the last App Mesh pod is gone",
        )
