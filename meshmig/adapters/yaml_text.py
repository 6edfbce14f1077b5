"""The only door to YAML: text to manifests with their lines, and manifests to text."""

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from meshmig.adapters.shapes import misshapen
from meshmig.diagnostics import Diagnostic, Severity, Span
from meshmig.model.objects import Json, Manifest

CODES: dict[str, str] = {
    "MIG610": "a file of the folder is no YAML or JSON",
    "MIG611": "a key is given twice",
    "MIG612": "a document is no Kubernetes object",
    "MIG617": "a field that every object has is of another shape",
}

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TEXT_TAGS = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:binary"}
_KUSTOMIZE = "kustomize.config.k8s.io/"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(_Base):  # type: ignore[misc] # the C loader where PyYAML was built with it
    """A safe loader that keeps dates as text, as JSON does, and remembers repeated keys."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.repeated: list[Any] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: ANN401, FBT001, FBT002 - PyYAML's
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != _MERGE and key.value in seen:
                self.repeated.append(key)
            if isinstance(key.value, str):
                seen.add(key.value)
        return {_key(name): value for name, value in super().construct_mapping(node, deep=deep).items()}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag not in _TEXT_TAGS]
    for first, rows in _Base.yaml_implicit_resolvers.items()
}


class _TextDumper(_Dumper):  # type: ignore[misc] # see _Loader
    """Writes every value out: no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's hook
        return True


@dataclass(slots=True)
class _Reading:
    """One text on its way to manifests."""

    source: str
    manifests: list[Manifest] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)

    def take(self, body: Json, line: int) -> None:
        """Keep one document, or say why it is none."""
        match body:
            case None:
                return
            case {"apiVersion": str(version)} if version.startswith(_KUSTOMIZE):
                return  # a list of files for kustomize, never an object of a cluster
            case {"apiVersion": str(), "kind": str()} if _is_named(body):
                wrong = misshapen(body)
                self.findings += [_wrong_shape(body, path, wanted, self.place(line)) for path, wanted in wrong]
                self.manifests += [] if wrong else [Manifest(body, f"{self.source}:{line}")]
            case _:
                self.findings.append(_stranger(body, self.source, line))

    def place(self, line: int) -> Span:
        """The document's first line."""
        return Span(self.source, line, 1, line, 1)


def documents(text: bytes, source: str) -> tuple[tuple[Manifest, ...], tuple[Diagnostic, ...]]:
    """Read every object of a YAML or JSON text; Lists are unfolded, each object knows `source:line`.

    A broken text gives one error and the objects before it; a document that is no object gives a warning.
    """
    reading = _Reading(source)
    if not (text.lstrip()[:1] in (b"{", b"[") and _read_json(text, reading)):
        _read_yaml(text, reading)
    return tuple(reading.manifests), tuple(reading.findings)


def read_value(text: bytes) -> Json:
    """Read one YAML or JSON document of any form, such as a kubeconfig; None where the text is empty.

    Raises:
        ValueError: it is neither.
    """
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def dump(listed: Sequence[Mapping[str, Json]]) -> str:
    """Write objects as one multi-document YAML text, keys in the order of the mappings."""
    return "".join(f"---\n{_dump_one(document)}" for document in listed)


def _dump_one(document: Mapping[str, Json]) -> str:
    text: str = yaml.dump(
        _plain(document), Dumper=_TextDumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False
    )
    return text


