"""App Mesh's controller as a webhook: it names custom resources, finds their mesh, and injects Envoys into pods.

After aws/aws-app-mesh-controller-for-k8s: webhooks/appmesh/*_mutator.go, pkg/inject/inject.go.
"""

from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json
from meshmig.model.resources import APPMESH
from meshmig.sandbox.pods import CLOUD_MAP_GATE
from meshmig.sandbox.refusals import webhook_denied
from meshmig.sandbox.selectors import selects
from meshmig.sandbox.state import Body, State

GROUP = "appmesh.k8s.aws"
INJECT = "appmesh.k8s.aws/sidecarInjectorWebhook"
_PREFIX = "appmesh.k8s.aws/"
_POD_HOOK = "mpod.appmesh.k8s.aws"
_ENVOY_IMAGE = "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.34.13.3-prod"
_INIT_IMAGE = "840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-proxy-route-manager:v7-prod"
_FIXED = ("awsName", "meshRef", "virtualGatewayRef")
_PROXY_USER = 1337
_ENVOY_ENV: tuple[tuple[str, str], ...] = (
    ("APPMESH_PLATFORM_APP_MESH_CONTROLLER_VERSION", "v1.13.3"),
    ("APPMESH_PLATFORM_K8S_VERSION", "v1.36.3"),
    ("AWS_REGION", "us-west-2"),
    ("ENVOY_ADMIN_ACCESS_PORT", "9901"),
    ("ENVOY_ADMIN_ACCESS_LOG_FILE", "/tmp/envoy_admin_access.log"),  # noqa: S108 - a path inside the container
    ("ENVOY_ADMIN_ACCESS_ENABLE_IPV6", "false"),
    ("ENVOY_LOG_LEVEL", "info"),
    ("APPMESH_DUALSTACK_ENDPOINT", "0"),
    ("APPMESH_FIPS_ENDPOINT", "0"),
    ("APPMESH_PREVIEW", "0"),
    ("APPNET_AGENT_ADMIN_MODE", "uds"),
    ("APPNET_AGENT_ADMIN_UDS_PATH", "/tmp/agent.sock"),  # noqa: S108 - see above
)
_RESOURCES = {"requests": {"cpu": "10m", "memory": "32Mi"}}
_LIVE = "curl -s http://localhost:9901/server_info | grep state | grep -q LIVE"
_PROBE = {
    "exec": {"command": ["sh", "-c", _LIVE]},
    "initialDelaySeconds": 1,
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_MESSAGES = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}


def mutate(state: State, hook: str, operation: str, body: Body) -> Body:
    """Answer as the controller's mutating webhook.

    Raises:
        ForbiddenError: the object is refused.
    """
    if hook == _POD_HOOK:
        return _injected(state, body)
    return _designated(state, hook, body) if operation == "CREATE" else body


def validate(state: State, hook: str, operation: str, body: Body) -> None:
    """Answer as the controller's validating webhook.

    Raises:
        ForbiddenError: the object is refused.
    """
    metadata = body["metadata"]
    live = state.get(APPMESH, str(body["kind"]), str(metadata.get("namespace", "")), str(metadata["name"]))
    if operation != "UPDATE" or live is None:
        return
    old, new = live.get("spec") or {}, body.get("spec") or {}
    changed = [f"spec.{name}" for name in _FIXED if name in old and old[name] != new.get(name)]
    if changed:
        raise webhook_denied(hook, f"{body['kind']} update may not change these fields: {','.join(changed)}")


def _designated(state: State, hook: str, body: Body) -> Body:
    kind, metadata, spec = body["kind"], body["metadata"], dict(body.get("spec") or {})
    name, namespace = str(metadata["name"]), str(metadata.get("namespace", ""))
    if kind != "Mesh":
        _refuse_said(spec, "meshRef", kind, hook)
        spec["meshRef"] = _mesh_of(state, namespace, hook)
    if kind == "GatewayRoute":
        spec["virtualGatewayRef"] = _gateway_of(state, body, hook)
    if kind != "BackendGroup" and not spec.get("awsName"):
        names = {"Mesh": name, "VirtualService": f"{name}.{namespace}"}
        spec["awsName"] = names.get(kind, f"{name}_{namespace}")
    return body | {"spec": spec}


