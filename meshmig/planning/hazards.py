"""What the planner must say before anything runs."""

from collections.abc import Iterator
from dataclasses import replace

from meshmig.diagnostics import Diagnostic, Severity
from meshmig.model.intent import Allow, ClusterKind, Enforce, Enforced, InstallIstio, RelativeRequirement
from meshmig.model.mesh import Workload
from meshmig.model.objects import Manifest
from meshmig.model.plan import Judge, JudgeMode
from meshmig.planning.journey import Journey
from meshmig.traffic.replica_share import ALL

CODES = {
    "MIG418": "A selection stands for too many workloads",
    "MIG420": "An `enforce egress` has nothing to close",
    "MIG421": "A job that is not there to be run",
    "MIG424": "`egress declared` is never enforced",
    "MIG426": "`mtls strict` is never enforced",
    "MIG427": "A job template that runs by itself",
    "MIG425": "A gate has nothing to judge by",
    "MIG423": "A `raw istio` manifest that the plan cannot write",
    "MIG401": "A workload moves in place after App Mesh's control plane is gone",
    "MIG402": "A call breaks in a state of the plan",
    "MIG403": "Strict mutual TLS is enforced where the migration forbids it",
    "MIG404": "A workload has callers outside the mesh and stays permissive",
    "MIG406": "A workload is owned by another tool",
    "MIG408": "An App Mesh pod is not ready and can never become so",
    "MIG409": "An autoscaler would make pods that never become ready",
    "MIG410": "A pattern selects no workload",
    "MIG411": "A selection is not of the expected size",
    "MIG412": "A workload without preStop moves in place",
    "MIG413": "A workload is moved twice",
    "MIG414": "A workload is never moved",
    "MIG415": "A workload that owns storage cannot be copied",
    "MIG416": "An `allow` silences nothing",
    "MIG430": "Nothing asks what an `answer` answers",
    "MIG431": "That is no answer to the question",
}

PRECHECK = "P"
"""How the codes of `precheck` begin: whether an `allow` of theirs silences something, only a precheck can tell."""


def hazards(journey: Journey) -> Iterator[Diagnostic]:
    """Yield what holds for the whole plan, whatever its stages."""
    for workload in journey.mesh.workloads:
        yield from _workload(journey, workload)
    for scaler in journey.request.snapshot.of_kind("autoscaling", "HorizontalPodAutoscaler"):
        if journey.gone and _scales_meshed(journey, scaler):
            yield _about(
                scaler, "MIG409", "it would make App Mesh pods, which never become ready: `protect` freezes it"
            )


def blind_gates(journey: Journey) -> Iterator[Diagnostic]:
    """Yield the gates that could never say anything: without metrics, or comparing with a side that is not there."""
    migration = journey.request.migration
    asked = [step.action for step in journey.steps if isinstance(step.action, Judge)]
    unmeasured = migration.metrics is None and migration.cluster.kind is not ClusterKind.FILES
    alone = {judge.gate for judge in asked if _stands_alone(judge)}
    for name in dict.fromkeys(judge.gate for judge in asked):
        gate = migration.gate(name)
        only_compares = all(isinstance(requirement, RelativeRequirement) for requirement in gate.requirements)
        if unmeasured:
            message = f"gate `{name}` sees nothing: the file names no metrics"
            help_text = 'say where they are: metrics prometheus "URL", or take the `check` away'
        elif only_compares and name in alone:
            message = f"gate `{name}` only compares with old pods, and is asked where there are none"
            help_text = "add an absolute bound, like `require success_rate >= 98% over 5m`, or a step below 100%"
        else:
            continue
        yield Diagnostic(code="MIG425", severity=Severity.ERROR, message=message, help=help_text, span=gate.span)


def _stands_alone(judge: Judge) -> bool:
    """Whether nothing can be compared: no old side, or one that is sent nothing by the time a proof is asked."""
    if judge.mode is JudgeMode.FINISH and judge.percent_new == ALL:
        return True
    return judge.old is None and judge.mode is not JudgeMode.UNCALLED


