"""One unit on its move by copy."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.intent import Profile
from meshmig.model.mesh import ClusterService, Upstream, Workload
from meshmig.planning.copies import Relabelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """One unit on its move."""

    unit: str
    workloads: tuple[Workload, ...]
    upstreams: tuple[Upstream, ...]
    services: tuple[ClusterService, ...]
    labels: Mapping[str, Relabelling]
    """By Workload id: what its copy is relabelled to."""
    profile: Profile
    callers: tuple[str, ...]
    by_share: bool
    """Whether the callers follow replica shares and selectors, not Istio's weights."""