def _plain(value: Json) -> Json:
    match value:
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _read_json(text: bytes, reading: _Reading) -> bool:
    repeated: list[str] = []
    try:
        body = json.loads(text, object_pairs_hook=_remembering(repeated), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return False
    reading.findings += [_repeated(name, Span(reading.source, 1, 1, 1, 1)) for name in repeated]
    for item in _unfolded(body):
        reading.take(item, 1)
    return True


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no number of JSON")


def _remembering(repeated: list[str]) -> Callable[[list[tuple[str, Json]]], dict[str, Json]]:
    def build(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        built = dict(pairs)
        if len(built) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(sorted({name for name in names if names.count(name) > 1}))
        return built

    return build


def _read_yaml(text: bytes, reading: _Reading) -> None:
    try:
        loader = _Loader(text)
    except yaml.YAMLError as error:
        reading.findings.append(_broken(error, reading.source))
        return
    try:
        while loader.check_node():
            _read_node(loader, loader.get_node(), reading)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reading.findings.append(_broken(error, reading.source))
    finally:
        loader.dispose()
    reading.findings += [_repeated(key.value, _span(key, reading.source)) for key in loader.repeated]


def _read_node(loader: _Loader, node: Any, reading: _Reading) -> None:  # noqa: ANN401 - PyYAML's nodes are untyped
    body = loader.construct_document(node)
    lines = _lines(node)
    for item, line in zip(_unfolded(body), lines if _is_list(body) else [node.start_mark.line + 1], strict=False):
        reading.take(item, line)


def _lines(node: Any) -> list[int]:  # noqa: ANN401 - see _read_node
    """The lines of a List's items."""
    if not isinstance(node, yaml.MappingNode):
        return []
    return [item.start_mark.line + 1 for key, value in node.value if key.value == "items" for item in value.value]


def _is_list(body: Json) -> bool:
    return isinstance(body, dict) and str(body.get("kind", "")).endswith("List") and isinstance(body.get("items"), list)


def _unfolded(body: Json) -> Iterator[Json]:
    """The objects of a List; a typed list's items leave out what the list's kind says."""
    if not _is_list(body):
        yield body
        return
    kind = str(body["kind"]).removesuffix("List")
    typed = {"apiVersion": body.get("apiVersion"), "kind": kind} if kind else {}
    for item in body["items"]:
        yield {**typed, **item} if isinstance(item, dict) else item


def _is_named(body: Mapping[str, Json]) -> bool:
    metadata = body.get("metadata")
    return isinstance(metadata, dict) and bool(metadata.get("name") or metadata.get("generateName"))


def _key(name: Hashable) -> Hashable:
    match name:
        case str():
            return name
        case bool():
            return "true" if name else "false"
        case _:
            return str(name)


def _span(node: Any, source: str) -> Span:  # noqa: ANN401 - see _read_node
    start, end = node.start_mark, node.end_mark
    return Span(source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _broken(error: Exception, source: str) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = getattr(error, "problem", None) or str(error)
    return Diagnostic(
        code="MIG610",
        severity=Severity.ERROR,
        message=f"{source} cannot be read as YAML or JSON: {problem}",
        help="correct the file, or move it out of the folder",
        span=Span(source, line, column, line, column + 1),
    )


def _repeated(name: str, span: Span) -> Diagnostic:
    return Diagnostic(
        code="MIG611",
        severity=Severity.WARNING,
        message=f"the key `{name}` stands twice in one mapping; the later one counts, an API server may refuse both",
        help="keep one of them",
        span=span,
    )


def _wrong_shape(body: Mapping[str, Json], path: str, wanted: str, span: Span) -> Diagnostic:
    name = (body.get("metadata") or {}).get("name")
    return Diagnostic(
        code="MIG617",
        severity=Severity.ERROR,
        message=f"{path} of {body['kind']} {name} is not {wanted}: no API server would take it",
        help="quote numbers and yes/no that are meant as texts; indent what belongs to a mapping",
        span=span,
    )


def _stranger(body: Json, source: str, line: int) -> Diagnostic:
    what = "has no name" if isinstance(body, dict) and "kind" in body else "has no apiVersion and kind"
    return Diagnostic(
        code="MIG612",
        severity=Severity.WARNING,
        message=f"the document at {source}:{line} is no Kubernetes object: it {what}; it is left out",
        help="move it out of the folder when it is not meant for the cluster",
        span=Span(source, line, 1, line, 1),
    )
