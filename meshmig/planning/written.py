"""A plan as JSON, step by step: the plan of a large mesh never stands in memory a second time."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from meshmig.codec import canonical, to_json
from meshmig.model.mesh import Ledger, LedgerRow
from meshmig.model.objects import Json
from meshmig.model.plan import Plan, Stage, Step

_STEP_DEPTH = 4
"""How deep in a plan a step lies: the plan, its stages, a stage, its steps."""

Items = Callable[[], Iterator[Any]]
"""The items of a list that are made one at a time."""


def digest_of(plan: Plan) -> str:
    """Return the digest of a plan's content: without itself, and wherever its file lies."""
    found = hashlib.sha256()
    for piece in _canonical(_tree(replace(plan, digest="", file=""))):
        found.update(piece)
    return found.hexdigest()


def written(plan: Plan) -> Iterator[str]:
    """Yield a plan file's text: sorted, a step on one line, which reads well in a diff and is fast to write."""
    yield from _lines(_tree(plan), _STEP_DEPTH, "\n")
    yield "\n"


def _tree(plan: Plan) -> dict[str, Any]:
    rows, stages = plan.ledger.rows, plan.stages
    tree: dict[str, Any] = to_json(Plan, replace(plan, stages=(), ledger=Ledger(rows=())))
    tree["ledger"]["rows"] = lambda: (to_json(LedgerRow, row) for row in rows)
    tree["stages"] = lambda: map(_stage, stages)
    return tree


def _stage(stage: Stage) -> dict[str, Any]:
    tree: dict[str, Any] = to_json(Stage, replace(stage, steps=()))
    tree["steps"] = lambda: (to_json(Step, step) for step in stage.steps)
    return tree


def _canonical(value: Any) -> Iterator[bytes]:  # noqa: ANN401 - JSON, or Items
    """Yield `codec.canonical` of a tree in pieces."""
    if isinstance(value, dict) and any(callable(inner) or isinstance(inner, dict) for inner in value.values()):
        for place, name in enumerate(sorted(value)):
            yield f"{',' if place else '{'}{json.dumps(name, ensure_ascii=False)}:".encode()
            yield from _canonical(value[name])
        yield b"}"
    elif callable(value):
        mark = b"["
        for item in value():
            yield mark
            yield from _canonical(item)
            mark = b","
        yield b"[]" if mark == b"[" else b"]"
    else:
        yield canonical(value)


def _lines(value: Any, depth: int, indent: str) -> Iterator[str]:  # noqa: ANN401 - JSON, or Items
    inner = f"{indent} "
    if isinstance(value, dict) and value and depth:
        for place, name in enumerate(sorted(value)):
            yield f"{',' if place else '{'}{inner}{json.dumps(name, ensure_ascii=False)}: "
            yield from _lines(value[name], depth - 1, inner)
        yield f"{indent}}}"
    elif depth and (callable(value) or (isinstance(value, list) and value)):
        mark = "["
        for item in value() if callable(value) else value:
            yield f"{mark}{inner}"
            yield from _lines(item, depth - 1, inner)
            mark = ","
        yield "[]" if mark == "[" else f"{indent}]"
    else:
        yield _line(value)


def _line(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
