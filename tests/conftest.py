"""What holds for every test."""

from hypothesis import settings

from tests.realcluster.fixtures import real_cluster, site

__all__ = ["real_cluster", "site"]

# No timed assertions: a slow machine must not fail a property.
settings.register_profile("meshmig", deadline=None, derandomize=True)
settings.load_profile("meshmig")
