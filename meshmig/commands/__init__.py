"""One file a command: the compositions, with ports as arguments."""
