"""Pods as traffic sees them: which mesh they are in, which virtual node they stand for, who selects them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from meshmig.model.objects import Json
from meshmig.sandbox.pods import is_ready
from meshmig.sandbox.selectors import selects

_SUFFIX = "-istio"


class Side(StrEnum):
    """Which mesh a pod is in."""

    APPMESH = "appmesh"
    ISTIO = "istio"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Pod:
    """A live pod; `labels` as they are, `known_as` as they were before a copy's labels were changed."""

    name: str
    namespace: str
    side: Side
    ready: bool
    labels: Mapping[str, str]
    known_as: Mapping[str, str]
    gateway: bool
    owner: str


def pod_of(body: Mapping[str, Json]) -> Pod:
    """Read a pod."""
    metadata = body["metadata"]
    labels = metadata.get("labels") or {}
    names = {container["name"] for container in body["spec"].get("containers") or ()}
    known = {k: v.removesuffix(_SUFFIX) for k, v in labels.items()}
    annotations = metadata.get("annotations") or {}
    images = [c.get("image", "") for c in body["spec"].get("containers") or () if c["name"] == "envoy"]
    old = bool(images)
    new = "istio-proxy" in names
    return Pod(
        name=metadata["name"],
        namespace=metadata["namespace"],
        side=Side.ISTIO if new else Side.APPMESH if old else Side.PLAIN,
        ready=is_ready(body) and not metadata.get("deletionTimestamp"),
        labels=labels,
        known_as=known,
        gateway=annotations.get("inject.istio.io/templates") == "gateway" or names == {"envoy"},
        owner=labels.get("meshmig.io/workload", metadata["name"].rsplit("-", 2)[0]),
    )


def belongs(pod: Pod, node: Mapping[str, Json]) -> bool:
    """Whether a pod, or the copy of one, stands behind a virtual node or gateway."""
    selector = (node.get("spec") or {}).get("podSelector")
    same = node["metadata"].get("namespace") == pod.namespace
    return same and selector is not None and selects(selector, pod.known_as)
