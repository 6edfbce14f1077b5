"""The gates of one run: which pods are compared, and the bets so far."""

from dataclasses import dataclass, field

from meshmig.execution.conditions import pods_of
from meshmig.execution.readiness import containers
from meshmig.gates import Asked, Counts, Judged, counts, judge
from meshmig.gates.query import Side
from meshmig.model.objects import ObjectRef
from meshmig.model.plan import Judge, Plan
from meshmig.model.units import Duration, Instant
from meshmig.ports import Cluster, MetricsSource


@dataclass(kw_only=True)
class Judging:
    """Holds what each judge step has seen in this process; a resumed run looks afresh."""

    plan: Plan
    cluster: Cluster
    metrics: MetricsSource | None
    asked: dict[str, Asked] = field(default_factory=dict)

    def tick(self, step: str, asking: Judge, at: Instant) -> Judged | None:
        """Judge one tick; None where there are no metrics at all."""
        if self.metrics is None:
            return None
        asked = self.asked.get(step) or Asked(
            gate=self.plan.gate(asking.gate), mode=asking.mode, has_old=asking.old is not None
        )
        old = self._counts(asking.old, asked.thresholds, at, istio=False)
        new = self._counts(asking.new, asked.thresholds, at, istio=True)
        judged = judge(asked, old, new)
        self.asked[step] = judged.asked
        return judged

    def _counts(self, ref: ObjectRef | None, thresholds: tuple[Duration, ...], at: Instant, *, istio: bool) -> Counts:
        if ref is None or self.metrics is None:
            return Counts()
        pods = tuple(
            pod.ref.name for pod in pods_of(self.cluster, ref) if "istio-proxy" in containers(pod) or not istio
        )
        if not pods:
            return Counts()
        return counts(self.metrics, Side(namespace=ref.namespace, pods=pods, istio=istio), thresholds, at)
