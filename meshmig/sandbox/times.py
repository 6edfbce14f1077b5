"""Moments as the API writes them."""

from datetime import UTC, datetime

from meshmig.model.units import Instant


def written(moment: Instant) -> str:
    """Write a moment in RFC 3339, in whole seconds, as `metadata.creationTimestamp` does."""
    return datetime.fromtimestamp(moment.ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parsed(text: str) -> Instant:
    """Read a moment that the API wrote."""
    return Instant(int(datetime.fromisoformat(text).timestamp()) * 1_000)
