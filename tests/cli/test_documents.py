"""A plan as a document: a review comment that always fits, a page that opens offline, and every example in layout."""

import re
from dataclasses import replace

from meshmig.cli.views.documents import COMMENT_LIMIT, html_page, markdown
from tests.program import ROOT, example, meshmig
from tests.worlds import plan_of, world_of


def _plan():
    return plan_of(world_of("shop"), "shop")


def test_a_review_comment_holds_every_stage() -> None:
    """The worked shop fits: each stage is one folded block whose fence is closed."""
    text = markdown(_plan())

    assert len(text) <= COMMENT_LIMIT
    assert text.count("<details>") == text.count("</details>") == 6
    assert text.count("```") % 2 == 0
    assert "undo: exact until" in text


def test_a_plan_too_long_for_a_comment_names_what_it_leaves_out() -> None:
    """Four hundred times the stages: still under the limit, still whole blocks, each stage named."""
    plan = _plan()
    stages = tuple(replace(plan.stages[1], number=number) for number in range(1, 401))

    text = markdown(replace(plan, stages=stages))

    assert len(text) <= COMMENT_LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0
    assert text.count("does not fit a comment") > 100


def test_the_page_opens_offline() -> None:
    """One file: no script, no link, no image; every step is in it."""
    plan = _plan()

    page = html_page(plan)

    assert not re.search(r"<script|<link|<img|https?://(?!.*cluster)", page)
    assert all(step.id in page for stage in plan.stages for step in stage.steps)


def test_every_worked_example_is_in_the_canonical_layout() -> None:
    """What the project shows is what `fmt` writes."""
    files = sorted(str(path) for path in (ROOT / "plans").glob("*.mig"))

    assert meshmig("fmt", "--check", *files, cwd=ROOT).exit == 0


def test_status_hands_every_object_out_as_one_list(tmp_path) -> None:
    """`status --objects`: as text one v1 List, under --json the same in the data."""
    example("shop", tmp_path)

    listed = meshmig("status", "--objects", "--json", cwd=tmp_path).data["objects"]

    assert (listed["apiVersion"], listed["kind"]) == ("v1", "List")
    assert {"Mesh", "Deployment", "Pod"} <= {item["kind"] for item in listed["items"]}


def test_a_stage_taken_back_does_not_hold_the_one_before(tmp_path) -> None:
    """Stages go back one after the other, the newest first, without naming them."""
    example("shop", tmp_path)
    for stage in ("1", "2"):
        meshmig("apply", "--stage", stage, "--yes", cwd=tmp_path)

    first = meshmig("rollback", "--yes", "--json", cwd=tmp_path)
    second = meshmig("rollback", "--yes", "--json", cwd=tmp_path)
    third = meshmig("rollback", "--yes", "--json", cwd=tmp_path)

    states = [[stage["state"] for stage in ran.data["stages"][:2]] for ran in (first, second)]
    assert states == [["done", "rolled_back"], ["rolled_back", "pending"]]
    assert (third.outcome, third.codes) == ("refused", ["MIG525"])


def test_a_reader_that_goes_away_does_not_stop_a_run(tmp_path) -> None:
    """Events to a pipe that is closed: the stage is carried out all the same."""
    import subprocess

    from tests.program import PROGRAM

    example("shop", tmp_path)
    command = f"{PROGRAM} apply --stage 1 --yes --events - | head -1"
    subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)

    stages = meshmig("status", "--json", cwd=tmp_path).data["stages"]

    assert stages[0]["state"] == "done"
