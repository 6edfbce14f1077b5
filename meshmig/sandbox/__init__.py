"""The embedded cluster, its traffic and its faults: the same ports, deterministic."""
