"""Requests as values, and who plays them on a cluster: the same script, the same answers."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.resources import ResourceType
from meshmig.model.units import Duration
from meshmig.ports import Clock, Cluster, ClusterError, Precondition
from tests.ports.bodies import SLICES
from tests.ports.normal import normal, normal_error

_STEP = Duration(250)
_PATIENCE = 400
"""How often a condition is looked at before it counts as missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """Read one object."""

    ref: ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """List a page; `start` is empty, `next` (after the page before) or a token. Keeps the list's version."""

    resource: ResourceType
    namespace: str = ""
    limit: int = 0
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Read what happened since the last `Page` of this kind, or since a version."""

    resource: ResourceType
    namespace: str = ""
    since: str = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make an object."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Server-side apply; `uid` and `version` go into the metadata: `live`, `old`, or as they are."""

    body: Mapping[str, Any]
    force: bool = False
    uid: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Replace an object by its last answer with changes; `version` is `live`, `old`, or empty for none."""

    ref: ObjectRef
    change: Mapping[str, Any]
    version: str = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """JSON merge patch, of the status where `status` is set."""

    ref: ObjectRef
    body: Mapping[str, Any]
    uid: str = ""
    version: str = ""
    status: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Ask for deletion."""

    ref: ObjectRef
    uid: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """No request: let time pass until a field has a value (`None`: the object is gone)."""

    ref: ObjectRef
    path: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilCount:
    """No request: let time pass until so many objects of a kind are listed."""

    resource: ResourceType
    namespace: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilEndpoints:
    """No request: let time pass until a Service has so many endpoints, all of them ready."""

    service: str
    namespace: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """No request: let the API server forget what was before now, as compaction and a restart do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """No request: remember the live object, for the `live` of later requests."""

    ref: ObjectRef


Request = Get | Page | Watch | Create | Apply | Replace | Patch | Delete
Wait = Until | UntilCount | UntilEndpoints
Step = Request | Wait | Forget | Sync


@dataclass(slots=True)
class Player:
    """Plays steps on one cluster; remembers what the answers said, for what later steps refer to."""

    cluster: Cluster
    clock: Clock
    forget: Callable[[], None]
    seen: dict[ObjectRef, Mapping[str, Any]] = field(default_factory=dict)
    first: dict[ObjectRef, Mapping[str, Any]] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def play(self, steps: Sequence[Step]) -> Iterator[tuple[Request, Any]]:
        """Yield each request with its normalised answer."""
        for step in steps:
            match step:
                case Until() | UntilCount() | UntilEndpoints():
                    self._wait_for(step)
                case Forget():
                    self.forget()
                case Sync(ref=ref):
                    self._remember(self.cluster.get(ref))
                case request:
                    yield request, self._answered(request)

    def _answered(self, request: Request) -> Any:
        try:
            return self._ask(request)
        except ClusterError as error:
            return normal_error(error)

    def _ask(self, request: Request) -> Any:
        match request:
            case Get(ref=ref):
                return self._remember(self.cluster.get(ref))
            case Page():
                return self._page(request)
            case Watch():
                return self._watch(request)
            case Create(body=body):
                return self._remember(self.cluster.create(Manifest(body)))
            case Apply():
                return self._remember(self.cluster.apply(Manifest(self._required(request)), force=request.force))
            case Replace():
                return self._remember(self.cluster.replace(Manifest(self._replacement(request))))
            case Patch(ref=ref, body=body, status=status):
                require = self._precondition(ref, request.uid, request.version)
                return self._remember(self.cluster.patch(ref, body, require=require, status=status))
            case Delete(ref=ref):
                self.cluster.delete(ref, require=self._precondition(ref, request.uid, request.version))
                return "deleted"

    def _page(self, request: Page) -> Any:
        token = self.token if request.start == "next" else request.start
        page = self.cluster.list_page(request.resource, request.namespace, limit=request.limit, token=token)
        self.token = page.next_token
        self.lists[request.resource.plural] = page.resource_version
        for manifest in page.items:
            self._remember(manifest)
        items = sorted((normal(manifest.body) for manifest in page.items if not _is_everywhere(manifest)), key=_order)
        return {"items": items, "more": bool(page.next_token)}

    def _watch(self, request: Watch) -> Any:
        version = self.lists[request.resource.plural] if request.since == "page" else request.since
        events = self.cluster.watch(
            request.resource, request.namespace, resource_version=version, timeout=Duration.of(seconds=1)
        )
        return [(event.type, normal(event.object.body)) for event in events if not _is_everywhere(event.object)]

    def _required(self, request: Apply) -> Mapping[str, Any]:
        ref = Manifest(request.body).ref
        require = self._precondition(ref, request.uid, request.version)
        asked = {"uid": require.uid, "resourceVersion": require.resource_version}
        known = {name: value for name, value in asked.items() if value}
        return {**request.body, "metadata": {**request.body["metadata"], **known}}

    def _replacement(self, request: Replace) -> Mapping[str, Any]:
        body = merged(self.seen[request.ref], request.change)
        version = self._precondition(request.ref, "", request.version).resource_version
        metadata = {key: value for key, value in body["metadata"].items() if key != "resourceVersion"}
        return body | {"metadata": metadata | ({"resourceVersion": version} if version else {})}

    def _precondition(self, ref: ObjectRef, uid: str, version: str) -> Precondition:
        return Precondition(self._known(ref, "uid", uid), self._known(ref, "resourceVersion", version))

    def _known(self, ref: ObjectRef, name: str, wanted: str) -> str:
        match wanted:
            case "live":
                return str(self.seen[ref]["metadata"][name])
            case "old":
                return str(self.first[ref]["metadata"][name])
            case _:
                return wanted

    def _remember(self, manifest: Manifest) -> Any:
        self.seen[manifest.ref] = manifest.body
        self.first.setdefault(manifest.ref, manifest.body)
        return normal(manifest.body)

    def _endpoints(self, service: str, namespace: str) -> list[bool]:
        slices = self.cluster.list_page(SLICES, namespace).items
        mine = [each for each in slices if each.labels.get("kubernetes.io/service-name") == service]
        return [one["conditions"]["ready"] for each in mine for one in each.body.get("endpoints") or ()]

    def _wait_for(self, step: Wait) -> None:
        for _ in range(_PATIENCE):
            if self._holds(step):
                return
            self.clock.wait(_STEP)
        raise AssertionError(f"{self.cluster.name}: never came: {step}")

    def _holds(self, step: Wait) -> bool:
        match step:
            case UntilCount(resource=resource, namespace=namespace, count=count):
                return len(self.cluster.list_page(resource, namespace).items) == count
            case UntilEndpoints(service=service, namespace=namespace, count=count):
                return self._endpoints(service, namespace) == [True] * count
            case Until(ref=ref, path=path, value=value):
                try:
                    live: Any = self.cluster.get(ref).body
                except ClusterError:
                    return not path
                for word in path.split("."):
                    live = (live or {}).get(word) if word else live
                return bool(path) and live == value


def _order(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True)


def _is_everywhere(manifest: Manifest) -> bool:
    """Whether a controller puts this object into every namespace: certificates of the API server and of istiod."""
    return manifest.ref.kind == "ConfigMap" and manifest.ref.name.startswith(("kube-root-ca", "istio-ca"))


def merged(body: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON merge patch's result."""
    result = dict(body)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result
