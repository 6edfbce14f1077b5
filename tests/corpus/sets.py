"""The sets of real manifests: where they lie, which of them a person must decide first, and each one planned."""

from dataclasses import dataclass
from pathlib import Path

from meshmig.commands.building import plan_snapshot
from meshmig.commands.opening import Place, World, rehearsal_world, require_migration
from meshmig.commands.starting import Start, start
from meshmig.model.plan import Plan
from meshmig.sandbox.faults import Faults
from tests.program import corpus

FOLDER = corpus()
LEGACY = ("legacy-",)
REFUSED = ("legacy-", "controller-docs-backendgroup", "eks-app-mesh-", "howto-k8s-mtls-sds-based")


def names() -> list[str]:
    """Return every set, in order; none where the corpus is absent."""
    if FOLDER is None:
        return []
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "LICENSES")


def folder_of(name: str) -> Path:
    """Return the folder of a set."""
    assert FOLDER is not None
    return FOLDER / name


@dataclass(frozen=True)
class Planned:
    """A set booted in memory, with the file that `init` writes for it and its plan (also one with errors)."""

    world: World
    file: Path
    plan: Plan


def planned(name: str, folder: Path, change: tuple[str, str] = ("", "")) -> Planned:
    """Write a set's migration into a folder, changed by one replacement where asked, boot it and plan it."""
    file = folder / "site.mig"
    start(Start(files=str(folder_of(name)), output=str(file)), force=True)
    text = file.read_text()
    assert not change[0] or change[0] in text
    file.write_text(text.replace(*change) if change[0] else text)
    migration, _ = require_migration(str(file))
    world = rehearsal_world(migration, Place(), Faults())
    assert world.embedded is not None
    built = plan_snapshot(migration, world.embedded.snapshot(), world.findings)
    assert built.plan is not None
    return Planned(world, file, built.plan)
