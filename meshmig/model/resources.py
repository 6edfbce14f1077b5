"""The kinds that meshmig reads or writes, as an API server serves them."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.objects import ObjectRef


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind as the API server serves it: `apps/v1`, `Deployment`, `deployments`."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]


APPMESH = "appmesh.k8s.aws/v1beta2"
NETWORKING = "networking.istio.io/v1"
SECURITY = "security.istio.io/v1"
TELEMETRY = "telemetry.istio.io/v1"

APPMESH_RESOURCES = (
    ResourceType(APPMESH, "Mesh", "meshes", namespaced=False),
    ResourceType(APPMESH, "VirtualNode", "virtualnodes"),
    ResourceType(APPMESH, "VirtualService", "virtualservices"),
    ResourceType(APPMESH, "VirtualRouter", "virtualrouters"),
    ResourceType(APPMESH, "VirtualGateway", "virtualgateways"),
    ResourceType(APPMESH, "GatewayRoute", "gatewayroutes"),
    ResourceType(APPMESH, "BackendGroup", "backendgroups"),
)

ISTIO_RESOURCES = (
    ResourceType(NETWORKING, "VirtualService", "virtualservices"),
    ResourceType(NETWORKING, "DestinationRule", "destinationrules"),
    ResourceType(NETWORKING, "Gateway", "gateways"),
    ResourceType(NETWORKING, "ServiceEntry", "serviceentries"),
    ResourceType(NETWORKING, "Sidecar", "sidecars"),
    ResourceType(SECURITY, "PeerAuthentication", "peerauthentications"),
    ResourceType(TELEMETRY, "Telemetry", "telemetries"),
)

KUBERNETES_RESOURCES = (
    ResourceType("v1", "Namespace", "namespaces", namespaced=False),
    ResourceType("v1", "Pod", "pods"),
    ResourceType("v1", "Service", "services"),
    ResourceType("v1", "ServiceAccount", "serviceaccounts"),
    ResourceType("v1", "ConfigMap", "configmaps"),
    ResourceType("apps/v1", "Deployment", "deployments"),
    ResourceType("apps/v1", "ReplicaSet", "replicasets"),
    ResourceType("apps/v1", "StatefulSet", "statefulsets"),
    ResourceType("apps/v1", "DaemonSet", "daemonsets"),
    ResourceType("batch/v1", "Job", "jobs"),
    ResourceType("batch/v1", "CronJob", "cronjobs"),
    ResourceType("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ResourceType("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    ResourceType("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    ResourceType("networking.k8s.io/v1", "Ingress", "ingresses"),
    ResourceType("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    ResourceType("coordination.k8s.io/v1", "Lease", "leases"),
    ResourceType(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        namespaced=False,
    ),
    ResourceType(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        namespaced=False,
    ),
    ResourceType("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False),
)

RESOURCES = APPMESH_RESOURCES + ISTIO_RESOURCES + KUBERNETES_RESOURCES

_JOURNAL_ONLY = {"ConfigMap", "Lease", "CustomResourceDefinition"}

PLAN_RESOURCES = tuple(resource for resource in RESOURCES if resource.kind not in _JOURNAL_ONLY)
"""What a plan lists: no Secret, and no ConfigMap either."""

_BY_KIND: Mapping[tuple[str, str], ResourceType] = {(resource.group, resource.kind): resource for resource in RESOURCES}


def resource_of(ref: ObjectRef) -> ResourceType | None:
    """Return how a reference's kind is served, or None for a kind that meshmig does not know."""
    return _BY_KIND.get((ref.group, ref.kind))
