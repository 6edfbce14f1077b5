"""What an installed Istio control plane looks like to the rest of a cluster."""

from collections.abc import Iterator

from meshmig.model.objects import Json


def control_plane_objects(revision: str) -> Iterator[dict[str, Json]]:
    """Yield istio-system, istiod, and its injection webhook, of one revision."""
    suffix = "" if revision == "default" else f"-{revision}"
    labels = {"app": "istiod", "istio.io/rev": revision}
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system", "labels": {}}}
    template = {
        "metadata": {"labels": labels | {"sidecar.istio.io/inject": "false"}},
        "spec": {"containers": [{"name": "discovery", "image": "pilot:1.31.0"}]},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"istiod{suffix}", "namespace": "istio-system", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }
    yield {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"istio-sidecar-injector{suffix}", "labels": labels},
        "webhooks": [{"name": "rev.namespace.sidecar-injector.istio.io", "failurePolicy": "Fail"}],
    }
