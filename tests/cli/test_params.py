"""`--param NAME=VALUE`: one file, a closed choice, another plan."""

from tests.program import example, meshmig

WORDS = """
param pace in [10m, 20m] = 10m
"""


def _shop(folder):
    file = example("shop", folder)
    file.write_text(file.read_text().replace("bake     10m", "bake     pace") + WORDS)
    return file


def test_a_params_value_is_part_of_the_digest(tmp_path) -> None:
    """Another value, other steps, another digest; the plan shows which was chosen."""
    _shop(tmp_path)
    own = meshmig("plan", "--json", cwd=tmp_path)
    given = meshmig("plan", "--param", "pace=20m", "--json", cwd=tmp_path)

    assert (own.outcome, given.outcome) == ("ok", "ok")
    assert own.data["digest"] != given.data["digest"]
    assert given.data["terms"]["params"] == [{"name": "pace", "choices": ["10m", "20m"], "value": "20m"}]
    assert "param        pace = 20m   (of 10m, 20m)" in meshmig("plan", "--param", "pace=20m", cwd=tmp_path).stdout


def test_a_saved_plan_keeps_its_params(tmp_path) -> None:
    """Whoever applies it needs not to repeat them."""
    _shop(tmp_path)
    saved = meshmig("plan", "--param", "pace=20m", "-o", "plan.json", "--json", cwd=tmp_path)
    applied = meshmig("apply", "plan.json", "--stage", "1", "--yes", "--json", cwd=tmp_path)

    assert applied.outcome == "ok"
    assert applied.data["digest"] == saved.data["digest"]


def test_a_value_that_is_not_offered_is_refused(tmp_path) -> None:
    """The choices are closed, and wrong use is told as such."""
    _shop(tmp_path)

    assert meshmig("plan", "--param", "pace=30m", "--json", cwd=tmp_path).codes == ["MIG225"]
    assert meshmig("check", "shop.mig", "--param", "speed=1", "--json", cwd=tmp_path).codes == ["MIG201"]
    assert meshmig("plan", "--param", "pace", "--json", cwd=tmp_path).outcome == "usage"
