"""The examples of the explain pages about plans are run: the wrong one gives the code, the right one does not."""

from collections.abc import Mapping

import pytest

from meshmig.catalogue import page
from meshmig.commands.building import plan_snapshot
from meshmig.diagnostics import Severity
from meshmig.planning.hazards import CODES
from meshmig.planning.ownership import CODES as OWNERSHIP_CODES
from meshmig.targets.istio.checking import CODES as CHECKING_CODES
from meshmig.targets.istio.differences import CODES as DIFFERENCE_CODES
from meshmig.targets.istio.raw import CODES as RAW_CODES
from meshmig.targets.istio.whole import CODES as TARGET_CODES
from tests.language.snippets import blocks, examples, sections
from tests.sources.pages import snapshot_of

GUARDS = {"MIG403", "MIG369", "MIG418"}
"""What no file can lead to: reading it finds the same first, or the translation never makes it, or it is too big."""

_WHOLE_PLAN = """```mig
stage 1 "ground" { protect  install istio }
stage 2 "all"    { move rest using gentle }
```
"""


@pytest.mark.parametrize(
    "code", sorted({*CODES, *OWNERSHIP_CODES, *RAW_CODES, *TARGET_CODES, *DIFFERENCE_CODES, *CHECKING_CODES} - GUARDS)
)
def test_the_examples_of_a_page_are_as_it_says(code: str) -> None:
    """The plan of the wrong example carries the page's code and nothing else, that of the right one nothing."""
    found = page(code)
    assert found is not None
    parts = sections(found.text)

    assert _told(parts["Wrong"]) == {code: _told(parts["Wrong"]).get(code)}
    assert set(_told(parts["Right"]).values()) <= {Severity.INFO}


def _told(part: str) -> Mapping[str, Severity]:
    """Plan the small mesh with an example's objects and its stages, else by one move of all; the findings' codes."""
    shown = list(blocks(part))
    has_mig = any(block.language == "mig" for block in shown)
    (loaded,) = examples(part if has_mig else _WHOLE_PLAN)
    assert loaded.migration is not None, loaded.findings
    snapshot = snapshot_of(next((block for block in shown if block.language == "yaml"), None))
    return {finding.code: finding.severity for finding in plan_snapshot(loaded.migration, snapshot).findings}
