"""The rights that an installation of Istio and a move need, as an API server can be asked for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource, in a namespace or (empty) in the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str = ""

    def __str__(self) -> str:
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {name}" + (f" in {self.namespace}" if self.namespace else "")


_RBAC, _HOOKS, _CRDS = "rbac.authorization.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io"
_ISTIO = "istio-system"

INSTALL = (
    Right("create", "", "namespaces"),
    Right("create", _RBAC, "clusterroles"),
    Right("create", _RBAC, "clusterrolebindings"),
    Right("create", _HOOKS, "mutatingwebhookconfigurations"),
    Right("create", _HOOKS, "validatingwebhookconfigurations"),
    Right("create", _CRDS, "customresourcedefinitions"),
    Right("create", "apps", "deployments", _ISTIO),
    Right("create", "", "services", _ISTIO),
    Right("create", "", "serviceaccounts", _ISTIO),
    Right("create", "", "configmaps", _ISTIO),
    Right("create", _RBAC, "roles", _ISTIO),
    Right("create", _RBAC, "rolebindings", _ISTIO),
)
"""What the person who installs Istio needs; after istioctl's own precheck, which asks for the like."""

MOVE = (
    Right("patch", "apps", "deployments"),
    Right("create", "apps", "deployments"),
    Right("patch", "apps", "statefulsets"),
    Right("patch", "apps", "daemonsets"),
    Right("patch", "", "pods"),
    Right("patch", "", "services"),
    Right("create", "", "services"),
    Right("patch", "autoscaling", "horizontalpodautoscalers"),
    Right("create", "networking.istio.io", "virtualservices"),
    Right("create", "networking.istio.io", "destinationrules"),
    Right("create", "networking.istio.io", "gateways"),
    Right("create", "networking.istio.io", "serviceentries"),
    Right("create", "networking.istio.io", "sidecars"),
    Right("create", "security.istio.io", "peerauthentications"),
    Right("create", "telemetry.istio.io", "telemetries"),
    Right("patch", "appmesh.k8s.aws", "virtualnodes"),
    Right("delete", "appmesh.k8s.aws", "virtualnodes"),
    Right("delete", _HOOKS, "mutatingwebhookconfigurations"),
    Right("create", "coordination.k8s.io", "leases", "meshmig"),
    Right("create", "", "configmaps", "meshmig"),
)
"""What a run writes itself, kind by kind."""
