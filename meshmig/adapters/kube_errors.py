"""An API server's refusals, and the network's, in the words of the port."""

import json
from collections.abc import Mapping

from meshmig.model.objects import Json
from meshmig.ports import (
    ClusterError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    Precondition,
    UnavailableError,
)

KIND_NOT_SERVED = "KindNotServed"
"""The reason of a 404 that is about the kind, not about one object: its CRD or its API group is missing."""

_CLASSES: Mapping[int, type[ClusterError]] = {
    400: InvalidError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    413: InvalidError,
    422: InvalidError,
}
_NOT_FOUND = 404
_UNAUTHORIZED = 401
_CONFLICT = 409
_INTERNAL = 500
_UNTYPED = "failed to create typed patch object"
"""How an API server refuses an applied object that does not fit its schema: with 500, though the object is at fault."""


def error_of(status: int, body: bytes, path: str) -> ClusterError:
    """Build the error of an answer from its HTTP code and its body, a `Status` object or plain text."""
    return error_of_status(status, _status_of(body), path)


def error_of_status(status: int, answer: Mapping[str, Json], path: str) -> ClusterError:
    """Build the error of a `Status` object; `path` is the request's, for an answer that names nothing."""
    reason, message = str(answer.get("reason") or ""), str(answer.get("message") or f"HTTP {status} for {path}")
    details: Mapping[str, Json] = answer.get("details") or {}
    if status == _NOT_FOUND and not details.get("name") and not details.get("kind"):
        reason, message = KIND_NOT_SERVED, f"the API server does not serve {path}"
    if status == _UNAUTHORIZED:
        message = f"the API server does not accept the credentials: {message}"
    if status == _INTERNAL and _UNTYPED in message:
        return InvalidError(status, reason, message, details)
    return _CLASSES.get(status, ClusterError)(status, reason, message, details)


def precondition_error(error: ClusterError, require: Precondition) -> ClusterError:
    """Turn the refusal of a changed uid into what it means: the object that was meant is gone, another has its name."""
    causes = error.details.get("causes") or ()
    if require.uid and any(cause.get("field") == "metadata.uid" for cause in causes):
        return ConflictError(_CONFLICT, "Conflict", str(error), error.details)
    return error


def unavailable(server: str, context: str, error: Exception) -> UnavailableError:
    """Say that an API server cannot be reached, which, why, and what to do."""
    return UnavailableError(
        f"the API server {server} (context `{context}`) cannot be reached: {_cause(error)}; "
        f"see whether `kubectl --context {context} get namespaces` works from here: VPN, proxy, certificates"
    )


def _cause(error: Exception) -> str:
    """The innermost reason: urllib3 wraps it, with the pool's address in memory in front."""
    proxied = getattr(error, "original_error", None)
    if isinstance(proxied, Exception):
        return f"the proxy that HTTPS_PROXY names does not answer: {_cause(proxied)}"
    inner = getattr(error, "reason", None)
    if isinstance(inner, Exception):
        return _cause(inner)
    text = str(error)
    return text.rpartition(">: ")[2].rpartition("): ")[2] or text


def _status_of(body: bytes) -> Mapping[str, Json]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {"message": body.decode(errors="replace").strip()}
    return answer if isinstance(answer, dict) else {}
