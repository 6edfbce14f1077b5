"""Who calls whom by which name, and which routes do not translate word for word."""

from collections.abc import Iterator

from meshmig.checks.facts import APPMESH_GROUP, Facts
from meshmig.checks.membership import of_report
from meshmig.checks.metrics import STRANGERS, UNDECLARED
from meshmig.checks.protocols import service_ref
from meshmig.diagnostics import Severity
from meshmig.model.mesh import CloudMapName, Edge, EdgeRoute, EgressPolicy, Fate, LedgerRow
from meshmig.model.objects import ObjectRef
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.shape import at, items, mapping, text

_WHOLE_PARTS = ("healthCheck", "range", "idle")
_LONGEST_REGEX = 1024
_TOLD_ELSEWHERE = (".acm.", ".sds.", "ARN", "meshOwner")
"""P17 and P18 tell of these."""

_ROUTING_KINDS = {"VirtualRouter", "GatewayRoute", "VirtualNode", "VirtualGateway"}
_NEAR_PARTS = (
    "range",
    "suffix",
    "invert",
    "regex",
    "idle",
    "healthCheck",
    "scheme",
    "outlierDetection",
    "perRetryTimeout",
)


def strangers(facts: Facts) -> Iterator[Seen]:
    """P33: callers outside the mesh."""
    behind = {
        service.id: workload for workload in facts.mesh.workloads if not workload.edge for service in workload.services
    }
    services = {service.id: service for workload in facts.mesh.workloads for service in workload.services}
    for name, workload in behind.items():
        if services[name].type in {"LoadBalancer", "NodePort"}:
            yield Fired(
                Evidence(service_ref(services[name]), "spec.type", services[name].type),
                f"callers outside the mesh reach {workload.id} directly, without a proxy",
                "it follows by a Service selector flip (0 or 100 %): keep it PERMISSIVE, or put a gateway before it",
            )
    for ingress in facts.snapshot.of_kind("networking.k8s.io", "Ingress"):
        for backend in sorted(backends(ingress.spec) & {name.rpartition("/")[2] for name in behind}):
            if f"{ingress.ref.namespace}/{backend}" in behind:
                yield Fired(
                    Evidence(ingress.ref, "spec.rules[].http.paths[].backend.service.name", backend),
                    "a load balancer calls this Service's pods directly, without a proxy",
                    "shift it by ALB target group weights and keep it PERMISSIVE, or put an Istio gateway between",
                )
    if facts.measured is None:
        yield Gap(f"needs Prometheus to see callers that nobody declared: {facts.unmeasured}", partly=True)
    else:
        named = {
            f"{series.labels.get('source_workload', 'unknown')} to {series.labels.get('destination_workload', '?')}"
            for series in facts.measured.of(STRANGERS)
            if series.value > 0
        }
        for pair in sorted(named):
            yield Fired(
                Evidence(None, "istio_requests_total without mutual TLS", pair),
                "these calls carry no identity of Istio: `enforce mtls` would refuse them",
                "find the caller, move it, or leave the callee PERMISSIVE",
            )


def backends(spec: object) -> set[str]:
    """Return the names of the Services that an Ingress leads to."""
    paths = [mapping(path) for rule in items(mapping(spec).get("rules")) for path in items(at(rule, "http", "paths"))]
    backends = [path.get("backend") for path in paths] + [mapping(spec).get("defaultBackend")]
    return {text(at(backend, "service", "name")) for backend in backends} - {""}


def cycles(facts: Facts) -> Iterator[Seen]:
    """P34: workloads that only move together."""
    for unit in facts.units:
        if len(unit) > 1:
            first = facts.mesh.workload[unit[0]]
            yield Fired(
                Evidence(first.ref, "", ", ".join(unit)),
                f"{len(unit)} workloads call each other or share an address: they move as one unit",
            )


def features(facts: Facts) -> Iterator[Seen]:
    """P35: routing features without an exact counterpart."""
    answered = {answer.id for answer in facts.migration.answers}
    for row in facts.ledger.rows:
        if row.object.kind in _ROUTING_KINDS and _is_feature(row):
            yield Fired(_evidence(row), *_judged(row))
    for question in facts.mesh.questions:
        if question.id not in answered:
            yield Fired(
                Evidence(question.origin.ref, f"answer {question.id}", f"{question.default} (by default)"),
                question.text[:1].upper() + question.text[1:],
                f"write `answer {question.id} = {' | '.join(question.choices)}` in the file",
            )
    yield from (of_report(finding) for finding in facts.reported("MIG329", "MIG331"))
    for host in facts.mesh.hosts:
        for route in host.routes:
            path = route.match.path
            if path is not None and len(path.value) > _LONGEST_REGEX:
                yield Fired(
                    Evidence(route.origin.ref, route.origin.path, f"{len(path.value)} characters"),
                    f"Istio's webhook refuses a regex longer than {_LONGEST_REGEX} characters",
                    "split the route",
                    Severity.ERROR,
                )


def _is_feature(row: LedgerRow) -> bool:
    """What a question asks stands there as a question."""
    is_near = row.fate is Fate.APPROXIMATED and any(part in row.path for part in _NEAR_PARTS)
    is_told = any(part in row.path for part in _TOLD_ELSEWHERE)
    return is_near or (row.fate is Fate.REFUSED and not is_told)


