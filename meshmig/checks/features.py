"""Which features a mesh uses, by the fields that its ledger has; every field belongs to one."""

import re
from collections.abc import Mapping, Sequence

from meshmig.checks.alternatives import FEATURES
from meshmig.model.fit import Fit, Use, Verdict
from meshmig.model.mesh import Fate, Ledger, LedgerRow, Mesh, Origin
from meshmig.model.objects import ObjectRef

NO_FEATURE = ""
"""Fields that name things and make no difference to a request."""

_LEDGER = "meshmig plan --ledger"
_EMPTY = {"{}", "[]"}
_NUMBER = re.compile(r"\[\d+\]")

PATHS: tuple[tuple[str, str], ...] = (
    (r"spec\.(awsName|meshRef|virtualGatewayRef|listeners\[\]\.portMapping\.port)\b.*", NO_FEATURE),
    (r"spec\.routes\[\]\.name", NO_FEATURE),
    (r".*certificate\.(acm|sds)\..*|.*trust\.(acm|sds)\..*|.*subjectAlternativeNames.*", "tls_sources"),
    (r"spec\.(meshOwner)|.*ARN", "outside"),
    (r"spec\.egressFilter.*", "egress"),
    (r".*(ipPreference|responseType)", "addresses"),
    (r"spec\.(namespaceSelector|podSelector|gatewayRouteSelector)\..*", "membership"),
    (r"spec\.serviceDiscovery\.awsCloudMap.*", "cloud_map"),
    (r"spec\.(serviceDiscovery\.dns\.hostname|provider)\b.*", "names"),
    (r".*\.tls\..*", "tls"),
    (r"spec\.(backends|backendGroups|virtualservices)\[\].*", "backends"),
    (r".*healthCheck.*", "health"),
    (r".*outlierDetection.*", "outliers"),
    (r".*connectionPool.*", "pools"),
    (r".*retryPolicy.*", "retries"),
    (r".*timeout.*perRequest.*", "timeout"),
    (r".*timeout.*idle.*", "idle"),
    (r"spec\.logging.*", "logs"),
    (r".*rewrite.*", "rewrite"),
    (r".*match\.hostname.*", "hostname"),
    (r".*Route\.match\.path\.regex", "path_regex"),
    (r".*Route\.match\.(prefix|path\.exact)", "path"),
    (r".*match\.(serviceName|methodName)", "grpc"),
    (r".*match\.method", "method"),
    (r".*(headers|metadata)\[\]\.(match\.(prefix|suffix|regex|range)|invert).*", "header_forms"),
    (r".*(headers|metadata)\[\]\..*", "header"),
    (r".*queryParameters.*", "query"),
    (r".*match\.scheme", "scheme"),
    (r".*match\.port|.*\.port", "port"),
    (r".*priority", "priority"),
    (r".*weightedTargets\[\]\.weight", "weights"),
    (r".*weightedTargets\[\]\.virtualNodeRef.*", "names"),
    (r".*action\.target.*", "gateway"),
)
"""Which feature a field of the schema belongs to, the first pattern that takes the whole path."""

PROTOCOLS = {"http": "http", "http2": "http", "grpc": "grpc", "tcp": "tcp"}

ANNOTATIONS: Mapping[str, str] = {
    "sidecarInjectorWebhook": "membership",
    "ports": "bypass",
    "egressIgnoredIPs": "bypass",
    "egressIgnoredPorts": "bypass",
    "ignoredGID": NO_FEATURE,
    "ignoredUID": NO_FEATURE,
    "proxyEgressPort": NO_FEATURE,
    "proxyIngressPort": NO_FEATURE,
    "preview": NO_FEATURE,
    "virtualGatewaySkipImageOverride": NO_FEATURE,
    "sds": NO_FEATURE,
    "mesh": NO_FEATURE,
    "virtualNode": NO_FEATURE,
    "virtualGateway": NO_FEATURE,
    "ipv6": "addresses",
    "sidecarEnv": "telemetry",
    "sidecarEnvJson": "telemetry",
    "xrayAgentConfigMount": "telemetry",
}
_ANY_ANNOTATION = "sidecar"
"""What the other annotations are about: resources, mounts, the CNI plug-in."""

