"""What a running App Mesh Envoy says of itself: config_dump, clusters, certs, server_info and stats, by pod."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import PurePosixPath

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.objects import Json
from meshmig.sources.appmesh.shape import at, items, mapping, number, text

CODES: dict[str, str] = {
    "MIG752": "a file of the dumps is nothing that Envoy's admin port says",
    "MIG753": "a dump is of a pod that this mesh does not have",
}

_KIND_WORDS = re.compile(r"[._-]?(config[_-]?dump|clusters|certs|server[_-]?info|stats|all)$")
_COUNTER = re.compile(r"^([A-Za-z0-9_.:\-]+): (\d+)$")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDates:
    """One certificate that an Envoy holds, as `/certs` shows it; `days` are whole days left."""

    path: str
    days: int
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodDump:
    """What the files of one pod say; None means that none of them says it.

    `node` is Envoy's node id (`mesh/M/virtualNode/N`). `default_retries`: a route that no CR gives retries has them.
    `loopback`: the application is called at the loopback address. `allow_all`: connections to undeclared addresses.
    `connected`: the control plane is connected. `state` is `LIVE`, `INITIALIZING`, … or empty.
    """

    pod: str
    namespace: str = ""
    node: str = ""
    state: str = ""
    has_config: bool | None = None
    retry_words: frozenset[str] = frozenset()
    routes_without_retry: int | None = None
    loopback: bool | None = None
    allow_all: int | None = None
    connected: bool | None = None
    certificates: tuple[CertificateDates, ...] | None = None

    @property
    def name(self) -> str:
        """`namespace/pod`, or the pod where no namespace is known."""
        return f"{self.namespace}/{self.pod}" if self.namespace else self.pod

    def is_of(self, workload: str, namespace: str) -> bool:
        """Say whether the pod's name is one that a workload of that name gives."""
        suffix = r"-[a-z0-9]{1,10}(-[a-z0-9]{5})?"
        return self.namespace in {"", namespace} and bool(re.fullmatch(re.escape(workload) + suffix, self.pod))


def read_dumps(files: Sequence[tuple[str, str]]) -> tuple[tuple[PodDump, ...], tuple[Diagnostic, ...]]:
    """Read dumped files (path below the folder, text), several a pod, in any mix of the admin port's answers.

    The pod is the file's name (`front-abc.json`, `front-abc.certs.json`) or its folder (`shop/front-abc/certs.json`).
    """
    parts: list[PodDump] = []
    wrong: list[Diagnostic] = []
    for path, content in sorted(files):
        part = _part(_blank(path), content)
        if part is None:
            wrong.append(_unknown(path))
        else:
            parts.append(part)
    parts.sort(key=lambda part: (part.namespace, part.pod))
    grouped = groupby(parts, key=lambda part: (part.namespace, part.pod))
    return tuple(_merged(list(group)) for _, group in grouped), tuple(wrong)


def _blank(path: str) -> PodDump:
    place = PurePosixPath(path)
    stem = _KIND_WORDS.sub(
        "", place.name.removesuffix(place.suffix) if place.suffix in {".json", ".txt"} else place.name
    )
    folders = place.parts[:-1]
    if not stem and folders:
        stem, folders = folders[-1], folders[:-1]
    return PodDump(pod=stem or place.name, namespace=folders[-1] if folders else "")


def _part(blank: PodDump, content: str) -> PodDump | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return _stats(blank, _text_counters(content))
    readers = {"configs": _config, "cluster_statuses": _clusters, "certificates": _certificates, "stats": _json_stats}
    found = next((reader for key, reader in readers.items() if key in mapping(body)), None)
    if found is not None:
        return found(blank, body)
    if "state" in mapping(body):
        return replace(blank, state=text(body.get("state")), node=text(at(body, "node", "id")))
    return None


def _config(blank: PodDump, body: Json) -> PodDump:
    sections = [mapping(section) for section in items(mapping(body).get("configs"))]
    node = next((text(at(section, "bootstrap", "node", "id")) for section in sections if "bootstrap" in section), "")
    listeners = [entry for section in sections for entry in items(section.get("dynamic_listeners"))]
    routes = [route for section in sections for route in _egress_routes(section)]
    retries = [text(at(route, "route", "retry_policy", "retry_on")) for route in routes]
    return replace(
        blank,
        node=node,
        has_config=bool(listeners),
        retry_words=frozenset(word for words in retries for word in words.split(",") if word),
        routes_without_retry=sum(not words for words in retries) if routes else None,
        loopback=_loopback(_walk_clusters(sections)),
    )


