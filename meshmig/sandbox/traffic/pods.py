"""Pods as traffic sees them: which mesh they are in, which virtual node they stand for, who selects them."""

from collections.abc import Iterable, Mapping
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


class PodCache:
    """Pods as they were read last: a body never changes, so the same one says the same."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Mapping[str, Json], Pod]] = {}

    def read(self, body: Mapping[str, Json]) -> Pod:
        """Read a pod."""
        uid = str(body["metadata"].get("uid"))
        known = self._known.get(uid)
        if known is None or known[0] is not body:
            known = self._known[uid] = (body, pod_of(body))
        return known[1]


class Pods:
    """The ready pods of one state, found by namespace and label."""

    def __init__(self, pods: Iterable[Pod]) -> None:
        self._by_label: dict[tuple[str, str, str], list[Pod]] = {}
        self._by_old_label: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in pods:
            for labels, index in ((pod.labels, self._by_label), (pod.known_as, self._by_old_label)):
                for key, value in (("", ""), *labels.items()):
                    index.setdefault((pod.namespace, key, value), []).append(pod)

    def selected(self, namespace: str, selector: Mapping[str, str]) -> list[Pod]:
        """Return the pods that a Service's selector takes; none where it selects nothing."""
        if not selector:
            return []
        near = _near(self._by_label, namespace, selector)
        return [pod for pod in near if all(pod.labels.get(key) == value for key, value in selector.items())]

    def behind(self, node: Mapping[str, Json]) -> list[Pod]:
        """Return the pods that stand behind a virtual node or gateway, copies among them."""
        selector = (node.get("spec") or {}).get("podSelector") or {}
        namespace = str(node["metadata"].get("namespace") or "")
        near = _near(self._by_old_label, namespace, selector.get("matchLabels") or {})
        return [pod for pod in near if belongs(pod, node)]


def _near(index: Mapping[tuple[str, str, str], list[Pod]], namespace: str, wanted: Mapping[str, str]) -> list[Pod]:
    """Return the fewest pods that must hold all that are wanted: those with the rarest of the wanted labels."""
    listed = [index.get((namespace, key, value), []) for key, value in wanted.items()]
    return min(listed, key=len, default=index.get((namespace, "", ""), []))


def belongs(pod: Pod, node: Mapping[str, Json]) -> bool:
    """Whether a pod, or the copy of one, stands behind a virtual node or gateway."""
    selector = (node.get("spec") or {}).get("podSelector")
    same = node["metadata"].get("namespace") == pod.namespace
    return same and selector is not None and selects(selector, pod.known_as)
