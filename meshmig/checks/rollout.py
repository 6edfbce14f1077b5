"""How pods start, stop, scale and end: what makes a move lose requests."""

from collections.abc import Iterator

from meshmig.checks.facts import Facts, containers
from meshmig.checks.installation import NATIVE_SIDECARS
from meshmig.diagnostics import Severity
from meshmig.model.mesh import Workload
from meshmig.model.objects import Manifest
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.cluster import Template, template_of
from meshmig.sources.appmesh.shape import at, items, mapping, number, text, texts
from meshmig.sources.appmesh.workloads import is_injected

_DRAIN_SECONDS = 25
"""App Mesh's preStop sleeps 20 s before its Envoy ends; a shorter grace period kills it while callers still dial."""

_PERCENT_ALL = "100%"


def redundancy(facts: Facts) -> Iterator[Seen]:
    """P28: too few pods to lose one."""
    budgets = facts.snapshot.of_kind("policy", "PodDisruptionBudget")
    for workload, template in facts.meshed:
        manifest = template.manifest
        if workload.replicas == 1:
            yield Fired(
                Evidence(workload.ref, "spec.replicas", "1"),
                "one pod: whatever ends it before the move ends the service",
                "run two or more where the application allows it; the copy then starts with as many",
            )
        if at(manifest.body, "spec", "strategy", "type") == "Recreate" and workload.id in facts.in_place:
            yield Fired(
                Evidence(workload.ref, "spec.strategy.type", "Recreate"),
                "it moves in place and ends every old pod before the first new one starts",
                "move it by copy (`strategy canary`), or set RollingUpdate",
            )
        yield from _unprobed(workload, template)
        covering = [one for one in budgets if _covers(one, workload, template)]
        if facts.gone and workload.replicas > 1 and not covering:
            yield Fired(
                Evidence(workload.ref, "", "no PodDisruptionBudget selects its pods"),
                "a drain may evict all its App Mesh pods at once, and none of them comes back",
                "give it a PodDisruptionBudget with maxUnavailable 0 until it has moved",
            )
        for budget in covering if not facts.gone else ():
            if _blocks(budget, workload):
                yield Fired(
                    Evidence(budget.ref, "spec", _budget_text(budget)),
                    "it allows no eviction at all: node upgrades hang on it during the move",
                    "",
                    Severity.INFO,
                )


def _unprobed(workload: Workload, template: Template) -> Iterator[Seen]:
    bare = [text(one.get("name")) for one in containers(template) if not one.get("readinessProbe")]
    if workload.edge is None and bare and len(bare) == len(containers(template)):
        yield Fired(
            Evidence(workload.ref, "spec.template.spec.containers[].readinessProbe", "none"),
            "a new pod counts as ready before its application answers: the first requests of the move may fail",
            "give the application a readinessProbe (App Mesh's health checks are gone after the move)",
        )


def _covers(budget: Manifest, workload: Workload, template: Template) -> bool:
    matched = texts(at(budget.body, "spec", "selector", "matchLabels"))
    return budget.ref.namespace == workload.ref.namespace and matched.items() <= template.labels.items()


def _blocks(budget: Manifest, workload: Workload) -> bool:
    least, most = budget.spec.get("minAvailable"), budget.spec.get("maxUnavailable")
    allowed = number(budget.status.get("disruptionsAllowed"))
    if allowed is not None:
        return allowed == 0
    return most in (0, "0%") or least == _PERCENT_ALL or (number(least) or 0) >= workload.replicas > 0


def _budget_text(budget: Manifest) -> str:
    return ", ".join(f"{key} {budget.spec[key]}" for key in ("minAvailable", "maxUnavailable") if key in budget.spec)


def jobs(facts: Facts) -> Iterator[Seen]:
    """P30: jobs in the mesh."""
    for kind, path in (("Job", ("spec", "template")), ("CronJob", ("spec", "jobTemplate", "spec", "template"))):
        for manifest in facts.snapshot.of_kind("batch", kind):
            template = template_of(manifest, *path)
            if manifest.ref.namespace in facts.mesh.namespaces and is_injected(
                facts.namespace_labels(manifest.ref.namespace), template.annotations
            ):
                yield _job(facts, manifest)


def _job(facts: Facts, manifest: Manifest) -> Fired:
    path = "spec.schedule" if manifest.ref.kind == "CronJob" else "status"
    value = text(manifest.spec.get("schedule")) or ("running" if number(manifest.status.get("active")) else "")
    why = (
        "each run makes a pod with an App Mesh proxy, which never becomes ready now: its calls fail"
        if facts.gone
        else "its pods get App Mesh's proxy, which never ends by itself"
    )
    return Fired(Evidence(manifest.ref, path, value), why)


def start_and_stop(facts: Facts) -> Iterator[Seen]:
    """P31: starting and stopping loses requests."""
    oldest = _oldest_kubelet(facts)
    for workload, template in facts.meshed:
        if workload.edge is not None:
            continue
        is_in_place = workload.id in facts.in_place
        if not workload.stops_gracefully:
            yield Fired(
                Evidence(workload.ref, "spec.template.spec.containers[].lifecycle.preStop", "none"),
                "it ends at once when told to, while callers still send: in place about 2 in 1,000 requests fail"
                if is_in_place
                else "it ends at once when told to, while callers still send: its later rollouts lose about 4 in 1,000",
                "give it a preStop that waits 5 s (sleep 5): measured, nothing is lost then",
                None if is_in_place else Severity.INFO,
            )
        grace = number(template.pod.get("terminationGracePeriodSeconds"))
        if grace is not None and grace < _DRAIN_SECONDS:
            yield Fired(
                Evidence(workload.ref, "spec.template.spec.terminationGracePeriodSeconds", str(grace)),
                "App Mesh's proxy waits 20 s before it ends, and is killed before that",
                f"set it to {_DRAIN_SECONDS + 5} or more",
            )
        inits = [text(mapping(one).get("name")) for one in items(template.pod.get("initContainers"))]
        if inits and (oldest is None or oldest >= NATIVE_SIDECARS):
            yield Fired(
                Evidence(workload.ref, "spec.template.spec.initContainers", ", ".join(inits)),
                "init containers run behind Istio's proxy where sidecars are native, and beside it where they are not",
                "look whether they call the network, and whether `egress declared` would stop them",
                Severity.INFO,
            )
    if reason := facts.blind("Node"):
        yield Gap(reason, partly=True)


def _oldest_kubelet(facts: Facts) -> int | None:
    found = [text(at(node.body, "status", "nodeInfo", "kubeletVersion")) for node in facts.snapshot.of_kind("", "Node")]
    minors = [
        int(version.split(".")[1]) for version in found if version.count(".") >= 1 and version.split(".")[1].isdecimal()
    ]
    return min(minors, default=None)
