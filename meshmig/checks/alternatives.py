"""The facts: what each alternative that AWS offered makes of each feature of App Mesh, with the page that says so.

The last alternative, Istio with sidecars, has no column here: there the ledger of the mesh itself decides.
"""

from collections.abc import Mapping

from meshmig.model.fit import Alternative, Fit, Verdict

_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html"
_ECS_TIMEOUTS = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TimeoutConfiguration.html"
_ECS_TLS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-tls.html"
_ECS_MOVE = "https://aws.amazon.com/blogs/containers/migrating-from-aws-app-mesh-to-amazon-ecs-service-connect/"
_CONTROLLER = "https://github.com/aws/aws-application-networking-k8s/blob/main/docs"
_LATTICE = f"{_CONTROLLER}/api-types/http-route.md"
_LATTICE_GRPC = f"{_CONTROLLER}/api-types/grpc-route.md"
_LATTICE_TLS = f"{_CONTROLLER}/api-types/tls-route.md"
_LATTICE_HEALTH = "https://docs.aws.amazon.com/vpc-lattice/latest/ug/target-group-health-checks.html"
_LATTICE_HEADERS = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-vpclattice-rule-headermatchtype.html"
)
_LATTICE_LOGS = f"{_CONTROLLER}/api-types/access-log-policy.md"
_LATTICE_PRIORITY = f"{_CONTROLLER}/guides/advanced-configurations.md"
_LATTICE_HTTPS = f"{_CONTROLLER}/guides/https.md"
_LATTICE_SHARING = f"{_CONTROLLER}/guides/ram-sharing.md"
_LATTICE_MORE = f"{_CONTROLLER}/guides/multi-cluster.md"
_LATTICE_RULES = "https://docs.aws.amazon.com/vpc-lattice/latest/ug/listener-rules.html"
_LATTICE_SERVICES = "https://docs.aws.amazon.com/vpc-lattice/latest/ug/services.html"
_LATTICE_MOVE = "https://aws.amazon.com/blogs/containers/migrating-from-aws-app-mesh-to-amazon-vpc-lattice/"
_GATEWAY = "https://gateway-api.sigs.k8s.io/api-types/httproute/"
_GATEWAY_SPEC = "https://gateway-api.sigs.k8s.io/reference/spec/"
_GATEWAY_GRPC = "https://gateway-api.sigs.k8s.io/api-types/grpcroute/"
_GATEWAY_TLS = "https://gateway-api.sigs.k8s.io/api-types/backendtlspolicy/"
_GATEWAY_MESH = "https://gateway-api.sigs.k8s.io/mesh/"
_AMBIENT = "https://istio.io/latest/docs/ambient/overview/"
_AMBIENT_MOVE = "https://istio.io/latest/docs/ambient/migrate/"
_AMBIENT_POLICIES = "https://istio.io/latest/docs/ambient/migrate/migrate-policies/"
_AMBIENT_PATH = "https://istio.io/latest/docs/ambient/architecture/data-plane/"
_SIDECAR = "https://istio.io/latest/docs/ops/deployment/architecture/"

ALTERNATIVES = (
    Alternative(
        id="ecs_service_connect",
        name="ECS Service Connect",
        asks="every workload leaves Kubernetes and is deployed anew as an Amazon ECS service: it serves nothing else",
        source=_ECS,
    ),
    Alternative(
        id="vpc_lattice",
        name="VPC Lattice",
        asks="AWS's Gateway API controller; callers use new names; what is called is reached through AWS's network",
        source=_LATTICE_MOVE,
    ),
    Alternative(
        id="gateway_api",
        name="plain Gateway API",
        asks="an implementation that supports the mesh profile (GAMMA); what is not core differs among them",
        source=_GATEWAY_MESH,
    ),
    Alternative(
        id="istio_ambient",
        name="Istio ambient",
        asks="istio-cni and ztunnel on every node, a waypoint where routes are; no App Mesh pod left in the namespace",
        source=_AMBIENT,
    ),
    Alternative(
        id="istio_sidecar",
        name="Istio sidecar",
        asks="a new pod for every workload: what `meshmig plan` shows",
        source=_SIDECAR,
    ),
)


def keeps(source: str, note: str = "") -> Fit:
    """It means the same."""
    return Fit(Verdict.KEEPS, note, source)


def differs(source: str, note: str) -> Fit:
    """It comes near; the note states the difference."""
    return Fit(Verdict.DIFFERS, note, source)


def asks(source: str, note: str) -> Fit:
    """A person must decide or build something."""
    return Fit(Verdict.ASKS, note, source)