def _refuse_said(spec: Mapping[str, Json], field: str, kind: str, hook: str) -> None:
    if spec.get(field) is not None:
        raise webhook_denied(hook, f"{kind} create may not specify read-only field: spec.{field}")


def _labels_of(state: State, namespace: str) -> Mapping[str, str]:
    found = state.get("v1", "Namespace", "", namespace)
    return (found or {"metadata": {}})["metadata"].get("labels") or {}


def _mesh_of(state: State, namespace: str, hook: str) -> Body:
    labels = _labels_of(state, namespace)
    meshes = [mesh for mesh in state.of_kind(GROUP, "Mesh") if selects(_selector(mesh, "namespaceSelector"), labels)]
    if len(meshes) != 1:
        listed = ",".join(mesh["metadata"]["name"] for mesh in meshes)
        found = (
            f"found multiple matching meshes for namespace: {namespace}, expecting 1 but found {len(meshes)}: {listed}"
        )
        raise webhook_denied(hook, found if meshes else f"failed to find matching mesh for namespace: {namespace}")
    return {"name": meshes[0]["metadata"]["name"], "uid": meshes[0]["metadata"]["uid"]}


def _gateway_of(state: State, route: Body, hook: str) -> Body:
    _refuse_said(route.get("spec") or {}, "virtualGatewayRef", "GatewayRoute", hook)
    namespace, labels = str(route["metadata"].get("namespace", "")), route["metadata"].get("labels") or {}
    around = _labels_of(state, namespace)
    gateways = [
        gateway
        for gateway in state.of_kind(GROUP, "VirtualGateway")
        if selects(_selector(gateway, "namespaceSelector"), around)
        and selects(_selector(gateway, "gatewayRouteSelector") or {}, labels)
    ]
    if len(gateways) != 1:
        text = f"expecting 1 virtualGateway for namespace: {namespace} but found {len(gateways)}"
        raise webhook_denied(hook, text)
    metadata = gateways[0]["metadata"]
    return {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}


def _selector(body: Body, name: str) -> Mapping[str, Json] | None:
    selector: Mapping[str, Json] | None = (body.get("spec") or {}).get(name)
    return selector


def _injected(state: State, pod: Body) -> Body:
    metadata = pod["metadata"]
    namespace = str(metadata.get("namespace", ""))
    said = (metadata.get("annotations") or {}).get(INJECT) or _labels_of(state, namespace).get(INJECT, "")
    nodes = tuple(_matching(state, "VirtualNode", namespace, metadata.get("labels") or {}))
    gateways = tuple(_matching(state, "VirtualGateway", namespace, metadata.get("labels") or {}))
    if said.lower() == "disabled":
        return pod
    match (*nodes, *gateways):
        case ():
            if said.lower() == "enabled":
                raise webhook_denied(
                    _POD_HOOK, "sidecarInject enabled but no matching VirtualNode or VirtualGateway found"
                )
            return pod
        case (one,):
            return _with_envoy(pod, one) if nodes else _with_gateway(pod, one)
        case several:
            names = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in several)
            raise webhook_denied(_POD_HOOK, f"found multiple matching VirtualNodes or VirtualGateways for pod: {names}")


def _matching(state: State, kind: str, namespace: str, labels: Mapping[str, str]) -> Iterator[Body]:
    for body in state.selecting(kind, namespace, labels):
        if selects(_selector(body, "podSelector"), labels):
            yield body


def _identity(body: Body, word: str) -> list[Body]:
    spec = body.get("spec") or {}
    value = f"mesh/{(spec.get('meshRef') or {}).get('name', '')}/{word}/{spec.get('awsName', '')}"
    names = ("APPMESH_RESOURCE_ARN", "APPMESH_VIRTUAL_NODE_NAME")
    return [{"name": name, "value": value} for name in names]


