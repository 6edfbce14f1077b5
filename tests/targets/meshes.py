"""The meshes whose translation is validated: every leaf under all answers, and real sets where they are present."""

from collections.abc import Iterator

from meshmig.adapters.folder import read_folder
from meshmig.model.objects import Manifest, Snapshot
from meshmig.sources.appmesh import lift
from meshmig.sources.appmesh.questions import WORDINGS
from meshmig.targets import istio
from tests.corpus.translation import sets
from tests.program import ROOT
from tests.targets.emitted import CLOSED
from tests.targets.whole_mesh import whole_mesh

FIRST = {question: wording.choices[0] for question, wording in WORDINGS.items()}
LAST = {question: wording.choices[-1] for question, wording in WORDINGS.items()}


def snapshots() -> dict[str, tuple[Snapshot, dict[str, str]]]:
    """Every mesh by a name: its manifests, and the answers to its questions."""
    leaves = Snapshot.of(Manifest(body) for body in whole_mesh())
    found = {"leaves": (leaves, FIRST), "leaves-otherwise": (leaves, LAST)}
    examples = [path for path in sorted((ROOT / "plans").iterdir()) if path.is_dir()]
    for folder in (*examples, *sets()):
        found[folder.name] = (Snapshot.of(read_folder(folder).manifests), {})
    return found


def objects(snapshot: Snapshot, answers: dict[str, str]) -> Iterator[Manifest]:
    """Everything emitted for a mesh, before the move and after it; nothing where it is refused."""
    mesh = lift(snapshot, answers=answers).mesh
    if mesh is not None:
        yield from istio.desired(mesh, {}, CLOSED)
        yield from istio.translated(mesh, CLOSED)
        yield from istio.strict_objects(mesh, frozenset(), CLOSED)