def _evidence(row: LedgerRow) -> Evidence:
    """A feature of many fields (a health check) is shown as one place."""
    part = next((part for part in _WHOLE_PARTS if f".{part}." in row.path), "")
    head, found, _ = row.path.partition(f".{part}.")
    return Evidence(row.object, f"{head}.{part}") if part and found else Evidence(row.object, row.path, row.value)


def _judged(row: LedgerRow) -> tuple[str, str, Severity]:
    note = row.note[:1].upper() + row.note[1:].rstrip(".")
    if row.fate is Fate.REFUSED:
        return note, "decide by hand: the plan refuses it", Severity.ERROR
    return note, "nothing to do if the difference is harmless: `plan --ledger` lists every field", Severity.INFO


def edge_routes(facts: Facts) -> Iterator[Seen]:
    """P36: gateway routes that meet."""
    yield from (of_report(finding) for finding in facts.reported("MIG330", "MIG332"))
    for edge in facts.mesh.edges:
        yield from _overlapping(edge)
        hostless = [route for route in edge.routes if route.hostname is None]
        named = {route.hostname.value for route in edge.routes if route.hostname is not None}
        if hostless and named:
            yield Fired(
                Evidence(
                    hostless[0].origin.ref, hostless[0].origin.path, f"{len(hostless)} without, {len(named)} names"
                ),
                "routes without a host name stand beside named ones: Envoy never falls back from a name to them, "
                "so they are repeated under every name",
                "look at the order of the merged routes in the plan",
                Severity.INFO,
            )


def _overlapping(edge: Edge) -> Iterator[Seen]:
    first: dict[tuple[object, ...], EdgeRoute] = {}
    for route in edge.routes:
        key = (route.hostname, route.match, route.priority)
        other = first.setdefault(key, route)
        if other is not route and other.host != route.host:
            yield Fired(
                Evidence(route.origin.ref, route.origin.path, str(other.origin.ref)),
                "another GatewayRoute takes the same requests with the same priority to another place",
                "remove one, or give them different priorities",
            )


def egress(facts: Facts) -> Iterator[Seen]:
    """P39: egress changes."""
    place = Evidence(
        facts.mesh.origin.ref,
        "spec.egressFilter.type",
        "unset, so DROP_ALL" if facts.mesh.egress_implicit else facts.mesh.egress.name,
    )
    keeps = facts.migration.target.egress_declared
    if facts.mesh.egress is EgressPolicy.DROP and not keeps:
        yield Fired(
            place,
            "App Mesh drops calls to undeclared addresses, and moved pods may call everything",
            "write `egress declared` after `to istio` if that limit is wanted",
        )
    if facts.mesh.egress is EgressPolicy.ALLOW and keeps:
        yield Fired(
            place,
            "App Mesh let everything out, and `egress declared` will refuse what nobody declared",
            "write `egress open`, or declare every outside name first",
        )
    yield from _undeclared(facts)


def _undeclared(facts: Facts) -> Iterator[Seen]:
    for dump in facts.dumps:
        if dump.allow_all:
            yield Fired(
                Evidence(
                    ObjectRef("v1", "Pod", dump.namespace, dump.pod),
                    "stats: mesh-allow-all.upstream_cx_total",
                    str(dump.allow_all),
                ),
                "it calls addresses that are not declared: by short names that routing missed, or outside the mesh",
                "find them (short names become routed in Istio) before `enforce egress`",
            )
    if facts.measured is not None:
        for series in facts.measured.of(UNDECLARED):
            if series.value > 0:
                pod = f"{series.labels.get('namespace', '')}/{series.labels.get('pod', '?')}"
                yield Fired(
                    Evidence(None, f"mesh-allow-all connections of {pod}", f"{series.value:g}"),
                    "it calls addresses that are not declared: by short names that routing missed, or outside the mesh",
                    "find them (short names become routed in Istio) before `enforce egress`",
                )
    elif not any(dump.allow_all is not None for dump in facts.dumps):
        yield Gap(f"needs Prometheus, or the stats of a pod, to see undeclared calls: {facts.unmeasured}", partly=True)


def names(facts: Facts) -> Iterator[Seen]:
    """P40: names that only App Mesh or Cloud Map keeps alive."""
    for host in facts.mesh.hosts:
        targets = [facts.mesh.upstream[name] for name in host.upstreams if name in facts.mesh.upstream]
        if host.service is None:
            only_cloud_map = any(isinstance(target.address, CloudMapName) for target in targets)
            yield Fired(
                Evidence(host.origin.ref, "spec.awsName", host.name),
                "no Service of the cluster has this name"
                + (
                    ": it resolves by Cloud Map for as long as its instances are there"
                    if only_cloud_map
                    else ": it resolves by something outside the cluster's objects, if at all"
                ),
                "keep what resolves it until Istio's ServiceEntry answers for it; look for callers outside the mesh",
            )
        elif not host.service.selector:
            yield Fired(
                Evidence(service_ref(host.service), "spec.selector", "none"),
                "this Service only gives the name an address: without Istio's route behind it, it answers 503",
                "keep it together with its VirtualService; remove it only when nobody resolves it any more",
                Severity.INFO,
            )
    if not facts.snapshot.of_kind(APPMESH_GROUP, "VirtualService"):
        yield Gap("needs App Mesh's VirtualServices")
