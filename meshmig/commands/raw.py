"""`raw istio { … }`: the YAML of the file as manifests, or what is wrong with it."""

from dataclasses import replace

from meshmig.adapters.yaml_text import documents
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.intent import Migration, RawManifests
from meshmig.model.objects import Manifest
from meshmig.targets.istio.raw import raw_findings, raw_objects


def read_raw(migration: Migration) -> tuple[tuple[Manifest, ...], tuple[Diagnostic, ...]]:
    """Read every block of the file; what cannot be written as it stands is an error, never left out."""
    objects: list[Manifest] = []
    findings: list[Diagnostic] = []
    for block in migration.raw:
        manifests, wrong = _read(block, migration.file)
        objects += raw_objects(block, manifests)
        findings += [*wrong, *raw_findings(block, manifests)]
    return tuple(objects), tuple(findings)


def _read(block: RawManifests, file: str) -> tuple[tuple[Manifest, ...], tuple[Diagnostic, ...]]:
    """Read one block; the empty lines before it make the reader count the file's lines."""
    text = "\n" * (block.line - 1) + block.yaml
    manifests, found = documents(text.encode(), file)
    help_text = "write whole manifests, each with apiVersion, kind, metadata and spec"
    return manifests, tuple(
        replace(
            finding,
            code="MIG422",
            severity=Severity.ERROR,
            message=f"`raw istio`: {finding.message.partition('; it is left out')[0]}",
            help=help_text,
            span=block.span if finding.span is None else finding.span,
        )
        for finding in found
    )
