"""One mesh in which every leaf field of the seven kinds is written at a place where it can have an effect."""

import copy
from collections.abc import Iterator

Body = dict
APPMESH = "appmesh.k8s.aws/v1beta2"
INJECTION = "appmesh.k8s.aws/sidecarInjectorWebhook"
PORTS = {"http": 8080, "http2": 8090, "grpc": 8070, "tcp": 8060}
MESH_REF = {"name": "shop", "uid": "u"}


def obj(kind: str, name: str, spec: Body, *, api: str = APPMESH, namespace: str = "shop", **meta) -> Body:
    placed = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **placed, **meta}, "spec": spec}


def workload(name: str, *, namespace: str = "shop", annotations: Body | None = None, container: str = "app") -> Body:
    mount = {"name": "files", "mountPath": "/certs"}
    pod = {
        "containers": [{"name": container, "ports": [{"containerPort": 8080}], "volumeMounts": [mount]}],
        "volumes": [{"name": "files", "secret": {"secretName": "files"}}],
    }
    labels = {"app": name, "track": "a"}
    template = {"metadata": {"labels": labels, "annotations": annotations or {}}, "spec": pod}
    return obj("Deployment", name, {"replicas": 1, "template": template}, api="apps/v1", namespace=namespace)


def service(name: str, *, namespace: str = "shop", more: tuple[int, ...] = ()) -> Body:
    ports = [{"name": f"p{port}", "port": port - 8000, "targetPort": port} for port in (*PORTS.values(), *more)]
    return obj("Service", name, {"selector": {"app": name}, "ports": ports}, api="v1", namespace=namespace)


def length(value: int) -> Body:
    return {"unit": "s", "value": value}


def selector(name: str) -> Body:
    return {
        "matchLabels": {"app": name},
        "matchExpressions": [{"key": "track", "operator": "In", "values": ["a"]}],
    }


def outliers() -> Body:
    return {
        "maxServerErrors": 5,
        "interval": length(10),
        "baseEjectionDuration": length(30),
        "maxEjectionPercent": 50,
    }


def pool(protocol: str) -> Body:
    return {
        "tcp": {"maxConnections": 10},
        "http": {"maxConnections": 20, "maxPendingRequests": 30},
        "http2": {"maxRequests": 40},
        "grpc": {"maxRequests": 50},
    }[protocol]


def listener(protocol: str, *, gateway: bool = False) -> Body:
    port = PORTS[protocol]
    check = {
        "healthyThreshold": 3,
        "unhealthyThreshold": 4,
        "intervalMillis": 6000,
        "timeoutMillis": 3000,
        "protocol": protocol,
        "port": port,
        "path": "/ping",
    }
    found: Body = {
        "portMapping": {"port": port, "protocol": protocol},
        "healthCheck": check,
        "connectionPool": {protocol: pool(protocol)},
    }
    if gateway:
        return found
    limits = {"idle": length(40)} if protocol == "tcp" else {"perRequest": length(9), "idle": length(40)}
    return found | {"outlierDetection": outliers(), "timeout": {protocol: limits}}


def server_tls(mode: str = "STRICT") -> Body:
    return {
        "mode": mode,
        "certificate": {"file": {"certificateChain": "/certs/chain.pem", "privateKey": "/certs/key.pem"}},
        "validation": {
            "trust": {"file": {"certificateChain": "/certs/ca.pem"}},
            "subjectAlternativeNames": {"match": {"exact": ["caller.shop"]}},
        },
    }


def client_policy() -> Body:
    tls = {
        "enforce": True,
        "ports": [443],
        "certificate": {"file": {"certificateChain": "/certs/chain.pem", "privateKey": "/certs/key.pem"}},
        "validation": {
            "trust": {"file": {"certificateChain": "/certs/ca.pem"}},
            "subjectAlternativeNames": {"match": {"exact": ["outside.example.com"]}},
        },
    }
    return {"tls": tls}


def logging(form: Body) -> Body:
    return {"accessLog": {"file": {"path": "/dev/stdout", "format": form}}}


