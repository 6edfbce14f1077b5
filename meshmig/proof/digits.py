"""Ranges of integers as regular expressions over their decimal digits, as Envoy's header parser reads them."""

LEAST, MOST = -(2**63), 2**63 - 1


def range_pattern(start: int, end: int) -> str:
    """Return the texts that read as an integer from `start` to below `end`: a sign and leading zeros are allowed."""
    low, high = max(start, LEAST), min(end - 1, MOST)
    if low > high:
        return r"[^\s\S]"
    parts = []
    if high >= 0:
        parts.append(f"\\+?0*(?:{_between(max(low, 0), high)})")
    if low < 0:
        parts.append(f"-0*(?:{_between(max(-high, 0), -low)})")
    if low <= 0 <= high:
        parts.append("[+-]?0+")
    return "|".join(parts)


def _between(low: int, high: int) -> str:
    """Numbers without leading zeros from `low` to `high`, both inclusive, both not negative."""
    parts = []
    for length in range(len(str(low)), len(str(high)) + 1):
        least = max(low, 10 ** (length - 1) if length > 1 else 0)
        most = min(high, 10**length - 1)
        parts.append(_same_length(str(least), str(most)))
    return "|".join(parts)


def _same_length(low: str, high: str) -> str:
    if not low:
        return ""
    if low[0] == high[0]:
        return low[0] + _group(_same_length(low[1:], high[1:]))
    rest = len(low) - 1
    parts = [low[0] + _group(_same_length(low[1:], "9" * rest)), high[0] + _group(_same_length("0" * rest, high[1:]))]
    if int(high[0]) - int(low[0]) > 1:
        parts.append(f"[{int(low[0]) + 1}-{int(high[0]) - 1}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return "|".join(parts)


def _group(text: str) -> str:
    return f"(?:{text})" if "|" in text else text
