"""The mesh of the worked example, as the editor finds it in its folder."""

from functools import cache

from meshmig.language.parser import parse
from meshmig.language.source import Source
from meshmig.lsp.surroundings import Meshes
from meshmig.model.mesh import Mesh
from tests.program import ROOT


@cache
def shop_mesh() -> Mesh:
    """The mesh of `plans/shop.mig`."""
    file = ROOT / "plans" / "shop.mig"
    mesh = Meshes().of(parse(Source(str(file), file.read_text())))
    assert mesh is not None
    return mesh
