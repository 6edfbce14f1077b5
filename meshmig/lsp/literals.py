"""Numbers with their units, as a place of the file wants them."""

import re
from collections.abc import Collection, Iterator, Mapping

from meshmig.language.wording import LITERALS, QUANTITIES

_EXAMPLES: Mapping[str, str] = {
    "SLOWER_THAN": "250ms",
    "OVER": "5m",
    "STAR": "1.25",
    "PLUS": "0.05%",
    "AT_MOST": "1%",
    "AT_LEAST": "98%",
    "FOR": "30m",
    "WITHIN": "5m",
    "BEFORE": "50%",
    "HARM": "99%",
    "SAFE": "95%",
    "MIG": "1",
}
"""What is wanted behind a word or sign; elsewhere the statement's first word says it."""

_DURATION = re.compile(r"(?:[0-9]+(?:ms|[dhms]))+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UNITS = ("ms", "s", "m", "h", "d")


def literals(accepted: Collection[str], last: str, statement: str, begun: str) -> Iterator[str]:
    """Yield literals that may stand at a place: `last` is the terminal before it, `begun` what is written already.

    A number that is begun is offered with each unit of its kind; else one example shows the form.
    """
    if "QUANTITY" in accepted:
        example = _EXAMPLES.get(last) or _example(QUANTITIES.get(statement, ""))
        yield from _units(begun, example) if _NUMBER.fullmatch(begun) else filter(None, (example,))
    for type_ in ("TIME", "CLOCK"):
        if type_ in accepted:
            yield _example(LITERALS[type_])


def _example(phrase: str) -> str:
    quoted = re.search(r"`([^` ]+)", phrase)
    return quoted[1] if quoted else ""


def _units(number: str, example: str) -> Iterator[str]:
    if example.endswith("%"):
        yield f"{number}%"
    elif _DURATION.fullmatch(example) and number.isdigit():
        yield from (f"{number}{unit}" for unit in _UNITS)
    elif example:
        yield number
