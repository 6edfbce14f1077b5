"""What to say about a sign that means nothing."""

import unicodedata

from meshmig.language.report import Mistake
from meshmig.language.tree import Token

_HINTS = {
    ";": "a statement ends by itself: take the `;` away",
    ":": "a key and its value need no `:` between them",
    "'": 'texts stand in double quotes: `"`',
    "`": 'texts stand in double quotes: `"`',
    "“": 'texts stand in straight quotes: `"`',
    "”": 'texts stand in straight quotes: `"`',
    "[": "a list needs no brackets: `a, b, c`",
    "]": "a list needs no brackets: `a, b, c`",
    ".": "a range has two dots: `2..6`",
    "-": "no quantity is negative, and a name begins with a letter",
    "/": "a comment begins with `#`; a workload is written `namespace/name`",
}


def describe_sign(sign: Token) -> Mistake:
    """Return what is wrong with a sign, and what to do instead."""
    shown = f"`{sign.text}`"
    if not sign.text.isascii():
        shown += f" ({unicodedata.name(sign.text[0], f'U+{ord(sign.text[0]):04X}')})"
    help_text = _HINTS.get(sign.text, "take it away; a text stands in quotes")
    return Mistake(code="MIG106", at=sign.at, message=f"{shown} means nothing here", help=help_text)
