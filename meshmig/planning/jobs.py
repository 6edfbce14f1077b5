"""`run job`: a fresh copy of a Job that is there is run to its end; the Job itself is never touched."""

from meshmig.diagnostics import Severity
from meshmig.model.intent import ClusterKind, OnFailure, RunJob
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import JobComplete
from meshmig.planning.journey import Journey, Wanted, apply_of

_MADE_BY_SERVER = {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"}
_INJECTOR = "appmesh.k8s.aws/sidecarInjectorWebhook"
_LONGEST = 63


def run_job(journey: Journey, action: RunJob, on_failure: OnFailure) -> None:
    """Add the step that makes the copy and waits for it."""
    ref = ObjectRef("batch/v1", "Job", action.namespace, action.name)
    template = journey.request.snapshot.get(ref)
    if template is None:
        message = f"{ref} is not in the cluster, so it cannot be run"
        help_text = "apply it with `suspend: true`: it is a template, and each run is a copy of it"
        journey.find("MIG421", Severity.ERROR, message, help=help_text, object=ref.object_name, span=action.span)
        return
    if not template.spec.get("suspend"):
        message = f"{ref} is not suspended: it runs by itself as soon as it is applied, beside the copies of it"
        help_text = "say `suspend: true` in its spec: it is a template, and each run is a copy of it"
        journey.find("MIG427", Severity.WARNING, message, help=help_text, object=ref.object_name, span=action.span)
    copy = _copy(template, journey.next_id)
    wanted = Wanted(
        title=f"run job {ref.id} as {copy.ref.name}, at most {action.within}",
        waits=(JobComplete(ref=copy.ref, on_failure=on_failure),),
        deadline=action.within,
        note=f"a copy of {ref}, without App Mesh's sidecar; where it fails: {on_failure.value}{_unrun(journey)}",
        because=action.span,
    )
    journey.write(apply_of(copy), wanted)


def _unrun(journey: Journey) -> str:
    """Say that an embedded cluster proves nothing about a job."""
    if journey.request.migration.cluster.kind is not ClusterKind.FILES:
        return ""
    return "; on files its containers are not run: it counts as complete"


def _copy(template: Manifest, step: str) -> Manifest:
    """Return the copy: named after its step, not suspended, without what the Job controller wrote."""
    suffix = f"-{step.replace('.', '-')}"
    name = f"{template.ref.name[: _LONGEST - len(suffix)]}{suffix}"
    left_out = {"selector", "manualSelector", "suspend"}
    spec = {key: value for key, value in template.spec.items() if key not in left_out}
    spec["template"] = _pod_template(spec.get("template") or {})
    metadata = {
        "name": name,
        "namespace": template.ref.namespace,
        "labels": {"app.kubernetes.io/managed-by": "meshmig"},
        "annotations": {"meshmig.io/origin": str(template.ref)},
    }
    return Manifest({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})


def _pod_template(template: Json) -> Json:
    """Keep App Mesh's sidecar away: with it a Job never ends, and once App Mesh is gone its pod never begins."""
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in _MADE_BY_SERVER}
    annotations = dict(metadata.get("annotations") or {}) | {_INJECTOR: "disabled"}
    kept = {key: value for key, value in metadata.items() if key not in ("creationTimestamp", "labels")}
    kept |= {"labels": labels} if labels else {}
    return dict(template) | {"metadata": kept | {"annotations": annotations}}
