"""The front doors: what stands before a gateway, and what it checks there."""

from collections.abc import Iterator

from meshmig.checks.facts import Facts
from meshmig.checks.routing import backends
from meshmig.diagnostics import Severity
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.precheck import Evidence, Fired, Gap, Seen

_DNS, _IDENTIFIER = "external-dns.alpha.kubernetes.io/hostname", "external-dns.alpha.kubernetes.io/set-identifier"
_HEALTH = (
    "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port",
    "service.beta.kubernetes.io/aws-load-balancer-healthcheck-path",
    "alb.ingress.kubernetes.io/healthcheck-port",
    "alb.ingress.kubernetes.io/healthcheck-path",
)


def _fronts(facts: Facts) -> Iterator[tuple[str, Manifest]]:
    """Yield (edge id, Service or Ingress) for everything that leads to an edge's pods."""
    for edge in facts.mesh.edges:
        names = {(service.namespace, service.name) for service in edge.services}
        for namespace, name in sorted(names):
            service = facts.snapshot.get(ObjectRef("v1", "Service", namespace, name))
            if service is not None:
                yield edge.id, service
        for ingress in facts.snapshot.of_kind("networking.k8s.io", "Ingress"):
            if any(ingress.ref.namespace == namespace and _leads_to(ingress, name) for namespace, name in names):
                yield edge.id, ingress


def _leads_to(ingress: Manifest, service: str) -> bool:
    return service in backends(ingress.spec)


def front_doors(facts: Facts) -> Iterator[Seen]:
    """P37: the front doors, and how they can be shifted."""
    for edge, front in _fronts(facts):
        kind = str(front.spec.get("type") or "ClusterIP") if front.ref.kind == "Service" else "Ingress"
        if kind != "ClusterIP":
            how = "ALB weights or a selector flip" if kind == "Ingress" else "a Service selector flip, or DNS weights"
            yield Fired(
                Evidence(front.ref, "spec.type" if front.ref.kind == "Service" else "spec", kind),
                f"this is a front door of VirtualGateway {edge}: its traffic can be shifted by {how}",
            )
        if _DNS in front.annotations and _IDENTIFIER not in front.annotations:
            yield Fired(
                Evidence(front.ref, f"metadata.annotations[{_DNS}]", front.annotations[_DNS]),
                "external-dns keeps a simple record: Route 53 refuses a weighted one beside it",
                f"give both entries {_IDENTIFIER} and a weight in one change, if DNS is to shift the traffic",
                Severity.WARNING,
            )


def health_checks(facts: Facts) -> Iterator[Seen]:
    """P38: a load balancer checks health in App Mesh's way."""
    for edge, front in _fronts(facts):
        for key in _HEALTH:
            if key in front.annotations:
                yield Fired(
                    Evidence(front.ref, f"metadata.annotations[{key}]", front.annotations[key]),
                    f"the load balancer asks the pods of VirtualGateway {edge} for their health in App Mesh's way",
                    "an Istio gateway answers on port 15021, path /healthz/ready: set both when its pods take over",
                )
    if not facts.live and facts.mesh.edges:
        yield Gap("needs the target groups themselves to see checks that no annotation sets", partly=True)
