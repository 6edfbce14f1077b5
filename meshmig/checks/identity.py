"""Who pods are to AWS and to their volumes, once App Mesh's injector no longer helps."""

from collections.abc import Iterator

from meshmig.checks.facts import Facts
from meshmig.diagnostics import Severity
from meshmig.model.intent import Move, Strategy, Waves
from meshmig.model.objects import ObjectRef
from meshmig.model.precheck import Evidence, Fired, Seen
from meshmig.sources.appmesh.shape import at, items, mapping, text

_ROLE = "eks.amazonaws.com/role-arn"


def accounts(facts: Facts) -> Iterator[Seen]:
    """P41: identity at AWS, and the group of volumes."""
    moves = [action for stage in facts.migration.stages for action in stage.actions if isinstance(action, Move | Waves)]
    copies_namespaces = any(action.profile.strategy is Strategy.BLUE_GREEN for action in moves)
    for workload, template in facts.meshed:
        name = text(template.pod.get("serviceAccountName")) or "default"
        account = facts.snapshot.get(ObjectRef("v1", "ServiceAccount", workload.ref.namespace, name))
        role = account.annotations.get(_ROLE, "") if account else ""
        if role and copies_namespaces:
            yield Fired(
                Evidence(
                    ObjectRef("v1", "ServiceAccount", workload.ref.namespace, name),
                    f"metadata.annotations[{_ROLE}]",
                    role,
                ),
                "the role trusts this namespace's account only: a copy in another namespace cannot take it",
                "add the new namespace to the role's trust policy before its stage",
                Severity.ERROR,
            )
        volumes = [mapping(volume) for volume in items(template.pod.get("volumes"))]
        stored = any("persistentVolumeClaim" in volume for volume in volumes) or workload.owns_storage
        if at(template.pod, "securityContext", "fsGroup") is None and (stored or role) and not workload.edge:
            yield Fired(
                Evidence(
                    workload.ref, "spec.template.spec.securityContext.fsGroup", "unset; App Mesh's injector adds 1337"
                ),
                "its volumes and its AWS token are readable to a non-root application by App Mesh's group only",
                "set fsGroup (1337 keeps it as it is) in the template before the move",
            )
