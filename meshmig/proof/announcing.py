"""Whether a difference was announced: by a ledger row, a finding or an answer that says just this difference.

That somebody said something about the same object is not enough: each saying comes with what it explains.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from meshmig.diagnostics import Diagnostic
from meshmig.model.mesh import Fate, Ledger, LedgerRow
from meshmig.model.objects import Json, ObjectRef, Snapshot
from meshmig.proof.comparing import Aspect, Class
from meshmig.proof.model import HEADER, NOBODY, SCHEME, Forward, Refused

_KEPT_HOST = ("host_rewrite", "keep")
_RANGE = re.compile(r"\.(?:headers|metadata)\[\d+\](?=\.match\.range\.)")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def _takes_the_most_generous_limit(item: Class) -> bool:
    """MIG331: targets with differing limits get the longest of them."""
    if not (isinstance(item.before, Forward) and isinstance(item.after, Forward)):
        return False
    limits = {share.timeout_ms for share in item.before.shares}
    most = 0 if 0 in limits else max(limits)
    return {share.timeout_ms for share in item.after.shares} == {most}


def _is_made_for_nobody(item: Class) -> bool:
    """MIG328: a VirtualService without a provider refuses everything, and nothing stands for it in Istio."""
    return isinstance(item.before, Refused)


def _is_not_offered(item: Class) -> bool:
    """MIG327: no Service offers the port that callers dial, or that leads to a node's listener."""
    return not (isinstance(item.before, Forward) and isinstance(item.after, Forward))


def _same_pods_altogether(item: Class) -> bool:
    """MIG335: nodes under one Cloud Map name each took all of its pods, and each takes its own now."""
    if not (isinstance(item.before, Forward) and isinstance(item.after, Forward)):
        return False
    old, new = ({w for share in side.shares for w in share.target.workloads} for side in (item.before, item.after))
    return old == new


def _is_left_out(item: Class) -> bool:
    """MIG350: a pair of rules that cannot be joined is left out: its requests are refused, and go nowhere else."""
    return isinstance(item.before, Forward) and isinstance(item.after, Refused)


def _reaches_pods_at_last(item: Class) -> bool:
    """MIG336: App Mesh's proxies dial a port that no Service offers, and Istio's reach the pods."""
    return isinstance(item.before, Refused) and isinstance(item.after, Forward)


def _reaches_more_pods(item: Class) -> bool:
    """MIG336: of several targets, those that nobody reached get their share now."""
    if not (isinstance(item.before, Forward) and isinstance(item.after, Forward)):
        return False
    old, new = ({share.target: share.part for share in side.shares} for side in (item.before, item.after))
    lost = old.pop(NOBODY, None)
    return lost is not None and all(new.get(target) == part for target, part in old.items())


_BY_CODE: Mapping[tuple[str, Aspect], Callable[[Class], bool]] = {
    ("MIG331", Aspect.TIMEOUT): _takes_the_most_generous_limit,
    ("MIG328", Aspect.ARRIVAL): _is_made_for_nobody,
    ("MIG327", Aspect.ARRIVAL): _is_not_offered,
    ("MIG350", Aspect.ARRIVAL): _is_left_out,
    ("MIG335", Aspect.DESTINATIONS): _same_pods_altogether,
    ("MIG336", Aspect.ARRIVAL): _reaches_pods_at_last,
    ("MIG336", Aspect.DESTINATIONS): _reaches_more_pods,
}
"""What each finding says, and in which aspect; a finding explains a difference only where it is that one."""


@dataclass(frozen=True, kw_only=True)
class Announced:
    """Everything that was said about differences before the proof ran."""

    ledger: Ledger
    findings: Sequence[Diagnostic]
    answers: Mapping[str, str]
    source: Snapshot

    def of(self, item: Class) -> str:
        """Return who announced a class's difference; empty where an aspect of it was announced by nobody."""
        said = [next(self._sayings(item, aspect), "") for aspect in item.aspects]
        return "; ".join(dict.fromkeys(said)) if all(said) else ""

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

    def _sayings(self, item: Class, aspect: Aspect) -> Iterator[str]:
        if aspect is Aspect.HOST and self._keeps_the_host(item):
            yield f"answer {' = '.join(_KEPT_HOST)}"
        for ref in dict.fromkeys(cause.ref for cause in item.causes_before):
            for finding in self._found.get(str(ref), ()):
                explains = _BY_CODE.get((finding.code, aspect))
                if explains is not None and explains(item):
                    yield f"{finding.code}: {finding.message}"
            for row in self._rows.get(ref, ()):
                if self._explains(row, item):
                    yield f"ledger: {row.object} {row.path}: {row.note}"

    def _keeps_the_host(self, item: Class) -> bool:
        question, answer = _KEPT_HOST
        kept = isinstance(item.after, Forward) and not item.after.authority
        return kept and self.answers.get(question) == answer

    def _explains(self, row: LedgerRow, item: Class) -> bool:
        """A near condition explains what becomes of just the requests that it reads in another way."""
        request = item.request or {}
        if row.path == "spec.egressFilter.type":
            return isinstance(item.before, Refused) and any(c.path == "spec.egressFilter" for c in item.causes_before)
        if row.path.endswith(".match.scheme"):
            return request.get(SCHEME) == "https"
        found, manifest = _RANGE.search(row.path), self.source.get(row.object)
        if found is None or manifest is None:
            return False
        name = str((_at(manifest.body, row.path[: found.end()]) or {}).get("name", ""))
        value = request.get(HEADER + name.lower())
        return value is not None and _is_odd_integer(value)


def _is_odd_integer(text: str) -> bool:
    """An integer with a plus sign or leading zeros."""
    return re.fullmatch(r"[+-]?\d+", text) is not None and str(int(text)) != text


def _at(body: Mapping[str, Json], path: str) -> Json:
    value: Json = body
    for name, number in _STEP.findall(path):
        if number:
            value = value[int(number)] if isinstance(value, list) and int(number) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
    return value
