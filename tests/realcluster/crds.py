"""App Mesh's kinds as an API server must know them: names, scopes, status subresources, and any spec."""

GROUP = "appmesh.k8s.aws"
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_KINDS = {
    "Mesh": "meshes",
    "VirtualNode": "virtualnodes",
    "VirtualService": "virtualservices",
    "VirtualRouter": "virtualrouters",
    "VirtualGateway": "virtualgateways",
    "GatewayRoute": "gatewayroutes",
    "BackendGroup": "backendgroups",
}


def appmesh_crds() -> list[dict[str, object]]:
    """The seven CustomResourceDefinitions."""
    return [_crd(kind, plural) for kind, plural in _KINDS.items()]


def _crd(kind: str, plural: str) -> dict[str, object]:
    schema = {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": _OPEN,
            "status": _OPEN,
        },
    }
    version = {
        "name": "v1beta2",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "scope": "Cluster" if kind == "Mesh" else "Namespaced",
            "versions": [version],
        },
    }