def loses(source: str, note: str) -> Fit:
    """There is nothing like it."""
    return Fit(Verdict.LOSES, note, source)


_ONE_TARGET = "a name leads to one service: there are no routing rules"
_NO_ROUTES = loses(_ECS_MOVE, _ONE_TARGET)
_ECS_OWN = differs(_ECS, "AWS manages the proxy: nothing of it can be set")
_NO_PROXY = loses(_LATTICE_MOVE, "there is no proxy beside the application to set")
_WAYPOINT = differs(_AMBIENT_POLICIES, "by HTTPRoute at a waypoint: VirtualService is alpha there")
_NOT_IN_ROUTES = "no field of a route says it"

Row = tuple[str, Fit, Fit, Fit, Fit]
"""A title, and the fit for ECS Service Connect, VPC Lattice, Gateway API, Istio ambient."""

FEATURES: Mapping[str, Row] = {
    "names": (
        "names by DNS and Services",
        differs(_ECS, "names are given anew in a Cloud Map namespace, for tasks of ECS"),
        differs(_LATTICE, "each route gets a name of AWS's own; callers must use it, or a custom domain"),
        keeps(_GATEWAY_MESH, "routes attach to a Service"),
        keeps(_AMBIENT_PATH),
    ),
    "cloud_map": (
        "names by Cloud Map",
        keeps(_ECS, "its namespaces are Cloud Map's"),
        asks(_LATTICE_MORE, "registration ends; instances outside the cluster need services of their own"),
        loses(_GATEWAY_MESH, "routes attach to Services of the cluster only"),
        differs(_AMBIENT_PATH, "the same pods behind a Service; instances elsewhere by ServiceEntry"),
    ),
    "addresses": (
        "address families and DNS answers",
        differs(_ECS, "chosen by the VPC's subnets"),
        differs(_LATTICE_SERVICES, "chosen by AWS's target groups"),
        loses(_GATEWAY_SPEC, _NOT_IN_ROUTES),
        differs(_AMBIENT, "a setting of the installation"),
    ),
    "membership": (
        "who is in the mesh, by labels",
        differs(_ECS, "each ECS service is configured by itself"),
        differs(_LATTICE_MOVE, "nobody is injected: who has a route is reachable, the VPC decides who may call"),
        differs(_GATEWAY_MESH, "left to the implementation"),
        differs(_AMBIENT, "a namespace's label takes all its pods, running ones too"),
    ),
    "backends": (
        "declared backends",
        differs(_ECS, "a client sees every name of its namespace"),
        differs(_LATTICE_MOVE, "a service network decides who sees which services"),
        loses(_GATEWAY_SPEC, "a caller cannot be limited to names"),
        loses(_AMBIENT_MOVE, "Sidecar resources have no effect without sidecars"),
    ),
    "egress": (
        "the egress filter",
        loses(_ECS, "calls to other addresses do not pass the proxy: security groups decide"),
        loses(_LATTICE_MOVE, "other addresses are not Lattice's: NetworkPolicies and security groups decide"),
        loses(_GATEWAY_SPEC, "outside names are nobody's business there"),
        asks(_AMBIENT_POLICIES, "ztunnel does not refuse undeclared names: an egress waypoint has to be built"),
    ),
    "http": (
        "HTTP/1.1 and HTTP/2",
        keeps(_ECS),
        keeps(_LATTICE),
        keeps(_GATEWAY),
        keeps(_AMBIENT, "at a waypoint"),
    ),
    "grpc": (
        "gRPC, by service and method",
        differs(_ECS, "the protocol, not routes by service or method"),
        differs(_LATTICE_GRPC, "on HTTPS listeners only; methods compare without regard to case"),
        keeps(_GATEWAY_GRPC),
        differs(_AMBIENT_POLICIES, "by GRPCRoute at a waypoint"),
    ),
    "tcp": (
        "TCP",
        keeps(_ECS, "one target a port"),
        loses(_LATTICE_TLS, "only TLS is passed through, by its server name, for at most ten minutes a connection"),
        differs(_GATEWAY_SPEC, "TCPRoute is in the experimental channel"),
        keeps(_AMBIENT, "weights over TCP are for a waypoint"),
    ),
    "path": (
        "paths: prefix, exact",
        _NO_ROUTES,
        differs(_LATTICE, "paths compare without regard to case"),
        differs(_GATEWAY_SPEC, "a prefix ends at a slash: /foo no longer takes /foobar"),
        _WAYPOINT,
    ),
    "path_regex": (
        "paths: regex",
        _NO_ROUTES,
        loses(_LATTICE, "paths are exact or a prefix"),
        differs(_GATEWAY_SPEC, "RegularExpression is up to the implementation"),
        _WAYPOINT,
    ),
    "method": ("methods", _NO_ROUTES, differs(_LATTICE, "one method a rule"), keeps(_GATEWAY), _WAYPOINT),
    "header": (
        "headers: exact, present",
        _NO_ROUTES,
        differs(_LATTICE, "at most five a rule, and a value is needed"),
        differs(_GATEWAY_SPEC, "exact; that a header is present needs a regex"),
        _WAYPOINT,
    ),
    "header_forms": (
        "headers: prefix, suffix, range, regex, inverted",
        _NO_ROUTES,
        loses(_LATTICE_HEADERS, "AWS's rules know prefix and contains: no suffix, range or regex, nothing inverted"),
        differs(_GATEWAY_SPEC, "by regex, which is up to the implementation; inverting cannot be said"),
        differs(_AMBIENT_POLICIES, "by HTTPRoute's regex at a waypoint; inverting cannot be said"),
    ),
    "query": (
        "query parameters",
        _NO_ROUTES,
        loses(_LATTICE, "not supported by the controller"),
        differs(_GATEWAY_SPEC, "exact; that one is present needs a regex"),
        _WAYPOINT,
    ),
    "scheme": (
        "the scheme",
        _NO_ROUTES,
        differs(_LATTICE, "by the listener that takes the request"),
        loses(_GATEWAY_SPEC, _NOT_IN_ROUTES),
        differs(_AMBIENT_POLICIES, "by VirtualService only, which is alpha at a waypoint"),
    ),
    "port": (
        "routes and targets by port",
        differs(_ECS, "each port is a name of its own"),
        differs(_LATTICE, "by a listener's section name"),
        keeps(_GATEWAY),
        _WAYPOINT,
    ),
    "priority": (
        "the order of routes",
        _NO_ROUTES,
        differs(_LATTICE_PRIORITY, "by an annotation for each rule"),
        loses(_GATEWAY_SPEC, "rules are sorted by how specific they are"),
        loses(_GATEWAY_SPEC, "HTTPRoute sorts rules by how specific they are"),
    ),
    "weights": (
        "weights over versions",
        loses(_ECS_MOVE, "no weights: a deployment of ECS or CodeDeploy shifts versions"),
        keeps(_LATTICE_RULES, "by request, over target groups"),
        keeps(_GATEWAY, "each version needs a Service of its own"),
        differs(_AMBIENT_POLICIES, "each version needs a Service of its own: no subsets in HTTPRoute"),
    ),
    "timeout": (
        "request timeouts (the hidden 15 s too)",
        differs(_ECS_TIMEOUTS, "one for each service, not for each route"),
        loses(_LATTICE_SERVICES, "not by route: idle and connection limits are the service's"),
        keeps(_GATEWAY_SPEC, "timeouts.request"),
        keeps(_AMBIENT_POLICIES, "timeouts.request of HTTPRoute"),
    ),
    "idle": (
        "idle timeouts",
        keeps(_ECS_TIMEOUTS, "five minutes, TCP an hour, unless set"),
        differs(_LATTICE_SERVICES, "60 s unless set for the service; a connection has an end too"),
        loses(_GATEWAY_SPEC, _NOT_IN_ROUTES),
        keeps(_AMBIENT_MOVE, "DestinationRule's connectionPool at a waypoint"),
    ),
    "retries": (
        "retries as written",
        differs(_ECS_MOVE, "retries are built in: how many, and on what, cannot be set"),
        loses(_LATTICE_RULES, "a rule forwards or answers: it does not retry"),
        differs(_GATEWAY_SPEC, "retry is in the experimental channel, by status code"),
        differs(_AMBIENT_POLICIES, "HTTPRoute's experimental retry, or VirtualService, which is alpha at a waypoint"),
    ),
    "default_retries": (
        "App Mesh's hidden retries",
        differs(_ECS_MOVE, "its own retries take their place"),
        loses(_LATTICE_RULES, "callers see each 503 that was hidden from them"),
        differs(_GATEWAY_SPEC, "they must be written on every route"),
        differs(_AMBIENT_POLICIES, "they must be written on every route"),
    ),
    "outliers": (
        "outlier detection",
        differs(_ECS_MOVE, "built in: its limits cannot be set"),
        differs(_LATTICE_HEALTH, "active health checks instead"),
        loses(_GATEWAY_SPEC, _NOT_IN_ROUTES),
        keeps(_AMBIENT_MOVE, "DestinationRule's outlierDetection at a waypoint"),
    ),
    "pools": (
        "connection pools",
        loses(_ECS_MOVE, "nothing limits connections or requests"),
        loses(_LATTICE_SERVICES, "nothing limits connections or requests for a pod"),
        loses(_GATEWAY_SPEC, _NOT_IN_ROUTES),
        differs(_AMBIENT_MOVE, "on the waypoint, for all callers together"),
    ),
    "health": (
        "active health checks",
        differs(_ECS, "the container's own health check"),
        keeps(_LATTICE_HEALTH, "not for gRPC"),
        differs(_GATEWAY_SPEC, "readiness probes decide"),
        differs(_AMBIENT, "readiness probes decide"),
    ),
    "tls": (
        "TLS inside the mesh",
        differs(_ECS_TLS, "certificates of AWS Private CA; the client shows none"),
        differs(_LATTICE_HTTPS, "ends at AWS, which knows clients by IAM instead of certificates"),
        differs(_GATEWAY_TLS, "BackendTLSPolicy, where the implementation has it; server side only"),
        keeps(_AMBIENT, "ztunnel's mutual TLS, by identities of Istio"),
    ),
    "tls_sources": (
        "certificates from ACM or SDS, and lists of names",
        differs(_ECS_TLS, "AWS Private CA only; names cannot be checked"),
        differs(_LATTICE_HTTPS, "ACM at the listener; names become IAM policies"),
        asks(_GATEWAY_TLS, "certificates come from Secrets: who fills them?"),
        asks(_AMBIENT, "identities come from Istio's CA, or SPIRE; names become AuthorizationPolicies"),
    ),
    "gateway": (
        "gateways and their routes",
        asks(_ECS, "it has no gateway: a load balancer has to do its work"),
        asks(_LATTICE_MOVE, "it takes no traffic from the internet: a load balancer has to stand before it"),
        keeps(_GATEWAY_SPEC),
        keeps(_AMBIENT_MOVE, "the same gateways as with sidecars"),
    ),
    "hostname": (
        "host names at a gateway",
        asks(_ECS, "by rules of the load balancer"),
        differs(_LATTICE, "a custom domain name for each route"),
        keeps(_GATEWAY, "a suffix must be a whole label: *.example.com"),
        keeps(_AMBIENT_MOVE),
    ),
    "rewrite": (
        "rewrites at a gateway (the hidden ones too)",
        loses(_ECS, "nothing rewrites a path or Host"),
        loses(_LATTICE_RULES, "a rule forwards or answers: it does not rewrite"),
        keeps(_GATEWAY_SPEC, "URLRewrite"),
        keeps(_AMBIENT_MOVE),
    ),
    "logs": (
        "access logs",
        differs(_ECS, "in the proxy's own format"),
        differs(_LATTICE_LOGS, "in AWS's format, to CloudWatch, S3 or Firehose"),
        loses(_GATEWAY_SPEC, "left to the implementation"),
        keeps(_AMBIENT, "by Telemetry; ztunnel logs connections, a waypoint requests"),
    ),
    "telemetry": (
        "traces, statistics and the proxy's environment",
        differs(_ECS_MOVE, "metrics to CloudWatch; no traces by the proxy"),
        differs(_LATTICE_LOGS, "metrics to CloudWatch; no traces"),
        loses(_GATEWAY_SPEC, "left to the implementation"),
        differs(_AMBIENT, "a waypoint makes the spans; the environment is gone with the sidecar"),
    ),
    "sidecar": (
        "the sidecar's resources and mounts",
        _ECS_OWN,
        _NO_PROXY,
        differs(_GATEWAY_MESH, "left to the implementation"),
        differs(_AMBIENT, "ztunnel's and waypoints' own resources"),
    ),
    "bypass": (
        "ports and addresses that bypass the proxy",
        differs(_ECS, "only declared ports pass the proxy"),
        _NO_PROXY,
        loses(_GATEWAY_SPEC, _NOT_IN_ROUTES),
        differs(_AMBIENT_PATH, "all of a pod's TCP is taken; a pod as a whole can be left out"),
    ),
    "outside": (
        "other accounts and ARNs",
        differs(_ECS_MOVE, "no meshes shared between accounts: namespaces are"),
        keeps(_LATTICE_SHARING, "service networks are shared by RAM"),
        loses(_GATEWAY_SPEC, "a route leads to objects of the cluster"),
        asks(_AMBIENT, "an address, a ServiceEntry, or several clusters in one mesh"),
    ),
}
