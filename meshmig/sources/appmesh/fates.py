"""The fate of every leaf field of the v1beta2 schema, and of every annotation: one row each.

`[]` in a path stands for the items of a list. `EXCEPTIONS` hold values whose fate differs from their field's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.mesh import Fate
from meshmig.sources.appmesh.questions import (
    CERTIFICATES,
    DEFAULT_RETRIES,
    HEALTH_CHECKS,
    HOST_REWRITE,
    INBOUND_PORTS,
    OUTLIER_DETECTION,
)
from meshmig.sources.appmesh.questions import GATEWAY_TLS as GATEWAY_MODE


@dataclass(frozen=True, slots=True, kw_only=True)
class FateRow:
    """What becomes of a field: the target fields, the difference in a sentence, the question that decides."""

    fate: Fate
    targets: tuple[str, ...] = ()
    note: str = ""
    question: str = ""
    silent: bool = False
    """No emitted object shows the field, for the reason in the note: its value may change without an effect."""


Rows = Mapping[str, FateRow]

HTTP = "VirtualService http[]"
TCP = "VirtualService tcp[]"
RULE = "DestinationRule trafficPolicy"
SELECTOR = "Service spec.selector"


def carried(*targets: str) -> FateRow:
    """The target means the same."""
    return FateRow(fate=Fate.CARRIED, targets=targets)


def near(note: str, *targets: str) -> FateRow:
    """The target comes near; the note states the difference."""
    return FateRow(fate=Fate.APPROXIMATED, targets=targets, note=note)


def unseen(note: str) -> FateRow:
    """No object shows it, and none needs to: the note says why."""
    return FateRow(fate=Fate.APPROXIMATED, note=note, silent=True)


def asked(question: str, note: str, *targets: str) -> FateRow:
    """A person decides; the safest default is taken."""
    return FateRow(fate=Fate.ASKED, targets=targets, note=note, question=question)


def refused(note: str) -> FateRow:
    """No target, and no way round without a person."""
    return FateRow(fate=Fate.REFUSED, note=note)


def under(prefix: str, rows: Rows) -> Rows:
    """Put rows of a shared shape below a path."""
    return {f"{prefix}.{path}": row for path, row in rows.items()}


def only(rows: Rows, *paths: str) -> Rows:
    """Leave out the rows of a shared shape that one of its uses does not have."""
    return {path: row for path, row in rows.items() if not path.startswith(paths)}


def selector(*targets: str) -> Rows:
    """Give the fate of a label selector: it is evaluated when the mesh is read."""
    evaluated = near("It is evaluated once, at the migration: later objects do not join by it.", *targets)
    return dict.fromkeys(
        ("matchLabels", "matchExpressions[].key", "matchExpressions[].operator", "matchExpressions[].values[]"),
        evaluated,
    )


NAME = unseen("It is App Mesh's name in ARNs and metrics; Istio's are made from Kubernetes names.")
IN_METADATA = {
    "meshRef.name": carried("metadata.namespace"),
    "meshRef.uid": unseen("It is App Mesh's own bookkeeping; one of an earlier Mesh is reported."),
}
ACM = refused("ACM's keys reach proxies through App Mesh's control plane only.")
SDS = refused("Identities would have to come from Istio's CA, or from SPIRE as Istio's CA provider.")
OUTSIDE = refused("It lies outside this cluster; an address has to be decided on.")
IDENTITY = near(
    "Between Istio's pods the mesh's own identities take its place; old pods are called with it until they have left.",
    f"{RULE}.tls",
    "PeerAuthentication mtls",
)

CLIENT_TLS: Rows = {
    "enforce": near(
        "Between Istio's pods TLS is automatic; towards old pods it is kept as written.", f"{RULE}.tls.mode"
    ),
    "ports[]": near("Ports are the Service's in Istio.", f"{RULE}.portLevelSettings[].tls"),
    "certificate.file.certificateChain": near(IDENTITY.note, f"{RULE}.tls.clientCertificate"),
    "certificate.file.privateKey": near(IDENTITY.note, f"{RULE}.tls.privateKey"),
    "certificate.sds.secretName": SDS,
    "validation.trust.acm.certificateAuthorityARNs[]": ACM,
    "validation.trust.file.certificateChain": near(IDENTITY.note, f"{RULE}.tls.caCertificates"),
    "validation.trust.sds.secretName": SDS,
    "validation.subjectAlternativeNames.match.exact[]": near(IDENTITY.note, f"{RULE}.tls.subjectAltNames"),
}

_INGRESS_TLS = "Sidecar ingress[].tls"
_OWN = "Istio's mutual TLS takes the certificate's place, unless the files are kept"
SERVER_TLS: Rows = {
    "mode": IDENTITY,
    "certificate.acm.certificateARN": ACM,
    "certificate.file.certificateChain": asked(CERTIFICATES, f"{_OWN}.", f"{_INGRESS_TLS}.serverCertificate"),
    "certificate.file.privateKey": asked(CERTIFICATES, f"{_OWN}.", f"{_INGRESS_TLS}.privateKey"),
    "certificate.sds.secretName": SDS,
    "validation.trust.file.certificateChain": asked(CERTIFICATES, f"{_OWN}.", f"{_INGRESS_TLS}.caCertificates"),
    "validation.trust.sds.secretName": SDS,
    "validation.subjectAlternativeNames.match.exact[]": unseen(
        "Which clients may call is a matter of AuthorizationPolicies by ServiceAccount in Istio, which are not made."
    ),
}

_SERVER = "Gateway servers[].tls"
GATEWAY_TLS: Rows = {
    "mode": asked(
        GATEWAY_MODE, "One port of an Istio gateway is either TLS or plaintext.", "Gateway servers[].port.protocol"
    ),
    "certificate.acm.certificateARN": ACM,
    "certificate.file.certificateChain": carried(f"{_SERVER}.serverCertificate"),
    "certificate.file.privateKey": carried(f"{_SERVER}.privateKey"),
    "certificate.sds.secretName": SDS,
    "validation.trust.acm.certificateAuthorityARNs[]": unseen("The controller drops it, so it never had effect."),
    "validation.trust.file.certificateChain": carried(f"{_SERVER}.caCertificates"),
    "validation.trust.sds.secretName": SDS,
    "validation.subjectAlternativeNames.match.exact[]": carried(f"{_SERVER}.subjectAltNames"),
}

_CHECKED = ("healthyThreshold", "unhealthyThreshold", "intervalMillis", "timeoutMillis", "protocol", "path", "port")
HEALTH_CHECK: Rows = {
    field: asked(
        HEALTH_CHECKS,
        "Istio has no active checks: readiness decides, of probes that there are or that are made from the check.",
        "Deployment spec.template.spec.containers[].readinessProbe",
    )
    for field in _CHECKED
}
GATEWAY_HEALTH_CHECK: Rows = dict.fromkeys(
    _CHECKED, unseen("An Istio gateway is ready by its own probe on port 15021, which its injector writes.")
)

_POOL = "Sidecar inboundConnectionPool"
CONNECTION_POOL: Rows = {
    "tcp.maxConnections": carried(f"{_POOL}.tcp.maxConnections"),
    "http.maxConnections": carried(f"{_POOL}.tcp.maxConnections"),
    "http.maxPendingRequests": carried(f"{_POOL}.http.http1MaxPendingRequests"),
    "http2.maxRequests": near("Istio's field also limits HTTP/1.1 requests.", f"{_POOL}.http.http2MaxRequests"),
    "grpc.maxRequests": near("Istio's field also limits HTTP/1.1 requests.", f"{_POOL}.http.http2MaxRequests"),
}

_NO_POOL = unseen("It limits the gateway's own inner hop, which an Istio gateway does not have.")
GATEWAY_POOL: Rows = dict.fromkeys(only(CONNECTION_POOL, "tcp"), _NO_POOL)

_IDLE = near(
    "App Mesh limits an idle request stream, Istio's field an idle connection.",
    f"{RULE}.connectionPool.http.idleTimeout",
)
_TCP_IDLE = near(
    "The least of a listener's and its routes' limits holds for every caller.",
    f"{RULE}.connectionPool.tcp.idleTimeout",
)
_SERVER_LIMIT = near(
    "Istio has no limit on the server's side: the least along the way is set on the caller's.", f"{HTTP}.timeout"
)
_REQUEST_LIMIT: Rows = {
    "perRequest.unit": _SERVER_LIMIT,
    "perRequest.value": _SERVER_LIMIT,
    "idle.unit": _IDLE,
    "idle.value": _IDLE,
}
LISTENER_TIMEOUT: Rows = {
    "tcp.idle.unit": _TCP_IDLE,
    "tcp.idle.value": _TCP_IDLE,
    **under("http", _REQUEST_LIMIT),
    **under("http2", _REQUEST_LIMIT),
    **under("grpc", _REQUEST_LIMIT),
}

_EJECTION = "Behind one DNS address it never ejected anybody, and begins to after the move"
OUTLIERS: Rows = {
    f"{path}": asked(OUTLIER_DETECTION, f"{_EJECTION}{more}.", f"{RULE}.outlierDetection.{field}")
    for path, field, more in (
        ("maxServerErrors", "consecutive5xxErrors", ""),
        ("interval.unit", "interval", ""),
        ("interval.value", "interval", ""),
        ("baseEjectionDuration.unit", "baseEjectionTime", ""),
        ("baseEjectionDuration.value", "baseEjectionTime", ""),
        ("maxEjectionPercent", "maxEjectionPercent", "; App Mesh always let one endpoint be ejected"),
    )
}

_LOG_FORMAT = "MeshConfig extensionProviders[].envoyFileAccessLog.logFormat"
LOGGING: Rows = {
    "path": carried("Telemetry accessLogging[].providers", "MeshConfig extensionProviders[].envoyFileAccessLog.path"),
    "format.text": near(
        "Formats belong to the installation's providers, and cluster names differ.", f"{_LOG_FORMAT}.text"
    ),
    "format.json[].key": near("The order of keys is not kept.", f"{_LOG_FORMAT}.labels"),
    "format.json[].value": near("Cluster names and response flags differ in value.", f"{_LOG_FORMAT}.labels"),
}

_HEADERS = f"{HTTP}.match[].headers"
_RANGE = near("A regex over plain decimal numbers: signs and leading zeros differ.", _HEADERS)
HEADER: Rows = {
    "name": carried(_HEADERS),
    "invert": near(
        "Istio takes a missing header for an empty one: a condition that it is present is added.",
        f"{HTTP}.match[].withoutHeaders",
        _HEADERS,
    ),
    "match.exact": carried(f"{_HEADERS}.exact"),
    "match.prefix": carried(f"{_HEADERS}.prefix"),
    "match.suffix": near("It is written as a regex.", f"{_HEADERS}.regex"),
    "match.regex": carried(f"{_HEADERS}.regex"),
    "match.range.start": _RANGE,
    "match.range.end": _RANGE,
}

_URI = f"{HTTP}.match[].uri"
_QUERY = f"{HTTP}.match[].queryParams"
_SCHEME = near("Istio sees the scheme that reaches the proxy, which TLS before it changes.", f"{HTTP}.match[].scheme")
HTTP_MATCH: Rows = {
    "prefix": carried(f"{_URI}.prefix"),
    "path.exact": carried(f"{_URI}.exact"),
    "path.regex": carried(f"{_URI}.regex"),
    "method": carried(f"{HTTP}.match[].method"),
    "port": carried(f"{HTTP}.match[].port"),
    "queryParameters[].name": carried(_QUERY),
    "queryParameters[].match.exact": carried(f"{_QUERY}.exact"),
    **under("headers[]", HEADER),
}
GRPC_MATCH: Rows = {
    "serviceName": carried(f"{_URI}.prefix"),
    "port": carried(f"{HTTP}.match[].port"),
    **under("metadata[]", HEADER),
}


def _targets(route: str) -> Rows:
    return {
        "virtualNodeRef.name": carried(f"{route}.route[].destination.host"),
        "virtualNodeRef.namespace": carried(f"{route}.route[].destination.host"),
        "virtualNodeARN": OUTSIDE,
        "weight": carried(f"{route}.route[].weight"),
        "port": carried(f"{route}.route[].destination.port.number"),
    }


_TRY = carried(f"{HTTP}.retries.perTryTimeout")
_RETRY_ON = carried(f"{HTTP}.retries.retryOn")
RETRIES: Rows = {
    "maxRetries": carried(f"{HTTP}.retries.attempts"),
    "perRetryTimeout.unit": _TRY,
    "perRetryTimeout.value": _TRY,
    "httpRetryEvents[]": _RETRY_ON,
    "tcpRetryEvents[]": _RETRY_ON,
}

_LIMIT = carried(f"{HTTP}.timeout")
ROUTE_TIMEOUT: Rows = {
    "perRequest.unit": _LIMIT,
    "perRequest.value": _LIMIT,
    "idle.unit": _IDLE,
    "idle.value": _IDLE,
}

HTTP_ROUTE: Rows = {
    **under("match", {**HTTP_MATCH, "scheme": _SCHEME}),
    **under("action.weightedTargets[]", _targets(HTTP)),
    **under("retryPolicy", RETRIES),
    **under("timeout", ROUTE_TIMEOUT),
}
GRPC_ROUTE: Rows = {
    **under("match", {**GRPC_MATCH, "methodName": carried(f"{_URI}.exact")}),
    **under("action.weightedTargets[]", _targets(HTTP)),
    **under("retryPolicy", {**RETRIES, "grpcRetryEvents[]": _RETRY_ON}),
    **under("timeout", ROUTE_TIMEOUT),
}
TCP_ROUTE: Rows = {
    "match.port": carried(f"{TCP}.match[].port"),
    **under("action.weightedTargets[]", _targets(TCP)),
    "timeout.idle.unit": _TCP_IDLE,
    "timeout.idle.value": _TCP_IDLE,
}

_HOSTS = "Gateway servers[].hosts"
HOSTNAME: Rows = {
    "exact": carried(_HOSTS, "VirtualService hosts"),
    "suffix": carried(_HOSTS, "VirtualService hosts"),
}
TARGET: Rows = {
    "port": carried(f"{HTTP}.route[].destination.port.number"),
    "virtualService.virtualServiceRef.name": carried(f"{HTTP}.route[]"),
    "virtualService.virtualServiceRef.namespace": carried(f"{HTTP}.route[]"),
    "virtualService.virtualServiceARN": OUTSIDE,
}
_AUTHORITY = carried(f"{HTTP}.rewrite.authority")
_REWRITE = carried(f"{HTTP}.rewrite.uriRegexRewrite")
GATEWAY_HTTP: Rows = {
    **under("match", HTTP_MATCH),
    **under("match.hostname", HOSTNAME),
    **under("action.target", TARGET),
    "action.rewrite.hostname.defaultTargetHostname": _AUTHORITY,
    "action.rewrite.prefix.defaultPrefix": _REWRITE,
    "action.rewrite.prefix.value": _REWRITE,
    "action.rewrite.path.exact": _REWRITE,
}
GATEWAY_GRPC: Rows = {
    **under("match", GRPC_MATCH),
    **under("match.hostname", HOSTNAME),
    **under("action.target", TARGET),
    "action.rewrite.hostname.defaultTargetHostname": _AUTHORITY,
}

_PORT = "Service spec.ports[].targetPort"
_PROTOCOL = "Service spec.ports[].appProtocol"
_CLOUD_MAP = near(
    "Registration in Cloud Map ends: the same pods are found by a Service.", SELECTOR, "ServiceEntry hosts"
)
_BACKEND = near("Istio lets a pod call every Service, unless `egress declared` limits it.", "Sidecar egress[].hosts")

FATES: Mapping[str, Rows] = {
    "Mesh": under(
        "spec",
        {
            "awsName": NAME,
            "meshOwner": refused("Members in other accounts are not visible here."),
            "egressFilter.type": near(
                "The mesh stays open during the journey; Istio's registry then knows every Service of the cluster.",
                "Sidecar outboundTrafficPolicy.mode",
            ),
            "meshServiceDiscovery.ipPreference": near(
                "Address families are a setting of Istio's installation.", "Helm istiod: pilot.ipFamilies"
            ),
            **under("namespaceSelector", selector("Deployment spec.template.metadata.labels[sidecar.istio.io/inject]")),
        },
    ),
    "VirtualNode": under(
        "spec",
        {
            "awsName": NAME,
            **IN_METADATA,
            **under("podSelector", selector(SELECTOR)),
            "listeners[].portMapping.port": carried(_PORT),
            "listeners[].portMapping.protocol": carried(_PROTOCOL),
            **under("listeners[].healthCheck", HEALTH_CHECK),
            **under("listeners[].outlierDetection", OUTLIERS),
            **under("listeners[].connectionPool", CONNECTION_POOL),
            **under("listeners[].tls", SERVER_TLS),
            **under("listeners[].timeout", LISTENER_TIMEOUT),
            "serviceDiscovery.dns.hostname": carried(
                f"{HTTP}.route[].destination.host", "ServiceEntry endpoints[].address"
            ),
            "serviceDiscovery.dns.responseType": near(
                "Inside the cluster Istio always knows every endpoint, and balances each request.",
                "ServiceEntry resolution",
            ),
            "serviceDiscovery.awsCloudMap.namespaceName": _CLOUD_MAP,
            "serviceDiscovery.awsCloudMap.serviceName": _CLOUD_MAP,
            "serviceDiscovery.awsCloudMap.attributes[].key": _CLOUD_MAP,
            "serviceDiscovery.awsCloudMap.attributes[].value": _CLOUD_MAP,
            "backends[].virtualService.virtualServiceRef.name": _BACKEND,
            "backends[].virtualService.virtualServiceRef.namespace": _BACKEND,
            "backends[].virtualService.virtualServiceARN": OUTSIDE,
            **under("backends[].virtualService.clientPolicy.tls", CLIENT_TLS),
            "backendGroups[].name": _BACKEND,
            "backendGroups[].namespace": _BACKEND,
            **under("backendDefaults.clientPolicy.tls", CLIENT_TLS),
            **under("logging.accessLog.file", LOGGING),
        },
    ),
    "VirtualService": under(
        "spec",
        {
            "awsName": carried("VirtualService hosts"),
            **IN_METADATA,
            "provider.virtualNode.virtualNodeRef.name": carried(f"{HTTP}.route[].destination.host"),
            "provider.virtualNode.virtualNodeRef.namespace": carried(f"{HTTP}.route[].destination.host"),
            "provider.virtualNode.virtualNodeARN": OUTSIDE,
            "provider.virtualRouter.virtualRouterRef.name": carried(HTTP),
            "provider.virtualRouter.virtualRouterRef.namespace": carried(HTTP),
            "provider.virtualRouter.virtualRouterARN": OUTSIDE,
        },
    ),
    "VirtualRouter": under(
        "spec",
        {
            "awsName": NAME,
            **IN_METADATA,
            "listeners[].portMapping.port": carried(f"{HTTP}.match[].port", "Service spec.ports[].port"),
            "listeners[].portMapping.protocol": near(
                "It is declared on the Service of the VirtualService's name, or its ServiceEntry.",
                _PROTOCOL,
                "ServiceEntry ports[].protocol",
            ),
            "routes[].name": carried(f"{HTTP}.name"),
            "routes[].priority": carried("VirtualService http"),
            **under("routes[].httpRoute", HTTP_ROUTE),
            **under("routes[].http2Route", HTTP_ROUTE),
            **under("routes[].grpcRoute", GRPC_ROUTE),
            **under("routes[].tcpRoute", TCP_ROUTE),
        },
    ),
    "VirtualGateway": under(
        "spec",
        {
            "awsName": NAME,
            **IN_METADATA,
            **under("namespaceSelector", selector("VirtualService gateways")),
            **under("gatewayRouteSelector", selector("VirtualService gateways")),
            **under("podSelector", selector("Gateway selector")),
            "listeners[].portMapping.port": carried("Gateway servers[].port.number"),
            "listeners[].portMapping.protocol": carried("Gateway servers[].port.protocol"),
            **under("listeners[].healthCheck", GATEWAY_HEALTH_CHECK),
            **under("listeners[].connectionPool", GATEWAY_POOL),
            **under("listeners[].tls", GATEWAY_TLS),
            **under("backendDefaults.clientPolicy.tls", CLIENT_TLS),
            **under("logging.accessLog.file", LOGGING),
        },
    ),
    "GatewayRoute": under(
        "spec",
        {
            "awsName": NAME,
            **IN_METADATA,
            "virtualGatewayRef.name": carried("VirtualService gateways"),
            "virtualGatewayRef.namespace": carried("VirtualService gateways"),
            "virtualGatewayRef.uid": unseen("It is App Mesh's own bookkeeping."),
            "priority": carried("VirtualService http"),
            **under("httpRoute", GATEWAY_HTTP),
            **under("http2Route", GATEWAY_HTTP),
            **under("grpcRoute", GATEWAY_GRPC),
        },
    ),
    "BackendGroup": under(
        "spec",
        {
            **IN_METADATA,
            "virtualservices[].name": _BACKEND,
            "virtualservices[].namespace": _BACKEND,
        },
    ),
}

EXCEPTIONS: Mapping[tuple[str, str, str], FateRow] = {
    ("Mesh", "spec.egressFilter.type", "ALLOW_ALL"): carried("Sidecar outboundTrafficPolicy.mode"),
    ("VirtualNode", "spec.listeners[].tls.mode", "DISABLED"): carried("PeerAuthentication mtls"),
    ("VirtualGateway", "spec.listeners[].tls.mode", "DISABLED"): carried("Gateway servers[].port.protocol"),
    ("VirtualGateway", "spec.listeners[].tls.mode", "STRICT"): carried("Gateway servers[].port.protocol"),
    **{
        ("VirtualRouter", f"spec.routes[].{kind}.retryPolicy.perRetryTimeout.value", "0"): near(
            "App Mesh does not say what zero means; no limit per try is set.", f"{HTTP}.retries.perTryTimeout"
        )
        for kind in ("httpRoute", "http2Route", "grpcRoute")
    },
    **{
        ("VirtualRouter", f"spec.routes[].{kind}.{part}[].invert", "false"): carried(_HEADERS)
        for kind, part in (
            ("httpRoute", "match.headers"),
            ("http2Route", "match.headers"),
            ("grpcRoute", "match.metadata"),
        )
    },
    **{
        ("GatewayRoute", f"spec.{kind}.{part}[].invert", "false"): carried(_HEADERS)
        for kind, part in (
            ("httpRoute", "match.headers"),
            ("http2Route", "match.headers"),
            ("grpcRoute", "match.metadata"),
        )
    },
}

_DEAD = unseen("App Mesh v1beta2 never read it, so nothing is lost.")
_UNNEEDED = unseen("Istio needs no such switch; it ends with the old sidecar.")
_INJECT = "Deployment spec.template.metadata.labels[sidecar.istio.io/inject]"
_PROXY = "Deployment spec.template.metadata.annotations"
_ENVIRONMENT = near("Only variables of the proxy itself mean anything to Istio's.", f"{_PROXY}[proxy.istio.io/config]")
_MOUNT = f"{_PROXY}[sidecar.istio.io/userVolumeMount]"

ANNOTATIONS: Rows = {
    "sidecarInjectorWebhook": carried(_INJECT),
    "cpuRequest": carried(f"{_PROXY}[sidecar.istio.io/proxyCPU]"),
    "memoryRequest": carried(f"{_PROXY}[sidecar.istio.io/proxyMemory]"),
    "cpuLimit": carried(f"{_PROXY}[sidecar.istio.io/proxyCPULimit]"),
    "memoryLimit": carried(f"{_PROXY}[sidecar.istio.io/proxyMemoryLimit]"),
    "appmeshCNI": near("istio-cni is a setting of the whole installation.", "Helm istiod: pilot.cni.enabled"),
    "ports": carried(f"{_PROXY}[traffic.sidecar.istio.io/includeInboundPorts]"),
    "egressIgnoredIPs": carried(f"{_PROXY}[traffic.sidecar.istio.io/excludeOutboundIPRanges]"),
    "egressIgnoredPorts": carried(f"{_PROXY}[traffic.sidecar.istio.io/excludeOutboundPorts]"),
    "ignoredGID": _UNNEEDED,
    "ignoredUID": _UNNEEDED,
    "proxyEgressPort": _UNNEEDED,
    "proxyIngressPort": _UNNEEDED,
    "ipv6": unseen("Address families are a setting of Istio's installation."),
    "preview": _UNNEEDED,
    "secretMounts": carried(f"{_PROXY}[sidecar.istio.io/userVolume]", _MOUNT),
    "volumeMounts": carried(_MOUNT),
    "virtualGatewaySkipImageOverride": _UNNEEDED,
    "sds": _UNNEEDED,
    "sidecarEnv": _ENVIRONMENT,
    "sidecarEnvJson": _ENVIRONMENT,
    "xrayAgentConfigMount": unseen("Traces go to a collector of OpenTelemetry instead of a daemon beside the proxy."),
    "mesh": _DEAD,
    "virtualNode": _DEAD,
    "virtualGateway": _DEAD,
}

UNKNOWN_ANNOTATION = unseen("App Mesh's injector does not know it, so it never had effect.")
NAMESPACE_LABEL = carried(_INJECT)

_ISTIOD = "Helm istiod:"
_SIZE = near("Istio's proxy gets at least 50m and 96Mi.", f"{_ISTIOD} global.proxy.resources")
_TRACES = near(
    "Traces go through a provider of the installation; trace headers are the provider's.",
    "Telemetry tracing[]",
    f"{_ISTIOD} meshConfig.extensionProviders",
)
_STATSD = unseen("Prometheus scrapes Istio's proxies; a statsd sink would need an EnvoyFilter, which is not made.")
_IMAGE = unseen("It is about App Mesh's own images and ends with them.")
_ADMIN = unseen("Istio's proxy keeps its admin port to itself; metrics are on 15020.")
_XRAY = unseen("The X-Ray daemon beside each proxy ends; a collector takes its place.")
_AWS = unseen("It is about how proxies reach App Mesh's control plane, which is gone.")
_REGISTRY = unseen("Registration in Cloud Map ends: readiness of pods decides.")

FLAGS: Rows = {
    "enable-iam-for-service-accounts": unseen(
        "The fsGroup 1337 that it injected is not injected by Istio: pods that rely on it must ask for it themselves."
    ),
    "enable-ecr-secret": _IMAGE,
    "enable-sds": unseen("SDS secrets that are used are refused one by one."),
    "sds-uds-path": unseen("SDS secrets that are used are refused one by one."),
    "enable-backend-groups": near(
        "Istio lets a pod call every Service, unless `egress declared` limits it.", "Sidecar egress[].hosts"
    ),
    "sidecar-image-repository": _IMAGE,
    "sidecar-image-tag": _IMAGE,
    "sidecar-cpu-requests": _SIZE,
    "sidecar-memory-requests": _SIZE,
    "sidecar-cpu-limits": carried(f"{_ISTIOD} global.proxy.resources.limits.cpu"),
    "sidecar-memory-limits": carried(f"{_ISTIOD} global.proxy.resources.limits.memory"),
    "preview": _AWS,
    "sidecar-log-level": carried(f"{_ISTIOD} global.proxy.logLevel"),
    "prestop-delay": near(
        "Istio's proxy drains that long after SIGTERM, App Mesh's slept before it.",
        f"{_ISTIOD} meshConfig.defaultConfig.terminationDrainDuration",
    ),
    "poststart-timeout": unseen("Istio holds the application by a hook of its own, without this limit."),
    "poststart-interval": unseen("Istio holds the application by a hook of its own, without this interval."),
    "readiness-probe-initial-delay": unseen("Istio's injector writes its own readiness probe."),
    "readiness-probe-period": unseen("Istio's injector writes its own readiness probe."),
    "envoy-admin-access-port": _ADMIN,
    "envoy-admin-access-log-file": _ADMIN,
    "envoy-admin-access-enable-ipv6": _ADMIN,
    "dual-stack-endpoint": _AWS,
    "wait-until-proxy-ready": unseen("Applications always start behind a ready proxy in Istio, as it is installed."),
    "fips-endpoint": _AWS,
    "init-image": _IMAGE,
    "ignored-ips": carried(f"{_ISTIOD} global.proxy.excludeIPRanges"),
    "enable-jaeger-tracing": _TRACES,
    "jaeger-address": _TRACES,
    "jaeger-port": _TRACES,
    "enable-datadog-tracing": _TRACES,
    "datadog-address": _TRACES,
    "datadog-port": _TRACES,
    "enable-xray-tracing": near(
        "Traces go to an OpenTelemetry collector with an X-Ray exporter, with W3C headers instead of X-Amzn-Trace-Id.",
        "Telemetry tracing[]",
        f"{_ISTIOD} meshConfig.extensionProviders",
    ),
    "xray-daemon-port": _XRAY,
    "xray-sampling-rate": carried("Telemetry tracing[].randomSamplingPercentage"),
    "xray-log-level": _XRAY,
    "xray-config-roleArn": _XRAY,
    "xray-image": _XRAY,
    "enable-stats-tags": unseen(
        "Istio's metrics carry workload labels; dashboards on appmesh.* tags must be rewritten."
    ),
    "enable-statsd": _STATSD,
    "statsd-address": _STATSD,
    "statsd-port": _STATSD,
    "statsd-socket-path": _STATSD,
    "enable-custom-health-check": _REGISTRY,
    "cloudmap-dns-ttl": _REGISTRY,
    "tls-min-version": unseen("It is about the controller's own webhook."),
    "tls-cipher-suite": unseen("It is about the controller's own webhook."),
}
"""The flags of App Mesh's controller that change what proxies do (pkg/inject/config.go of release v1.13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenDefault:
    """What App Mesh does where nobody wrote anything: its value in words, and its fate."""

    value: str
    row: FateRow


