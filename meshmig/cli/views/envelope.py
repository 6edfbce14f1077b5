"""The JSON view: the envelope, findings, and each command's data; a contract with outside checkers."""

import json
from collections.abc import Mapping, Sequence

from meshmig.cli.exits import EXIT
from meshmig.cli.views.gate_text import look_data
from meshmig.cli.views.plan_data import ledger_data, plan_data, question_data
from meshmig.cli.views.proof_views import verify_data
from meshmig.commands import result as shown
from meshmig.commands.result import Result, RunShown
from meshmig.diagnostics import Diagnostic, Span
from meshmig.model.fit import Alternative, Use, Verdict
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.precheck import Looked, State

SCHEMA = "meshmig/result/v1"


def envelope(command: str, result: Result) -> str:
    """Write the one document that `--json` puts on stdout."""
    document = {
        "schema": SCHEMA,
        "command": command,
        "exit": EXIT[result.outcome],
        "outcome": result.outcome.value,
        "findings": [finding_data(finding) for finding in result.findings],
        "data": data_of(result),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def finding_data(finding: Diagnostic) -> Json:
    """Return a finding in the contract's shape."""
    name = finding.object
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "help": finding.help,
        "span": finding.span and _span(finding.span),
        "object": name
        and {"apiVersion": name.api_version, "kind": name.kind, "namespace": name.namespace, "name": name.name},
        "path": finding.path,
        "labels": [{"span": _span(label.span), "text": label.text} for label in finding.labels],
        "edit": finding.edit and {"span": _span(finding.edit.span), "replacement": finding.edit.replacement},
    }


