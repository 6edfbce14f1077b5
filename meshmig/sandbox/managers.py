"""`metadata.managedFields`: who owns which fields after an update or a server-side apply.

After k8s.io/apimachinery: pkg/util/managedfields/internal, and structured-merge-diff's merge/update.go.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from meshmig.model.objects import Json
from meshmig.ports import ConflictError
from meshmig.sandbox.merging import merge, prune
from meshmig.sandbox.ownership import (
    FieldSet,
    compare,
    difference,
    field_set,
    intersection,
    paths,
    union,
    without_paths,
)
from meshmig.sandbox.schema import Shape, is_built_in, shape_of

FIRST = "before-first-apply"
"""Who owns the fields of an object that nobody was recorded for when it is first applied to."""

_SYSTEM: tuple[str, ...] = (
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
)
_SYSTEM += ("name", "namespace", "resourceVersion", "selfLink", "uid")
_UNOWNED = (("f:apiVersion",), ("f:kind",), *(("f:metadata", f"f:{name}") for name in _SYSTEM))
_NAMES: FieldSet = {"f:metadata": {"f:name": {}, "f:namespace": {}}}
_BLANK_TEMPLATE = {"metadata": {}, "spec": {"containers": None}}
_BLANKS: Mapping[str, Mapping[str, Json]] = {
    "Deployment": {"spec": {"selector": None, "template": _BLANK_TEMPLATE, "strategy": {}}, "status": {}},
    "ReplicaSet": {"spec": {"selector": None, "template": _BLANK_TEMPLATE}, "status": {}},
    "StatefulSet": {"spec": {"selector": None, "template": _BLANK_TEMPLATE, "updateStrategy": {}}, "status": {}},
    "DaemonSet": {"spec": {"selector": None, "template": _BLANK_TEMPLATE, "updateStrategy": {}}, "status": {}},
    "Job": {"spec": {"template": _BLANK_TEMPLATE}, "status": {}},
    "CronJob": {"spec": {"jobTemplate": {"metadata": {}, "spec": {"template": _BLANK_TEMPLATE}}}, "status": {}},
    "Pod": {"spec": {"containers": None}, "status": {}},
    "Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "HorizontalPodAutoscaler": {"spec": {"scaleTargetRef": {}}, "status": {}},
    "NetworkPolicy": {"spec": {"podSelector": {}}},
    "EndpointSlice": {"endpoints": None, "ports": None},
    "Role": {"rules": None},
    "RoleBinding": {"roleRef": {}},
    "ClusterRole": {"rules": None},
    "ClusterRoleBinding": {"roleRef": {}},
}
"""Fields that the server's own type of a kind always has, so that nobody comes to own them by an update."""

_BLANK: Mapping[str, Json] = {"spec": {}, "status": {}}


@dataclass(frozen=True, slots=True)
class Manager:
    """Who writes, how, and to which subresource."""

    name: str
    operation: str = "Update"
    api_version: str = ""
    subresource: str = ""

    @property
    def text(self) -> str:
        """As a conflict's message names it."""
        named = f'"{self.name}" with subresource "{self.subresource}"' if self.subresource else f'"{self.name}"'
        return f"{named} using {self.api_version}" if self.operation == "Update" else named


@dataclass(frozen=True, slots=True)
class _Held:
    """What a manager owns, and since when it last changed."""

    fields: FieldSet
    time: str


_Table = dict[Manager, _Held]


def blank_of(api_version: str, kind: str) -> Mapping[str, Json]:
    """Return an object of the kind before anything was said about it."""
    said = _BLANKS.get(kind, _BLANK) if is_built_in(api_version, kind) else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {}, **said}


def updated(live: Mapping[str, Json], new: Mapping[str, Json], manager: Manager, time: str) -> dict[str, Json]:
    """Return the new object with the managed fields that an update by that manager leads to.

    An object that nobody is recorded for is not recorded from then on either, until somebody applies to it.
    """
    table = _read(live)
    if not table and live.get("metadata", {}).get("uid"):
        return dict(new)
    taken = _update(table, live, new, manager)
    held = table.get(manager)
    if taken or held:
        since = time if taken or held is None else held.time
        table[manager] = _Held(union(held.fields, taken) if held else taken, since)
    return _written(new, table)


