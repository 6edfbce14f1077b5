"""The questions that only a person can answer, each asked once per mesh, with the safest default."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.mesh import Origin, Question
from meshmig.sources.appmesh.findings import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A question's text and choices; the first choice is the default."""

    text: str
    choices: tuple[str, ...]


DEFAULT_RETRIES = "default_retries"
HOST_REWRITE = "host_rewrite"
OUTLIER_DETECTION = "outlier_detection"

WORDINGS: Mapping[str, Wording] = {
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

    def __init__(self, answers: Mapping[str, str], origin: Origin, report: Report) -> None:
        self._answers, self._origin = answers, origin
        self._asked: set[str] = set()
        for question, answer in sorted(answers.items()):
            wording = WORDINGS.get(question)
            if wording and answer not in wording.choices:
                report.error(
                    "MIG309",
                    origin,
                    f"`{answer}` is no answer to `{question}`: {wording.text}",
                    f"write `answer {question} = {' | '.join(wording.choices)}`",
                )

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
            )
            for question in sorted(self._asked)
        )
