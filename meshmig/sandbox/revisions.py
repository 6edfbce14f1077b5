"""ControllerRevisions: the templates that a StatefulSet or DaemonSet had."""

from collections.abc import Mapping

from meshmig.model.objects import Json
from meshmig.sandbox.replica_sets import owner_of
from meshmig.sandbox.state import Body, State
from meshmig.sandbox.writing import Writer

REVISION_LABEL = "controller-revision-hash"


def remember_revision(writer: Writer, found: Body, name: str) -> None:
    """Keep the present template under a revision's name, once."""
    metadata = found["metadata"]
    if writer.state.get("apps/v1", "ControllerRevision", metadata["namespace"], name) is not None:
        return
    known = writer.state.owned_by(metadata["uid"], "ControllerRevision")
    labels = {**((found["spec"]["template"].get("metadata") or {}).get("labels") or {}), REVISION_LABEL: name}
    place = {"name": name, "namespace": metadata["namespace"], "labels": labels, "ownerReferences": [owner_of(found)]}
    writer.create(
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": place,
            "data": {"spec": {"template": found["spec"]["template"]}},
            "revision": 1 + max((int(one["revision"]) for one in known), default=0),
        }
    )


def template_at(state: State, found: Body, name: str) -> Mapping[str, Json]:
    """Return the template of a revision; the present one where it is not known any more."""
    kept = state.get("apps/v1", "ControllerRevision", found["metadata"]["namespace"], name)
    template: Mapping[str, Json] = (kept["data"] if kept is not None else found)["spec"]["template"]
    return template