_FATE_VERDICT = {
    Fate.CARRIED: Verdict.KEEPS,
    Fate.APPROXIMATED: Verdict.DIFFERS,
    Fate.ASKED: Verdict.ASKS,
    Fate.REFUSED: Verdict.LOSES,
}
_ORDER = tuple(Verdict)
_HIDDEN_FITS = {
    "egress": Fit(Verdict.DIFFERS, "open during the journey; `egress declared` keeps it afterwards", _LEDGER),
    "telemetry": Fit(Verdict.ASKS, "Istio's installation needs a provider for it", _LEDGER),
}


def feature_of(path: str, value: str = "") -> str | None:
    """Return the feature of a field's path in the schema; None for a field that no pattern takes."""
    if value in _EMPTY:
        return NO_FEATURE
    plain = _NUMBER.sub("[]", path)
    annotation = re.search(r"annotations\[appmesh\.k8s\.aws/(\w+)\]", path)
    if annotation:
        return ANNOTATIONS.get(annotation[1], _ANY_ANNOTATION)
    if "labels[appmesh.k8s.aws/" in path:
        return "membership"
    if plain.endswith("portMapping.protocol"):
        return PROTOCOLS.get(value, "http")
    return next((feature for pattern, feature in PATHS if re.fullmatch(pattern, plain)), None)


def uses(mesh: Mesh, ledger: Ledger) -> tuple[Use, ...]:
    """Return every feature that a mesh uses, in the order of the table, with its fit for each alternative."""
    rows: dict[str, list[LedgerRow]] = {}
    for row in ledger.rows:
        feature = feature_of(row.path, row.value)
        if feature and not _is_off(row):
            rows.setdefault(feature, []).append(row)
    hidden = _hidden(mesh)
    present = [feature for feature in FEATURES if feature in rows or feature in hidden]
    return tuple(_use(feature, rows.get(feature, []), hidden.get(feature, ())) for feature in present)


def _is_off(row: LedgerRow) -> bool:
    """A switch that says no uses nothing."""
    return (row.path.endswith("tls.mode") and row.value == "DISABLED") or row.value == "false"


def _hidden(mesh: Mesh) -> Mapping[str, tuple[ObjectRef, ...]]:
    """What App Mesh does without a word of the manifests, and the objects that it does it for."""
    routes = [route for host in mesh.hosts for route in host.routes]
    injector = mesh.injector
    found = {
        "timeout": [route.origin for route in routes if route.implicit_timeout],
        "default_retries": [route.origin for route in routes if route.retry is not None and route.retry.implicit],
        "rewrite": [
            route.origin
            for edge in mesh.edges
            for route in edge.routes
            if route.rewrite.implicit_prefix or route.rewrite.implicit_authority
        ],
        "egress": [mesh.origin] if mesh.egress_implicit else [],
        "gateway": [edge.origin for edge in mesh.edges],
        "telemetry": [injector.origin] if injector.origin and (injector.tracing or injector.statsd) else [],
    }
    return {name: _refs(origins) for name, origins in found.items() if origins}


def _refs(origins: Sequence[Origin]) -> tuple[ObjectRef, ...]:
    return tuple(sorted({origin.ref for origin in origins}))


def _use(feature: str, rows: list[LedgerRow], hidden: tuple[ObjectRef, ...]) -> Use:
    title, *fits = FEATURES[feature]
    objects = sorted({row.object for row in rows} | set(hidden))
    return Use(
        feature=feature,
        title=title,
        objects=tuple(objects),
        fields=len(rows),
        fits=(*fits, _by_ledger(feature, rows)),
    )


def _by_ledger(feature: str, rows: list[LedgerRow]) -> Fit:
    """Istio's sidecars keep what the ledger says; what is hidden in App Mesh is written out, so it is kept."""
    worst = max(rows, key=lambda row: _ORDER.index(_FATE_VERDICT[row.fate]), default=None)
    if worst is None:
        return _HIDDEN_FITS.get(feature, Fit(Verdict.KEEPS, "written out", _LEDGER))
    notes = dict.fromkeys(row.note.rstrip(".") for row in rows if row.fate is worst.fate and row.note)
    return Fit(_FATE_VERDICT[worst.fate], next(iter(notes), ""), _LEDGER)
