"""Who is in the mesh, under which names, with which identities; what leaves the cluster."""

from collections.abc import Iterator

from meshmig.checks.facts import APPMESH_GROUP, Facts
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.mesh import CloudMapName, TlsMode
from meshmig.model.objects import ObjectRef
from meshmig.model.precheck import Evidence, Fired, Seen
from meshmig.sources.appmesh.shape import at, items

_KEPT_BY_AWS = {
    "MIG318": "its certificate or authority is ACM's, and reaches proxies through App Mesh's control plane only",
    "MIG319": "its identity comes from an SDS agent (SPIRE), which Istio would have to be installed with",
}


def of_report(finding: Diagnostic, severity: Severity | None = None) -> Fired:
    """Return what reading the mesh reported, as a check's own: the object's name stands in the evidence."""
    ref = place_of(finding)
    message = finding.message.removeprefix(f"{ref} ")
    return Fired(Evidence(ref, finding.path), message, finding.help, severity or finding.severity)


def place_of(finding: Diagnostic) -> ObjectRef | None:
    """Return the object that a finding is about."""
    name = finding.object
    return ObjectRef(name.api_version, name.kind, name.namespace, name.name) if name else None


def selectors(facts: Facts) -> Iterator[Seen]:
    """P13: pods of a VirtualNode cannot be told apart."""
    yield from (of_report(finding) for finding in facts.reported("MIG321", "MIG322", "MIG325"))
    for upstream in facts.mesh.upstreams:
        manifest = facts.snapshot.get(upstream.origin.ref)
        expressions = at(manifest.body, "spec", "podSelector", "matchExpressions") if manifest else None
        if items(expressions) and upstream.pod_labels is None:
            yield Fired(
                Evidence(upstream.origin.ref, "spec.podSelector.matchExpressions", str(len(items(expressions)))),
                "its pods are chosen by expressions, and a Service or subset of Istio chooses by equal labels only",
                "give its pods a label of their own, and select by it",
                Severity.ERROR,
            )
        if len(upstream.workloads) > 1:
            yield Fired(
                Evidence(upstream.origin.ref, "spec.podSelector", ", ".join(upstream.workloads)),
                "several workloads stand behind one VirtualNode: they move as one unit",
                "give each its own VirtualNode if they should move one after the other",
            )


def double_claims(facts: Facts) -> Iterator[Seen]:
    """P14: two of App Mesh's objects take the same pods."""
    yield from (of_report(finding, Severity.ERROR) for finding in facts.reported("MIG320", "MIG324"))


def addresses(facts: Facts) -> Iterator[Seen]:
    """P15: an address or reference leads nowhere."""
    yield from (of_report(finding) for finding in facts.reported("MIG315", "MIG326", "MIG327", "MIG328"))
    for upstream in facts.mesh.upstreams:
        service = upstream.service
        if service is not None and service.selector and upstream.pod_labels:
            outside = {key for key, value in service.selector.items() if upstream.pod_labels.get(key, value) != value}
            if outside:
                ref = ObjectRef("v1", "Service", service.namespace, service.name)
                yield Fired(
                    Evidence(ref, "spec.selector", ", ".join(f"{k}={service.selector[k]}" for k in sorted(outside))),
                    f"the Service selects other pods than VirtualNode {upstream.id}, which has its name as address",
                    "let both select the same pods, or give the VirtualNode a Service of its own",
                    Severity.ERROR,
                )


def cloud_map(facts: Facts) -> Iterator[Seen]:
    """P16: a Cloud Map name is nobody's any more."""
    for upstream in facts.mesh.upstreams:
        if isinstance(upstream.address, CloudMapName):
            is_inside = bool(upstream.workloads)
            yield Fired(
                Evidence(upstream.origin.ref, "spec.serviceDiscovery.awsCloudMap", upstream.address.hostname),
                "callers know its pods by addresses that nobody updates any more: a pod that moves is lost to them"
                if is_inside
                else "no pod of this cluster is behind this Cloud Map name: its instances are elsewhere",
                "move it together with all its callers, and keep its pods from moving until then"
                if is_inside
                else "decide how it is reached (ServiceEntry with its addresses, a load balancer, multi-cluster Istio)",
                None if is_inside else Severity.ERROR,
            )


def tls(facts: Facts) -> Iterator[Seen]:
    """P17: TLS inside App Mesh limits the order."""
    for finding in facts.reported(*_KEPT_BY_AWS):
        place = Evidence(place_of(finding), finding.path)
        yield Fired(place, _KEPT_BY_AWS[finding.code], finding.help, Severity.ERROR)
    for upstream in facts.mesh.upstreams:
        for listener in upstream.listeners:
            if listener.tls is not None and listener.tls.mode is not TlsMode.DISABLED and listener.origin:
                yield Fired(
                    Evidence(listener.origin.ref, f"{listener.origin.path}.tls.mode", listener.tls.mode.value.upper()),
                    "every App Mesh caller speaks TLS to it, whatever its own policy: it moves after all of them",
                )
        for use in upstream.backends:
            if use.client_tls is not None and use.client_tls.enforce and use.client_tls.origin:
                yield Fired(
                    Evidence(use.client_tls.origin.ref, f"{use.client_tls.origin.path}.enforce", "true"),
                    f"it calls {use.host} only by TLS, so it must move before that callee does",
                    "",
                    Severity.INFO,
                )


def outside(facts: Facts) -> Iterator[Seen]:
    """P18: something lies outside this cluster."""
    yield from (of_report(finding, Severity.ERROR) for finding in facts.reported("MIG316", "MIG317"))


def backend_groups(facts: Facts) -> Iterator[Seen]:
    """P46: BackendGroups."""
    for group in facts.snapshot.of_kind(APPMESH_GROUP, "BackendGroup"):
        names = [str(at(entry, "name")) for entry in items(group.spec.get("virtualservices"))]
        wild = "*" in names
        yield Fired(
            Evidence(group.ref, "spec.virtualservices", ", ".join(names)),
            "`*` stands for every VirtualService of the namespace at this moment: later ones do not join"
            if wild
            else "its VirtualServices are written out as backends, if the controller ran with enableBackendGroups",
        )
