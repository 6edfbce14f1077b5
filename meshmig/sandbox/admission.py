"""Admission: which webhooks of the cluster are called for a request, whether they can be reached, what they answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.resources import resource_of
from meshmig.ports import ClusterError
from meshmig.sandbox import appmesh_webhook, istio_webhook
from meshmig.sandbox.pods import is_ready
from meshmig.sandbox.selectors import selects
from meshmig.sandbox.state import Body, State

Operation = Literal["CREATE", "UPDATE"]
_GROUP = "admissionregistration.k8s.io"


def admit(state: State, operation: Operation, ref: ObjectRef, body: Body) -> Body:
    """Return the object as the mutating webhooks leave it, once the validating ones agree.

    Raises:
        ForbiddenError: a webhook denies the request.
        ClusterError: a webhook whose failure counts cannot be reached (500).
    """
    for hook in _called(state, "MutatingWebhookConfiguration", operation, ref, body):
        body = _mutated(state, hook, operation, body)
    for hook in _called(state, "ValidatingWebhookConfiguration", operation, ref, body):
        if _is_appmesh(hook):
            appmesh_webhook.validate(state, str(hook["name"]), operation, body)
    return body


def _mutated(state: State, hook: Mapping[str, Json], operation: Operation, body: Body) -> Body:
    if _is_appmesh(hook):
        return appmesh_webhook.mutate(state, str(hook["name"]), operation, body)
    if str(hook["name"]).endswith("sidecar-injector.istio.io"):
        return istio_webhook.mutate(hook, body)
    return body


def _is_appmesh(hook: Mapping[str, Json]) -> bool:
    return str(hook["name"]).endswith(".appmesh.k8s.aws")


def _called(state: State, kind: str, operation: Operation, ref: ObjectRef, body: Body) -> Iterator[Mapping[str, Json]]:
    resource = resource_of(ref)
    if resource is None:
        return
    for configuration in tuple(state.of_kind(_GROUP, kind)):
        for hook in configuration.get("webhooks") or ():
            if not _is_meant(hook, operation, ref, resource.plural) or not _is_selected(state, hook, ref, body):
                continue
            why = _unreachable(state, hook.get("clientConfig") or {})
            if not why:
                yield hook
            elif hook.get("failurePolicy") != "Ignore":
                text = f'failed calling webhook "{hook["name"]}": failed to call webhook: {why}'
                raise ClusterError(500, "InternalError", f"Internal error occurred: {text}")


def _is_meant(hook: Mapping[str, Json], operation: str, ref: ObjectRef, plural: str) -> bool:
    return any(
        _holds(rule.get("operations"), operation)
        and _holds(rule.get("apiGroups"), ref.group)
        and _holds(rule.get("apiVersions"), ref.api_version.rpartition("/")[2])
        and _holds(rule.get("resources"), plural)
        for rule in hook.get("rules") or ()
    )


def _holds(values: Sequence[str] | None, wanted: str) -> bool:
    return "*" in (values or ()) or wanted in (values or ())


def _is_selected(state: State, hook: Mapping[str, Json], ref: ObjectRef, body: Body) -> bool:
    if not selects(hook.get("objectSelector") or {}, body["metadata"].get("labels") or {}):
        return False
    if not ref.namespace:
        return True
    namespace = state.get("v1", "Namespace", "", ref.namespace) or {"metadata": {}}
    return selects(hook.get("namespaceSelector") or {}, namespace["metadata"].get("labels") or {})


def _unreachable(state: State, config: Mapping[str, Json]) -> str:
    """Return why a webhook's server does not answer; empty where it does."""
    address = config.get("service")
    if not address:
        return ""
    namespace, name = str(address.get("namespace")), str(address.get("name"))
    service = state.get("v1", "Service", namespace, name)
    if service is None:
        return f'service "{name}" not found'
    if not any(is_ready(pod) for pod in state.pods_selected(namespace, service["spec"].get("selector") or {})):
        return f'no endpoints available for service "{name}"'
    return ""
