"""A real Kubernetes API server as the `Cluster` port: raw JSON in and out, no generated models."""

import math
import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from meshmig.adapters.kube_config import Access, in_cluster_access, kubeconfig_access
from meshmig.adapters.kube_connection import Connection, Request
from meshmig.adapters.kube_errors import KIND_NOT_SERVED, error_of_status, precondition_error
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.resources import ResourceType, resource_of
from meshmig.model.units import Duration
from meshmig.ports import (
    ANY,
    FIELD_MANAGER,
    ClusterError,
    NotFoundError,
    Page,
    Precondition,
    UnavailableError,
    WatchEvent,
)

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_STRICT = (("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict"))
_REVIEW = "authentication.k8s.io/v1"
_ACCESS = "authorization.k8s.io/v1"
_NOT_FOUND = 404
_SLACK_SECONDS = 10.0


def connect(context: str | None, *, in_cluster: bool = False, kubeconfig: str | None = None) -> "KubeCluster":
    """Connect as kubectl does: by context (the current one without a name), or as the pod's own account.

    Nothing is sent yet. KUBECONFIG may name several files; `kubeconfig` names the only one.

    Raises:
        RejectedError: no kubeconfig, no such context, or credentials that cannot be had.
    """
    return KubeCluster.of(in_cluster_access() if in_cluster else kubeconfig_access(context, kubeconfig))


