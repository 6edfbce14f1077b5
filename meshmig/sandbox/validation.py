"""What an API server refuses of a well-typed object: names, labels, required fields, the rules of the common kinds."""

import re
from collections.abc import Callable, Iterator, Mapping

from meshmig.model.objects import Json, ObjectRef
from meshmig.sandbox.refusals import Cause
from meshmig.sandbox.schema import Anything, ListOf, Shape, Struct, is_built_in, shape_of
from meshmig.sandbox.selectors import selects

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_RBAC = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
_NAMES = {"Service": _LABEL, "Namespace": _LABEL}
_LONGEST = 253
_PORTS = range(1, 65_536)
_NO_PORT = "must be between 1 and 65535, inclusive"
_SERVICE_TYPES = {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}
_TEMPLATED = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}
_STATEFUL_MUTABLE = {
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
}


def wrong_on_create(ref: ObjectRef, body: Mapping[str, Json]) -> list[Cause]:
    """Return what is wrong with a defaulted object, new or changed."""
    causes = [*_name(ref), *_labels(body["metadata"].get("labels") or {}, "metadata.labels")]
    if not is_built_in(ref.api_version, ref.kind):
        return causes
    causes += _missing(body.get("spec"), _spec_shape(ref), "spec")
    rules = _RULES.get(ref.kind)
    return causes + (list(rules(body)) if rules else [])


def wrong_on_update(ref: ObjectRef, live: Mapping[str, Json], body: Mapping[str, Json]) -> list[Cause]:
    """Return what may not change."""
    causes = wrong_on_create(ref, body)
    causes += _finalizers(live["metadata"], body["metadata"])
    old, new = live.get("spec") or {}, body.get("spec") or {}
    match ref.kind:
        case "Deployment" | "ReplicaSet" | "DaemonSet" if ref.group == "apps":
            causes += _immutable(old, new, ("selector",))
        case "StatefulSet":
            causes += _stateful(old, new)
        case "Job":
            causes += _immutable(old, new, ("selector", "template", "completionMode"))
        case "Pod":
            causes += _pod_spec(old, new)
        case "Service":
            causes += _cluster_ip(old, new)
        case _:
            pass
    return causes


def _spec_shape(ref: ObjectRef) -> Shape:
    whole = shape_of(ref.api_version, ref.kind)
    return whole.fields.get("spec", Anything()) if isinstance(whole, Struct) else whole


def _name(ref: ObjectRef) -> Iterator[Cause]:
    if not ref.name:
        yield Cause("metadata.name", "Required value: name or generateName is required", "FieldValueRequired")
        return
    pattern = _NAMES.get(ref.kind, _SUBDOMAIN) if not ref.group else _SUBDOMAIN
    if ref.kind not in _RBAC and (not pattern.fullmatch(ref.name) or len(ref.name) > _LONGEST):
        yield Cause("metadata.name", f'Invalid value: "{ref.name}": must be a DNS name of the kind')


def _labels(labels: Mapping[str, Json], path: str) -> Iterator[Cause]:
    for key, value in labels.items():
        prefix, _, name = key.rpartition("/")
        if not _QUALIFIED.fullmatch(name) or (prefix and not _SUBDOMAIN.fullmatch(prefix)):
            yield Cause(path, f'Invalid value: "{key}": name part must consist of alphanumeric characters')
        if value and not _QUALIFIED.fullmatch(str(value)):
            yield Cause(path, f'Invalid value: "{value}": a valid label must consist of alphanumeric characters')


def _missing(value: Json, shape: Shape, path: str) -> Iterator[Cause]:
    match shape, value:
        case Struct(), dict():
            for name in shape.required:
                if value.get(name) in (None, "", []):
                    yield Cause(f"{path}.{name}", "Required value", "FieldValueRequired")
            for key, inner in value.items():
                if key in shape.fields:
                    yield from _missing(inner, shape.fields[key], f"{path}.{key}")
        case ListOf(), list():
            for index, inner in enumerate(value):
                yield from _missing(inner, shape.element, f"{path}[{index}]")
        case _:
            return


def _templated(body: Mapping[str, Json]) -> Iterator[Cause]:
    spec = body["spec"]
    if int(spec.get("replicas") or 0) < 0:
        yield Cause("spec.replicas", f"Invalid value: {spec['replicas']}: must be greater than or equal to 0")
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    yield from _labels(labels, "spec.template.labels")
    if not selects(spec.get("selector"), labels) or not spec.get("selector"):
        text = f"Invalid value: {labels}: `selector` does not match template `labels`"
        yield Cause("spec.template.metadata.labels", text)
    if body["kind"] != "Job" and spec["template"]["spec"].get("restartPolicy") != "Always":
        text = 'Unsupported value: supported values: "Always"'
        yield Cause("spec.template.spec.restartPolicy", text, "FieldValueNotSupported")
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate" and strategy.get("rollingUpdate") is not None:
        text = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        yield Cause("spec.strategy.rollingUpdate", text, "FieldValueForbidden")
    yield from _containers(spec["template"]["spec"], "spec.template.spec")
    if body["kind"] != "StatefulSet":
        yield from _mounts(spec["template"]["spec"], "spec.template.spec")


def _pod(body: Mapping[str, Json]) -> Iterator[Cause]:
    yield from _containers(body["spec"], "spec")
    yield from _mounts(body["spec"], "spec")


