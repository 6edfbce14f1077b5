"""One door per third-party package, and a core that never touches the machine."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "meshmig"
MODULES = sorted(PACKAGE.rglob("*.py"))

DOORS = {
    "kubernetes": ("adapters/kube",),
    "urllib3": ("adapters/kube", "adapters/notifying.py", "adapters/prometheus"),
    "lark": ("language/",),
    "yaml": ("adapters/yaml_text.py",),
    "pydantic": ("sources/appmesh/schema.py", "codec.py"),
    "rich": ("cli/views/",),
    "pygls": ("lsp/server.py",),
    "lsprotocol": ("lsp/requests.py", "lsp/server.py", "lsp/session.py", "lsp/wire.py"),
    "interegular": ("proof/patterns.py",),
}
IMPURE = {"time", "os", "socket", "subprocess", "threading", "asyncio", "random", "logging", "urllib", "http", "signal"}
PURE = ("diagnostics", "model", "ports", "codec", "language", "sources", "targets", "diffs", "traffic", "gates")
PURE += ("planning", "proof", "checks", "execution/decide", "execution/readiness", "execution/state")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.structure
@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_third_party_packages_have_one_door(module: Path) -> None:
    """A package outside the standard library is imported only where its door stands."""
    name = str(module.relative_to(PACKAGE))

    strangers = {p for p in _imports(module) & DOORS.keys() if not name.startswith(DOORS[p])}

    assert not strangers


@pytest.mark.structure
@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_core_is_pure(module: Path) -> None:
    """Parsing, translation, planning, proof and decisions never see time, network, files or randomness."""
    name = str(module.relative_to(PACKAGE))
    if not name.startswith(PURE):
        pytest.skip("not part of the pure core")

    assert not _imports(module) & IMPURE