def _egress_routes(section: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for entry in map(mapping, items(section.get("dynamic_route_configs"))):
        table = mapping(entry.get("route_config"))
        if "egress" in text(table.get("name")):
            for host in map(mapping, items(table.get("virtual_hosts"))):
                yield from (mapping(route) for route in items(host.get("routes")) if "route" in mapping(route))


def _walk_clusters(sections: Iterable[Mapping[str, Json]]) -> Iterator[tuple[str, str]]:
    for section in sections:
        for entry in map(mapping, items(section.get("dynamic_active_clusters"))):
            cluster = mapping(entry.get("cluster"))
            for group in items(at(cluster, "load_assignment", "endpoints")):
                for endpoint in items(mapping(group).get("lb_endpoints")):
                    address = text(at(endpoint, "endpoint", "address", "socket_address", "address"))
                    yield text(cluster.get("name")), address


def _loopback(endpoints: Iterable[tuple[str, str]]) -> bool | None:
    local = [address in _LOOPBACK for name, address in endpoints if name.startswith("cds_ingress_") and address]
    return any(local) if local else None


def _clusters(blank: PodDump, body: Json) -> PodDump:
    pairs = [
        (text(cluster.get("name")), text(at(host, "address", "socket_address", "address")))
        for cluster in map(mapping, items(mapping(body).get("cluster_statuses")))
        for host in items(cluster.get("host_statuses"))
    ]
    return replace(blank, loopback=_loopback(pairs))


def _certificates(blank: PodDump, body: Json) -> PodDump:
    found = [
        _dates(mapping(shown))
        for entry in map(mapping, items(mapping(body).get("certificates")))
        for part in ("ca_cert", "cert_chain")
        for shown in items(entry.get(part))
    ]
    return replace(blank, certificates=tuple(sorted(found, key=lambda dates: (dates.days, dates.path))))


def _dates(shown: Mapping[str, Json]) -> CertificateDates:
    written = shown.get("days_until_expiration")
    days = int(written) if isinstance(written, str) and written.isdecimal() else number(written)
    path, until = text(shown.get("path")) or "<inline>", text(shown.get("expiration_time"))
    return CertificateDates(path=path, days=days or 0, until=until)


def _json_stats(blank: PodDump, body: Json) -> PodDump | None:
    pairs = [mapping(entry) for entry in items(mapping(body).get("stats"))]
    return _stats(blank, {text(pair.get("name")): number(pair.get("value")) or 0 for pair in pairs if "name" in pair})


def _text_counters(content: str) -> Mapping[str, int]:
    matches = (_COUNTER.match(line.strip()) for line in content.splitlines())
    return {match[1]: int(match[2]) for match in matches if match}


def _stats(blank: PodDump, counters: Mapping[str, int]) -> PodDump | None:
    if not counters:
        return None
    open_ones = [n for key, n in counters.items() if "_mesh-allow-all.upstream_cx_total" in key]
    connected = counters.get("control_plane.connected_state")
    live = counters.get("server.live")
    return replace(
        blank,
        allow_all=sum(open_ones) if open_ones else None,
        connected=None if connected is None else bool(connected),
        state={None: "", 0: "INITIALIZING"}.get(live, "LIVE"),
    )


def _merged(parts: list[PodDump]) -> PodDump:
    whole = parts[0]
    for part in parts[1:]:
        said = {name: value for name in PodDump.__slots__ if _says(value := getattr(part, name))}
        whole = replace(whole, **said)
    return whole


def _says(value: object) -> bool:
    return value is not None and value not in ("", frozenset())


def _unknown(path: str) -> Diagnostic:
    return Diagnostic(
        code="MIG752",
        severity=Severity.WARNING,
        message=f"{path} is none of what Envoy's admin port says: it is not looked at",
        help="save config_dump, clusters?format=json, certs, server_info or stats, named by the pod",
    )
