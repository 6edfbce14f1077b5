"""What a Deployment's status says of its ReplicaSets."""

from collections.abc import Sequence

from meshmig.model.units import Duration
from meshmig.sandbox.pods import condition
from meshmig.sandbox.state import Body, State
from meshmig.sandbox.times import parsed, written

Rollout = tuple[Body | None, Sequence[Body]]
"""The ReplicaSet of the present template, and all."""


def status_of(state: State, found: Body, rollout: Rollout, *, least: int) -> Body:
    """Build the status; `least` is how many pods must be available."""
    new, sets = rollout
    counts = {
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": _sum([new] if new is not None else [], "replicas"),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": _sum(sets, "availableReplicas"),
    }
    wanted = sum(int(one["spec"].get("replicas", 1)) for one in sets)
    counts["unavailableReplicas"] = max(0, wanted - counts["availableReplicas"])
    now = written(state.now())
    wanted_conditions = [
        _kept(found, _available(counts["availableReplicas"] >= least), now),
        _progressing(state, found, new, counts),
        *_failures(found, sets, now),
    ]
    return {
        "observedGeneration": found["metadata"]["generation"],
        **{key: value for key, value in counts.items() if value},
        "terminatingReplicas": _sum(sets, "terminatingReplicas"),
        "conditions": _in_place(found, wanted_conditions),
    }


def _in_place(found: Body, wanted: Sequence[Body]) -> list[Body]:
    """What did not change stays where it is; what did comes last, as the controller sets conditions."""
    known = found.get("status", {}).get("conditions") or ()
    return [one for one in known if one in wanted] + [one for one in wanted if one not in known]


def _sum(sets: Sequence[Body], name: str) -> int:
    return sum(int(one.get("status", {}).get(name, 0)) for one in sets)


def _available(is_enough: bool) -> Body:  # noqa: FBT001 - a status, not a switch
    if is_enough:
        return _condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    text = "Deployment does not have minimum availability."
    return _condition("Available", "False", "MinimumReplicasUnavailable", text)


def _condition(kind: str, status: str, reason: str, message: str) -> Body:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _kept(found: Body, wanted: Body, now: str) -> Body:
    """Give a condition its times: it keeps them while its status and reason stay."""
    known = condition(found, wanted["type"])
    if known is not None and {**known, **wanted} == known:
        return dict(known)
    moved = now if known is None or known["status"] != wanted["status"] else known["lastTransitionTime"]
    return {**wanted, "lastUpdateTime": now, "lastTransitionTime": moved}


def _progressing(state: State, found: Body, new: Body | None, counts: dict[str, int]) -> Body:
    now, name = written(state.now()), new["metadata"]["name"] if new is not None else ""
    known = condition(found, "Progressing")
    if known is None or f'"{name}"' not in known["message"]:
        text = f'Created new replica set "{name}"'
        return _kept(found, _condition("Progressing", "True", "NewReplicaSetCreated", text), now)
    if known["reason"] == "NewReplicaSetAvailable" and counts["updatedReplicas"] == counts["replicas"]:
        return dict(known)
    desired = int(found["spec"].get("replicas", 1))
    if counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == desired:
        text = f'ReplicaSet "{name}" has successfully progressed.'
        return _kept(found, _condition("Progressing", "True", "NewReplicaSetAvailable", text), now)
    if not _has_progressed(found, counts):
        return _overdue(state, found, dict(known), name)
    made = _condition("Progressing", "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
    since = known["lastTransitionTime"] if known["status"] == "True" else now
    return {**made, "lastUpdateTime": now, "lastTransitionTime": since}


def _has_progressed(found: Body, counts: dict[str, int]) -> bool:
    before = found.get("status", {})
    names = ("updatedReplicas", "readyReplicas", "availableReplicas")
    old_left = counts["replicas"] - counts["updatedReplicas"]
    old_before = int(before.get("replicas", 0)) - int(before.get("updatedReplicas", 0))
    return any(counts[name] > int(before.get(name, 0)) for name in names) or old_left < old_before


def _overdue(state: State, found: Body, known: Body, name: str) -> Body:
    length = Duration.of(seconds=int(found["spec"].get("progressDeadlineSeconds", 600)))
    if state.now() <= parsed(known["lastUpdateTime"]).plus(length):
        return dict(known)
    text = f'ReplicaSet "{name}" has timed out progressing.'
    wanted = _condition("Progressing", "False", "ProgressDeadlineExceeded", text)
    return _kept(found, wanted, written(state.now()))


def _failures(found: Body, sets: Sequence[Body], now: str) -> list[Body]:
    failed = [one for one in sets if condition(one, "ReplicaFailure") is not None]
    if not failed:
        return []
    why = condition(failed[0], "ReplicaFailure") or {}
    return [_kept(found, _condition("ReplicaFailure", "True", "FailedCreate", str(why.get("message", ""))), now)]
