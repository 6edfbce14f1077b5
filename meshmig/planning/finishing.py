"""The end of a journey: mutual TLS strict, egress closed, App Mesh taken down in its safe order."""

from dataclasses import replace

from meshmig.diagnostics import Severity, Span
from meshmig.model.intent import Enforce, Enforced
from meshmig.model.mesh import EgressPolicy, Placement
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import Await, DeleteObject, NoMeshedPods, ObjectGone, PatchObject, WorkloadDrained
from meshmig.planning.companions import leftovers
from meshmig.planning.copies import OLD_SUFFIX
from meshmig.planning.journey import Journey, Wanted, apply_of, chained, owned
from meshmig.planning.staging import write_all
from meshmig.targets.istio import SUFFIX, desired, sidecar_objects, strict_objects, suffixed

INJECTOR = "appmesh.k8s.aws/sidecarInjectorWebhook"
_ORDER = ("GatewayRoute", "VirtualService", "VirtualRouter", "VirtualNode", "BackendGroup", "VirtualGateway", "Mesh")


def enforce(journey: Journey, action: Enforce) -> None:
    """Tighten mutual TLS or egress."""
    if action.what is Enforced.EGRESS:
        _enforce_egress(journey, action.span)
        return
    if not journey.settings.choice.mtls_strict:
        message = "`enforce mtls` is asked where the migration says `mtls permissive`"
        journey.find("MIG403", Severity.ERROR, message, help="say `mtls strict`", span=action.span)
    _require_all_moved(journey, "enforce mtls", action.span)
    exposed = frozenset(_exposed(journey))
    for name in sorted(exposed):
        message = f"{name} is called from outside the mesh without TLS: it stays PERMISSIVE"
        ref = journey.mesh.workload[name].ref
        journey.find("MIG404", Severity.WARNING, message, help="put a gateway in front of it", object=ref.object_name)
    guard = _guard(journey)
    wanted = Wanted(title="strict mutual TLS:", after=(guard,))
    write_all(journey, strict_objects(journey.mesh, exposed, journey.settings), wanted)


def _enforce_egress(journey: Journey, span: Span | None) -> None:
    made: tuple[str, ...] = ()
    if journey.mesh.egress is EgressPolicy.DROP:
        sidecars = sidecar_objects(journey.mesh, journey.settings, closed=True)
        made = write_all(journey, sidecars, Wanted(title="egress closed:"))
    if not made:
        open_mesh = journey.mesh.egress is not EgressPolicy.DROP
        why = "App Mesh lets every call out of the mesh" if open_mesh else "it is closed already"
        message = f"`enforce egress` has nothing to close: {why}"
        journey.find("MIG420", Severity.WARNING, message, help="take it out of the stage", span=span)


def _exposed(journey: Journey) -> list[str]:
    """Workloads that clients without a proxy reach: their Service leads out of the cluster, or an Ingress names it."""
    named = {
        f"{ingress.ref.namespace}/{path['backend']['service']['name']}"
        for ingress in journey.request.snapshot.of_kind("networking.k8s.io", "Ingress")
        for rule in ingress.spec.get("rules") or ()
        for path in (rule.get("http") or {}).get("paths") or ()
        if (path.get("backend") or {}).get("service")
    }
    return [
        workload.id
        for workload in journey.mesh.workloads
        if workload.edge is None
        and any(s.type in {"LoadBalancer", "NodePort"} or s.id in named for s in workload.services)
    ]


def _require_all_moved(journey: Journey, what: str, span: Span | None) -> None:
    left = [workload.id for workload in journey.mesh.workloads if workload.id not in journey.moved]
    if left:
        journey.find(
            "MIG402",
            Severity.ERROR,
            f"`{what}` stands before the move of {', '.join(left)}: their calls break",
            help="move them in an earlier stage",
            span=span,
        )


def _guard(journey: Journey) -> str:
    waits = (NoMeshedPods(namespaces=journey.mesh.namespaces),)
    return journey.add(Await(), Wanted(title="no pod carries App Mesh's envoy any more", waits=waits))


def retire(journey: Journey, span: Span | None) -> None:
    """Take App Mesh down: nobody needs it, admission freed first, children before the Mesh, old objects last."""
    _require_all_moved(journey, "retire appmesh", span)
    last: tuple[str, ...] = (_guard(journey),)
    last = _back_to_the_original_services(journey, last)
    last = _free_admission(journey, last)
    last = _custom_resources(journey, last)
    _old_objects(journey, last)


