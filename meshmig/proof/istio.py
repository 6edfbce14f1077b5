"""Istio's routing, compiled from raw manifests: what a sidecar or a gateway does with a request."""

from collections.abc import Iterator
from fractions import Fraction

from meshmig.model.objects import Manifest
from meshmig.proof.istio_objects import (
    Config,
    Known,
    View,
    covers,
    exported,
    full_host,
    is_closed,
    protocol_of,
    visible,
)
from meshmig.proof.istio_rules import DEFAULT_RETRIES, Asking, rules_of
from meshmig.proof.languages import Exact, Language, Suffix
from meshmig.proof.model import (
    AUTHORITY,
    Cause,
    Condition,
    Entry,
    Forward,
    Outcome,
    Refused,
    Rule,
    Share,
    Table,
    Unrouted,
)
from meshmig.proof.registry import Pods


def sidecar_table(config: Config, view: View, entry: Entry) -> Table:
    """Return the rules that a sidecar has for a host and port as its application spells them."""
    known = config.known(entry.host, view.namespace)
    port = next((item for item in known.ports if item.get("port") == entry.port), None) if known is not None else None
    if known is None or port is None or not _is_seen(known, view, entry.port):
        outcome: Outcome = Refused("no name of the registry") if is_closed(view) else Unrouted()
        causes = (Cause(known.manifest.ref, "spec.ports"),) if known is not None else ()
        return Table((Rule((), outcome, causes),), causes)
    asking = Asking(view, "mesh", entry.port, entry.host)
    bound = _bound(config, view, known, entry.port)
    protocol = protocol_of(port)
    if entry.is_http and protocol != "tcp":
        return _http(config, asking, known, bound)
    if not entry.is_http and protocol == "http":
        refused = Refused("the port is declared HTTP")
        return Table((Rule((), refused, (Cause(known.manifest.ref, "spec.ports"),)),))
    return _tcp(config, asking, known, bound)


def _is_seen(known: Known, view: View, port: int) -> bool:
    return exported(known.manifest, view.namespace) and visible(view, known.namespace, known.host, port)


def _bound(config: Config, view: View, known: Known, port: int) -> Manifest | None:
    """The VirtualService that a sidecar obeys for a host: the oldest of the most specific ones that it sees."""
    wild = sorted((host for host in config.mesh_routes if host.startswith("*") and covers(host, known.host)), key=len)
    for host in (known.host, *reversed(wild)):
        for manifest in config.mesh_routes.get(host, ()):
            if exported(manifest, view.namespace) and visible(view, manifest.ref.namespace, host, port):
                return manifest
    return None


def _http(config: Config, asking: Asking, known: Known, bound: Manifest | None) -> Table:
    if bound is None or not bound.spec.get("http"):
        target = config.target(known.host, asking.port, "", (asking.view.namespace, asking.port))
        outcome = Forward((Share(target, Fraction(1)),), retries=DEFAULT_RETRIES)
        return Table((Rule((), outcome, (Cause(known.manifest.ref),)),))
    return Table(tuple(_rules(config, asking, bound, "http")), (Cause(bound.ref, "spec.http"),))


def _tcp(config: Config, asking: Asking, known: Known, bound: Manifest | None) -> Table:
    rules = tuple(_rules(config, asking, bound, "tcp")) if bound is not None else ()
    first = next(iter(rules), None)
    if first is not None and isinstance(first.outcome, Forward):
        return Table((Rule((), Forward(_unlimited(first.outcome.shares)), first.causes),))
    target = config.target(known.host, asking.port, "", (asking.view.namespace, asking.port))
    return Table((Rule((), Forward((Share(target, Fraction(1)),)), (Cause(known.manifest.ref),)),))