class KubeCluster:
    """One API server. Reads are repeated when they fail; a write is repeated only where it cannot have been made."""

    parallel_reads = 6
    """How many lists it is asked for at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._discovered: dict[tuple[str, str], ResourceType] = {}

    @staticmethod
    def of(access: Access) -> "KubeCluster":
        """Connect by one way."""
        return KubeCluster(Connection(access))

    @property
    def name(self) -> str:
        """The context's name."""
        return self._connection.access.name

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the live object; raises NotFoundError."""
        return Manifest(self._connection.ask(Request(method="GET", path=self._path(ref))))

    def list_page(self, resource: ResourceType, namespace: str = "", *, limit: int = 0, token: str = "") -> Page:
        """Return one page of a kind; its items are given the apiVersion and kind that a LIST leaves out."""
        asked = {"limit": str(limit or ""), "continue": token}
        query = tuple((name, value) for name, value in asked.items() if value)
        answer = self._connection.ask(Request(method="GET", path=_collection(resource, namespace), query=query))
        typed = {"apiVersion": resource.api_version, "kind": resource.kind}
        items = tuple(Manifest(typed | item) for item in answer.get("items") or ())
        metadata = answer.get("metadata") or {}
        return Page(items, str(metadata.get("resourceVersion", "")), str(metadata.get("continue") or ""))

    def watch(
        self, resource: ResourceType, namespace: str = "", *, resource_version: str, timeout: Duration
    ) -> Iterator[WatchEvent]:
        """Yield what happens after `resource_version`; a connection that drops is taken up where it ended.

        Raises:
            GoneError: `resource_version` is too old.
        """
        until, version = time.monotonic() + timeout.seconds, resource_version
        while (left := until - time.monotonic()) > 0:
            try:
                for event in self._watch_once(resource, namespace, version, left):
                    version = str(event.object.metadata.get("resourceVersion", version))
                    yield event
            except UnavailableError:
                if time.monotonic() >= until:
                    return
                continue
            return

    def _watch_once(self, resource: ResourceType, namespace: str, version: str, seconds: float) -> Iterator[WatchEvent]:
        path, whole = _collection(resource, namespace), math.ceil(seconds)
        query = (("watch", "1"), ("resourceVersion", version), ("timeoutSeconds", str(whole)))
        request = Request(method="GET", path=path, query=query, seconds=whole + _SLACK_SECONDS, stream=True)
        for line in self._connection.lines(request):
            if line["type"] == "ERROR":
                raise error_of_status(int(line["object"].get("code", 500)), line["object"], path)
            yield WatchEvent(str(line["type"]), Manifest(line["object"]))

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object, with strict field validation; raises ConflictError where the name is taken."""
        path = _collection(self._resource(manifest.ref), manifest.ref.namespace)
        return self._write("POST", path, manifest.body)

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object, with strict field validation; raises ConflictError for an old resourceVersion."""
        return self._write("PUT", self._path(manifest.ref), manifest.body)

    def apply(self, manifest: Manifest, *, force: bool = False) -> Manifest:
        """Server-side apply as `meshmig`; raises ConflictError with the causes, InvalidError for unknown fields."""
        query = (*_STRICT, ("force", "true")) if force else _STRICT
        request = Request(
            method="PATCH", path=self._path(manifest.ref), query=query, body=manifest.body, content_type=_APPLY
        )
        require = Precondition(uid=str(manifest.metadata.get("uid") or ""))
        return self._required(request, require)

    def patch(
        self, ref: ObjectRef, body: Mapping[str, Json], *, require: Precondition = ANY, status: bool = False
    ) -> Manifest:
        """JSON merge patch; a precondition travels in the patch's metadata."""
        path = self._path(ref) + ("/status" if status else "")
        request = Request(
            method="PATCH", path=path, query=_STRICT, body=_with_precondition(body, require), content_type=_MERGE
        )
        return self._required(request, require)

    def delete(self, ref: ObjectRef, *, require: Precondition = ANY) -> None:
        """Ask for deletion in the background: what the object owns is deleted after it."""
        body: dict[str, Json] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if require != ANY:
            body["preconditions"] = _precondition(require)
        self._connection.ask(Request(method="DELETE", path=self._path(ref), body=body))

    def whoami(self) -> str:
        """Return the user's name by the API server's own answer; empty where it is too old to say (before 1.28)."""
        body = {"apiVersion": _REVIEW, "kind": "SelfSubjectReview"}
        request = Request(method="POST", path=f"/apis/{_REVIEW}/selfsubjectreviews", body=body)
        try:
            status = self._connection.ask(request).get("status") or {}
        except NotFoundError:
            return ""
        return str((status.get("userInfo") or {}).get("username", ""))

    def version(self) -> str:
        """Return the API server's version."""
        return str(self._connection.ask(Request(method="GET", path="/version")).get("gitVersion", ""))

    def may(self, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Ask whether we may; the review is answered and not stored."""
        wanted = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
        body = {"apiVersion": _ACCESS, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": wanted}}
        request = Request(method="POST", path=f"/apis/{_ACCESS}/selfsubjectaccessreviews", body=body)
        return bool((self._connection.ask(request).get("status") or {}).get("allowed"))

    def ensure_control_plane(self, revision: str) -> None:
        """Leave the real control plane to its own installer."""

    def _write(self, method: str, path: str, body: Mapping[str, Json]) -> Manifest:
        return Manifest(self._connection.ask(Request(method=method, path=path, query=_STRICT, body=body)))

    def _required(self, request: Request, require: Precondition) -> Manifest:
        try:
            return Manifest(self._connection.ask(request))
        except ClusterError as error:
            raise precondition_error(error, require) from error

    def _path(self, ref: ObjectRef) -> str:
        return f"{_collection(self._resource(ref), ref.namespace)}/{quote(ref.name, safe='')}"

    def _resource(self, ref: ObjectRef) -> ResourceType:
        known = resource_of(ref)
        if known is not None:
            return ResourceType(ref.api_version, ref.kind, known.plural, namespaced=known.namespaced)
        key = (ref.api_version, ref.kind)
        if key not in self._discovered:
            self._discovered[key] = self._discover(ref)
        return self._discovered[key]

    def _discover(self, ref: ObjectRef) -> ResourceType:
        """Ask how a kind is served that meshmig itself never writes."""
        answer = self._connection.ask(Request(method="GET", path=_root(ref.api_version)))
        for entry in answer.get("resources") or ():
            if entry.get("kind") == ref.kind and "/" not in entry["name"]:
                return ResourceType(ref.api_version, ref.kind, entry["name"], namespaced=bool(entry.get("namespaced")))
        text = f"the API server does not serve {ref.api_version} {ref.kind}"
        raise NotFoundError(_NOT_FOUND, KIND_NOT_SERVED, text)


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _collection(resource: ResourceType, namespace: str) -> str:
    inside = f"/namespaces/{quote(namespace, safe='')}" if namespace and resource.namespaced else ""
    return f"{_root(resource.api_version)}{inside}/{resource.plural}"


def _precondition(require: Precondition) -> dict[str, Json]:
    wanted = {"uid": require.uid, "resourceVersion": require.resource_version}
    return {name: value for name, value in wanted.items() if value}


def _with_precondition(body: Mapping[str, Json], require: Precondition) -> Mapping[str, Json]:
    if require == ANY:
        return body
    return {**body, "metadata": {**(body.get("metadata") or {}), **_precondition(require)}}
