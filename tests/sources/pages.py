"""A small mesh in good order, on which the examples of the explain pages stand: their objects replace or join its."""

from collections.abc import Iterator

from meshmig.adapters.yaml_text import documents
from meshmig.model.objects import Manifest, Snapshot
from tests.language.snippets import Block, blocks
from tests.sources.builders import (
    Body,
    app,
    backend,
    by_router,
    gateway,
    gateway_route,
    http_route,
    router,
    shop,
    target,
    virtual_service,
)


def base() -> list[Body]:
    """The gateway `ingress`, and `front`, which calls `cart` through a router."""
    address = "cart.shop.svc.cluster.local"
    return [
        *shop(*app("cart"), *app("front", backends=[backend("cart")]), *gateway("ingress")),
        virtual_service("cart", by_router("cart"), awsName=address),
        router("cart", http_route("all", target("cart"))),
        gateway_route("ingress", "cart"),
    ]


def snapshots(part: str) -> Iterator[Snapshot]:
    """Yield the mesh with each YAML example of a part; one that says `whole` stands alone."""
    for block in blocks(part):
        if block.language == "yaml":
            yield snapshot_of(block)


def snapshot_of(block: Block | None) -> Snapshot:
    """Return the mesh with an example's objects, which replace those of the same kind and name."""
    added, wrong = documents(block.text.encode() if block else b"", "page.yaml")
    assert not wrong, wrong
    whole = block is not None and block.note == "whole"
    found = {manifest.ref: manifest for manifest in (*([] if whole else map(Manifest, base())), *added)}
    return Snapshot.of(found.values())
