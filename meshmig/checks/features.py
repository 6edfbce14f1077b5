"""Which features a mesh uses, by the fields that its ledger has; every field belongs to one."""

import re
from collections.abc import Mapping, Sequence

from meshmig.checks.alternatives import FEATURES
from meshmig.model.fit import Fit, Use, Verdict
from meshmig.model.mesh import Fate, Ledger, LedgerRow
from meshmig.sources.appmesh.ledger import UNSET

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

HIDDEN: tuple[tuple[str, str], ...] = (
    (r".*retryPolicy", "default_retries"),
    (r".*\.timeout(\..*)?", "timeout"),
    (r".*\.rewrite\..*", "rewrite"),
    (r".*\.target\.routes", "gateway"),
    (r"spec\.egressFilter.*", "egress"),
    (r".*subjectAlternativeNames", "tls"),
    (r".*annotations\[.*|proxies\.egressIgnored.*", "bypass"),
    (r".*(priority|connectTimeout|responseType|pathNormalization|resources)", NO_FEATURE),
)
"""The same for fields that nobody wrote and that act all the same; defaults that every mesh has tell nothing."""

FLAGS: tuple[tuple[str, str], ...] = (
    (r"enable-(jaeger|datadog|xray)-tracing|enable-stats.*|sidecar-log-level", "telemetry"),
    (r"sidecar-(cpu|memory)-.*|prestop-delay|wait-until-proxy-ready", "sidecar"),
    (r"ignored-ips", "bypass"),
    (r"enable-backend-groups", "backends"),
    (r".*", NO_FEATURE),
)
"""The same for flags of App Mesh's controller; the rest is about AWS's own images and endpoints."""

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


def feature_of(path: str, value: str = "") -> str | None:
    """Return the feature of a ledger row's path and value; None for a field that no pattern takes."""
    if value in _EMPTY:
        return NO_FEATURE
    plain = _NUMBER.sub("[]", path)
    if value.startswith(UNSET):
        return _first(HIDDEN, plain)
    flag = re.fullmatch(r".*\[--([\w-]+)\]", path)
    if flag:
        return _first(FLAGS, flag[1])
    annotation = re.search(r"annotations\[appmesh\.k8s\.aws/(\w+)\]", path)
    if annotation:
        return ANNOTATIONS.get(annotation[1], _ANY_ANNOTATION)
    if "labels[appmesh.k8s.aws/" in path:
        return "membership"
    if plain.endswith("portMapping.protocol"):
        return PROTOCOLS.get(value, "http")
    return _first(PATHS, plain)


def _first(patterns: Sequence[tuple[str, str]], path: str) -> str | None:
    return next((feature for pattern, feature in patterns if re.fullmatch(pattern, path)), None)


def uses(ledger: Ledger) -> tuple[Use, ...]:
    """Return every feature that a mesh uses, in the order of the table, with its fit for each alternative."""
    rows: dict[str, list[LedgerRow]] = {}
    for row in ledger.rows:
        feature = feature_of(row.path, row.value)
        if feature and not _is_off(row):
            rows.setdefault(feature, []).append(row)
    return tuple(_use(feature, rows[feature]) for feature in FEATURES if feature in rows)


def _is_off(row: LedgerRow) -> bool:
    """A switch that says no uses nothing."""
    return (row.path.endswith("tls.mode") and row.value == "DISABLED") or row.value == "false"


def _use(feature: str, rows: list[LedgerRow]) -> Use:
    title, *fits = FEATURES[feature]
    objects = tuple(sorted({row.object for row in rows}))
    return Use(feature=feature, title=title, objects=objects, fields=len(rows), fits=(*fits, _by_ledger(rows)))


def _by_ledger(rows: list[LedgerRow]) -> Fit:
    """With Istio's sidecars the worst fate among the feature's fields decides, by the ledger of this mesh."""
    worst = max((_FATE_VERDICT[row.fate] for row in rows), key=tuple(Verdict).index)
    notes = dict.fromkeys(row.note.rstrip(".") for row in rows if _FATE_VERDICT[row.fate] is worst and row.note)
    return Fit(worst, next(iter(notes), ""), _LEDGER)
