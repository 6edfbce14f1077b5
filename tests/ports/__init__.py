"""The contracts of the ports, played on every implementation."""