HIDDEN: Mapping[str, HiddenDefault] = {
    "egress": HiddenDefault(
        value="DROP_ALL",
        row=near(
            "The mesh stays open during the journey; Istio's registry then knows every Service of the cluster.",
            "Sidecar outboundTrafficPolicy.mode",
        ),
    ),
    "route_timeout": HiddenDefault(value="15s", row=carried(f"{HTTP}.timeout")),
    "listener_timeout": HiddenDefault(value="15s", row=_SERVER_LIMIT),
    "retries": HiddenDefault(
        value="2 retries",
        row=asked(DEFAULT_RETRIES, "Accounts older than 2020-07-29 had none.", f"{HTTP}.retries"),
    ),
    "prefix_rewrite": HiddenDefault(value="/", row=_REWRITE),
    "host_rewrite": HiddenDefault(
        value="the VirtualService's name",
        row=asked(HOST_REWRITE, "Applications that build links see it.", f"{HTTP}.rewrite.authority"),
    ),
    "double_evaluation": HiddenDefault(
        value="the VirtualService's routes, on the rewritten request", row=carried(f"{HTTP}.match", f"{HTTP}.rewrite")
    ),
    "route_priority": HiddenDefault(value="last, longer prefix first", row=carried("VirtualService http")),
    "gateway_priority": HiddenDefault(value="1000, longer prefix first", row=carried("VirtualService http")),
    "response_type": HiddenDefault(
        value="LOADBALANCER",
        row=near(
            "One address of a DNS answer was taken for each connection; Istio balances each request over all pods.",
            f"{RULE}.loadBalancer",
        ),
    ),
    "connect_timeout": HiddenDefault(
        value="1s",
        row=near(
            "Towards the application itself App Mesh waited 250 ms, Istio waits its own time.",
            f"{RULE}.connectionPool.tcp",
        ),
    ),
    "server_names": HiddenDefault(value="the discovery name", row=near(IDENTITY.note, f"{RULE}.tls.subjectAltNames")),
    "inbound_ports": HiddenDefault(
        value="the listeners' ports",
        row=asked(
            INBOUND_PORTS,
            "Istio's sidecar takes all ports over by default.",
            f"{_PROXY}[traffic.sidecar.istio.io/includeInboundPorts]",
        ),
    ),
    "outbound_addresses": HiddenDefault(
        value="169.254.169.254", row=carried(f"{_ISTIOD} global.proxy.excludeIPRanges")
    ),
    "outbound_ports": HiddenDefault(value="22", row=carried(f"{_ISTIOD} global.proxy.excludeOutboundPorts")),
    "resources": HiddenDefault(value="10m, 32Mi", row=_SIZE),
    "amazonaws": HiddenDefault(value="*.amazonaws.com stays open", row=carried("ServiceEntry hosts")),
    "normalisation": HiddenDefault(
        value="slashes merged", row=carried(f"{_ISTIOD} meshConfig.pathNormalization.normalization")
    ),
}
"""App Mesh's defaults that no manifest shows, each once."""
