"""The migration block: where from, where to, and what its stages may not contradict."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshmig.language import tree
from meshmig.language.names import Scope, unique
from meshmig.language.report import Mistake, Report
from meshmig.language.resolve_profiles import is_text
from meshmig.language.units import read_duration
from meshmig.language.wording import joined, quoted
from meshmig.model import intent
from meshmig.model.intent import ClusterKind, ControlPlane

_NEEDED = {
    "cluster": 'cluster context "prod-eu"',
    "from": 'from appmesh "shop"',
    "to": 'to istio { revision "default"  mtls strict  egress open }',
}
"""What every migration says, as an example to copy."""

_URL = re.compile(r"https?://[^\s/]+\S*")
_KINDS = {"CONTEXT": ClusterKind.CONTEXT, "FILES": ClusterKind.FILES, "IN_CLUSTER": ClusterKind.IN_CLUSTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the migration block says."""

    cluster: intent.ClusterChoice
    mesh: str
    target: intent.IstioChoice
    metrics: intent.MetricsChoice | None


def resolve_header(migration: tree.Migration, report: Report) -> Header | None:
    """Turn the block into what it means; None where it lacks what every migration says."""
    _needs(migration, report)
    places = {part.key.type: part for part in reversed(migration.parts) if isinstance(part, tree.Place)}
    source = next((part for part in migration.parts if isinstance(part, tree.Setting)), None)
    if source is not None:
        is_text(source.value, "the mesh", report)
    cluster = _cluster(places["CLUSTER"], report) if "CLUSTER" in places else None
    target = _target(places["TO"], report) if "TO" in places else None
    metrics = _metrics(places["METRICS"], report) if "METRICS" in places else None
    if cluster is None or source is None or target is None:
        return None
    return Header(cluster=cluster, mesh=source.value.inner, target=target, metrics=metrics)


def judged_blindly(
    migration: tree.Migration, stages: Iterable[tree.Stage], profiles: Mapping[str, intent.Profile], scope: Scope
) -> None:
    """Tell the first gate of the stages where no metrics could feed it; an embedded cluster brings its own."""
    places = {part.key.type: part for part in migration.parts}
    cluster = places.get("CLUSTER")
    if "METRICS" in places or not isinstance(cluster, tree.Place) or cluster.kind.type == "FILES":
        return
    report = scope.report
    gates = (_gate_place(action, profiles) for stage in stages for action in stage.actions)
    first = next((gate for gate in gates if gate is not None), None)
    if first is None or report.is_broken:
        return
    report.add(
        Mistake(
            code="MIG214",
            at=first,
            message="a gate judges this, but the migration names no metrics to judge by",
            mark="judged by a gate",
            help='write `metrics prometheus "http://prometheus.monitoring:9090"` in the migration',
            others=(report.label(migration.name.at, "no `metrics` in here"),),
        )
    )


def _gate_place(action: tree.Action, profiles: Mapping[str, intent.Profile]) -> tree.Extent | None:
    match action:
        case tree.Check():
            return action.gate.at
        case tree.Move() | tree.Waves():
            overrides = action.overrides.parts if action.overrides else ()
            between = action.between.parts if isinstance(action, tree.Waves) and action.between else ()
            settings = [part for part in (*overrides, *between) if isinstance(part, tree.Setting)]
            own = [setting.value.at for setting in settings if setting.key.type == "CHECK"]
            profile = profiles.get(action.profile.text)
            return action.profile.at if profile and profile.gate else next(iter(own), None)
        case tree.Setting() | tree.Mirror() | tree.RunJob() | tree.Window():
            return None


def contradictions(migration: tree.Migration, stages: Iterable[tree.Stage], scope: Scope) -> None:
    """Tell `enforce` of what the target leaves open: `mtls permissive`, `egress open`."""
    for word, left in (("mtls", "permissive"), ("egress", "open")):
        _contradicted(word, left, migration, stages, scope)


def _contradicted(word: str, left: str, migration: tree.Migration, stages: Iterable[tree.Stage], scope: Scope) -> None:
    settings = [setting for part in migration.parts if isinstance(part, tree.Place) for setting in part.settings]
    said = next((setting for setting in settings if setting.key.text == word and setting.value.text == left), None)
    actions = [action for stage in stages for action in stage.actions if isinstance(action, tree.Setting)]
    enforced = [action for action in actions if action.key.type == "ENFORCE" and action.value.text == word]
    for action in enforced if said else []:
        others = (scope.report.label(said.at, "the target says otherwise"),) if said else ()
        scope.report.add(
            Mistake(
                code="MIG219",
                at=action.at,
                message=f"`enforce {word}` contradicts the target's `{word} {left}`",
                help=f"take one of them away, or say `{word} {'strict' if word == 'mtls' else 'declared'}`",
                others=others,
            )
        )


def _needs(migration: tree.Migration, report: Report) -> None:
    written = {part.key.text for part in migration.parts}
    unique((part.key for part in migration.parts), "the migration", report)
    missing = [word for word in _NEEDED if word not in written]
    if missing and not report.is_broken:
        names = joined([f"`{word}`" for word in missing])
        message = f"the migration {quoted(migration.name.text)} does not say {names}"
        help_text = "write " + joined([f"`{_NEEDED[word]}`" for word in missing])
        report.add(Mistake(code="MIG209", at=migration.name.at, message=message, help=help_text))


def _cluster(place: tree.Place, report: Report) -> intent.ClusterChoice:
    unique((setting.key for setting in place.settings), "the settings of `cluster`", report)
    if place.value is not None:
        is_text(place.value, "the folder" if place.kind.type == "FILES" else "the context", report)
    said = [ControlPlane.ALIVE if s.value.type == "ALIVE" else ControlPlane.GONE for s in place.settings]
    return intent.ClusterChoice(
        kind=_KINDS[place.kind.type],
        value=place.value.inner if place.value else "",
        control_plane=said[0] if said else None,
        span=report.span(place.at),
    )


def _target(place: tree.Place, report: Report) -> intent.IstioChoice:
    unique((setting.key for setting in place.settings), "the settings of `to istio`", report)
    values = {setting.key.type: setting.value for setting in place.settings if setting.value.text}
    revision = values.get("REVISION")
    if revision is not None:
        is_text(revision, "the revision", report)
    return intent.IstioChoice(
        revision=revision.inner if revision else "default",
        mtls_strict=not ("MTLS" in values and values["MTLS"].type == "PERMISSIVE"),
        mtls_said="MTLS" in values,
        egress_declared="EGRESS" in values and values["EGRESS"].type == "DECLARED",
        span=report.span(place.at),
    )


def _metrics(place: tree.Place, report: Report) -> intent.MetricsChoice:
    unique((setting.key for setting in place.settings), "the settings of `metrics`", report)
    url = place.value.inner if place.value else ""
    if place.value is not None and not _URL.fullmatch(url):
        message = f"{quoted(place.value.text)} is no address of a Prometheus"
        help_text = 'write it with `http://` or `https://`, like `"http://prometheus.monitoring:9090"`'
        report.add(Mistake(code="MIG222", at=place.value.at, message=message, help=help_text))
    found = intent.MetricsChoice(url=url, span=report.span(place.at))
    scrape = read_duration(place.settings[0].value, "scrape", report) if place.settings else None
    return intent.MetricsChoice(url=url, scrape=scrape or found.scrape, span=found.span)
