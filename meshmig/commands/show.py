"""`meshmig show`: a saved plan, in any form, anywhere, for ever."""

from pathlib import Path

from meshmig.codec import from_json
from meshmig.diagnostics import reject
from meshmig.model.plan import PLAN_SCHEMA, Plan
from meshmig.planning import digest_of

MAX_BYTES = 256 * 1024 * 1024


def read_plan(path: str) -> Plan:
    """Read a saved plan and check its digest.

    Raises:
        RejectedError: the file cannot be read, is no plan, or was edited.
    """
    import json

    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise reject(
            "MIG604", f"{path} cannot be read: {error.strerror}", "name a plan made by: meshmig plan -o"
        ) from error
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise reject("MIG605", f"{path} is not JSON: {error}", "name a plan made by: meshmig plan -o") from error
    if not isinstance(data, dict) or data.get("schema") != PLAN_SCHEMA:
        raise reject("MIG606", f"{path} is not a plan of this version of meshmig", f"its schema must be {PLAN_SCHEMA}")
    plan = from_json(Plan, data, path)
    if digest_of(plan) != plan.digest:
        raise reject("MIG607", f"{path} was changed after it was made", "make the plan anew; a plan is never edited")
    return plan


def require_step(plan: Plan, step: str) -> None:
    """Check that a plan has a step.

    Raises:
        RejectedError: it has not.
    """
    if step not in plan.step:
        raise reject("MIG006", f"there is no step {step}", "the plan's text lists every step: meshmig show PLAN -v")


def is_plan(path: str) -> bool:
    """Whether a file name stands for a saved plan and not for a `.mig` file."""
    return not path.endswith(".mig")
