"""Who makes pods come and go: autoscalers of pods and of nodes."""

from collections.abc import Iterator

from meshmig.checks.facts import Facts
from meshmig.diagnostics import Severity
from meshmig.model.objects import Manifest
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.shape import at, items, mapping, number, text


def autoscalers(facts: Facts) -> Iterator[Seen]:
    """P29: an autoscaler works against the move."""
    for kind, group, path in (
        ("HorizontalPodAutoscaler", "autoscaling", "scaleTargetRef"),
        ("ScaledObject", "keda.sh", "scaleTargetRef"),
        ("VerticalPodAutoscaler", "autoscaling.k8s.io", "targetRef"),
    ):
        for manifest in facts.snapshot.of_kind(group, kind):
            target = f"{manifest.ref.namespace}/{text(at(manifest.body, 'spec', path, 'name'))}"
            if target in facts.mesh.workload:
                yield from _scaler(facts, manifest)


def _scaler(facts: Facts, manifest: Manifest) -> Iterator[Seen]:
    if manifest.ref.kind == "HorizontalPodAutoscaler":
        yield from _pod_autoscaler(facts, manifest)
    elif manifest.ref.kind == "ScaledObject":
        target = text(at(manifest.body, "spec", "scaleTargetRef", "name"))
        yield Fired(
            Evidence(manifest.ref, "spec.scaleTargetRef", target),
            "KEDA owns this workload's autoscaler and takes a freeze of it back",
            'pause it (annotation autoscaling.keda.sh/paused: "true") until the workload has moved',
        )
    else:
        mode = text(at(manifest.body, "spec", "updatePolicy", "updateMode")) or "Auto"
        if facts.gone and mode not in {"Off", "Initial"}:
            yield Fired(
                Evidence(manifest.ref, "spec.updatePolicy.updateMode", mode),
                "it evicts pods to give them other requests, and an evicted App Mesh pod does not come back",
                "set updateMode Off until the workload has moved",
                Severity.ERROR,
            )


def _pod_autoscaler(facts: Facts, manifest: Manifest) -> Iterator[Seen]:
    least, most = number(manifest.spec.get("minReplicas")) or 1, number(manifest.spec.get("maxReplicas")) or 1
    if facts.gone and most > least:
        yield Fired(
            Evidence(manifest.ref, "spec.maxReplicas", f"{most}, minReplicas {least}"),
            "scaling up makes App Mesh pods that never become ready, scaling down ends good ones for ever",
            "`protect` freezes it at the present number; do so now if the journey does not start today",
        )
    for index, metric in enumerate(map(mapping, items(manifest.spec.get("metrics")))):
        if metric.get("type") == "Resource":
            name = text(at(metric, "resource", "name"))
            yield Fired(
                Evidence(manifest.ref, f"spec.metrics[{index}].resource.name", name),
                f"it scales on the whole pod's {name}, and Istio's sidecar requests ten times App Mesh's",
                "scale on the application's container alone (ContainerResource), or tune it anew",
            )


def disruption(facts: Facts) -> Iterator[Seen]:
    """P51: nodes that come and go."""
    if reason := facts.blind("Node"):
        yield Gap(reason, partly=any(_is_disruptor(one) for one in facts.snapshot.of_kind("apps", "Deployment")))
    yield from _nodes(facts)
    for pool in facts.snapshot.of_kind("karpenter.sh", "NodePool"):
        expiry = text(at(pool.body, "spec", "template", "spec", "expireAfter"))
        policy = text(at(pool.body, "spec", "disruption", "consolidationPolicy"))
        written = [policy] if policy else []
        written += [f"expireAfter {expiry}"] if expiry and expiry != "Never" else []
        if written:
            yield Fired(
                Evidence(pool.ref, "spec.disruption", ", ".join(written)),
                "Karpenter empties and replaces nodes by itself, and their App Mesh pods do not come back",
                "add a disruption budget of 0 nodes to the pool until the last App Mesh pod is gone",
            )
    for manifest in facts.snapshot.of_kind("apps", "Deployment"):
        if _is_disruptor(manifest) and any(not _held(pod) for pod in facts.meshed_pods):
            yield Fired(
                Evidence(manifest.ref, "metadata.name", manifest.ref.name),
                "it moves pods between nodes, and App Mesh pods are not marked to be left alone",
                "`protect` marks them; do it now if the journey does not start today",
            )


def _nodes(facts: Facts) -> Iterator[Seen]:
    hosts = {text(pod.spec.get("nodeName")): pod.ref.id for pod in facts.meshed_pods if not _held(pod)}
    for node in facts.snapshot.of_kind("", "Node"):
        pod, marks = hosts.get(node.ref.name), node.labels
        kinds = {marks.get("karpenter.sh/capacity-type", ""), marks.get("eks.amazonaws.com/capacityType", "").lower()}
        if pod and "spot" in kinds:
            yield Fired(
                Evidence(node.ref, "metadata.labels", "spot"),
                f"a spot node runs App Mesh pods ({pod}): AWS may take it within two minutes",
                "move the workloads on spot nodes first",
            )
        if pod and node.spec.get("unschedulable") is True:
            yield Fired(
                Evidence(node.ref, "spec.unschedulable", "true"),
                f"a cordoned node runs App Mesh pods ({pod}): its drain would end them",
                "move them before the drain",
                Severity.ERROR if facts.gone else None,
            )


def _is_disruptor(manifest: Manifest) -> bool:
    return any(word in manifest.ref.name for word in ("cluster-autoscaler", "descheduler", "karpenter"))


def _held(pod: Manifest) -> bool:
    marks = pod.annotations
    return marks.get("karpenter.sh/do-not-disrupt") == "true" or (
        marks.get("cluster-autoscaler.kubernetes.io/safe-to-evict") == "false"
    )