def node(name: str, listeners: list[Body], **more) -> Body:
    spec = {
        "awsName": f"{name}-aws",
        "meshRef": dict(MESH_REF),
        "podSelector": selector(name),
        "listeners": listeners,
        "serviceDiscovery": {"dns": {"hostname": f"{name}.shop.svc.cluster.local", "responseType": "ENDPOINTS"}},
    }
    return obj("VirtualNode", name, spec | more)


def outside(name: str) -> Body:
    spec = {
        "meshRef": dict(MESH_REF),
        "listeners": [{"portMapping": {"port": 443, "protocol": "http"}}],
        "serviceDiscovery": {"dns": {"hostname": f"{name}.example.com", "responseType": "ENDPOINTS"}},
    }
    return obj("VirtualNode", name, spec)


def cloud_map(name: str, **more) -> Body:
    attributes = [{"key": "stage", "value": name}]
    found = {"namespaceName": "cloud.local", "serviceName": name, "attributes": attributes}
    spec = {"listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}]}
    return obj("VirtualNode", name, spec | {"serviceDiscovery": {"awsCloudMap": found}} | more)


def reference(name: str) -> Body:
    return {"name": name, "namespace": "shop"}


def host(name: str, kind: str, target: str, **more) -> Body:
    word = {"VirtualNode": "virtualNode", "VirtualRouter": "virtualRouter"}[kind]
    spec = {"meshRef": dict(MESH_REF), "provider": {word: {f"{word}Ref": reference(target)}}}
    return obj("VirtualService", name, spec | more)


def headers() -> list[Body]:
    return [
        {"name": "x-exact", "match": {"exact": "a"}, "invert": False},
        {"name": "x-prefix", "match": {"prefix": "a"}, "invert": True},
        {"name": "x-suffix", "match": {"suffix": "a"}, "invert": False},
        {"name": "x-regex", "match": {"regex": "a.*"}, "invert": False},
        {"name": "x-range", "match": {"range": {"start": 3, "end": 9}}, "invert": False},
    ]


def http_matches(*, gateway: bool) -> list[Body]:
    port = {"port": 8080}
    shared = {"headers": headers(), "queryParameters": [{"name": "q", "match": {"exact": "1"}}], "method": "GET"}
    scheme = {} if gateway else {"scheme": "http"}
    return [
        {"prefix": "/a", **shared, **scheme, **port},
        {"path": {"exact": "/b/c"}, **port},
        {"path": {"regex": "/d/[0-9]+"}, **port},
    ]


def retries(*, grpc: bool) -> Body:
    events = {"httpRetryEvents": ["gateway-error"], "tcpRetryEvents": ["connection-error"]}
    return {
        "maxRetries": 3,
        "perRetryTimeout": length(2),
        **events,
        **({"grpcRetryEvents": ["internal"]} if grpc else {}),
    }


def targets(port: int) -> Body:
    one = {"virtualNodeRef": reference("many"), "weight": 3, "port": port}
    other = {"virtualNodeRef": reference("front"), "weight": 1, "port": port}
    return {"weightedTargets": [one, other]}


def routes(kind: str, port: int) -> Iterator[Body]:
    if kind == "tcpRoute":
        rule = {"match": {"port": port}, "action": targets(port), "timeout": {"idle": length(50)}}
        yield {"name": "t", "priority": 9, kind: rule}
        return
    limits = {"perRequest": length(8), "idle": length(20)}
    if kind == "grpcRoute":
        first = {"serviceName": "pkg.Service", "methodName": "Call", "metadata": headers(), "port": port}
        matches = [first, {"serviceName": "pkg.Other", "port": port}]
    else:
        matches = [{**match, "port": port} for match in http_matches(gateway=False)]
    for number, match in enumerate(matches):
        rule = {
            "match": match,
            "action": targets(port),
            "retryPolicy": retries(grpc=kind == "grpcRoute"),
            "timeout": limits,
        }
        yield {"name": f"r{number}", "priority": 10 - number, kind: copy.deepcopy(rule)}


def router(kind: str, protocol: str) -> Body:
    port = PORTS[protocol]
    listeners = [{"portMapping": {"port": port - 8000, "protocol": protocol}}]
    made = [*routes(kind, port)]
    for route in made:
        route[kind]["match"]["port"] = port - 8000
    spec = {"awsName": "r", "meshRef": dict(MESH_REF), "listeners": listeners, "routes": made}
    return obj("VirtualRouter", f"{protocol}-router", spec)


def plain_router() -> Body:
    """One listener beside a Service's other ports, and a route that does not name it."""
    rule = {
        "match": {"prefix": "/"},
        "action": {"weightedTargets": [{"virtualNodeRef": reference("front"), "weight": 1}]},
    }
    listeners = [{"portMapping": {"port": 80, "protocol": "http"}}]
    return obj("VirtualRouter", "plain", {"listeners": listeners, "routes": [{"name": "all", "httpRoute": rule}]})


def gateway() -> Body:
    plain = [listener(protocol, gateway=True) for protocol in ("http", "http2", "grpc")]
    secured = {"portMapping": {"port": 8443, "protocol": "http"}, "tls": server_tls("PERMISSIVE")}
    dropped = {"portMapping": {"port": 8444, "protocol": "http"}, "tls": server_tls()}
    dropped["tls"]["validation"]["trust"] = {"acm": {"certificateAuthorityARNs": ["arn:aws:acm-pca:one"]}}
    spec = {
        "awsName": "front-door",
        "meshRef": dict(MESH_REF),
        "namespaceSelector": {
            "matchLabels": {"mesh": "shop"},
            "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}],
        },
        "gatewayRouteSelector": {
            "matchLabels": {"door": "front"},
            "matchExpressions": [{"key": "side", "operator": "In", "values": ["a"]}],
        },
        "podSelector": selector("door"),
        "listeners": [*plain, secured, dropped],
        "backendDefaults": {"clientPolicy": client_policy()},
        "logging": logging({"text": "%PROTOCOL%"}),
    }
    return obj("VirtualGateway", "door", spec)


def side_gateway() -> Body:
    """A second gateway, for what the first can say in one way only."""
    form = {"json": [{"key": "start", "value": "%START_TIME%"}]}
    spec = {"podSelector": selector("side"), "listeners": [listener("http", gateway=True)], "logging": logging(form)}
    return obj("VirtualGateway", "side", spec)


def gateway_routes() -> Iterator[Body]:
    labels = {"door": "front", "side": "a"}
    written = {"virtualGatewayRef": {"name": "door", "namespace": "shop", "uid": "g"}}
    for kind, port in (("httpRoute", 8080), ("http2Route", 8090), ("grpcRoute", 8070)):
        for number, rule in enumerate(_gateway_rules(kind, port)):
            name = f"{kind.lower()}-{number}"
            chosen = written if number == 0 else {}
            spec = {"awsName": name, "meshRef": dict(MESH_REF), "priority": number + 1, kind: rule, **chosen}
            yield obj("GatewayRoute", name, copy.deepcopy(spec), labels=labels)
    out = {"match": {"prefix": "/outside"}, "action": {"target": _target("out-gateway", None)}}
    yield obj("GatewayRoute", "out", {"httpRoute": out}, labels=labels)


def _target(name: str, port: int | None) -> Body:
    named = {"port": port} if port is not None else {}
    return {"virtualService": {"virtualServiceRef": reference(name)}, **named}


def _gateway_rules(kind: str, port: int) -> Iterator[Body]:
    target, hostname = _target("inner", 80), {"hostname": {"defaultTargetHostname": "ENABLED"}}
    if kind == "grpcRoute":
        first = {"serviceName": "pkg.Service", "metadata": headers(), "hostname": {"exact": "grpc.example.com"}}
        yield {"match": {**first, "port": port}, "action": {"target": target, "rewrite": hostname}}
        yield {"match": {"hostname": {"suffix": ".grpc.example.com"}, "port": port}, "action": {"target": target}}
        return
    rewrites = [
        {**hostname, "prefix": {"defaultPrefix": "ENABLED"}},
        {**hostname, "path": {"exact": "/new"}},
        {**hostname},
    ]
    names = [{"exact": "www.example.com"}, {"suffix": ".shop.example.com"}, {"exact": "x.example.com"}]
    for match, rewrite, name in zip(http_matches(gateway=True), rewrites, names, strict=True):
        yield {"match": {**match, "hostname": name, "port": port}, "action": {"target": target, "rewrite": rewrite}}
    valued = {"prefix": {"value": "/v/"}}
    yield {"match": {"prefix": "/w", "port": port}, "action": {"target": target, "rewrite": valued}}


def inner_router() -> Body:
    """The routes behind the gateway: a rule for each listener's port, so that a target's port chooses."""
    rules = []
    for number, port in enumerate((80, 81)):
        name = ("many", "front")[number]
        chosen = {"weightedTargets": [{"virtualNodeRef": reference(name), "weight": 1, "port": 8080}]}
        rules.append({"name": f"i{port}", "httpRoute": {"match": {"prefix": "/", "port": port}, "action": chosen}})
    listeners = [{"portMapping": {"port": port, "protocol": "http"}} for port in (80, 81)]
    return obj("VirtualRouter", "inner", {"listeners": listeners, "routes": rules})


def whole_mesh() -> list[Body]:
    """Every object, in no order that matters."""
    zone = {"mesh": "shop", "zone": "a", INJECTION: "enabled"}
    mesh_spec = {
        "awsName": "shop-aws",
        "namespaceSelector": {
            "matchLabels": {"mesh": "shop"},
            "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}],
        },
        "egressFilter": {"type": "DROP_ALL"},
        "meshServiceDiscovery": {"ipPreference": "IPv4_ONLY"},
    }
    backends = [
        {"virtualService": {"virtualServiceRef": reference("web"), "clientPolicy": client_policy()}},
        {"virtualService": {"virtualServiceRef": reference("out-own"), "clientPolicy": client_policy()}},
        {"virtualService": {"virtualServiceRef": reference("out-default")}},
    ]
    kept = listener("http") | {"tls": server_tls()}
    front = node(
        "front",
        [listener("http")],
        backends=backends,
        backendGroups=[reference("group")],
        backendDefaults={"clientPolicy": client_policy()},
        logging=logging({"json": [{"key": "start", "value": "%START_TIME%"}]}),
    )
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": zone}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "zone", "labels": zone}},
        obj("Mesh", "shop", mesh_spec, namespace="", uid="u"),
        front,
        node("many", [listener(protocol) for protocol in PORTS], logging=logging({"text": "%PROTOCOL%"})),
        node("kept", [kept], serviceDiscovery={"dns": {"hostname": "kept"}}),
        *(node(f"only-{protocol}", [listener(protocol)]) for protocol in PORTS),
        *(node_without_reference(name) for name in ("plain",)),
        *(outside(name) for name in ("out-own", "out-default", "out-gateway")),
        cloud_map("mapped"),
        *(host(name, "VirtualNode", name) for name in ("out-own", "out-default", "out-gateway", "kept", "mapped")),
        *(host(f"only-{protocol}", "VirtualNode", f"only-{protocol}") for protocol in PORTS),
        host("web", "VirtualRouter", "http-router", awsName="web.shop.svc.cluster.local"),
        host("grouped", "VirtualRouter", "http2-router", awsName="grouped.example.com"),
        host("calls", "VirtualRouter", "grpc-router"),
        host("stream", "VirtualRouter", "tcp-router"),
        host("front", "VirtualRouter", "plain", awsName="front.shop"),
        host("inner", "VirtualRouter", "inner", awsName="inner.shop"),
        router("httpRoute", "http"),
        router("http2Route", "http2"),
        router("grpcRoute", "grpc"),
        router("tcpRoute", "tcp"),
        plain_router(),
        inner_router(),
        obj("BackendGroup", "group", {"meshRef": dict(MESH_REF), "virtualservices": [reference("grouped")]}),
        gateway(),
        side_gateway(),
        workload("side", container="envoy"),
        *gateway_routes(),
        *(workload(name) for name in ("front", "many", "kept", *(f"only-{protocol}" for protocol in PORTS))),
        workload("door", container="envoy"),
        *(service(name, more=(8061, 8081)) for name in ("front", "many", "web")),
        *(service(name) for name in ("kept", *(f"only-{protocol}" for protocol in PORTS))),
    ]


