"""Writes to the embedded cluster below the requests: ownership, admission, generation, versions, finalizers."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.objects import Json, ObjectRef
from meshmig.sandbox import strategies
from meshmig.sandbox.admission import admit
from meshmig.sandbox.defaults import defaulted
from meshmig.sandbox.managers import Manager, blank_of, updated
from meshmig.sandbox.pod_creation import admitted_pod
from meshmig.sandbox.refusals import already_exists, invalid, not_found, terminating
from meshmig.sandbox.state import Body, State, ref_of
from meshmig.sandbox.times import written
from meshmig.sandbox.validation import wrong_on_create, wrong_on_update

CONTROLLER_MANAGER = "kube-controller-manager"


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes, changes and removes objects of a state, as the API server's storage layer does."""

    state: State

    def create(self, body: Body, manager: str = CONTROLLER_MANAGER) -> Body:
        """Make an object of a body that names itself.

        Raises:
            ClusterError: validation, admission or a missing namespace refuses it.
        """
        body = defaulted(strategies.named(self.state, body))
        by = Manager(manager, "Update", str(body["apiVersion"]))
        blank = blank_of(by.api_version, str(body["kind"]))
        plain = {key: value for key, value in body.items() if key != "status"}
        status = {"status": body["status"]} if "status" in body else {}
        return self.insert(updated(blank, plain, by, written(self.state.now())) | status)

    def insert(self, body: Body) -> Body:
        """Store a new object whose managed fields are known.

        Raises:
            ClusterError: as `create`.
        """
        ref = ref_of(body)
        if ref in self.state.objects:
            raise already_exists(ref)
        self._require_namespace(ref)
        body = admit(self.state, "CREATE", ref, body)
        if ref.kind == "Pod":
            body = admitted_pod(self.state, ref, body)
        causes = wrong_on_create(ref, body)
        if causes:
            raise invalid(ref, causes)
        body = strategies.made(self.state, body)
        self.state.put(body, "ADDED")
        return body

    def change(self, live: Body, new: Body) -> Body:
        """Store a changed object whose managed fields are known; the same content is no change.

        Raises:
            ClusterError: validation or admission refuses it.
        """
        ref = ref_of(live)
        new = strategies.carried(live, new)
        if new == live:
            return live
        new = admit(self.state, "UPDATE", ref, new)
        causes = wrong_on_update(ref, live, new)
        if causes:
            raise invalid(ref, causes)
        return self._put(ref, live, strategies.numbered(live, new))

    def update(self, live: Body, new: Mapping[str, Json], manager: str = CONTROLLER_MANAGER) -> Body:
        """Store a changed object for a manager.

        Raises:
            ClusterError: as `change`.
        """
        whole = strategies.carried(live, defaulted(new))
        by = Manager(manager, "Update", str(live["apiVersion"]))
        return self.change(live, updated(live, whole, by, written(self.state.now())))

    def set_status(
        self,
        live: Body,
        status: Mapping[str, Json],
        manager: str = CONTROLLER_MANAGER,
        annotations: Mapping[str, str] | None = None,
    ) -> Body:
        """Store a new status, and annotations where a controller writes them with it."""
        new = {**live, "status": dict(status)}
        if annotations:
            held = {**(live["metadata"].get("annotations") or {}), **annotations}
            new["metadata"] = {**live["metadata"], "annotations": held}
        if new == live:
            return live
        by = Manager(manager, "Update", str(live["apiVersion"]), "status")
        return self._put(ref_of(live), live, updated(live, new, by, written(self.state.now())))

    def delete(self, live: Body) -> None:
        """Mark an object for deletion, or remove it where nothing holds it."""
        ref = ref_of(live)
        grace = _grace(live)
        if not (live["metadata"].get("finalizers") or ref.kind == "Namespace" or grace):
            self.remove(live)
        elif not live["metadata"].get("deletionTimestamp"):
            self._put(ref, live, self._condemned(live, grace))

    def remove(self, live: Body) -> None:
        """Remove an object at once."""
        version = str(self.state.next_version())
        last = live | {"metadata": live["metadata"] | {"resourceVersion": version}}
        self.state.drop(ref_of(live), last)

    def live(self, ref: ObjectRef) -> Body:
        """Return the live object.

        Raises:
            NotFoundError: there is none.
        """
        found = self.state.objects.get(ref)
        if found is None:
            raise not_found(ref)
        return found

    def _put(self, ref: ObjectRef, live: Body, new: Body) -> Body:
        metadata = dict(new["metadata"])
        if _is_released(ref, live, new):
            self.remove(live)
            return new
        metadata["resourceVersion"] = str(self.state.next_version())
        new = new | {"metadata": metadata}
        self.state.put(new, "MODIFIED")
        return new

    def _condemned(self, live: Body, grace: int) -> Body:
        metadata = dict(live["metadata"])
        metadata["deletionTimestamp"] = written(self.state.now())
        metadata["deletionGracePeriodSeconds"] = grace
        if "generation" in metadata:
            metadata["generation"] += 1
        condemned = live | {"metadata": metadata}
        if live["kind"] == "Namespace":
            condemned["status"] = {**live.get("status", {}), "phase": "Terminating"}
            del metadata["deletionGracePeriodSeconds"]
        return condemned

    def _require_namespace(self, ref: ObjectRef) -> None:
        if not ref.namespace:
            return
        namespace = ObjectRef("v1", "Namespace", "", ref.namespace)
        found = self.live(namespace)
        if found["metadata"].get("deletionTimestamp"):
            raise terminating(ref)


def _is_released(ref: ObjectRef, live: Body, new: Body) -> bool:
    """Whether an object that is to go has just lost its last finalizer."""
    is_held = bool(new["metadata"].get("finalizers")) or ref.kind == "Namespace" or bool(_grace(live))
    return bool(new["metadata"].get("deletionTimestamp") and live["metadata"].get("finalizers")) and not is_held


def _grace(live: Body) -> int:
    """Seconds that a running pod is given to end; other objects and unstarted pods go at once."""
    if live["kind"] != "Pod" or not live["spec"].get("nodeName") or live["apiVersion"] != "v1":
        return 0
    if live.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
        return 0
    return int(live["spec"].get("terminationGracePeriodSeconds", 30))