def _unlimited(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    return tuple(Share(share.target, share.part) for share in shares)


def _rules(config: Config, asking: Asking, bound: Manifest, kind: str) -> Iterator[Rule]:
    for number, body in enumerate(bound.spec.get(kind) or ()):
        yield from rules_of(config, asking, body, Cause(bound.ref, f"spec.{kind}[{number}]"))


def gateway_table(config: Config, pods: tuple[Pods, ...], entry: Entry) -> Table:
    """Return the rules of a gateway's port: those of the most specific host first, and no way back to a wider one."""
    rules: list[Rule] = []
    causes: list[Cause] = []
    for host, bound in _hosts(config, pods, entry.port):
        asked = _authority(host)
        for gateway, manifest in bound:
            asking = Asking(View(manifest.ref.namespace), gateway, entry.port)
            own = _rules(config, asking, manifest, "http")
            rules += [Rule((*asked, *rule.conditions), rule.outcome, rule.causes) for rule in own]
            causes.append(Cause(manifest.ref))
        rules.append(Rule(asked, Refused("no rule of this host takes it"), tuple(Cause(m.ref) for _, m in bound)))
    return Table(tuple(rules), tuple(dict.fromkeys(causes)))


Bound = tuple[tuple[str, Manifest], ...]


def _hosts(config: Config, pods: tuple[Pods, ...], port: int) -> list[tuple[str, Bound]]:
    servers = [(gateway, str(host)) for gateway, hosts in _servers(config, pods, port) for host in hosts]
    found: dict[str, dict[str, tuple[str, Manifest]]] = {}
    for manifest in config.routes:
        names = {
            name if "/" in name else f"{manifest.ref.namespace}/{name}" for name in manifest.spec.get("gateways") or ()
        }
        for gateway, pattern in servers:
            if gateway.ref.id in names:
                for host in manifest.spec.get("hosts") or ():
                    common = _common(full_host(str(host), manifest.ref.namespace), pattern, manifest.ref.namespace)
                    if common:
                        found.setdefault(common, {})[manifest.ref.id] = (gateway.ref.id, manifest)
    ordered = sorted(found, key=lambda host: (host.startswith("*"), -len(host), host))
    return [(host, tuple(found[host].values())) for host in ordered]


def _servers(config: Config, pods: tuple[Pods, ...], port: int) -> list[tuple[Manifest, tuple[str, ...]]]:
    """The servers of the Gateways that take these pods, at that port; a lone other port stands for it."""
    taking = [g for g in config.gateways if any(_takes(g, item) for item in pods)] or _only(config)
    found = [(g, server) for g in taking for server in g.spec.get("servers") or ()]
    numbers = {(server.get("port") or {}).get("number") for _, server in found}
    wanted = port if port in numbers or len(numbers) != 1 else next(iter(numbers))
    return [
        (gateway, tuple(server.get("hosts") or ()))
        for gateway, server in found
        if (server.get("port") or {}).get("number") == wanted
    ]


def _takes(gateway: Manifest, pods: Pods) -> bool:
    selector = gateway.spec.get("selector") or {}
    return bool(selector) and selector.items() <= pods.labels.items()


def _only(config: Config) -> list[Manifest]:
    """Where no Gateway takes the pods, the only pair of labels that Gateways ask for stands for them."""
    selectors = {tuple(sorted((g.spec.get("selector") or {}).items())) for g in config.gateways}
    return list(config.gateways) if len(selectors) == 1 else []


def _common(host: str, pattern: str, namespace: str) -> str:
    """The narrower of a VirtualService's host and a server's, or nothing where they do not meet."""
    space, slash, name = pattern.partition("/")
    if slash and space not in ("*", namespace) and not (space == "." and namespace):
        return ""
    offered = name if slash else pattern
    if host == offered or covers(offered, host) or offered == "*":
        return host
    return offered if covers(host, offered) or host == "*" else ""


def _authority(host: str) -> tuple[Condition, ...]:
    if host == "*":
        return ()
    language: Language = Suffix(host[1:]) if host.startswith("*") else Exact(host.lower())
    return (Condition(AUTHORITY, language),)
