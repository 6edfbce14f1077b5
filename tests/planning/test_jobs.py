"""`run job`: a fresh copy of a template runs to its end; what fails holds, or takes the stage back."""

from meshmig.execution.conditions import holds
from meshmig.execution.decide import Scope
from meshmig.execution.readiness import job_end
from meshmig.model.intent import OnFailure
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import JobComplete
from meshmig.model.run import Event, Outcome, StepWritten
from tests.planning.shops import Shop, shop
from tests.worlds import Heard, run_heard

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: smoke, namespace: shop}
spec:
  suspend: true
  template:
    spec:
      restartPolicy: Never
      containers: [{name: smoke, image: registry.example/shop/smoke:1}]
"""
TEMPLATE = ObjectRef("batch/v1", "Job", "shop", "smoke")
COPY = ObjectRef("batch/v1", "Job", "shop", "smoke-1-1")


def _shop(folder, words: str = "run job shop/smoke within 5m", manifests: str = JOB) -> Shop:
    return shop(folder, "", manifests, change=('"ground"    { protect ', f'"ground" {{ {words}  protect '))


def test_a_copy_runs_and_the_template_stays(tmp_path) -> None:
    """The copy is named after its step, is not suspended, and has no sidecar of App Mesh; it goes with the stage."""
    planned = _shop(tmp_path)
    before = planned.world.cluster.get(TEMPLATE)
    done = planned.run(Scope(stage=1)).result
    copy = planned.world.cluster.get(COPY)

    assert planned.errors == []
    assert done.outcome is Outcome.OK
    assert not copy.spec.get("suspend")
    annotations = copy.spec["template"]["metadata"]["annotations"]
    assert annotations == {"appmesh.k8s.aws/sidecarInjectorWebhook": "disabled"}
    assert job_end(copy) == (True, "")
    assert planned.world.cluster.get(TEMPLATE).body == before.body
    back = planned.run(Scope(stage=1, undo=True)).result
    assert back.outcome is Outcome.OK
    assert holds(planned.world.cluster, JobComplete(ref=COPY, on_failure=OnFailure.PAUSE))


def test_a_job_that_is_not_there_is_refused(tmp_path) -> None:
    """At the plan, not in the middle of the night."""
    planned = _shop(tmp_path, manifests="")

    assert planned.errors == ["MIG421"]
    assert "apply it with `suspend: true`" in planned.found("MIG421")[0]


def test_a_plan_on_files_says_that_the_containers_are_not_run(tmp_path) -> None:
    """An embedded cluster proves nothing about a job: `command: ["false"]` would pass."""
    planned = _shop(tmp_path)

    assert ["its containers are not run" in step.note for step in planned.steps("run job")] == [True]
    assert planned.found("MIG427") == []


def test_a_template_that_is_not_suspended_is_warned_of(tmp_path) -> None:
    """Kubernetes would start it by itself."""
    planned = _shop(tmp_path, manifests=JOB.replace("suspend: true", "suspend: false"))

    assert [text.partition(":")[0] for text in planned.found("MIG427")] == ["warning"]


def test_a_job_that_does_not_end_in_time_holds(tmp_path) -> None:
    """The run stands; what was written before stays."""
    planned = _shop(tmp_path, "run job shop/smoke within 0s")
    result = planned.run(Scope(stage=1)).result

    assert result.outcome is Outcome.HELD
    assert "Job shop/smoke-1-1 has not ended" in result.reason
    assert planned.world.cluster.get(COPY) is not None


def test_a_failure_can_take_the_stage_back(tmp_path) -> None:
    """`fail rollback`: every step of the stage is undone, and the outcome says why."""
    planned = _shop(tmp_path, "fail rollback  run job shop/smoke within 0s")
    result = planned.run(Scope(stage=1)).result

    assert result.outcome is Outcome.ROLLED_BACK
    assert "stage 1 went back: not done within 0s" in result.reason
    assert holds(planned.world.cluster, JobComplete(ref=COPY, on_failure=OnFailure.PAUSE)).endswith("is not there")


class _Failing(Heard):
    """Lets the first copy fail as soon as it is made."""

    def __init__(self, planned: Shop) -> None:
        super().__init__([])
        self._cluster = planned.world.cluster

    def event(self, event: Event) -> None:
        """Fail the job that was just written."""
        if isinstance(event.happening, StepWritten) and event.happening.ref == COPY:
            failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many tries"}
            self._cluster.patch(COPY, {"status": {"conditions": [failed]}}, status=True)


def test_a_held_job_is_run_afresh(tmp_path) -> None:
    """It holds at once, stays to be looked at, and going on asks the same question with another copy."""
    planned = _shop(tmp_path)
    first = run_heard(planned.world, planned.plan, _Failing(planned), Scope(stage=1)).result
    failed = planned.world.cluster.get(COPY)
    again = planned.run(Scope(stage=1)).result

    assert (first.outcome, job_end(failed)[0]) == (Outcome.HELD, True)
    assert "too many tries" in first.reason
    assert again.outcome is Outcome.OK
    assert planned.world.cluster.get(COPY).metadata["uid"] != failed.metadata["uid"]


def test_how_a_job_ends() -> None:
    """By its conditions alone."""

    def job(*conditions):
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "smoke", "namespace": "shop"}}
        return Manifest(body | {"status": {"conditions": list(conditions)}})

    failed = {"type": "Failed", "status": "True", "message": "too many tries"}
    assert job_end(job()) == (False, "")
    assert job_end(job({"type": "Complete", "status": "True"})) == (True, "")
    assert job_end(job({"type": "Failed", "status": "False"})) == (False, "")
    assert job_end(job(failed)) == (True, "Job shop/smoke failed: too many tries")
