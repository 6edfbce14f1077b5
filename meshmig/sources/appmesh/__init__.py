"""App Mesh manifests to the neutral mesh, with a fate for every field."""

from meshmig.sources.appmesh.findings import CODES
from meshmig.sources.appmesh.lift import Lifted, lift
from meshmig.sources.appmesh.selectors import takes
from meshmig.sources.appmesh.workloads import is_meshed_pod
from meshmig.sources.appmesh.world import judge_world

__all__ = ["CODES", "Lifted", "is_meshed_pod", "judge_world", "lift", "takes"]
