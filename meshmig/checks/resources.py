"""The kinds that only the precheck reads, beside those of a plan: nodes, limits, policies, other tools' owners."""

from meshmig.model.resources import ResourceType

EXTRA_RESOURCES = (
    ResourceType("v1", "Node", "nodes", namespaced=False),
    ResourceType("v1", "ResourceQuota", "resourcequotas"),
    ResourceType("v1", "LimitRange", "limitranges"),
    ResourceType("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    ResourceType("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False),
    ResourceType("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers"),
    ResourceType("keda.sh/v1alpha1", "ScaledObject", "scaledobjects"),
    ResourceType("flagger.app/v1beta1", "Canary", "canaries"),
    ResourceType("karpenter.sh/v1", "NodePool", "nodepools", namespaced=False),
    ResourceType("cert-manager.io/v1", "Certificate", "certificates"),
)

RUNTIME_KINDS = frozenset(
    {"Pod", "Node", "ReplicaSet", "EndpointSlice", "CustomResourceDefinition", "MutatingWebhookConfiguration"}
    | {"ValidatingWebhookConfiguration"}
)
"""Kinds that a running cluster has and a folder of manifests usually has not: their absence there says nothing."""
