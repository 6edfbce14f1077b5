"""Retry policies in Envoy's words, App Mesh's hidden one included."""

from collections.abc import Mapping

from meshmig.model.mesh import Origin, Retry
from meshmig.sources.appmesh.nodes import duration
from meshmig.sources.appmesh.questions import DEFAULT_RETRIES, Questions
from meshmig.sources.appmesh.schema import GrpcRetryPolicy, HttpRetryPolicy

_SERVER_ERRORS = ("500", "501", "502", "503", "504", "505", "506", "507", "508", "510", "511")

CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "server-error": ("reset", *_SERVER_ERRORS),
    "gateway-error": ("reset", "502", "503", "504"),
    "client-error": ("409",),
    "stream-error": ("refused-stream",),
    "connection-error": ("connect-failure",),
    "cancelled": ("cancelled",),
    "deadline-exceeded": ("deadline-exceeded",),
    "internal": ("internal",),
    "resource-exhausted": ("resource-exhausted",),
    "unavailable": ("unavailable",),
}
"""App Mesh's events as Envoy's retry_on words and codes (the guide's table and a real config dump)."""

_HIDDEN_CONDITIONS = ("connect-failure", "refused-stream", "reset", "503", "unavailable")
_HIDDEN_ATTEMPTS = 2


def written_retry(policy: HttpRetryPolicy | GrpcRetryPolicy, place: Origin) -> Retry:
    """Lift a policy that somebody wrote."""
    grpc = policy.grpc_retry_events if isinstance(policy, GrpcRetryPolicy) else ()
    events = (*policy.http_retry_events, *policy.tcp_retry_events, *grpc)
    conditions = dict.fromkeys(condition for event in events for condition in CONDITIONS[event])
    per_try = duration(policy.per_retry_timeout)
    return Retry(
        attempts=policy.max_retries,
        per_try=per_try if per_try and per_try.ms else None,
        conditions=tuple(conditions),
        origin=place,
    )


def hidden_retry(place: Origin, questions: Questions) -> Retry:
    """Return App Mesh's default policy; without attempts where the answer is that the account had none."""
    if questions.choice(DEFAULT_RETRIES) == "none":
        return Retry(attempts=0, implicit=True, origin=place)
    return Retry(attempts=_HIDDEN_ATTEMPTS, conditions=_HIDDEN_CONDITIONS, implicit=True, origin=place)
