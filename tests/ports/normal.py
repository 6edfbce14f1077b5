"""What two clusters cannot have in common, taken out of their answers: everything else must be equal.

Normalised: uids, resourceVersions, moments, generated name suffixes and template hashes, addresses, node names, message
texts, and the order of field managers (API servers order them by moment). A pod's status is reduced to its phase and
readiness, and its status' manager left out, since on both sides something stands in for a kubelet. An EndpointSlice's
generation counts how often its controller looked while pods came and went: two runs of a real cluster differ in it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from meshmig.ports import ClusterError

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX = re.compile(rf"(-[{_LETTERS}]{{8,10}})?-[{_LETTERS}]{{5}}$")
_HASH = re.compile(rf"-[{_LETTERS}]{{8,10}}(?=-?$)")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}(/\d+)?")
_SAID = {
    "resourceVersion": "<version>",
    "pod-template-hash": "<hash>",
    "controller-revision-hash": "<hash>",
    "nodeName": "<node>",
    "message": "<text>",
}


def normal(value: Any) -> Any:
    """Return a JSON value without what differs from cluster to cluster."""
    match value:
        case {"kind": "Pod", "spec": _, "status": status, "metadata": metadata}:
            return _mapping(value) | {"status": _pod_status(status), "metadata": normal(_without_kubelet(metadata))}
        case {"kind": "EndpointSlice", "metadata": {"generation": _} as metadata}:
            return _mapping(value) | {"metadata": normal({**metadata, "generation": "<passes>"})}
        case Mapping():
            return _mapping(value)
        case list() | tuple():
            return [normal(inner) for inner in value]
        case str():
            return _plain(value)
        case _:
            return value


def normal_error(error: ClusterError) -> dict[str, Any]:
    """Return a refusal without its texts."""
    causes = {(str(cause.get("reason")), str(cause.get("field"))) for cause in error.details.get("causes") or ()}
    return {"error": type(error).__name__, "status": error.status, "reason": error.reason, "causes": sorted(causes)}


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield where two answers differ: `.items[0].spec.replicas: 2 | 3`."""
    match one, other:
        case dict(), dict():
            for key in sorted(one.keys() | other.keys()):
                yield from differences(one.get(key, "absent"), other.get(key, "absent"), f"{path}.{key}")
        case ((list() | tuple()), (list() | tuple())) if len(one) == len(other):
            for place, (left, right) in enumerate(zip(one, other, strict=True)):
                yield from differences(left, right, f"{path}[{place}]")
        case _ if one != other:
            yield f"{path}: {one} | {other}"


def _mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    plain = {_key(key): _SAID[key] if key in _SAID else normal(inner) for key, inner in value.items()}
    if "managedFields" in plain:
        plain["managedFields"] = sorted(
            ({k: v for k, v in e.items() if k != "time"} for e in plain["managedFields"]), key=repr
        )
    return plain


def _key(text: str) -> str:
    """Keys of `fieldsV1` hold values too."""
    return _ADDRESS.sub("<address>", _UID.sub("<uid>", text)) if text.startswith("k:") else text


def _without_kubelet(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = [entry for entry in metadata.get("managedFields") or () if entry.get("subresource") != "status"]
    return {**metadata, "managedFields": kept}


def _pod_status(status: Mapping[str, Any]) -> dict[str, Any]:
    ready = [each["status"] for each in status.get("conditions") or () if each["type"] == "Ready"]
    return {"phase": status.get("phase"), "ready": ready == ["True"]}


def _plain(text: str) -> str:
    text = _UID.sub("<uid>", text)
    if _MOMENT.fullmatch(text):
        return "<time>"
    if _ADDRESS.fullmatch(text):
        return "<address>"
    return _HASH.sub("-<hash>", _SUFFIX.sub("-<suffix>", text))