def _back_to_the_original_services(journey: Journey, last: tuple[str, ...]) -> tuple[str, ...]:
    for upstream in journey.mesh.upstreams:
        placement = journey.placements.get(upstream.id)
        if placement is None or placement.new is None or upstream.service is None:
            continue
        if placement.new.name == f"{upstream.service.name}{SUFFIX}":
            final = Placement(upstream=upstream.id, old=None, new=upstream.service, percent_new=100)
            journey.placements[upstream.id] = final
    wanted = Wanted(title="routes to the original Services:", after=last)
    objects = desired(journey.mesh, journey.placements, journey.settings)
    routes = [m for m in objects if m.ref.kind in {"VirtualService", "DestinationRule"}]
    return write_all(journey, routes, wanted)[-1:] or last


def _free_admission(journey: Journey, last: tuple[str, ...]) -> tuple[str, ...]:
    snapshot = journey.request.snapshot
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        for manifest in snapshot.of_kind("admissionregistration.k8s.io", kind):
            if "appmesh" in manifest.ref.name:
                last = _delete(journey, manifest.ref, last)
    for manifest in snapshot.of_kind("apps", "Deployment"):
        if manifest.ref.name.startswith("appmesh-controller"):
            waits = (WorkloadDrained(ref=manifest.ref),)
            wanted = Wanted(title=f"{manifest.ref.id} stops", after=last, waits=waits, spelled=True)
            last = chained([journey.write(apply_of(owned(manifest.ref, {"replicas": 0}), force=True), wanted)]) or last
    for namespace in snapshot.of_kind("", "Namespace"):
        if INJECTOR in namespace.labels:
            body = {"metadata": {"labels": {INJECTOR: None}}}
            wanted = Wanted(title=f"App Mesh's label off namespace {namespace.ref.name}", after=last)
            last = chained([journey.write(PatchObject(ref=namespace.ref, body=body), wanted)]) or last
    return last


def _custom_resources(journey: Journey, last: tuple[str, ...]) -> tuple[str, ...]:
    for kind in _ORDER:
        for manifest in journey.request.snapshot.of_kind("appmesh.k8s.aws", kind):
            last = _custom_resource(journey, manifest, last)
    return last


def _custom_resource(journey: Journey, manifest: Manifest, last: tuple[str, ...]) -> tuple[str, ...]:
    if manifest.ref.kind == "Mesh" and manifest.ref.name != journey.mesh.origin.ref.name:
        return last
    held = bool(manifest.metadata.get("finalizers"))
    why_off = "nobody answers them" if journey.gone else "their controller is stopped"
    title = f"delete {manifest.ref}" + (f", finalizers off: {why_off}" if held else "")
    why = "App Mesh's object is gone for good; its manifest is in the journal"
    wanted = Wanted(title=title, after=last, waits=(ObjectGone(ref=manifest.ref),), irreversible=why)
    return chained([journey.write(DeleteObject(ref=manifest.ref, finalizers=held), wanted)]) or last


def _delete(journey: Journey, ref: ObjectRef, last: tuple[str, ...]) -> tuple[str, ...]:
    wanted = Wanted(title=f"delete {ref}", after=last, waits=(ObjectGone(ref=ref),))
    return chained([journey.write(DeleteObject(ref=ref), wanted)]) or last


def _old_objects(journey: Journey, last: tuple[str, ...]) -> None:
    kept = {placement.new.id for placement in journey.placements.values() if placement.new is not None}
    for workload in journey.mesh.workloads:
        ref = workload.ref
        copy = replace(ref, name=suffixed(ref.name))
        if copy in journey.objects and ref in journey.objects:
            last = _delete(journey, ref, last)
            last = leftovers(journey, workload, last)
    for ref in sorted(journey.objects):
        named = ref.name.endswith((SUFFIX, OLD_SUFFIX))
        ours = journey.objects[ref].labels.get("app.kubernetes.io/managed-by") == "meshmig"
        if ours and named and ref.kind == "Service" and ref.id not in kept:
            last = _delete(
                journey, ObjectRef("networking.istio.io/v1", "DestinationRule", ref.namespace, ref.name), last
            )
            last = _delete(journey, ref, last)
