"""Every check: complete, fires where it must, silent where nothing is wrong, and never silent about what it missed."""

import re

import pytest

from meshmig.catalogue import page
from meshmig.checks import CHECKS, CODES, QUERIES, look
from meshmig.checks.registry import IMPOSSIBLE
from meshmig.diagnostics import Severity
from meshmig.model.precheck import Looked, State
from tests.checks.firing import FIRING, ON_FILES, Case
from tests.checks.quiet import QUIET, Quiet
from tests.checks.world import facts, front, migration, pod

REFERENCE = tuple(f"P{number:02}" for number in range(1, 51))
ALWAYS_SAYS = {"P07"}
"""P07 names the world it found: there is no world that it has nothing to say of."""


def result(code: str, world) -> Looked:
    return next(one for one in look(world, CHECKS) if one.code == code)


def test_the_list_is_complete_and_unique() -> None:
    """P01 to P50 are each a check, or named as impossible; codes, titles and functions are each used once."""
    codes = [check.code for check in CHECKS]

    assert set(REFERENCE) <= set(codes) | set(IMPOSSIBLE)
    assert not set(codes) & set(IMPOSSIBLE)
    for column in (codes, [check.title for check in CHECKS], [check.look for check in CHECKS]):
        assert len(column) == len(set(column))


def test_every_code_can_be_explained() -> None:
    """`explain P08` never disappoints."""
    assert {code: page(code).title for code in CODES} == CODES


def test_every_check_fires_somewhere_and_is_silent_somewhere() -> None:
    """No row of the registry without a world in which it fires and one in which it does not."""
    codes = {check.code for check in CHECKS}

    assert {case.code for case in FIRING} == codes
    assert {case.code for case in QUIET} | ALWAYS_SAYS == codes


@pytest.mark.parametrize("case", FIRING, ids=lambda case: f"{case.code} {case.what}")
def test_the_check_fires(case: Case) -> None:
    """It fires with that weight, and names the object, the field and the value, and what to do."""
    found = result(case.code, case.world())

    texts = [
        f"{fired.evidence.ref} {fired.evidence.path} {fired.evidence.value} {fired.message} {finding.help}"
        for fired, finding in zip(found.fired, found.findings, strict=True)
        if finding.severity is case.severity
    ]
    assert any(case.seen in text for text in texts), (case.seen, found.fired, found.gaps)
    assert all(finding.help and finding.message for finding in found.findings)


@pytest.mark.parametrize("case", QUIET, ids=lambda case: f"{case.code} {case.what}")
def test_the_check_is_silent(case: Quiet) -> None:
    """A world without that fault, near to one that has it: looked at, and nothing found."""
    found = result(case.code, case.world())

    assert not found.fired, found.fired
    assert found.state is State.CLEAR, found.gaps


def test_a_sound_shop_has_nothing_that_stops() -> None:
    """The world that the cases start from: no error, so that each case shows its own fault alone."""
    looked = look(facts([*front(), pod()]), CHECKS)

    errors = [finding for one in looked for finding in one.findings if finding.severity is Severity.ERROR]
    assert not errors


def test_what_was_not_looked_at_is_said() -> None:
    """A folder without metrics: every check is fired, clear, or names what it would need."""
    world = facts(
        front(),
        live=False,
        server=None,
        measured=None,
        unmeasured="a folder has no metrics",
        migration=migration(cluster=ON_FILES, metrics=None),
    )
    looked = {one.code: one for one in look(world, CHECKS)}

    unseen = {code for code, one in looked.items() if one.state is State.NOT_LOOKED_AT}
    assert {"P01", "P02", "P03", "P04", "P08", "P10", "P11", "P44"} <= unseen
    assert all(gap.reason for one in looked.values() for gap in one.gaps)
    assert "needs a dump of a pod of shop/front: config_dump" in [gap.reason for gap in looked["P11"].gaps]


def test_a_live_pod_is_named_where_its_dump_is_needed() -> None:
    """The gap names the pod to dump."""
    gaps = result("P11", facts([*front(), pod()])).gaps

    assert [gap.reason for gap in gaps] == ["needs a dump of shop/front-5b9-abcde: config_dump"]


def test_an_allow_accepts_with_its_reason() -> None:
    """The finding stays, as information that shows the reason."""
    found = result("P28", facts(front()[:-1], migration=migration(allows=[("P28", "drains are stopped")])))

    assert found.accepted == "drains are stopped"
    assert {finding.severity for finding in found.findings} == {Severity.INFO}
    assert {finding.help for finding in found.findings} == {"accepted: drains are stopped"}


def test_every_question_to_prometheus_is_used() -> None:
    """A row of the queries' table that no check reads would be asked for nothing."""
    from pathlib import Path

    import meshmig.checks

    folder = Path(meshmig.checks.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "metrics.py")
    names = re.findall(r"^([A-Z_]+) = \"", (folder / "metrics.py").read_text(), re.MULTILINE)

    assert len(names) == len(QUERIES)
    assert all(re.search(rf"\b{name}\b", text) for name in names)
