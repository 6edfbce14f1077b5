"""Who else writes the objects that a move writes."""

from collections.abc import Iterator

from meshmig.checks.facts import APPMESH_GROUP, Facts
from meshmig.diagnostics import Severity
from meshmig.model.objects import Manifest
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.shape import items, mapping, text
from meshmig.sources.appmesh.workloads import controller_of

_OURS = {"ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Deployment", "CronJob"}


def owners(facts: Facts) -> Iterator[Seen]:
    """P32: another tool owns what a move writes."""
    for workload in facts.mesh.workloads:
        if workload.controlled_by:
            yield Fired(
                Evidence(workload.ref, "metadata", workload.controlled_by),
                f"{workload.controlled_by} owns it: a later sync takes the move back, or makes App Mesh pods again",
            )
    services = {service.id for workload in facts.mesh.workloads for service in workload.services}
    for manifest in facts.snapshot:
        owner = controller_of(manifest) if _is_written(manifest, services) else ""
        if owner:
            yield Fired(
                Evidence(manifest.ref, "metadata", owner),
                f"{owner} owns it: what is written or deleted here comes back with its next sync",
            )
    for canary in facts.snapshot.of_kind("flagger.app", "Canary"):
        if canary.ref.namespace in facts.mesh.namespaces:
            provider = text(canary.spec.get("provider")) or "its default"
            yield Fired(
                Evidence(canary.ref, "spec.provider", provider),
                "Flagger writes this workload's App Mesh objects and weights again and again",
                "suspend it (spec.suspend) or convert it to provider istio before its workload's stage",
            )
    yield from _rollouts(facts)


def _is_written(manifest: Manifest, services: set[str]) -> bool:
    ref = manifest.ref
    return ref.group == APPMESH_GROUP or (ref.group == "" and ref.kind == "Service" and ref.id in services)


def _rollouts(facts: Facts) -> Iterator[Seen]:
    if reason := facts.blind("Pod"):
        yield Gap(reason, partly=True)
    parents = {(one.ref.namespace, one.ref.name): one for one in facts.snapshot.of_kind("apps", "ReplicaSet")}
    for pod in facts.meshed_pods:
        chain = [pod, parents.get((pod.ref.namespace, _owner(pod)[1]))]
        kinds = [_owner(one) for one in chain if one is not None]
        strange = next((owner for owner in kinds if owner[0] and owner[0] not in _OURS), None)
        if strange is not None:
            yield Fired(
                Evidence(pod.ref, "metadata.ownerReferences", f"{strange[0]} {strange[1]}"),
                f"its pods are made by a {strange[0]}, which meshmig does not move",
                "move it by its own tool, or hand its pods to a Deployment first",
                Severity.ERROR,
            )


def _owner(manifest: Manifest) -> tuple[str, str]:
    entries = map(mapping, items(manifest.metadata.get("ownerReferences")))
    controller = next((entry for entry in entries if entry.get("controller") is True), {})
    return text(controller.get("kind")), text(controller.get("name"))
