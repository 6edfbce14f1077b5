"""Every real set as the translation leaves it: `python -m tests.corpus.translation` prints the table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meshmig.adapters.folder import read_folder
from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.intent import IstioChoice
from meshmig.model.mesh import Fate, Ledger
from meshmig.model.objects import Manifest, Snapshot
from meshmig.sources.appmesh import lift
from meshmig.sources.appmesh.ledger import UNSET
from meshmig.targets import istio
from tests.corpus.sets import folder_of, names

CLOSED = istio.Settings(choice=IstioChoice(egress_declared=True))


@dataclass(frozen=True)
class Translation:
    """One set: its ledger, everything emitted for it, and what was found."""

    name: str
    ledger: Ledger
    objects: tuple[Manifest, ...]
    findings: tuple[Diagnostic, ...]

    @property
    def refused(self) -> bool:
        """Whether a person has to decide before anything can be emitted."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def unknown(self) -> int:
        """How many fields App Mesh's schema does not know."""
        return sum(finding.code == "MIG311" for finding in self.findings)


def sets() -> tuple[Path, ...]:
    """The folders of the corpus; none where it is absent."""
    return tuple(folder_of(name) for name in names())


def translate(folder: Path) -> Translation:
    """Lift a set and render it as it is before the move and after it, egress closed."""
    read = read_folder(folder)
    lifted = lift(Snapshot.of(read.manifests))
    if lifted.mesh is None:
        return Translation(folder.name, lifted.ledger, (), (*read.findings, *lifted.findings))
    before, after = istio.desired(lifted.mesh, {}, CLOSED), istio.translated(lifted.mesh, CLOSED)
    findings = (*read.findings, *lifted.findings, *istio.findings(lifted.mesh, CLOSED))
    return Translation(folder.name, lifted.ledger, (*before, *after), findings)


def table() -> Iterator[str]:
    """The table, one line a set."""
    head = ("set", "fields", "hidden", "carried", "approximated", "asked", "refused", "unknown", "objects")
    yield f"{head[0]:<42}" + "".join(f"{word:>13}" for word in head[1:])
    total = [0] * (len(head) - 1)
    for folder in sets():
        found = translate(folder)
        hidden = sum(row.value.startswith(UNSET) for row in found.ledger.rows)
        counts = [found.ledger.count(fate) for fate in Fate]
        row = [len(found.ledger.rows) - hidden, hidden, *counts, found.unknown, len(found.objects) // 2]
        total = [one + other for one, other in zip(total, row, strict=True)]
        yield f"{folder.name:<42}" + "".join(f"{number:>13}" for number in row)
    yield f"{'all':<42}" + "".join(f"{number:>13}" for number in total)


if __name__ == "__main__":
    print("\n".join(table()))
