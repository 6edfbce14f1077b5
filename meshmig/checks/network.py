"""NetworkPolicies that would stop Istio or the copies, and address families."""

from collections.abc import Iterator, Mapping

from meshmig.checks.facts import Facts
from meshmig.diagnostics import Severity
from meshmig.model.mesh import Workload
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.cluster import Template
from meshmig.sources.appmesh.schema import LabelSelector, read
from meshmig.sources.appmesh.selectors import selects
from meshmig.sources.appmesh.shape import at, items, mapping, number, text

_ISTIO = "istio-system"
_XDS, _WEBHOOK = 15012, 15017
_SCRAPED = {15020: "merged metrics", 15090: "Envoy's metrics"}
_IPV6 = "IPv6"


def policies(facts: Facts) -> Iterator[Seen]:
    """P42: NetworkPolicies stop Istio or the copies."""
    found = facts.snapshot.of_kind("networking.k8s.io", "NetworkPolicy")
    for workload, template in facts.meshed:
        yield from _of_workload(facts, workload, template, found)
    yield from _of_istiod(found)
    if "NetworkPolicy" in facts.unread:
        yield Gap(facts.unread["NetworkPolicy"])
    yield Gap("needs AWS to see security groups: 15012 and 15017 to istiod, 15020 and 15090 to Prometheus", partly=True)


def _of_workload(facts: Facts, workload: Workload, template: Template, found: tuple[Manifest, ...]) -> Iterator[Seen]:
    mine = [
        one
        for one in found
        if one.ref.namespace == workload.ref.namespace and _takes(one.spec.get("podSelector"), template.labels)
    ]
    leaving = [one for one in mine if _limits(one, "Egress")]
    if leaving and not any(_lets(facts, rule, _XDS) for one in leaving for rule in items(one.spec.get("egress"))):
        yield Fired(
            Evidence(leaving[0].ref, "spec.egress", f"no rule reaches istiod on {_XDS}"),
            f"pods of {workload.id} may not call istiod: their sidecar never gets a configuration nor becomes ready",
            f"allow egress to namespace {_ISTIO}, TCP {_XDS}",
        )
    entering = [one for one in mine if _limits(one, "Ingress")]
    for port, what in _SCRAPED.items():
        rules = [mapping(rule) for one in entering for rule in items(one.spec.get("ingress"))]
        if entering and not any(_has_port(rule, port) for rule in rules):
            yield Fired(
                Evidence(entering[0].ref, "spec.ingress", f"no rule for {port}"),
                f"Prometheus may not read {what} of {workload.id}'s Istio sidecar: its gates stay blind",
                f"allow ingress from Prometheus, TCP {port}",
                Severity.WARNING,
            )
    yield from _peers(workload, template, found, frozenset(facts.renamed.get(workload.id, ())))


def _peers(workload: Workload, template: Template, found: tuple[Manifest, ...], keys: frozenset[str]) -> Iterator[Seen]:
    """A copy has other values in the labels that Services select by: policies that name them leave it out."""
    for policy in found:
        for part, side in (("ingress", "from"), ("egress", "to")):
            for number_, rule in enumerate(items(policy.spec.get(part))):
                for peer in map(mapping, items(mapping(rule).get(side))):
                    names = mapping(at(peer, "podSelector", "matchLabels"))
                    is_near = "namespaceSelector" in peer or policy.ref.namespace == workload.ref.namespace
                    if is_near and names and keys & names.keys() and names.items() <= template.labels.items():
                        yield Fired(
                            Evidence(
                                policy.ref,
                                f"spec.{part}[{number_}].{side}",
                                ", ".join(f"{k}={v}" for k, v in sorted(names.items())),
                            ),
                            f"it knows the pods of {workload.id} by a label that their copy has with another value",
                            "add the label with `-istio` at the end of its value, or select by app-neutral labels",
                        )


def _of_istiod(found: tuple[Manifest, ...]) -> Iterator[Seen]:
    guards = [
        one
        for one in found
        if one.ref.namespace == _ISTIO
        and _limits(one, "Ingress")
        and _takes(one.spec.get("podSelector"), {"app": "istiod"})
    ]
    rules = [mapping(rule) for one in guards for rule in items(one.spec.get("ingress"))]
    for port, who in ((_XDS, "proxies"), (_WEBHOOK, "the API server")):
        if guards and not any(_has_port(rule, port) for rule in rules):
            yield Fired(
                Evidence(guards[0].ref, "spec.ingress", f"no rule for {port}"),
                f"{who} may not call istiod",
                f"allow ingress to istiod, TCP {port}",
            )


def _limits(policy: Manifest, side: str) -> bool:
    types = items(policy.spec.get("policyTypes"))
    return side in types if types else side == "Ingress" or "egress" in policy.spec


def _takes(selector: Json, labels: Mapping[str, str]) -> bool:
    return selects(read(LabelSelector, selector or {}).value, labels)


def _lets(facts: Facts, rule: Json, port: int) -> bool:
    body = mapping(rule)
    peers = items(body.get("to"))
    return _has_port(body, port) and (not peers or any(_may_be_istiod(facts, mapping(peer)) for peer in peers))


def _may_be_istiod(facts: Facts, peer: Mapping[str, Json]) -> bool:
    if "ipBlock" in peer:
        return True
    if "namespaceSelector" not in peer:
        return False
    return _takes(peer["namespaceSelector"], facts.namespace_labels(_ISTIO)) and _takes(
        peer.get("podSelector"), {"app": "istiod", "istio": "pilot"}
    )


def _has_port(rule: Mapping[str, Json], port: int) -> bool:
    ports = [mapping(one) for one in items(rule.get("ports"))]
    return not ports or any(_is_port(one, port) for one in ports)


def _is_port(entry: Mapping[str, Json], port: int) -> bool:
    first, last = number(entry.get("port")), number(entry.get("endPort"))
    named = text(entry.get("port"))
    is_tcp = (entry.get("protocol") or "TCP") == "TCP"
    return is_tcp and ((first is None and not named) or (first is not None and first <= port <= (last or first)))


def families(facts: Facts) -> Iterator[Seen]:
    """P52: address families."""
    for workload in facts.mesh.workloads:
        for service in workload.services:
            manifest = facts.snapshot.get(ObjectRef("v1", "Service", service.namespace, service.name))
            wanted = items(manifest.spec.get("ipFamilies")) if manifest else ()
            if _IPV6 in wanted and manifest is not None:
                yield Fired(
                    Evidence(manifest.ref, "spec.ipFamilies", ", ".join(map(str, wanted))),
                    "it is reached by IPv6"
                    + (" and IPv4: Istio keeps to one family unless told" if len(wanted) > 1 else ""),
                )
    mesh = facts.snapshot.get(facts.mesh.origin.ref)
    preference = text(at(mesh.body, "spec", "meshServiceDiscovery", "ipPreference")) if mesh else ""
    if preference:
        yield Fired(
            Evidence(facts.mesh.origin.ref, "spec.meshServiceDiscovery.ipPreference", preference),
            "App Mesh chose the address family, and in Istio the installation does",
        )