def _containers(spec: Mapping[str, Json], path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, container in enumerate(spec.get("containers") or ()):
        name = str(container.get("name"))
        if name in seen:
            text = f'Duplicate value: "{name}"'
            yield Cause(f"{path}.containers[{index}].name", text, "FieldValueDuplicate")
        seen.add(name)
        if not container.get("image"):
            yield Cause(f"{path}.containers[{index}].image", "Required value", "FieldValueRequired")
        for place, port in enumerate(container.get("ports") or ()):
            if port.get("containerPort") not in _PORTS:
                at = f"{path}.containers[{index}].ports[{place}].containerPort"
                yield Cause(at, f"Invalid value: {port.get('containerPort')}: {_NO_PORT}")


def _mounts(spec: Mapping[str, Json], path: str) -> Iterator[Cause]:
    """A StatefulSet's template is not asked: its claims make volumes later."""
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    for kind in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(kind) or ()):
            for place, mount in enumerate(container.get("volumeMounts") or ()):
                if mount.get("name") not in volumes:
                    at = f"{path}.{kind}[{index}].volumeMounts[{place}].name"
                    yield Cause(at, f'Not found: "{mount.get("name")}"', "FieldValueNotFound")


def _service(body: Mapping[str, Json]) -> Iterator[Cause]:
    spec = body["spec"]
    if spec.get("type") not in _SERVICE_TYPES:
        text = f'Unsupported value: "{spec.get("type")}": supported values: {", ".join(sorted(_SERVICE_TYPES))}'
        yield Cause("spec.type", text, "FieldValueNotSupported")
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield Cause("spec.ports", "Required value", "FieldValueRequired")
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = f"spec.ports[{index}]"
        if port.get("port") not in _PORTS:
            yield Cause(f"{at}.port", f"Invalid value: {port.get('port')}: {_NO_PORT}")
        if isinstance(port.get("targetPort"), int) and port["targetPort"] not in _PORTS:
            yield Cause(f"{at}.targetPort", f"Invalid value: {port['targetPort']}: {_NO_PORT}")
        if len(ports) > 1 and not port.get("name"):
            yield Cause(f"{at}.name", "Required value", "FieldValueRequired")
        elif port.get("name") in names:
            yield Cause(f"{at}.name", f'Duplicate value: "{port["name"]}"', "FieldValueDuplicate")
        names.add(str(port.get("name")))


def _autoscaler(body: Mapping[str, Json]) -> Iterator[Cause]:
    spec = body["spec"]
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas") or 0
    if least < 1:
        yield Cause("spec.minReplicas", f"Invalid value: {least}: must be greater than or equal to 1")
    if most < least:
        text = f"Invalid value: {most}: must be greater than or equal to `minReplicas`"
        yield Cause("spec.maxReplicas", text)


def _lease(body: Mapping[str, Json]) -> Iterator[Cause]:
    for name, least in (("leaseDurationSeconds", 1), ("leaseTransitions", 0)):
        value = body["spec"].get(name)
        if value is not None and value < least:
            yield Cause(f"spec.{name}", f"Invalid value: {value}: must be at least {least}")


def _budget(body: Mapping[str, Json]) -> Iterator[Cause]:
    spec = body["spec"]
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield Cause("spec", "Invalid value: minAvailable and maxUnavailable cannot be both set")


def _finalizers(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Cause]:
    added = set(new.get("finalizers") or ()) - set(old.get("finalizers") or ())
    if old.get("deletionTimestamp") and added:
        text = f"Forbidden: no new finalizers can be added if the object is being deleted, found {sorted(added)}"
        yield Cause("metadata.finalizers", text, "FieldValueForbidden")


def _immutable(old: Mapping[str, Json], new: Mapping[str, Json], names: tuple[str, ...]) -> Iterator[Cause]:
    for name in names:
        if name in old and old[name] != new.get(name):
            yield Cause(f"spec.{name}", "Invalid value: field is immutable")


def _stateful(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Cause]:
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if changed - _STATEFUL_MUTABLE:
        text = "Forbidden: updates to statefulset spec for fields other than the mutable ones are forbidden"
        yield Cause("spec", text, "FieldValueForbidden")


def _pod_spec(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Cause]:
    if _without_images(old) != _without_images(new):
        text = "Forbidden: pod updates may not change fields other than `spec.containers[*].image` and few others"
        yield Cause("spec", text, "FieldValueForbidden")


def _without_images(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    lists = {key: [{**one, "image": ""} for one in spec.get(key) or ()] for key in ("containers", "initContainers")}
    return {**spec, **lists, "tolerations": None, "terminationGracePeriodSeconds": None, "activeDeadlineSeconds": None}


def _cluster_ip(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[Cause]:
    keeps = new.get("type") != "ExternalName" and old.get("clusterIP")
    if keeps and new.get("clusterIP") != old["clusterIP"]:
        yield Cause("spec.clusterIPs[0]", "Invalid value: may not change once set")


_RULES: Mapping[str, Callable[[Mapping[str, Json]], Iterator[Cause]]] = {
    **dict.fromkeys(_TEMPLATED, _templated),
    "Job": lambda body: _containers(body["spec"]["template"]["spec"], "spec.template.spec"),
    "Pod": _pod,
    "Service": _service,
    "HorizontalPodAutoscaler": _autoscaler,
    "Lease": _lease,
    "PodDisruptionBudget": _budget,
}