def node_without_reference(name: str) -> Body:
    """A VirtualNode as a file has it, its Mesh designated by the namespace."""
    return obj("VirtualNode", name, {"listeners": [], "backends": []})


def refused_mesh() -> list[Body]:
    """What only a person can decide: ARNs, ACM, SDS, another account's Mesh."""
    labels = {"mesh": "shop", INJECTION: "enabled"}
    sds, acm = {"sds": {"secretName": "spiffe://one"}}, {"acm": {"certificateARN": "arn:aws:acm:one"}}
    authority = {"acm": {"certificateAuthorityARNs": ["arn:aws:acm-pca:one"]}}

    def port(number: int, certificate: Body, trust: Body) -> Body:
        tls = {"mode": "STRICT", "certificate": certificate, "validation": {"trust": trust}}
        return {"portMapping": {"port": number, "protocol": "http"}, "tls": tls}

    def policy(trust: Body) -> Body:
        return {"clientPolicy": {"tls": {"certificate": sds, "validation": {"trust": trust}}}}

    def far(name: str, arn: str, more: Body) -> Body:
        return {"virtualService": {"virtualServiceARN": f"arn:{name}:{arn}", **more}}

    listeners = [port(8080, sds, sds), port(8081, acm, sds)]
    discovery = {"dns": {"hostname": "a.shop.svc.cluster.local"}}
    rule = {"match": {"prefix": "/"}, "action": {"weightedTargets": [{"virtualNodeARN": "arn:node", "weight": 1}]}}
    tcp = {"action": {"weightedTargets": [{"virtualNodeARN": "arn:node", "weight": 1}]}}
    grpc = {**rule, "match": {}}
    listed = [
        {"name": kind, kind: body} for kind, body in (("httpRoute", rule), ("http2Route", rule), ("grpcRoute", grpc))
    ]
    listed.append({"name": "tcpRoute", "tcpRoute": tcp})
    target = {"action": {"target": {"virtualService": {"virtualServiceARN": "arn:service"}}}}
    gateways = [("httpRoute", {"prefix": "/"}), ("http2Route", {"prefix": "/"}), ("grpcRoute", {"serviceName": "s"})]
    backends = [far("b", "one", policy(authority)), far("b", "two", policy(sds))]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}},
        obj(
            "Mesh",
            "shop",
            {"namespaceSelector": {"matchLabels": {"mesh": "shop"}}, "meshOwner": "123456789012"},
            namespace="",
        ),
        obj(
            "VirtualNode",
            "a",
            {"listeners": listeners, "serviceDiscovery": discovery, "backends": backends}
            | {"backendDefaults": policy(authority)},
        ),
        obj("VirtualNode", "b", {"backendDefaults": policy(sds)}),
        obj("VirtualService", "n", {"provider": {"virtualNode": {"virtualNodeARN": "arn:node"}}}),
        obj("VirtualService", "r", {"provider": {"virtualRouter": {"virtualRouterARN": "arn:router"}}}),
        obj("VirtualService", "s", {"provider": {"virtualRouter": {"virtualRouterRef": {"name": "s"}}}}),
        obj("VirtualRouter", "s", {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}], "routes": listed}),
        obj(
            "VirtualGateway",
            "g",
            {"listeners": listeners, "backendDefaults": policy(authority), "namespaceSelector": {}},
        ),
        obj("VirtualGateway", "h", {"listeners": [], "backendDefaults": policy(sds)}),
        *(obj("GatewayRoute", kind.lower(), {kind: {"match": match, **target}}) for kind, match in gateways),
    ]
