"""One concept a case, reviewed by eye against both references; a change of any byte is seen."""

from pathlib import Path

import pytest

from tests.targets.golden_cases import cases, rendered

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_case_becomes_what_it_became(case: Path) -> None:
    """Objects, pods, values and the report, byte for byte; `python -m tests.targets.golden_cases` writes them anew."""
    objects, report = rendered(case)

    assert objects == (case / "istio.yaml").read_text()
    assert report == (case / "report.txt").read_text()