def _with_envoy(pod: Body, node: Body) -> Body:
    spec = dict(pod["spec"])
    volumes, mounts = _secret_mounts(pod["metadata"].get("annotations") or {})
    envoy = _envoy(node) | ({"volumeMounts": mounts} if mounts else {})
    spec["containers"] = [*spec["containers"], envoy]
    spec["initContainers"] = [*(spec.get("initContainers") or ()), _init(node)]
    if volumes:
        spec["volumes"] = [*(spec.get("volumes") or ()), *volumes]
    spec["securityContext"] = {"fsGroup": _PROXY_USER, **(spec.get("securityContext") or {})}
    if "awsCloudMap" in ((node.get("spec") or {}).get("serviceDiscovery") or {}):
        spec["readinessGates"] = [*(spec.get("readinessGates") or ()), {"conditionType": CLOUD_MAP_GATE}]
    return pod | {"spec": spec}


def _settings() -> list[Body]:
    uid = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}}
    settings = [{"name": name, "value": value} for name, value in _ENVOY_ENV]
    return [*settings, {"name": "APPMESH_PLATFORM_K8S_POD_UID", "valueFrom": uid}]


def _envoy(node: Body) -> Body:
    return {
        "name": "envoy",
        "image": _ENVOY_IMAGE,
        "ports": [{"name": "stats", "containerPort": 9901, "protocol": "TCP"}],
        "env": [*_identity(node, "virtualNode"), *_settings()],
        "resources": _RESOURCES,
        "readinessProbe": _PROBE,
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 20"]}}},
        **_MESSAGES,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"runAsUser": _PROXY_USER},
    }


def _init(node: Body) -> Body:
    listeners = (node.get("spec") or {}).get("listeners") or ()
    ports = ",".join(str((one.get("portMapping") or {}).get("port", "")) for one in listeners)
    settings = {
        "APPMESH_START_ENABLED": "1",
        "APPMESH_IGNORE_UID": str(_PROXY_USER),
        "APPMESH_ENVOY_INGRESS_PORT": "15000",
        "APPMESH_ENVOY_EGRESS_PORT": "15001",
        "APPMESH_APP_PORTS": ports,
        "APPMESH_EGRESS_IGNORED_IP": "169.254.169.254",
        "APPMESH_EGRESS_IGNORED_PORTS": "22",
        "APPMESH_ENABLE_IPV6": "1",
    }
    return {
        "name": "proxyinit",
        "image": _INIT_IMAGE,
        "env": [{"name": name, "value": value} for name, value in settings.items()],
        "resources": _RESOURCES,
        **_MESSAGES,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
    }


def _secret_mounts(annotations: Mapping[str, str]) -> tuple[list[Body], list[Body]]:
    """Read `secretMounts: name:path, …`; the volumes are named as the secrets."""
    said = annotations.get(f"{_PREFIX}secretMounts", "")
    pairs = [item.strip().partition(":") for item in said.split(",") if ":" in item]
    volumes = [{"name": name, "secret": {"secretName": name, "defaultMode": 420}} for name, _, _ in pairs]
    mounts = [{"name": name, "readOnly": True, "mountPath": path.strip()} for name, _, path in pairs]
    return volumes, mounts


def _with_gateway(pod: Body, gateway: Body) -> Body:
    spec = dict(pod["spec"])
    if not any(one["name"] == "envoy" for one in spec["containers"]):
        raise webhook_denied(_POD_HOOK, "no envoy container found in the pod of a VirtualGateway")
    spec["containers"] = [
        _gateway_envoy(pod, one, gateway) if one["name"] == "envoy" else one for one in spec["containers"]
    ]
    return pod | {"spec": spec}


def _gateway_envoy(pod: Body, envoy: Mapping[str, Json], gateway: Body) -> Body:
    keeps = (pod["metadata"].get("annotations") or {}).get(f"{_PREFIX}virtualGatewaySkipImageOverride") == "true"
    settings = [*_identity(gateway, "virtualGateway"), *_settings()]
    said = {variable["name"] for variable in envoy.get("env") or ()}
    env = [*(envoy.get("env") or ()), *(one for one in settings if one["name"] not in said)]
    image = envoy.get("image") if keeps else _ENVOY_IMAGE
    return {"readinessProbe": _PROBE, **envoy, "env": env, "image": image}
