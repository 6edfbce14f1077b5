"""One file a shifting mechanism."""
