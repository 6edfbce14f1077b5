"""An API server's refusals, with the reasons and details that it gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from meshmig.model.objects import Json, ObjectRef
from meshmig.model.resources import resource_of
from meshmig.ports import ClusterError, ConflictError, ForbiddenError, GoneError, InvalidError, NotFoundError


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that is wrong: `reason` is the API's word, such as FieldValueRequired."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


def not_found(ref: ObjectRef) -> NotFoundError:
    """404: there is no such object."""
    return NotFoundError(404, "NotFound", f'{_qualified(ref)} "{ref.name}" not found', _details(ref))


def not_served(ref: ObjectRef) -> NotFoundError:
    """404: there is no such kind; the reason is the one that the door to a real cluster gives."""
    return NotFoundError(404, "KindNotServed", f"the API server does not serve {ref.api_version} {ref.kind}")


def already_exists(ref: ObjectRef) -> ConflictError:
    """409: the name is taken."""
    return ConflictError(409, "AlreadyExists", f'{_qualified(ref)} "{ref.name}" already exists', _details(ref))


def conflict(ref: ObjectRef, why: str) -> ConflictError:
    """409: a precondition failed."""
    text = f'Operation cannot be fulfilled on {_qualified(ref)} "{ref.name}": {why}'
    return ConflictError(409, "Conflict", text, _details(ref))


def modified(ref: ObjectRef) -> ConflictError:
    """409: the resourceVersion is not the live one."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(ref, why)


def invalid(ref: ObjectRef, causes: Sequence[Cause]) -> InvalidError:
    """422: fields are wrong."""
    kind = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
    listed = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    details = _details(ref) | {
        "kind": ref.kind,
        "causes": [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes],
    }
    text = f'{kind} "{ref.name}" is invalid: {f"[{listed}]" if len(causes) > 1 else listed}'
    return InvalidError(422, "Invalid", text, details)


def bad_request(why: str) -> InvalidError:
    """400: the request cannot be understood."""
    return InvalidError(400, "BadRequest", why)


def unversioned(ref: ObjectRef) -> InvalidError:
    """422: a replacement of that kind must say which version it replaces."""
    cause = Cause("metadata.resourceVersion", "Invalid value: 0: must be specified for an update")
    error = invalid(ref, [cause])
    return InvalidError(422, "Invalid", str(error), {**error.details, "kind": _plural(ref)})


def mistyped(ref: ObjectRef, paths: Sequence[str]) -> InvalidError:
    """422: fields of a custom resource are not of their schema's type, or null where an apply emptied them."""
    causes = [
        Cause(path, "Invalid value: not of the type that its schema says", "FieldValueTypeInvalid") for path in paths
    ]
    return invalid(ref, [*causes, Cause("<nil>", "Invalid value: null: some validation rules were not checked")])


def terminating(ref: ObjectRef) -> ForbiddenError:
    """403: nothing new is made in a namespace that is going."""
    why = f"unable to create new content in namespace {ref.namespace} because it is being terminated"
    message = f"namespace {ref.namespace} is being terminated"
    cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
    error = forbidden(ref, why)
    return ForbiddenError(403, "Forbidden", str(error), {**error.details, "causes": [cause]})


def unpatchable(why: Sequence[str]) -> InvalidError:
    """422: a patch leads to an object that the schema does not fit."""
    text = f"Invalid value: strict decoding error: {', '.join(why)}"
    causes = [{"reason": "FieldValueInvalid", "message": text, "field": "patch"}]
    return InvalidError(422, "Invalid", f' "" is invalid: patch: {text}', {"causes": causes})


def other_uid(ref: ObjectRef, wanted: str) -> ConflictError:
    """409: the object that was meant is gone, another has its name."""
    message = f'Invalid value: "{wanted}": field is immutable'
    cause = {"reason": "FieldValueInvalid", "message": message, "field": "metadata.uid"}
    text = f'{ref.kind} "{ref.name}" is invalid: metadata.uid: {message}'
    return ConflictError(409, "Conflict", text, _details(ref) | {"kind": ref.kind, "causes": [cause, dict(cause)]})


def undeletable(ref: ObjectRef, why: str) -> ConflictError:
    """409: a precondition of a deletion failed."""
    text = f'Operation cannot be fulfilled on {ref.kind} "{ref.name}": {why}'
    return ConflictError(409, "Conflict", text, _details(ref) | {"kind": ref.kind})


def untyped(ref: ObjectRef, why: str) -> InvalidError:
    """500: what a server-side apply is answered whose configuration does not fit the schema (a bare error there)."""
    what = f"{ref.namespace}/{ref.name}; {ref.api_version}, Kind={ref.kind}"
    return InvalidError(500, "", f"failed to create typed patch object ({what}): {why}")


def forbidden(ref: ObjectRef, why: str) -> ForbiddenError:
    """403: admission refuses."""
    return ForbiddenError(403, "Forbidden", f'{_qualified(ref)} "{ref.name}" is forbidden: {why}', _details(ref))


def webhook_denied(webhook: str, why: str) -> ForbiddenError:
    """403: a webhook answered no."""
    return ForbiddenError(403, "Forbidden", f'admission webhook "{webhook}" denied the request: {why}')


def expired(what: str) -> GoneError:
    """410: the continue token or the resourceVersion is too old."""
    return GoneError(410, "Expired", f"{what} is too old; list again")


def _details(ref: ObjectRef) -> dict[str, Json]:
    details = {"name": ref.name, "group": ref.group, "kind": _plural(ref)}
    return {key: value for key, value in details.items() if value}


def _qualified(ref: ObjectRef) -> str:
    return f"{_plural(ref)}.{ref.group}" if ref.group else _plural(ref)


def _plural(ref: ObjectRef) -> str:
    resource = resource_of(ref)
    return resource.plural if resource is not None else f"{ref.kind.lower()}s"


def versioned_creation() -> ClusterError:
    """500: a new object may not carry a resourceVersion (a bare error there)."""
    return ClusterError(500, "", "resourceVersion should not be set on objects to be created")