def _span(span: Span) -> Json:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def object_data(ref: ObjectRef) -> Json:
    """Return a reference in the contract's shape."""
    return {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def data_of(result: Result) -> Mapping[str, Json]:
    """Return a command's `data`."""
    match result.shown:
        case shown.Nothing():
            return {}
        case shown.FilesShown() as files:
            return {"files": list(files.files), "changed": list(files.changed)}
        case shown.PageShown() as page:
            return {"code": page.code, "page": page.page}
        case shown.PlanShown() as plan:
            return plan_data(plan)
        case shown.DocumentShown() as document:
            return document.data
        case shown.RunShown() as run:
            return run_data(run)
        case _:
            return _other(result.shown)


def _other(value: shown.Shown) -> Mapping[str, Json]:
    match value:
        case shown.InitShown() as init:
            questions = [question_data(question) for question in init.questions]
            return {"text": init.text, "workloads": list(init.workloads), "questions": questions, "file": init.file}
        case shown.GeneratedShown() as made:
            files: Json = [{"name": name, "text": text} for name, text in made.files]
            objects: Json = [dict(manifest.body) for manifest in made.objects]
            return {"text": made.text, "files": files, "objects": objects, "directory": made.folder}
        case shown.StatusShown() as status:
            return run_data(status.run) | _status_data(status)
        case shown.RollbackShown() as back:
            return run_data(back.run) | {
                "restored": list(back.restored),
                "compensated": list(back.compensated),
                "irreversible": list(back.irreversible),
            }
        case shown.DriftShown() as drift:
            return {"moved": [_moved(moved) for moved in drift.moved]}
        case shown.ProofShown() as proof:
            return verify_data(proof)
        case shown.LockShown() as lock:
            return {"lock": lock.lock, "broken": lock.broken}
        case _:
            return _looked(value)


def _looked(value: shown.Shown) -> Mapping[str, Json]:
    """What commands say that only look."""
    match value:
        case shown.GateShown() as looked:
            return {
                "step": looked.step.id,
                "gate": looked.asking.gate,
                "now": looked.now,
                "look": look_data(looked.seen),
            }
        case shown.ReplayShown() as replayed:
            return {
                "events": replayed.events,
                "looks": [look_data(seen) for seen in replayed.looks],
                "differing": [seen.number for seen in replayed.differing],
            }
        case shown.AssessShown() as assessed:
            return assess_data(assessed)
        case shown.PrecheckShown() as checked:
            return precheck_data(checked)
        case _:
            return {}


def _status_data(status: shown.StatusShown) -> dict[str, Json]:
    data: dict[str, Json] = {"lock": status.lock, "journal": {"length": status.journal}}
    return data if status.objects is None else data | {"objects": object_list(status.objects)}


def object_list(manifests: Sequence[Manifest]) -> Json:
    """Return objects as one v1 List."""
    return {"apiVersion": "v1", "kind": "List", "items": [dict(manifest.body) for manifest in manifests]}


def assess_data(assessed: shown.AssessShown) -> Mapping[str, Json]:
    """Return every alternative with its counts, and every used feature with its fits."""
    return {
        "mesh": assessed.mesh,
        "alternatives": [
            {
                "id": alternative.id,
                "name": alternative.name,
                "asks": alternative.asks,
                "source": alternative.source,
                "counts": {v.value: sum(use.fits[place].verdict is v for use in assessed.uses) for v in Verdict},
            }
            for place, alternative in enumerate(assessed.alternatives)
        ],
        "features": [_feature(use, assessed.alternatives) for use in assessed.uses],
    }


def _feature(use: Use, alternatives: Sequence[Alternative]) -> Json:
    return {
        "feature": use.feature,
        "title": use.title,
        "fields": use.fields,
        "objects": [object_data(ref) for ref in use.objects],
        "fits": {
            alternative.id: {"verdict": fit.verdict.value, "note": fit.note, "source": fit.source}
            for alternative, fit in zip(alternatives, use.fits, strict=True)
        },
    }


def precheck_data(checked: shown.PrecheckShown) -> Mapping[str, Json]:
    """Return every check with its state, its evidence, and what it could not look at."""
    states = [result.state for result in checked.results]
    return {
        "counts": {
            "checks": len(states),
            "looked_at": sum(state is not State.NOT_LOOKED_AT for state in states),
            "fired": sum(state is State.FIRED for state in states),
            "not_looked_at": sum(state is State.NOT_LOOKED_AT for state in states),
        },
        "checks": [_check(result) for result in checked.results],
    }


def _check(result: Looked) -> Json:
    pairs = zip(result.findings, result.fired, strict=True)
    return {
        "code": result.code,
        "title": result.title,
        "state": result.state.value.replace(" ", "_"),
        "accepted": result.accepted,
        "gaps": [{"reason": gap.reason, "partly": gap.partly} for gap in result.gaps],
        "findings": [finding_data(finding) | {"evidence": fired.evidence.value} for finding, fired in pairs],
    }


def run_data(run: RunShown) -> dict[str, Json]:
    """Return what `apply`, `status` and `rehearse` say of a run."""
    data: dict[str, Json] = {
        "migration": run.name,
        "digest": run.digest,
        "stages": [{"number": number, "state": state.value} for number, state in run.stages],
        "writes": run.writes,
        "traffic": [{"unit": unit, "new_percent": percent} for unit, percent in run.traffic],
        "reason": run.reason,
        "next_command": run.next_command,
    }
    if run.approvals:
        data["approvals"] = [_yes(yes) for yes in run.approvals]
    if run.moved:
        data["moved"] = [_moved(moved) for moved in run.moved]
    if run.requests is not None:
        data["requests"] = {
            "sent": run.requests.sent,
            "lost": run.requests.lost,
            "by_cause": dict(sorted(run.requests.by_cause.items())),
            "states": run.requests.states,
            "least_per_flow": run.requests.least_per_flow,
            "flows": run.requests.flows,
            "broken_before": run.requests.broken_before,
        }
    if run.pods is not None:
        data["pods"] = {"before": run.pods.before, "istio": run.pods.istio, "appmesh": run.pods.appmesh}
    return data


def _yes(yes: shown.Yes) -> Json:
    said = {"step": yes.step, "title": yes.title, "team": yes.team, "by": yes.by, "because": yes.because}
    return {**said, "again": yes.again}


def _moved(moved: shown.Moved) -> Json:
    return {
        "object": object_data(moved.object),
        "path": moved.path,
        "planned": moved.planned,
        "live": moved.live,
        "manager": moved.manager,
    }


__all__ = ["SCHEMA", "data_of", "envelope", "finding_data", "ledger_data", "object_data", "run_data"]
