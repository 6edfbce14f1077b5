"""The gates of one run: which pods are compared, and the evidence so far, from this process or from the journal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from meshmig.codec import from_json, to_json
from meshmig.execution.conditions import pods_of
from meshmig.execution.readiness import containers, is_ready
from meshmig.gates import IN_NO_MESH, NOBODY, Asked, Evidence, Judged, Moment, PodName, Scrape, Side, ask, judge, scrape
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import Judge, Plan, Step
from meshmig.model.run import DataState, Verdict
from meshmig.model.units import Duration, Instant
from meshmig.ports import Cluster, MetricsSource

NOTED_EVERY = Duration.of(minutes=1)
"""How often a gate that only collects is journalled: what a kill can cost is one merged tick."""
_SPACING = Duration.of(seconds=15)
_WHOLE = 100


@dataclass(kw_only=True)
class Judging:
    """Holds what each judge step has seen; `known` is what the journal holds of each step's evidence.

    `ticked` is when each step was judged last, `noted` when a tick of it was journalled last, and in which state.
    """

    plan: Plan
    cluster: Cluster
    metrics: MetricsSource | None
    known: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    ticked: dict[str, Instant] = field(default_factory=dict)
    noted: dict[str, tuple[Instant, DataState]] = field(default_factory=dict)

    @property
    def spacing(self) -> Duration:
        """How far apart samples are, and so ticks."""
        return self.plan.metrics.scrape if self.plan.metrics else _SPACING

    def is_due(self, step: str, at: Instant) -> bool:
        """Whether there can be new samples since the step was judged last."""
        return step not in self.ticked or at.since(self.ticked[step]) >= self.spacing

    def tick(self, step: Step, asking: Judge, metrics: MetricsSource, at: Instant) -> Judged:
        """Judge one tick."""
        self.ticked[step.id] = at
        asked = self.asked.get(step.id) or self._opened(step, asking)
        moment, latency = Moment(at, self.spacing), bool(asked.thresholds)
        old, new = self._side(asking.old, istio=False), self._side(asking.new, istio=True)
        sides = [scrape(metrics, side, moment, latency=latency) if side else NOBODY for side in (old, new)]
        answers = ask(metrics, asked.gate, at)
        judged = judge(asked, self._baseline(asking, old, sides[0]), sides[1], at, answers)
        self.asked[step.id] = judged.asked
        return judged

    def is_news(self, step: str, judged: Judged, at: Instant) -> bool:
        """Whether a tick belongs into the journal: a verdict, another state, or a while since the last one."""
        noted = self.noted.get(step)
        is_over = judged.verdict is not Verdict.HOLD and judged.state is not DataState.BLIND
        if is_over or noted is None or noted[1] is not judged.state:
            return True
        return judged.state is DataState.COUNTING and at.since(noted[0]) >= NOTED_EVERY

    def note(self, step: str, judged: Judged, at: Instant) -> Mapping[str, Json]:
        """Remember that a tick is journalled, and return its evidence as the journal holds it."""
        self.noted[step] = (at, judged.state)
        data: Mapping[str, Json] = to_json(Evidence, judged.asked.evidence)
        return data

    def _opened(self, step: Step, asking: Judge) -> Asked:
        evidence = self._evidence(step.id) or self._of_the_move(step, asking) or Evidence()
        return Asked.by(asking, self.plan.gate(asking.gate), evidence)

    def _evidence(self, step: str) -> Evidence | None:
        if step in self.asked:
            return self.asked[step].evidence
        data = self.known.get(step)
        return from_json(Evidence, data, f"the evidence of {step} in the journal") if data else None

    def _of_the_move(self, step: Step, asking: Judge) -> Evidence | None:
        """What the same gate saw of the same pods in the steps before: the claim is the same, so the bets go on."""
        earlier = [name for name in self._same_question(step, asking) if name in self.asked or name in self.known]
        found = self._evidence(earlier[-1]) if earlier else None
        return found.for_next_step() if found else None

    def _same_question(self, step: Step, asking: Judge) -> Iterator[str]:
        stage = self.plan.stage(step.stage)
        for other in stage.steps if stage else ():
            if other.id == step.id:
                return
            action = other.action
            if isinstance(action, Judge) and (action.gate, action.old, action.new) == (
                asking.gate,
                asking.old,
                asking.new,
            ):
                yield other.id

    def _baseline(self, asking: Judge, side: Side | None, old: Scrape) -> Scrape:
        """Say what the old side is where none of its pods counts.

        Pods that came back after App Mesh was gone are plain ones, which nobody measures. One that has pods and none of
        them ready is no baseline, unless it is to serve nobody any more.
        """
        if side is None or side.pods or not asking.old:
            return old
        if any(is_ready(pod) for pod in pods_of(self.cluster, asking.old)):
            return IN_NO_MESH
        if asking.percent_new == _WHOLE:
            return old
        return Scrape(problem=f"no pod of {asking.old} is ready: what restarted cannot become ready in App Mesh again")

    def _side(self, ref: ObjectRef | None, *, istio: bool) -> Side | None:
        """The pods that count: of the new side all, of the old side those that still serve with App Mesh's proxy."""
        if ref is None:
            return None
        pods = [pod for pod in pods_of(self.cluster, ref) if _counts(pod, istio=istio)]
        names = tuple(PodName(pod.ref.name, _born(pod)) for pod in pods)
        gateway = any(_is_gateway(pod) for pod in pods)
        return Side(namespace=ref.namespace, pods=names, istio=istio, gateway=gateway)


def _counts(pod: Manifest, *, istio: bool) -> bool:
    names = containers(pod)
    return "istio-proxy" in names if istio else "envoy" in names and is_ready(pod)


def _born(pod: Manifest) -> Instant:
    text = str(pod.status.get("startTime") or pod.metadata.get("creationTimestamp") or "1970-01-01T00:00:00Z")
    return Instant(int(datetime.fromisoformat(text).timestamp() * 1000))


def _is_gateway(pod: Manifest) -> bool:
    """A gateway's pods are nothing but a proxy: they receive for others, and are measured where they send."""
    templates = str(pod.annotations.get("inject.istio.io/templates", ""))
    return "gateway" in templates.split(",") or containers(pod) in ({"envoy"}, {"istio-proxy"})