def applied(
    live: Mapping[str, Json], configuration: Mapping[str, Json], manager: Manager, time: str, *, force: bool
) -> dict[str, Json]:
    """Merge a configuration into the live object, with the managed fields that the apply leads to.

    Raises:
        ConflictError: another manager owns a field that the configuration changes, and `force` is not set.
    """
    shape = shape_of(str(configuration["apiVersion"]), str(configuration["kind"]))
    table, blank = _read(live), blank_of(manager.api_version, str(configuration["kind"]))
    if not table and live.get("metadata", {}).get("uid"):
        table[Manager(FIRST, "Update", manager.api_version)] = _Held(_owned_by_update(blank, live, shape), time)
    key = next((held for held in table if held.name == manager.name and held.operation == "Apply"), manager)
    last = table.pop(key, None)
    wanted = without_paths(field_set(configuration, shape), _UNOWNED)
    new = _merged(live, configuration, shape)
    if last is not None:
        owned = _all_fields([_NAMES, wanted, *(held.fields for held in table.values())])
        new = prune(new, last.fields, owned, shape) or {}
    _conflicting(table, live, new, force=force)
    _update(table, live, new, manager)
    if wanted:
        table[manager] = _Held(wanted, time if new != live else last.time if last is not None else "")
    return _written(new, table)


def _merged(live: Mapping[str, Json], configuration: Mapping[str, Json], shape: Shape) -> dict[str, Json]:
    merged: dict[str, Json] = merge(dict(live), dict(configuration), shape)
    return merged


def _all_fields(sets: Iterable[FieldSet]) -> FieldSet:
    everything: FieldSet = {}
    for one in sets:
        everything = union(everything, one)
    return everything


def _owned_by_update(old: Mapping[str, Json], new: Mapping[str, Json], shape: Shape) -> FieldSet:
    return without_paths(compare(old, new, shape).changed, _UNOWNED)


def _conflicting(table: _Table, live: Mapping[str, Json], new: Mapping[str, Json], *, force: bool) -> None:
    shape = shape_of(str(new["apiVersion"]), str(new["kind"]))
    taken = _owned_by_update(live, new, shape)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {other.text}", "field": path}
        for other, held in sorted(table.items(), key=lambda row: row[0].text)
        for path in paths(intersection(held.fields, taken))
    ]
    if causes and not force:
        count = "1 conflict" if len(causes) == 1 else f"{len(causes)} conflicts"
        listed = "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
        raise ConflictError(409, "Conflict", f"Apply failed with {count}: {listed}", {"causes": causes})


def _update(table: _Table, live: Mapping[str, Json], new: Mapping[str, Json], manager: Manager) -> FieldSet:
    """Take from every manager what changed or went; return what the writer took."""
    shape = shape_of(str(new["apiVersion"]), str(new["kind"]))
    found = compare(live, new, shape)
    taken = without_paths(found.changed, _UNOWNED)
    for other, held in tuple(table.items()):
        lost = found.removed if other == manager else union(found.removed, taken)
        left = difference(held.fields, lost) if lost else held.fields
        if not left:
            del table[other]
        elif left != held.fields:
            table[other] = replace(held, fields=left)
    return taken


def _read(live: Mapping[str, Json]) -> _Table:
    entries = live.get("metadata", {}).get("managedFields") or ()
    return {_manager(entry): _Held(entry.get("fieldsV1") or {}, str(entry.get("time", ""))) for entry in entries}


def _manager(entry: Mapping[str, Json]) -> Manager:
    return Manager(
        str(entry.get("manager", "")),
        str(entry.get("operation", "Update")),
        str(entry.get("apiVersion", "")),
        str(entry.get("subresource", "")),
    )


def _written(new: Mapping[str, Json], table: _Table) -> dict[str, Json]:
    rows = sorted(table.items(), key=lambda row: (row[0].operation, row[1].time, row[0].name, row[0].api_version))
    metadata = {key: value for key, value in new.get("metadata", {}).items() if key != "managedFields"}
    entries = [_entry(manager, held) for manager, held in rows if held.fields]
    if entries:
        metadata["managedFields"] = entries
    return {**new, "metadata": metadata}


def _entry(manager: Manager, held: _Held) -> dict[str, Json]:
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        "time": held.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": held.fields,
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value}
