"""The ground of a journey: what still runs is held, Istio's control plane is awaited, its objects are staged."""

from meshmig.diagnostics import Severity
from meshmig.model.mesh import Workload
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import Await, ControlPlaneReady, PatchPods
from meshmig.planning.companions import policies
from meshmig.planning.copies import OLD_SUFFIX
from meshmig.planning.journey import Journey, Wanted, apply_of, chained, owned
from meshmig.targets.istio import desired, install_command, service_manifest
from meshmig.targets.istio.settings import ORIGIN

_HELD = {"karpenter.sh/do-not-disrupt": "true", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}


def protect(journey: Journey) -> None:
    """Hold the live pods of every meshed workload, and freeze the autoscalers that would make more of them."""
    for workload in journey.mesh.workloads:
        body = {"metadata": {"annotations": dict(_HELD)}}
        title = f"hold the live pods of {workload.id} (the pods, never the template)"
        journey.write(PatchPods(workload=workload.ref, body=body), Wanted(title=title))
    for scaler in journey.request.snapshot.of_kind("autoscaling", "HorizontalPodAutoscaler"):
        scaled = _scaled(journey, scaler)
        if scaled is not None:
            frozen = owned(scaler.ref, {"minReplicas": scaled.replicas, "maxReplicas": scaled.replicas})
            journey.write(apply_of(frozen, force=True), Wanted(title=f"freeze autoscaler {scaler.ref.id}"))


def _scaled(journey: Journey, scaler: Manifest) -> Workload | None:
    target = scaler.spec.get("scaleTargetRef") or {}
    workload = journey.mesh.workload.get(f"{scaler.ref.namespace}/{target.get('name', '')}")
    return workload if workload is not None and workload.ref.kind == target.get("kind") else None


def install(journey: Journey) -> None:
    """Wait for the control plane, then stage every object; nothing is routed by them before a pod moves."""
    revision = journey.settings.choice.revision
    ready = (ControlPlaneReady(revision=revision),)
    wanted = Wanted(title=f"Istio's control plane, revision {revision}", waits=ready)
    waited = journey.add(Await(advice=install_command(journey.settings)), wanted)
    last: tuple[str, ...] = (waited,)
    for upstream in journey.mesh.upstreams:
        placement = journey.placements.get(upstream.id)
        if placement is not None and placement.old is not None and placement.old.name.endswith(OLD_SUFFIX):
            manifest = service_manifest(placement.old, upstream)
            made = journey.write(apply_of(manifest), Wanted(title=f"name the old pods: {manifest.ref}", after=last))
            last = chained([made]) or last
    for name in journey.declared:
        namespace, _, short = name.partition("/")
        ref = ObjectRef("v1", "Service", namespace, short)
        title = f"tell Istio what the ports of {ref} speak"
        journey.write(apply_of(journey.service_fields(ref), force=True), Wanted(title=title, after=last))
    last = policies(journey, last)
    ours = desired(journey.mesh, journey.placements, journey.settings)
    for manifest in ours:
        journey.write(apply_of(manifest), Wanted(title=f"stage {manifest.ref}", after=last))
    _raw(journey, {manifest.ref for manifest in ours}, last)


def _raw(journey: Journey, ours: set[ObjectRef], last: tuple[str, ...]) -> None:
    """Write the file's own manifests, as they stand there."""
    for manifest in journey.request.raw:
        if manifest.ref in ours:
            message = f"`raw istio` holds {manifest.ref}, which meshmig makes itself from the mesh"
            name = manifest.ref.object_name
            help_text = "take it out, or give it another name"
            journey.find("MIG423", Severity.ERROR, message, help=help_text, object=name)
        note = f"as it stands in the file: {manifest.annotations.get(ORIGIN, '')}"
        journey.write(apply_of(manifest), Wanted(title=f"raw {manifest.ref}", after=last, note=note))
