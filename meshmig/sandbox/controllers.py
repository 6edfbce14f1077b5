"""Kubernetes' controllers over virtual time: rollouts, readiness, endpoints, statuses, garbage collection."""

import hashlib
import json
from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.units import Instant
from meshmig.sandbox.admission import Refused, admit, is_ready
from meshmig.sandbox.table import Table, ref_of

READY_AFTER_MS = 2_000
"""How long a container takes from its start to readiness."""

WORKLOADS = (("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"))


def reconcile(table: Table, now: Instant) -> bool:
    """Let every controller act once; returns whether anything is still on its way."""
    before = table.version
    pods = _by_owner(table)
    for group, kind in WORKLOADS:
        for body in table.of_kind(group, kind):
            _workload(table, body, pods, now)
    _readiness(table, now)
    _collect(table)
    pods = _by_owner(table)
    for group, kind in WORKLOADS:
        for body in table.of_kind(group, kind):
            _status(table, body, pods, now)
    _endpoints(table, now)
    return table.version != before or any(_on_its_way(table, pod, now) for pod in table.of_kind("", "Pod"))


def _on_its_way(table: Table, pod: Mapping[str, Json], now: Instant) -> bool:
    return not is_ready(pod) and not _stuck(table, pod) and _age(pod, now) <= READY_AFTER_MS


def _age(pod: Mapping[str, Json], now: Instant) -> int:
    started = int((pod["metadata"].get("annotations") or {}).get("sandbox.meshmig.io/started-ms", 0))
    return now.ms - started


def _by_owner(table: Table) -> dict[str, list[Mapping[str, Json]]]:
    found: dict[str, list[Mapping[str, Json]]] = {}
    for kind in ("ReplicaSet", "Pod"):
        for body in table.of_kind("" if kind == "Pod" else "apps", kind):
            for owner in body["metadata"].get("ownerReferences") or ():
                found.setdefault(owner["uid"], []).append(body)
    return found


def _hash(template: Json) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def _workload(table: Table, body: Mapping[str, Json], owned: dict[str, list[Mapping[str, Json]]], now: Instant) -> None:
    if body["metadata"].get("deletionTimestamp"):
        return
    spec = body["spec"]
    wanted = 1 if body["kind"] == "DaemonSet" else int(spec.get("replicas", 1))
    template = spec.get("template") or {}
    mark = _hash(template)
    pods = [pod for owner in _owners(body, owned) for pod in owned.get(owner["metadata"]["uid"], ()) if _is_pod(pod)]
    new = [pod for pod in pods if _mark(pod) == mark]
    old = [pod for pod in pods if _mark(pod) != mark]
    _roll(table, (body, mark, wanted), (new, old), now)


def _is_pod(body: Mapping[str, Json]) -> bool:
    return bool(body["kind"] == "Pod")


def _mark(pod: Mapping[str, Json]) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("pod-template-hash") or labels.get("controller-revision-hash") or "")


def _owners(body: Mapping[str, Json], owned: dict[str, list[Mapping[str, Json]]]) -> Iterator[Mapping[str, Json]]:
    if body["kind"] == "Deployment":
        yield from (rs for rs in owned.get(body["metadata"]["uid"], ()) if rs["kind"] == "ReplicaSet")
    else:
        yield body


def _roll(
    table: Table,
    goal: tuple[Mapping[str, Json], str, int],
    pods: tuple[list[Mapping[str, Json]], list[Mapping[str, Json]]],
    now: Instant,
) -> None:
    body, mark, wanted = goal
    new, old = pods
    surge = max(1, wanted // 4)
    room = wanted + (surge if old else 0) - len(new) - len(old)
    for _ in range(min(room, wanted - len(new))):
        _create_pod(table, body, mark, now)
    surplus = sorted(new, key=lambda pod: (is_ready(pod), pod["metadata"]["name"]))[: max(0, len(new) - wanted)]
    available = sum(map(is_ready, new)) + sum(map(is_ready, old))
    for pod in sorted(old, key=lambda pod: (is_ready(pod), pod["metadata"]["name"])):
        if not is_ready(pod) and sum(map(is_ready, new)) >= wanted:
            surplus.append(pod)
        elif available > wanted or wanted == 0:
            surplus.append(pod)
            available -= 1
    for pod in surplus:
        table.delete(ref_of(pod))


def _create_pod(table: Table, body: Mapping[str, Json], mark: str, now: Instant) -> None:
    owner = _replica_set(table, body, mark, now) if body["kind"] == "Deployment" else body
    label = "pod-template-hash" if body["kind"] == "Deployment" else "controller-revision-hash"
    template = body["spec"].get("template") or {}
    metadata = dict(template.get("metadata") or {})
    name = f"{owner['metadata']['name']}-{table.suffix(owner['metadata']['name'])}"
    metadata |= {"name": name, "namespace": body["metadata"]["namespace"]}
    metadata["labels"] = dict(metadata.get("labels") or {}) | {label: mark}
    metadata["annotations"] = dict(metadata.get("annotations") or {}) | {"sandbox.meshmig.io/started-ms": str(now.ms)}
    metadata["ownerReferences"] = [_owner_reference(owner)]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": dict(template.get("spec") or {})}
    admitted = admit(table, pod)
    if isinstance(admitted, Refused):
        _note_refusal(table, body, admitted.why, now)
        return
    ip = _address(table)
    status = {"phase": "Running", "podIP": ip, "conditions": [{"type": "Ready", "status": "False"}]}
    table.put(dict(admitted) | {"status": status}, now)


def _note_refusal(table: Table, body: Mapping[str, Json], why: str, now: Instant) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": why}
    status = dict(body.get("status") or {}) | {"conditions": [condition]}
    table.put(dict(table.objects[ref_of(body)]) | {"status": status}, now)


def _address(table: Table) -> str:
    number = int(table.facts.get("addresses", 0)) + 1
    table.facts["addresses"] = number
    return f"10.244.{number // 250}.{number % 250 + 1}"


def _owner_reference(owner: Mapping[str, Json]) -> Json:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }


