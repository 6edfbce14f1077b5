"""Every code of the program as the sources say it: the rooms' tables, and the places that raise one."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "meshmig"
_CODE = re.compile(r"MIG\d{3}|P\d{2}")


@cache
def tables() -> Mapping[str, Mapping[str, str]]:
    """The `CODES` of each module, by the module's path."""
    return {name: ast.literal_eval(value) for name, module in _modules() for value in _assigned(module)}


def titles() -> Mapping[str, str]:
    """The title of each code over all tables."""
    return {code: title for table in tables().values() for code, title in table.items()}


@cache
def raised() -> Mapping[str, str]:
    """Every code that stands alone in a text of the sources outside the tables, with one module that has it."""
    return {code: name for name, module in _modules() for code in _used(module)}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text())


def _assigned(module: ast.Module) -> Iterator[ast.expr]:
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(name, ast.Name) and name.id == "CODES" for name in names):
                yield node.value


def _used(module: ast.Module) -> Iterator[str]:
    inside = {id(part) for value in _assigned(module) for part in ast.walk(value)}
    for node in ast.walk(module):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside
        if is_text and _CODE.fullmatch(node.value):
            yield node.value
