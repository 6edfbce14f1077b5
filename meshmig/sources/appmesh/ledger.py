"""The ledger: one row for every field that is present, its fate looked up in the table."""

import json
from collections.abc import Iterator

from meshmig.model.mesh import Fate, Ledger, LedgerRow, Mesh
from meshmig.model.objects import Json, ObjectRef
from meshmig.sources.appmesh.annotations import ANNOTATIONS_PATH, INJECTION, PREFIX
from meshmig.sources.appmesh.fates import (
    ANNOTATIONS,
    EXCEPTIONS,
    FATES,
    FLAGS,
    HIDDEN,
    NAMESPACE_LABEL,
    UNKNOWN_ANNOTATION,
    FateRow,
    Rows,
)
from meshmig.sources.appmesh.gateways import takers_of
from meshmig.sources.appmesh.hidden import hidden_places
from meshmig.sources.appmesh.injector import FLAGS_PATH, controller_of, flags_of
from meshmig.sources.appmesh.inventory import Inventory, Source, default_name
from meshmig.sources.appmesh.schema import Part

UNSET = "unset: "
"""How the value of a field begins that nobody wrote: what follows is App Mesh's hidden default."""

Leaf = tuple[str, str, Json]
"""A field's path, its path in the schema, its value."""


def ledger_of(inventory: Inventory, mesh: Mesh) -> Ledger:
    """Write down the fate of every field of a mesh.

    What the API server fills in (meshRef, an awsName or a virtualGatewayRef that says no more than the default) has no
    row, so that files and a live cluster give the same ledger.
    """
    asked = frozenset(question.id for question in mesh.questions)
    rows = [
        *_object_rows(inventory.mesh, frozenset({inventory.mesh.ref.name}), asked),
        *(row for member in inventory.members() for row in _object_rows(member, _default_names(member.ref), asked)),
        *_annotation_rows(inventory, mesh),
        *_namespace_rows(inventory, mesh),
        *_flag_rows(inventory),
        *_hidden_rows(inventory, mesh, asked),
    ]
    filled = frozenset(_filled_gateway_refs(inventory))
    kept = (row for row in rows if (row.object, row.path) not in filled)
    return Ledger(rows=tuple(sorted(kept, key=lambda row: (row.object, _natural(row.path)))))


def _default_names(ref: ObjectRef) -> frozenset[str]:
    return frozenset({f"{ref.name}.{ref.namespace}" if ref.kind == "VirtualService" else default_name(ref)})


def _object_rows(source: Source[Part], defaults: frozenset[str], asked: frozenset[str]) -> Iterator[LedgerRow]:
    kind = source.ref.kind
    for path, schema_path, value in _leaves(source.raw, "spec", "spec"):
        written = _text(value)
        is_filled = path.startswith("spec.meshRef") or (path == "spec.awsName" and written in defaults)
        if not is_filled:
            fate = EXCEPTIONS.get((kind, schema_path, written)) or _fate(FATES[kind], schema_path)
            yield _row((source.ref, path), written, fate, asked)


def _row(place: tuple[ObjectRef, str], value: str, fate: FateRow, asked: frozenset[str]) -> LedgerRow:
    is_open = fate.fate is not Fate.ASKED or fate.question in asked
    return LedgerRow(
        object=place[0],
        path=place[1],
        value=value,
        fate=fate.fate if is_open else Fate.APPROXIMATED,
        targets=fate.targets,
        note=f"{fate.note} Question {fate.question}." if fate.question and is_open else fate.note,
    )


def _fate(rows: Rows, schema_path: str) -> FateRow:
    """A leaf's own row; an empty object or list meets the fate of what would stand below it."""
    found = rows.get(schema_path)
    if found is not None:
        return found
    below = (row for path, row in rows.items() if path.startswith(schema_path))
    return next(below, FateRow(fate=Fate.CARRIED))


def _leaves(value: Json, path: str, schema_path: str) -> Iterator[Leaf]:
    if isinstance(value, dict) and value:
        is_map = path.endswith(".matchLabels")
        for key, entry in value.items():
            if is_map:
                yield f"{path}[{key}]", schema_path, entry
            else:
                yield from _leaves(entry, f"{path}.{key}", f"{schema_path}.{key}")
    elif isinstance(value, list) and value:
        for number, entry in enumerate(value):
            yield from _leaves(entry, f"{path}[{number}]", f"{schema_path}[]")
    elif path != "spec":
        yield path, schema_path, value


def _annotation_rows(inventory: Inventory, mesh: Mesh) -> Iterator[LedgerRow]:
    homes = frozenset(mesh.namespaces)
    for template in inventory.cluster.templates:
        if template.ref.namespace not in homes:
            continue
        for key, value in template.annotations.items():
            if key.startswith(PREFIX):
                fate = ANNOTATIONS.get(key.removeprefix(PREFIX), UNKNOWN_ANNOTATION)
                yield _row((template.ref, f"{ANNOTATIONS_PATH}[{key}]"), value, fate, frozenset())


def _flag_rows(inventory: Inventory) -> Iterator[LedgerRow]:
    controller = controller_of(inventory.cluster.snapshot)
    for name, value in sorted(flags_of(controller).items()) if controller is not None else ():
        if controller is not None and name in FLAGS:
            yield _row((controller.ref, f"{FLAGS_PATH}[--{name}]"), value, FLAGS[name], frozenset())


def _hidden_rows(inventory: Inventory, mesh: Mesh, asked: frozenset[str]) -> Iterator[LedgerRow]:
    for ref, path, name in hidden_places(inventory, mesh):
        hidden = HIDDEN[name]
        yield _row((ref, path), f"{UNSET}{hidden.value}", hidden.row, asked)


def _namespace_rows(inventory: Inventory, mesh: Mesh) -> Iterator[LedgerRow]:
    for name in mesh.namespaces:
        labels = inventory.cluster.namespaces.get(name, {})
        if INJECTION in labels:
            ref = ObjectRef("v1", "Namespace", "", name)
            yield _row((ref, f"metadata.labels[{INJECTION}]"), labels[INJECTION], NAMESPACE_LABEL, frozenset())


def _filled_gateway_refs(inventory: Inventory) -> Iterator[tuple[ObjectRef, str]]:
    for source in inventory.gateway_routes.values():
        written = source.spec.virtual_gateway_ref
        if written is None:
            continue
        yield source.ref, "spec.virtualGatewayRef.uid"
        if takers_of(inventory, source) == (f"{written.namespace or source.ref.namespace}/{written.name}",):
            yield source.ref, "spec.virtualGatewayRef.name"
            yield source.ref, "spec.virtualGatewayRef.namespace"


def _natural(path: str) -> tuple[tuple[int, str], ...]:
    """A sort key by which `routes[2]` stands before `routes[10]`."""
    steps = path.replace("]", "").replace("[", ".").split(".")
    return tuple((int(step), "") if step.isdecimal() else (-1, step) for step in steps)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