def unwritten_raw(journey: Journey) -> Iterator[Diagnostic]:
    """Yield the raw manifests that no stage would write."""
    actions = (action for stage in journey.request.migration.stages for action in stage.actions)
    if journey.request.raw and not any(isinstance(action, InstallIstio) for action in actions):
        raw = journey.request.migration.raw[0]
        message = "`raw istio` is written where `install istio` stands, and no stage holds it"
        help_text = "write `install istio` in a stage, or take the block away"
        yield Diagnostic(code="MIG423", severity=Severity.ERROR, message=message, help=help_text, span=raw.span)


def unenforced(journey: Journey) -> Iterator[Diagnostic]:
    """Yield what `to istio` declares and no stage enforces: the word alone tightens nothing."""
    choice = journey.settings.choice
    actions = (action for stage in journey.request.migration.stages for action in stage.actions)
    enforced = {action.what for action in actions if isinstance(action, Enforce)}
    if choice.egress_declared and Enforced.EGRESS not in enforced:
        message = "the migration says `egress declared`, and no stage says `enforce egress`: it stays open"
        help_text = "write `enforce egress` in a late stage, or say `egress open`"
        yield Diagnostic(code="MIG424", severity=Severity.WARNING, message=message, help=help_text, span=choice.span)
    if choice.mtls_said and choice.mtls_strict and Enforced.MTLS not in enforced:
        message = "the migration says `mtls strict`, and no stage says `enforce mtls`: plain text is taken for good"
        help_text = "write `enforce mtls` once all have moved, or say `mtls permissive`"
        yield Diagnostic(code="MIG426", severity=Severity.WARNING, message=message, help=help_text, span=choice.span)


def _scales_meshed(journey: Journey, scaler: Manifest) -> bool:
    target = scaler.spec.get("scaleTargetRef") or {}
    return f"{scaler.ref.namespace}/{target.get('name', '')}" in journey.mesh.workload


def _workload(journey: Journey, workload: Workload) -> Iterator[Diagnostic]:
    live = journey.request.snapshot.get(workload.ref)
    if live is None:
        return
    if workload.id not in journey.moved:
        yield _about(live, "MIG414", "no stage moves it: it stays in App Mesh")
    if workload.controlled_by:
        text = f"{workload.controlled_by} owns it and may take changes back: change it at its source as well"
        yield _about(live, "MIG406", text)
    ready = live.status.get("readyReplicas", workload.replicas if not live.status else 0)
    if journey.gone and live.status and workload.replicas and ready < workload.replicas:
        text = (
            f"{workload.replicas - ready} of {workload.replicas} pods are not ready; an App Mesh pod cannot become so"
        )
        yield _about(live, "MIG408", text)


def _about(manifest: Manifest, code: str, message: str) -> Diagnostic:
    return Diagnostic(
        code=code, severity=Severity.WARNING, message=message, help=CODES[code], object=manifest.ref.object_name
    )


def allowed(findings: tuple[Diagnostic, ...], allows: tuple[Allow, ...]) -> tuple[Diagnostic, ...]:
    """Turn accepted findings into information that shows the reason; an `allow` that accepts nothing is told."""
    reasons = {allow.code: allow.because for allow in allows}
    kept = tuple(_accepted(finding, reasons) for finding in findings)
    present = {finding.code for finding in findings}
    idle = tuple(
        Diagnostic(
            code="MIG416",
            severity=Severity.WARNING,
            message=f"`allow {allow.code}` silences nothing",
            help="take it out",
            span=allow.span,
        )
        for allow in allows
        if allow.code not in present and not allow.code.startswith(PRECHECK)
    )
    return kept + idle


def _accepted(finding: Diagnostic, reasons: dict[str, str]) -> Diagnostic:
    if finding.code not in reasons or finding.severity is Severity.INFO:
        return finding
    return replace(finding, severity=Severity.INFO, help=f"accepted: {reasons[finding.code]}")
