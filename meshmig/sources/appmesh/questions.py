"""The questions that only a person can answer, each asked once per mesh, with the safest default."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.mesh import Origin, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A question's text and choices; the first choice is the default."""

    text: str
    choices: tuple[str, ...]


DEFAULT_RETRIES = "default_retries"
HOST_REWRITE = "host_rewrite"
OUTLIER_DETECTION = "outlier_detection"
CERTIFICATES = "certificates"
GATEWAY_TLS = "gateway_tls"
HEALTH_CHECKS = "health_checks"
INBOUND_PORTS = "inbound_ports"

WORDINGS: Mapping[str, Wording] = {
    CERTIFICATES: Wording(
        text=(
            "listeners that show a certificate of their own files: let Istio's mutual TLS take its place inside the "
            "mesh, or go on showing the files (callers outside the mesh that check them need that; istiod then needs "
            "ENABLE_TLS_ON_SIDECAR_INGRESS)?"
        ),
        choices=("mesh", "files"),
    ),
    GATEWAY_TLS: Wording(
        text=(
            "a gateway listener with PERMISSIVE TLS takes TLS and plaintext on one port, an Istio gateway one of them: "
            "which one?"
        ),
        choices=("tls", "plaintext"),
    ),
    HEALTH_CHECKS: Wording(
        text=(
            "App Mesh's active health checks have no counterpart: rely on the pods' readiness probes, or give copies "
            "without one a readiness probe that asks the same?"
        ),
        choices=("readiness", "probe"),
    ),
    INBOUND_PORTS: Wording(
        text=(
            "App Mesh's sidecar took over the listeners' ports only, Istio's takes all: keep to the listeners' "
            "(metrics and debug ports stay outside the mesh), or take all?"
        ),
        choices=("listeners", "all"),
    ),
    DEFAULT_RETRIES: Wording(
        text=(
            "routes without a retryPolicy: accounts whose first mesh is younger than 2020-07-29 got two hidden retries "
            "(connect-failure, refused-stream, reset, 503, unavailable), POST included; carry them?"
        ),
        choices=("carry", "none"),
    ),
    HOST_REWRITE: Wording(
        text=(
            "GatewayRoutes that say nothing: App Mesh's gateway replaces the Host header by the VirtualService's name; "
            "rewrite it alike, or keep the caller's?"
        ),
        choices=("rewrite", "keep"),
    ),
    OUTLIER_DETECTION: Wording(
        text=(
            "outlier detection never ejected anybody behind a single DNS address, and would begin to after the move; "
            "carry it, or omit it?"
        ),
        choices=("carry", "omit"),
    ),
}


class Questions:
    """Answers by id; remembers what was asked."""

    def __init__(self, answers: Mapping[str, str], origin: Origin) -> None:
        self._answers, self._origin = answers, origin
        self._asked: set[str] = set()

    def choice(self, question: str) -> str:
        """Ask a question: return the person's answer, or the default."""
        self._asked.add(question)
        choices = WORDINGS[question].choices
        answer = self._answers.get(question, choices[0])
        return answer if answer in choices else choices[0]

    def asked(self) -> tuple[Question, ...]:
        """Return the questions that came up, in the order of their ids."""
        return tuple(
            Question(
                id=question,
                origin=self._origin,
                text=WORDINGS[question].text,
                choices=WORDINGS[question].choices,
                default=WORDINGS[question].choices[0],
                answer=self._answers.get(question, ""),
            )
            for question in sorted(self._asked)
        )
