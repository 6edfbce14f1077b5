"""Whether a difference was announced: by a ledger row that is not carried exactly, by a finding, or by an answer."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from meshmig.diagnostics import Diagnostic
from meshmig.model.mesh import Fate, Ledger, LedgerRow
from meshmig.model.objects import Json, ObjectRef, Snapshot
from meshmig.proof.comparing import Aspect, Class
from meshmig.proof.model import HEADER, QUERY, SCHEME

_FIELDS: Mapping[Aspect, tuple[str, ...]] = {
    Aspect.ARRIVAL: ("provider", "awsName", "egressFilter", "backends", "virtualGatewayRef"),
    Aspect.DESTINATIONS: ("weightedTargets", "serviceDiscovery", "virtualNodeRef", "podSelector"),
    Aspect.TIMEOUT: ("timeout",),
    Aspect.RETRIES: ("retryPolicy",),
    Aspect.PATH: ("rewrite.prefix", "rewrite.path"),
    Aspect.HOST: ("rewrite.hostname",),
    Aspect.EXTRAS: (),
}
"""The parts of field paths whose stated differences explain an aspect."""

_CODES: Mapping[Aspect, tuple[str, ...]] = {
    Aspect.ARRIVAL: ("MIG327", "MIG328", "MIG329", "MIG330", "MIG332"),
    Aspect.DESTINATIONS: ("MIG329", "MIG330"),
    Aspect.TIMEOUT: ("MIG330", "MIG331"),
    Aspect.RETRIES: ("MIG330",),
    Aspect.PATH: ("MIG313", "MIG330"),
    Aspect.HOST: ("MIG330",),
    Aspect.EXTRAS: (),
}
"""The findings on an object that explain an aspect."""

_KEPT_HOST = ("host_rewrite", "keep")
_CONDITION = re.compile(r"\.(headers|metadata|queryParameters)\[(\d+)\]")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, kw_only=True)
class Announced:
    """Everything that was said about differences before the proof ran."""

    ledger: Ledger
    findings: Sequence[Diagnostic]
    answers: Mapping[str, str]
    source: Snapshot

    @cached_property
    def _rows(self) -> Mapping[ObjectRef, tuple[LedgerRow, ...]]:
        found: dict[ObjectRef, list[LedgerRow]] = {}
        for row in self.ledger.rows:
            if row.fate is not Fate.CARRIED:
                found.setdefault(row.object, []).append(row)
        return {ref: tuple(rows) for ref, rows in found.items()}

    @cached_property
    def _found(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        found: dict[str, list[Diagnostic]] = {}
        for finding in self.findings:
            if finding.object is not None:
                found.setdefault(str(finding.object), []).append(finding)
        return {name: tuple(listed) for name, listed in found.items()}

    def of(self, item: Class) -> str:
        """Return who announced a class's difference; empty where an aspect of it was announced by nobody."""
        said = [next(self._sayings(item, aspect), "") for aspect in item.aspects]
        return "; ".join(dict.fromkeys(said)) if all(said) else ""

    def _sayings(self, item: Class, aspect: Aspect) -> Iterator[str]:
        question, answer = _KEPT_HOST
        if aspect is Aspect.HOST and self.answers.get(question) == answer:
            yield f"answer {question} = {answer}"
        for ref in dict.fromkeys(cause.ref for cause in item.causes_before):
            for row in self._rows.get(ref, ()):
                if any(part in row.path for part in _FIELDS[aspect]) or self._explains(row, item):
                    yield f"ledger: {row.object} {row.path}: {row.note}"
            for finding in self._found.get(str(ref), ()):
                if finding.code in _CODES[aspect]:
                    yield f"{finding.code}: {finding.message}"

    def _explains(self, row: LedgerRow, item: Class) -> bool:
        """A condition that is only near explains differences of the requests that carry what it asks for."""
        request = item.request or {}
        if row.path.endswith(".match.scheme"):
            return SCHEME in request
        found = _CONDITION.search(row.path)
        manifest = self.source.get(row.object)
        if found is None or manifest is None:
            return False
        condition = _at(manifest.body, row.path[: found.end()])
        name = str((condition or {}).get("name", ""))
        attribute = QUERY + name if found.group(1) == "queryParameters" else HEADER + name.lower()
        return request.get(attribute) is not None or (row.path.endswith(".invert") and attribute in request)


def _at(body: Mapping[str, Json], path: str) -> Json:
    value: Json = body
    for name, number in _STEP.findall(path):
        if number:
            value = value[int(number)] if isinstance(value, list) and int(number) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
    return value
