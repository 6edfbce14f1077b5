"""Values that mean the same compare equal: durations, quantities, numbers written as text."""

import re
from decimal import Decimal

from meshmig.model.objects import Json

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|ns|h|m|s))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|Ki|Mi|Gi|Ti|M|G|T)?")
_SECONDS = {"h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
_SECONDS |= {"us": Decimal("0.000001"), "ns": Decimal("0.000000001")}
_FACTOR = {"": Decimal(1), "m": Decimal("0.001"), "k": Decimal(1000), "M": Decimal(10**6), "G": Decimal(10**9)}
_FACTOR |= {
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}
_DURATIONS = {"timeout", "perTryTimeout", "idleTimeout", "interval", "baseEjectionTime", "connectTimeout"}
_QUANTITIES = {"cpu", "memory", "ephemeral-storage", "storage"}
_INT_OR_TEXT = {"port", "targetPort", "maxSurge", "maxUnavailable", "number"}


def same(field: str, left: Json, right: Json) -> bool:
    """Say whether two leaves of a field mean the same."""
    if left == right and type(left) is type(right):
        return True
    if field in _DURATIONS:
        return isinstance(left, str) and isinstance(right, str) and _seconds(left) == _seconds(right) is not None
    if field in _QUANTITIES:
        amount = _amount(str(left))
        return amount is not None and amount == _amount(str(right))
    if field in _INT_OR_TEXT:
        return str(left) == str(right)
    return bool(left == right)


def _seconds(text: str) -> Decimal | None:
    if not _DURATION.fullmatch(text):
        return None
    return sum((Decimal(number) * _SECONDS[unit] for number, unit in _PART.findall(text)), Decimal(0))


def _amount(text: str) -> Decimal | None:
    match = _QUANTITY.fullmatch(text)
    return Decimal(match[1]) * _FACTOR[match[2] or ""] if match else None
