"""What `appmesh.k8s.aws/…` annotations of a pod template ask of the sidecar."""

import json
from collections.abc import Iterator, Mapping

from meshmig.model.mesh import Origin, ProxySettings
from meshmig.sources.appmesh.cluster import Template
from meshmig.sources.appmesh.findings import Report
from meshmig.sources.appmesh.shape import items, mapping

PREFIX = "appmesh.k8s.aws/"
INJECTION = PREFIX + "sidecarInjectorWebhook"
ANNOTATIONS_PATH = "spec.template.metadata.annotations"

Pairs = tuple[tuple[str, str], ...]


def proxy_settings(template: Template, default_ports: tuple[int, ...] | None, report: Report) -> ProxySettings:
    """Read the settings of a template; a part that the injector could not read is reported and left out.

    `default_ports` are taken over where no annotation names ports.
    """
    reader = _Reader(template, report)
    return ProxySettings(
        cpu_request=reader.text("cpuRequest"),
        memory_request=reader.text("memoryRequest"),
        cpu_limit=reader.text("cpuLimit"),
        memory_limit=reader.text("memoryLimit"),
        inbound_ports=reader.ports("ports") or default_ports,
        ignored_outbound_ports=reader.ports("egressIgnoredPorts"),
        ignored_outbound_addresses=tuple(reader.segments("egressIgnoredIPs")),
        secret_mounts=reader.pairs("secretMounts", ":"),
        volume_mounts=reader.pairs("volumeMounts", ":"),
        uses_cni=reader.text("appmeshCNI").lower() == "enabled",
        environment=tuple(sorted({**dict(reader.pairs("sidecarEnv", "=")), **reader.json("sidecarEnvJson")}.items())),
    )


def place_of(template: Template, key: str) -> Origin:
    """Return an annotation of a template as a place."""
    return Origin(template.ref, f"{ANNOTATIONS_PATH}[{key}]")


class _Reader:
    def __init__(self, template: Template, report: Report) -> None:
        self._template, self._report = template, report

    def text(self, key: str) -> str:
        return self._template.annotations.get(PREFIX + key, "").strip()

    def segments(self, key: str) -> Iterator[str]:
        return (segment.strip() for segment in self.text(key).split(",") if segment.strip())

    def ports(self, key: str) -> tuple[int, ...]:
        read = {segment: _port(segment) for segment in self.segments(key)}
        for segment, port in read.items():
            if port is None:
                self._unreadable(key, segment, "a port from 1 to 65535")
        return tuple(port for port in read.values() if port is not None)

    def pairs(self, key: str, mark: str) -> Pairs:
        found = []
        for segment in self.segments(key):
            name, *rest = (part.strip() for part in segment.split(mark))
            if len(rest) == 1 and name and rest[0]:
                found.append((name, rest[0]))
            else:
                self._unreadable(key, segment, f"`name{mark}value`")
        return tuple(found)

    def json(self, key: str) -> Mapping[str, str]:
        written = self.text(key)
        if not written:
            return {}
        try:
            read = json.loads(written)
        except (ValueError, RecursionError):
            read = None
        entries = [entry for listed in items(read) for entry in mapping(listed).items()]
        if not isinstance(read, list) or any(not isinstance(value, str) for _, value in entries):
            self._unreadable(key, written, """a JSON list like `[{"NAME": "value"}]`""")
        return {name: value for name, value in entries if isinstance(value, str)}

    def _unreadable(self, key: str, written: str, wanted: str) -> None:
        self._report.warning(
            "MIG314",
            place_of(self._template, PREFIX + key),
            f"`{written}` in annotation {PREFIX}{key} of {self._template.ref} is not {wanted}: "
            "App Mesh's injector refused such pods, and it is left out here",
            "correct the annotation",
        )


def _port(written: str) -> int | None:
    port = int(written) if written.isdecimal() and written.isascii() else 0
    return port if 1 <= port <= 65535 else None  # noqa: PLR2004 - TCP's port range
