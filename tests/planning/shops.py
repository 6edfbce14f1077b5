"""The worked shop with other words in its file and further objects in its folder."""

from dataclasses import dataclass
from pathlib import Path

from meshmig.commands.apply import Carried
from meshmig.commands.building import Built, build_plan
from meshmig.commands.opening import Place, World, rehearsal_world, require_migration
from meshmig.execution.decide import Scope
from meshmig.model.plan import Plan, Step
from meshmig.sandbox.faults import Faults
from tests.program import example
from tests.worlds import run


@dataclass(frozen=True)
class Shop:
    """A booted shop, and what was planned for it."""

    world: World
    built: Built

    @property
    def plan(self) -> Plan:
        """The plan, whatever its findings are."""
        assert self.built.plan is not None
        return self.built.plan

    def found(self, code: str) -> list[str]:
        """The messages of a code's findings, with their severity and help."""
        return [f"{f.severity}: {f.message} | {f.help}" for f in self.built.findings if f.code == code]

    @property
    def errors(self) -> list[str]:
        """The codes of the errors."""
        return [finding.code for finding in self.built.findings if finding.severity == "error"]

    def steps(self, text: str) -> list[Step]:
        """The steps whose title holds a text."""
        return [step for step in self.plan.step.values() if text in step.title]

    def run(self, scope: Scope | None = None) -> Carried:
        """Carry the plan out."""
        return run(self.world, self.plan, scope)


def shop(folder: Path, words: str = "", manifests: str = "", change: tuple[str, str] = ("", "")) -> Shop:
    """Plan the shop with words added to its file (and one text in it changed) and manifests added to its folder."""
    file = example("shop", folder)
    if manifests:
        (folder / "shop" / "further.yaml").write_text(manifests)
    text = file.read_text()
    assert change[0] in text
    file.write_text(f"{text.replace(*change) if change[0] else text}\n{words}\n")
    migration, _ = require_migration(str(file), Place())
    world = rehearsal_world(migration, Place(), Faults())
    return Shop(world, build_plan(migration, world.cluster, ()))