def _replica_set(table: Table, body: Mapping[str, Json], mark: str, now: Instant) -> Mapping[str, Json]:
    name = f"{body['metadata']['name']}-{mark}"
    ref = ObjectRef("apps/v1", "ReplicaSet", body["metadata"]["namespace"], name)
    live = table.objects.get(ref)
    if live is not None:
        return live
    template = body["spec"].get("template") or {}
    labels = dict((template.get("metadata") or {}).get("labels") or {}) | {"pod-template-hash": mark}
    metadata = {"name": name, "namespace": ref.namespace, "labels": labels}
    metadata["ownerReferences"] = [_owner_reference(body)]
    spec = {"replicas": body["spec"].get("replicas", 1), "selector": {"matchLabels": labels}, "template": template}
    return table.put({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}, now)


def _stuck(table: Table, pod: Mapping[str, Json]) -> bool:
    """A pod that can never become ready: App Mesh's proxy without a control plane, or two proxies in one."""
    names = {container["name"] for container in pod["spec"].get("containers") or ()}
    envs = [env for c in pod["spec"].get("containers") or () if c["name"] == "envoy" for env in c.get("env") or ()]
    meshed = "envoy" in names and ("proxyinit" in _init_names(pod) or bool(envs) or _is_gateway(pod))
    if meshed and "istio-proxy" in names:
        return True
    gone = table.facts.get("gone_since_ms")
    started = int((pod["metadata"].get("annotations") or {}).get("sandbox.meshmig.io/started-ms", 0))
    return meshed and gone is not None and started >= int(gone)


def _init_names(pod: Mapping[str, Json]) -> set[str]:
    return {container["name"] for container in pod["spec"].get("initContainers") or ()}


def _is_gateway(pod: Mapping[str, Json]) -> bool:
    return any(c["name"] == "envoy" and "appmesh" in c.get("image", "") for c in pod["spec"].get("containers") or ())


def _readiness(table: Table, now: Instant) -> None:
    for pod in table.of_kind("", "Pod"):
        if not is_ready(pod) and not _stuck(table, pod) and _age(pod, now) >= READY_AFTER_MS:
            status = dict(pod["status"]) | {"conditions": [{"type": "Ready", "status": "True"}]}
            table.put(dict(pod) | {"status": status}, now)


def _collect(table: Table) -> None:
    uids = {body["metadata"].get("uid") for body in table.objects.values()}
    for kind, group in (("ReplicaSet", "apps"), ("Pod", "")):
        for body in table.of_kind(group, kind):
            owners = body["metadata"].get("ownerReferences") or ()
            if owners and all(owner["uid"] not in uids for owner in owners):
                table.delete(ref_of(body))
                uids.discard(body["metadata"]["uid"])


def _status(table: Table, body: Mapping[str, Json], owned: dict[str, list[Mapping[str, Json]]], now: Instant) -> None:
    live = table.objects.get(ref_of(body))
    if live is None:
        return
    pods = [pod for owner in _owners(live, owned) for pod in owned.get(owner["metadata"]["uid"], ()) if _is_pod(pod)]
    mark = _hash(live["spec"].get("template") or {})
    ready = sum(map(is_ready, pods))
    status = {
        "observedGeneration": live["metadata"].get("generation", 1),
        "replicas": len(pods),
        "updatedReplicas": sum(_mark(pod) == mark for pod in pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    if live["kind"] == "DaemonSet":
        status |= {
            "desiredNumberScheduled": 1,
            "numberReady": ready,
            "updatedNumberScheduled": status["updatedReplicas"],
        }
    kept = {k: v for k, v in (live.get("status") or {}).items() if k == "conditions" and not ready}
    table.put(dict(live) | {"status": kept | status}, now)


def _endpoints(table: Table, now: Instant) -> None:
    pods: dict[str, list[Mapping[str, Json]]] = {}
    for pod in table.of_kind("", "Pod"):
        pods.setdefault(pod["metadata"]["namespace"], []).append(pod)
    wanted: set[ObjectRef] = set()
    for service in table.of_kind("", "Service"):
        selector = (service.get("spec") or {}).get("selector")
        if selector:
            body = _slice(service, [p for p in pods.get(service["metadata"]["namespace"], ()) if _takes(selector, p)])
            wanted.add(ref_of(body))
            table.put(body, now)
    for stale in table.of_kind("discovery.k8s.io", "EndpointSlice"):
        if ref_of(stale) not in wanted:
            table.delete(ref_of(stale))


def _takes(selector: Mapping[str, str], pod: Mapping[str, Json]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in selector.items())


def _slice(service: Mapping[str, Json], pods: list[Mapping[str, Json]]) -> dict[str, Json]:
    metadata = service["metadata"]
    endpoints = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": is_ready(pod)},
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": metadata["namespace"]},
        }
        for pod in pods
    ]
    labels = {"kubernetes.io/service-name": metadata["name"]}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{metadata['name']}-1", "namespace": metadata["namespace"], "labels": labels},
        "addressType": "IPv4",
        "endpoints": endpoints,
    }
