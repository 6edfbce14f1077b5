"""The examples of the explain pages about the proof are run: the wrong one gives the code, the right one does not."""

import pytest

from meshmig.adapters.yaml_text import documents
from meshmig.catalogue import page
from meshmig.model.objects import Manifest, Snapshot
from meshmig.proof import Case, prove
from meshmig.sources.appmesh import lift
from tests.language.snippets import blocks, sections
from tests.sources.builders import app, backend, by_router, http_route, router, shop, target, virtual_service


def _source() -> Snapshot:
    """`front` calls `cart` through a router without a timeout."""
    bodies = [
        *shop(*app("cart"), *app("front", backends=[backend("cart")])),
        virtual_service("cart", by_router("cart"), awsName="cart.shop.svc.cluster.local"),
        router("cart", http_route("all", target("cart"))),
    ]
    return Snapshot.of(map(Manifest, bodies))


@pytest.mark.parametrize("code", ["MIG701", "MIG702"])
def test_the_examples_of_a_page_are_as_it_says(code: str) -> None:
    """The wrong manifests give just this code, the right ones nothing."""
    found = page(code)
    assert found is not None
    parts = sections(found.text)

    assert _codes(parts["Wrong"]) == {code}
    assert _codes(parts["Right"]) == set()


def _codes(part: str) -> set[str]:
    (block,) = [block for block in blocks(part) if block.language == "yaml"]
    given, wrong = documents(block.text.encode(), "page.yaml")
    assert not wrong
    source = _source()
    lifted = lift(source)
    case = Case(source=source, target=(*source, *given), mesh="", answers={}, ledger=lifted.ledger)
    return {finding.code for finding in prove(case).findings}
