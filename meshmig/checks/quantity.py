"""Kubernetes' quantities: `100m`, `1.5`, `128Mi`, `1G`, `2e3`."""

from fractions import Fraction

from meshmig.model.objects import Json

_UNITS = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
}


def quantity(written: Json) -> Fraction | None:
    """Read a quantity in its base unit (cores, bytes, pieces); None for what is none."""
    text = str(written) if isinstance(written, str | int | float) and not isinstance(written, bool) else ""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = _UNITS.get(text[len(digits) :])
    try:
        return Fraction(digits if unit is not None else text) * (unit or 1)
    except (ValueError, ZeroDivisionError):
        return None


def cores(amount: Fraction) -> str:
    """Write an amount of CPU."""
    return f"{float(amount):g} cores" if amount >= 1 else f"{int(amount * 1000)}m"


def bytes_text(amount: Fraction) -> str:
    """Write an amount of memory."""
    mebi = amount / 2**20
    return f"{float(mebi / 1024):.1f}Gi" if mebi >= 1024 else f"{int(mebi)}Mi"  # noqa: PLR2004 - Mi a Gi
