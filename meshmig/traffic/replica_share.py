"""Replica share: old pods and copies behind one Service, so that the share is copies of all."""

ALL = 100
HALF = 50


def copies_for(percent: int, old: int) -> int:
    """Return how many copies beside `old` pods come nearest to a share, at least one, at most as many as old."""
    if percent >= HALF:
        return max(1, old)
    return max(1, min(old, round(percent * old / (100 - percent))))


def share_of(copies: int, old: int) -> int:
    """Return the share, in whole percents, that copies beside old pods take."""
    return round(ALL * copies / (copies + old))
