"""Manifests that a person wrote into the file: Istio's kinds alone, their names and the fields of their specs.

Source: the CRDs of istio.io/istio release 1.31; what lies deeper is the API server's strict validation to judge.
"""

from collections.abc import Iterator, Mapping

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.intent import RawManifests
from meshmig.model.objects import Json, Manifest
from meshmig.targets.istio.settings import MANAGED_BY, ORIGIN

CODES: Mapping[str, str] = {"MIG422": "a manifest of `raw istio` that is none of Istio's"}

_MAP, _LIST, _TEXT, _NUMBER, _FLAG = "a map", "a list", "a text", "a number", "true or false"
_TARGETED = {"selector": _MAP, "targetRef": _MAP, "targetRefs": _LIST}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "VirtualService": dict.fromkeys(("hosts", "gateways", "http", "tls", "tcp", "exportTo"), _LIST),
    "DestinationRule": {
        "host": _TEXT,
        "trafficPolicy": _MAP,
        "subsets": _LIST,
        "exportTo": _LIST,
        "workloadSelector": _MAP,
    },
    "Gateway": {"servers": _LIST, "selector": _MAP},
    "ServiceEntry": {
        **dict.fromkeys(("hosts", "addresses", "ports", "endpoints", "exportTo", "subjectAltNames"), _LIST),
        "location": _TEXT,
        "resolution": _TEXT,
        "workloadSelector": _MAP,
    },
    "Sidecar": {
        "workloadSelector": _MAP,
        "ingress": _LIST,
        "egress": _LIST,
        "outboundTrafficPolicy": _MAP,
        "inboundConnectionPool": _MAP,
    },
    "EnvoyFilter": {"workloadSelector": _MAP, "targetRefs": _LIST, "configPatches": _LIST, "priority": _NUMBER},
    "WorkloadEntry": {
        **dict.fromkeys(("address", "network", "locality", "serviceAccount"), _TEXT),
        "ports": _MAP,
        "labels": _MAP,
        "weight": _NUMBER,
    },
    "WorkloadGroup": {"metadata": _MAP, "template": _MAP, "probe": _MAP},
    "ProxyConfig": {"selector": _MAP, "concurrency": _NUMBER, "environmentVariables": _MAP, "image": _MAP},
    "AuthorizationPolicy": _TARGETED | {"rules": _LIST, "action": _TEXT, "provider": _MAP},
    "PeerAuthentication": {"selector": _MAP, "mtls": _MAP, "portLevelMtls": _MAP},
    "RequestAuthentication": _TARGETED | {"jwtRules": _LIST},
    "Telemetry": _TARGETED | {"tracing": _LIST, "metrics": _LIST, "accessLogging": _LIST},
    "WasmPlugin": _TARGETED
    | dict.fromkeys(("url", "sha256", "imagePullPolicy", "imagePullSecret", "phase", "pluginName", "type"), _TEXT)
    | {"pluginConfig": _MAP, "priority": _NUMBER, "failStrategy": _TEXT, "match": _LIST, "vmConfig": _MAP},
}
_GROUPS = {
    **dict.fromkeys(_FIELDS, "networking.istio.io"),
    **dict.fromkeys(("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"), "security.istio.io"),
    "Telemetry": "telemetry.istio.io",
    "WasmPlugin": "extensions.istio.io",
}


def raw_objects(raw: RawManifests, manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """Return the manifests of a block as meshmig writes them: with its label, and where they come from."""
    return tuple(_stamped(manifest, f"raw istio, line {raw.line}") for manifest in manifests)


def _stamped(manifest: Manifest, origin: str) -> Manifest:
    labels = dict(manifest.labels) | {MANAGED_BY: "meshmig"}
    annotations = dict(manifest.annotations) | {ORIGIN: origin}
    metadata = dict(manifest.metadata) | {"labels": labels, "annotations": annotations}
    return Manifest(dict(manifest.body) | {"metadata": metadata})


def raw_findings(raw: RawManifests, manifests: tuple[Manifest, ...]) -> Iterator[Diagnostic]:
    """Yield what keeps manifests of a block from being Istio's."""
    for manifest in manifests:
        for path, why in _wrong(manifest):
            yield Diagnostic(
                code="MIG422",
                severity=Severity.ERROR,
                message=f"`raw istio` holds {manifest.ref}, and {why}",
                help="write whole manifests of Istio's kinds; everything else stays outside of meshmig",
                span=raw.span,
                object=manifest.ref.object_name,
                path=path,
            )


def _wrong(manifest: Manifest) -> Iterator[tuple[str, str]]:
    ref = manifest.ref
    group = _GROUPS.get(ref.kind)
    if group is None or ref.group != group:
        yield "kind", f"`{ref.api_version} {ref.kind}` is no kind of Istio's"
        return
    if not ref.namespace:
        yield "metadata.namespace", "it names no namespace"
    if "status" in manifest.body:
        yield "status", "a status is nobody's to write"
    yield from _wrong_fields(manifest)


def _wrong_fields(manifest: Manifest) -> Iterator[tuple[str, str]]:
    known, spec = _FIELDS[manifest.ref.kind], manifest.body.get("spec")
    if not isinstance(spec, Mapping):
        yield "spec", "its spec is no map"
        return
    for name, value in spec.items():
        if name not in known:
            yield f"spec.{name}", f"`spec.{name}` is no field of a {manifest.ref.kind}"
        elif _shape(value) != known[name]:
            yield f"spec.{name}", f"`spec.{name}` is {known[name]}, not {_shape(value)}"


def _shape(value: Json) -> str:
    match value:
        case bool():
            return _FLAG
        case int() | float():
            return _NUMBER
        case str():
            return _TEXT
        case list():
            return _LIST
        case dict():
            return _MAP
        case _:
            return "nothing"
