"""What kwok does instead of kubelets: nodes and pods become ready at once, and deleted pods go.

After the switch-off a pod with a container named `envoy` runs but is never ready: its proxy gets no configuration.
"""

_NODE_STATUS = """
{{ $now := Now }}
conditions:
- type: Ready
  status: "True"
  reason: Ready
  lastTransitionTime: {{ $now | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
addresses:
- type: InternalIP
  address: {{ NodeIP | Quote }}
"""
_POD_STATUS = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
{{ $meta := .metadata }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) $meta.uid $meta.name $meta.namespace | Quote }}
conditions:
- {type: PodScheduled, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }}}
- {type: ContainersReady, status: "POD", lastTransitionTime: {{ $now | Quote }}}
- {type: Ready, status: "POD", lastTransitionTime: {{ $now | Quote }}}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  restartCount: 0
  ready: true
  {{ if eq ( or .restartPolicy "" ) "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  restartCount: 0
  started: true
  ready: {{ if eq .name "envoy" }}ENVOY{{ else }}true{{ end }}
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
"""
_LIVING = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
_NEW = {"key": ".status.podIP", "operator": "DoesNotExist"}
_CONTAINERS = ".spec.containers[].name"


def stages(*, appmesh_alive: bool) -> list[dict[str, object]]:
    """The stages of one world."""
    meshed = "true" if appmesh_alive else "false"
    return [
        _stage("node-ready", "Node", [_node_not_ready()], {"statusTemplate": _NODE_STATUS}),
        _pods("pod-plain", "NotIn", ready="true", envoy="true"),
        _pods("pod-appmesh", "In", ready=meshed, envoy=meshed),
        _stage(
            "pod-gone",
            "Pod",
            [{"key": ".metadata.deletionTimestamp", "operator": "Exists"}],
            {"finalizers": {"empty": True}, "delete": True},
        ),
    ]


def _node_not_ready() -> dict[str, object]:
    ready = '.status.conditions[] | select( .type == "Ready" ) | .status'
    return {"key": ready, "operator": "NotIn", "values": ["True"]}


def _pods(name: str, operator: str, *, ready: str, envoy: str) -> dict[str, object]:
    status = _POD_STATUS.replace('"POD"', f'"{ready.capitalize()}"').replace("ENVOY", envoy)
    match = [_LIVING, _NEW, {"key": _CONTAINERS, "operator": operator, "values": ["envoy"]}]
    return _stage(name, "Pod", match, {"statusTemplate": status})


def _stage(name: str, kind: str, match: list[dict[str, object]], following: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": match},
            "next": following,
        },
    }
