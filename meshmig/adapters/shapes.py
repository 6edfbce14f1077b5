"""The fields that every Kubernetes object has, and the shape that an API server wants of them."""

from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json

_TEXTS = ("name", "generateName", "namespace")
_TEXT_MAPS = ("labels", "annotations")
_MAPS = ("spec", "status")


def misshapen(body: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return path and wanted shape of every common field that is of another one; `metadata` is a mapping here."""
    return (*_metadata(body["metadata"]), *_sections(body))


def _sections(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for name in _MAPS:
        if not isinstance(body.get(name), Mapping | None):
            yield name, "a mapping"


def _metadata(metadata: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for name in _TEXTS:
        if not isinstance(metadata.get(name), str | None):
            yield f"metadata.{name}", "a text"
    for name in _TEXT_MAPS:
        entries = metadata.get(name)
        if not isinstance(entries, Mapping | None):
            yield f"metadata.{name}", "a mapping"
            continue
        for key, value in (entries or {}).items():
            if not isinstance(value, str):
                yield f"metadata.{name}[{key}]", "a text"
