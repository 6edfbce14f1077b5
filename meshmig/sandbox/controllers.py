"""Which controller looks at what after which change, and when: all of them are level-triggered."""

from collections.abc import Callable, Mapping

from meshmig.model.objects import ObjectRef
from meshmig.model.units import Instant
from meshmig.ports import ClusterError
from meshmig.sandbox import (
    appmesh_controller,
    daemon_sets,
    deployments,
    endpoints,
    jobs,
    kubelet,
    replica_sets,
    stateful_sets,
    upkeep,
)
from meshmig.sandbox.appmesh_webhook import GROUP
from meshmig.sandbox.selectors import matches
from meshmig.sandbox.state import Body
from meshmig.sandbox.writing import Writer

Reconcile = Callable[[Writer, ObjectRef], None]

_CONTROLLERS: Mapping[str, Reconcile] = {
    "appmesh": appmesh_controller.reconcile,
    "daemonset": daemon_sets.reconcile,
    "deployment": deployments.reconcile,
    "disruption": upkeep.disruption_budget,
    "endpoints": endpoints.reconcile,
    "garbage": upkeep.garbage,
    "job": jobs.reconcile,
    "kubelet": kubelet.reconcile,
    "namespace": upkeep.namespace,
    "replicaset": replica_sets.reconcile,
    "statefulset": stateful_sets.reconcile,
}
_OF_KIND: Mapping[tuple[str, str], str] = {
    ("", "Namespace"): "namespace",
    ("", "Pod"): "kubelet",
    ("", "Service"): "endpoints",
    ("apps", "DaemonSet"): "daemonset",
    ("apps", "Deployment"): "deployment",
    ("apps", "ReplicaSet"): "replicaset",
    ("apps", "StatefulSet"): "statefulset",
    ("batch", "Job"): "job",
    ("policy", "PodDisruptionBudget"): "disruption",
}
_BY_OWNER = {
    "ReplicaSet": "replicaset",
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "DaemonSet": "daemonset",
    "Job": "job",
    "Service": "endpoints",
}
_REACTION_MS = 100
"""How long after a change a controller looks at it."""

_COLLECTION_MS = 500
_KUBELET_MS = 50
_RETRY_MS = 10_000
"""How long after a refusal a controller tries again."""


class Controllers:
    """The agenda of a state, worked off while virtual time passes."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._state = writer.state
        self._state.changed.append(self._react)

    def next_due(self) -> Instant | None:
        """Return the moment of the next thing to do."""
        return self._state.agenda.next_due()

    def act(self, now: Instant) -> None:
        """Let every controller look at what is due by now, then persist what came of it."""
        for task in self._state.agenda.take(now):
            try:
                _CONTROLLERS[task.controller](self._writer, task.ref)
            except ClusterError:
                self._state.later(task.controller, task.ref, _RETRY_MS)
        self._state.commit()

    def rest(self, _now: Instant) -> None:
        """Persist how far time has gone."""
        self._state.commit()

    def look_at_all(self) -> None:
        """Let the controllers look at every object there is."""
        for ref, body in sorted(self._state.objects.items()):
            self._react(ref, None, body)

    def _react(self, ref: ObjectRef, before: Body | None, after: Body | None) -> None:
        state = self._state
        controller = _OF_KIND.get((ref.group, ref.kind))
        if controller is not None and after is not None and _is_news(before, after):
            state.later(controller, ref, _KUBELET_MS if controller == "kubelet" else _REACTION_MS)
        if ref.group == GROUP and after is not None:
            state.later("appmesh", ref, _REACTION_MS)
        for body in (before, after):
            self._tell_owners(ref, body)
        if after is None and before is not None:
            for dependent in state.owned_by(before["metadata"]["uid"]):
                state.later("garbage", _ref(dependent), _COLLECTION_MS)
        if ref.kind == "Pod" and not ref.group:
            self._pod_moved(ref, before, after)

    def _tell_owners(self, ref: ObjectRef, body: Body | None) -> None:
        for owner in body["metadata"].get("ownerReferences") or () if body is not None else ():
            controller = _BY_OWNER.get(owner["kind"])
            if controller is not None:
                owned = ObjectRef(owner["apiVersion"], owner["kind"], ref.namespace, owner["name"])
                self._state.later(controller, owned, _REACTION_MS)

    def _pod_moved(self, ref: ObjectRef, before: Body | None, after: Body | None) -> None:
        state = self._state
        for body in (before, after):
            labels = body["metadata"].get("labels") or {} if body is not None else {}
            for service in state.selecting("Service", ref.namespace, labels):
                if matches(service["spec"]["selector"], labels):
                    state.later("endpoints", _ref(service), _REACTION_MS)
            if ref.namespace == appmesh_controller.NAMESPACE and matches(appmesh_controller.LABELS, labels):
                for resource in appmesh_controller.resources(state):
                    state.later("appmesh", resource, _REACTION_MS)
        for budget in state.of_kind("policy", "PodDisruptionBudget", ref.namespace):
            state.later("disruption", _ref(budget), _REACTION_MS)


def _is_news(before: Body | None, after: Body) -> bool:
    """Whether more than an object's own status changed; a pod's status concerns the kubelet."""
    if before is None or after["kind"] == "Pod":
        return True
    return before.get("spec") is not after.get("spec") or _told(before) != _told(after)


def _told(body: Body) -> tuple[object, ...]:
    metadata = body["metadata"]
    names = ("labels", "annotations", "deletionTimestamp", "generation", "finalizers")
    return tuple(metadata.get(name) for name in names)


def _ref(body: Body) -> ObjectRef:
    metadata = body["metadata"]
    return ObjectRef(body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"])
