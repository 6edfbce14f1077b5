"""What App Mesh's controller gives every sidecar: its Deployment's flags, its own defaults where they are unset."""

from collections.abc import Iterator, Mapping

from meshmig.model.mesh import Injector, Origin, Tracer, Tracing
from meshmig.model.objects import Manifest, Snapshot
from meshmig.model.units import Duration
from meshmig.sources.appmesh.shape import at, items, mapping, text

CONTROLLER = "appmesh-controller"
FLAGS_PATH = "spec.template.spec.containers[].args"

DEFAULTS: Mapping[str, str] = {
    "sidecar-cpu-requests": "10m",
    "sidecar-memory-requests": "32Mi",
    "ignored-ips": "169.254.169.254",
    "prestop-delay": "20",
    "sidecar-log-level": "info",
    "jaeger-address": "appmesh-jaeger.appmesh-system",
    "jaeger-port": "9411",
    "datadog-address": "datadog.appmesh-system",
    "datadog-port": "8126",
    "xray-daemon-port": "2000",
    "xray-sampling-rate": "0.05",
    "statsd-address": "127.0.0.1",
    "statsd-port": "8125",
}
"""The controller's own defaults (pkg/inject/config.go of release v1.13)."""

_EVERY_REQUEST = 100.0


def controller_of(snapshot: Snapshot) -> Manifest | None:
    """Find the Deployment of App Mesh's controller."""
    found = (m for m in snapshot.of_kind("apps", "Deployment") if m.ref.name.startswith(CONTROLLER))
    return next(found, None)


def flags_of(controller: Manifest) -> Mapping[str, str]:
    """Read the flags of the controller's containers: `--name=value`, `--name value`, or `--name` for true."""
    containers = items(at(controller.body, "spec", "template", "spec", "containers"))
    found: dict[str, str] = {}
    for container in map(mapping, containers):
        words = [text(word) for word in (*items(container.get("command")), *items(container.get("args")))]
        found |= dict(_flags(words))
    return found


def _flags(words: list[str]) -> Iterator[tuple[str, str]]:
    for number, word in enumerate(words):
        if word.startswith("-"):
            name, mark, value = word.lstrip("-").partition("=")
            following = words[number + 1] if number + 1 < len(words) else "-"
            yield name, value if mark else ("true" if following.startswith("-") else following)


def injector_of(snapshot: Snapshot) -> Injector:
    """Read the controller's flags into what its sidecars get."""
    controller = controller_of(snapshot)
    if controller is None:
        return Injector()
    written = flags_of(controller)
    flags = {**DEFAULTS, **{name: value for name, value in written.items() if value}}
    addresses = tuple(part.strip() for part in flags["ignored-ips"].split(",") if part.strip())
    delay = flags["prestop-delay"]
    is_fed = _is_on(flags, "enable-statsd")
    return Injector(
        cpu_request=flags["sidecar-cpu-requests"],
        memory_request=flags["sidecar-memory-requests"],
        cpu_limit=flags.get("sidecar-cpu-limits", ""),
        memory_limit=flags.get("sidecar-memory-limits", ""),
        ignored_addresses=addresses,
        stop_delay=Duration.of(seconds=int(delay)) if delay.isdecimal() else Injector().stop_delay,
        waits_for_proxy=_is_on(flags, "wait-until-proxy-ready"),
        backend_groups=_is_on(flags, "enable-backend-groups"),
        log_level=flags["sidecar-log-level"],
        tracing=_tracing(flags),
        statsd=f"{flags['statsd-address']}:{flags['statsd-port']}" if is_fed else "",
        origin=Origin(controller.ref, FLAGS_PATH),
    )


def _is_on(flags: Mapping[str, str], name: str) -> bool:
    return flags.get(name, "").lower() in {"true", "1", "t"}


def _tracing(flags: Mapping[str, str]) -> Tracing | None:
    if _is_on(flags, "enable-jaeger-tracing"):
        port = _port(flags["jaeger-port"], 9411)
        return Tracing(Tracer.JAEGER, flags["jaeger-address"], port, _EVERY_REQUEST)
    if _is_on(flags, "enable-datadog-tracing"):
        port = _port(flags["datadog-port"], 8126)
        return Tracing(Tracer.DATADOG, flags["datadog-address"], port, _EVERY_REQUEST)
    if _is_on(flags, "enable-xray-tracing"):
        return Tracing(Tracer.XRAY, "localhost", _port(flags["xray-daemon-port"], 2000), _share(flags))
    return None


def _port(written: str, default: int) -> int:
    return int(written) if written.isdecimal() else default


def _share(flags: Mapping[str, str]) -> float:
    """X-Ray's sampling rate is a share of one, Istio's a percentage."""
    try:
        return min(100.0, max(0.0, round(float(flags["xray-sampling-rate"]) * 100, 4)))
    except ValueError:
        return 5.0
