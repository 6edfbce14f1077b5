"""Every question that the translation asks: another answer is another set of objects."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from meshmig.codec import to_json
from meshmig.commands.building import plan_snapshot
from meshmig.commands.opening import Place, rehearsal_world, require_migration
from meshmig.model.intent import Answer
from meshmig.model.plan import Plan
from meshmig.sandbox.faults import Faults
from meshmig.sources.appmesh.questions import WORDINGS
from tests.program import example, meshmig

CHANGES = {
    "10-ingress.yaml": (
        "portMapping: {port: 8088, protocol: http}",
        """portMapping: {port: 8088, protocol: http}
      tls: {mode: PERMISSIVE, certificate: {file: {certificateChain: /c.pem, privateKey: /k.pem}}}""",
    ),
    "50-stock.yaml": (
        "portMapping: {port: 9000, protocol: grpc}",
        """portMapping: {port: 9000, protocol: grpc}
      healthCheck:
        {protocol: grpc, healthyThreshold: 2, unhealthyThreshold: 2, intervalMillis: 5000, timeoutMillis: 2000}""",
    ),
}
"""What makes the shop ask the questions that it does not ask as it is."""


def _writes(plan: Plan | None) -> list[str]:
    assert plan is not None
    steps = [step for step in plan.step.values() if step.write is not None]
    return [json.dumps(to_json(type(step.write), step.write), sort_keys=True) for step in steps]


def _world(folder: Path, name: str, changes: dict[str, tuple[str, str]]):
    file = example(name, folder)
    for path, (before, after) in changes.items():
        manifests = folder / name / path
        text = manifests.read_text()
        assert before in text
        manifests.write_text(text.replace(before, after).replace("readinessProbe", "livenessProbe"))
    migration, _ = require_migration(str(file), Place())
    world = rehearsal_world(migration, Place(), Faults())
    assert world.embedded is not None
    return migration, world.embedded.snapshot()


def test_init_names_every_question_and_answers_none(tmp_path) -> None:
    """Its file takes the safest defaults; the line that decides otherwise stands in a comment, ready to be used."""
    example("shop", tmp_path)
    (tmp_path / "shop.mig").unlink()
    made = meshmig("init", "--files", "shop", "-o", "new.mig", "--json", cwd=tmp_path)
    lines = (tmp_path / "new.mig").read_text().splitlines()
    others = [line.partition("Else: ")[2] for line in lines if "Else: answer " in line]

    asked = [question["id"] for question in made.data["questions"]]
    assert not [line for line in lines if line.startswith(("answer", "allow", "raw"))]
    assert [other.split()[1] for other in others] == asked
    (tmp_path / "new.mig").write_text("\n".join([*lines, *others]) + "\n")
    assert meshmig("check", "new.mig", cwd=tmp_path).exit == 0
    assert "all answered in the file" in meshmig("plan", "new.mig", cwd=tmp_path).stdout


@pytest.mark.parametrize("question", sorted(WORDINGS))
def test_each_answer_changes_what_is_written(tmp_path, question: str) -> None:
    """The default writes what no answer writes, and every other choice something else."""
    name, changes = ("vault", {}) if question == "certificates" else ("shop", CHANGES)
    migration, snapshot = _world(tmp_path, name, changes)

    def plan(choice: str) -> list[str]:
        answered = replace(migration, answers=(Answer(id=question, choice=choice),))
        return _writes(plan_snapshot(answered, snapshot).plan)

    asked = plan_snapshot(migration, snapshot).plan
    assert asked is not None
    assert question in {item.id for item in asked.questions}
    default, *others = WORDINGS[question].choices
    assert plan(default) == _writes(asked)
    assert all(plan(other) != _writes(asked) for other in others)
