"""The editor grammar, made from the Lark grammar: `python -m tests.language.textmate` writes the file anew.

Which words there are, which begin a statement and which can end one is read from the parser's own tables; literals
have the very expressions of the grammar. By hand come only the names of the scopes, and which words define a name.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lark import Lark

from meshmig.language.grammar import grammar
from meshmig.language.grammar_text import grammar_text

FILE = Path(__file__).parents[2] / "grammar" / "mig.tmLanguage.json"
DEFINING = ("gate", "group", "migration", "param", "profile")
_EDGES = r"(?<![A-Za-z0-9_-])(?<![^.]\.){}(?![A-Za-z0-9_-]|\.(?!\.))"
"""A word or a literal stands alone, or beside the two dots of a range."""

_LITERALS = {
    "PATH": "variable.other.workload",
    "TIME": "constant.other.time",
    "CLOCK": "constant.other.time",
    "RATE": "constant.numeric",
    "QUANTITY": "constant.numeric",
}
_NOTE = "Made from mig.lark by tests/language/textmate.py; a test keeps them in step."


def document() -> str:
    """Return the whole file."""
    body = {
        "information_for_contributors": [_NOTE],
        "name": "meshmig",
        "scopeName": "source.mig",
        "fileTypes": ["mig"],
        "patterns": list(_patterns()),
    }
    return json.dumps(body, indent=2) + "\n"


def statement_words() -> frozenset[str]:
    """Return the words that begin a statement, of the file or of a block."""
    tables = grammar()
    words = (tables.spelling.get(name, "") for state in tables.boundaries for name in tables.rows[state])
    return frozenset({"mig", *(word for word in words if word[:1].isalpha())})


def value_words() -> frozenset[str]:
    """Return the words that end a statement without beginning one: what a key can be set to."""
    tables = grammar()
    ends = {state for state, row in tables.rows.items() if "RBRACE" in row or "$END" in row}
    shifts = ((name, step[1]) for row in tables.rows.values() for name, step in row.items())
    found = {tables.spelling[name] for name, to in shifts if name in tables.spelling and to in ends}
    return frozenset(word for word in found if word[0].isalpha()) - statement_words()


def _patterns() -> Iterator[dict[str, object]]:
    words = {word for word in grammar().words if word[0].isalpha()}
    begins, values = statement_words(), value_words()
    yield _match("comment.block.documentation", "##.*$")
    yield _match("comment.line.number-sign", "#.*$")
    yield _raw()
    yield _text()
    yield _definition()
    literals = _expressions()
    for name, scope in _LITERALS.items():
        yield _match(scope, _EDGES.format(f"(?:{literals[name]})"))
    yield _match("keyword.control", _any(begins))
    yield _match("constant.language", _any(values))
    yield _match("keyword.other", _any(words - begins - values))
    signs = sorted((sign for sign in grammar().words if not sign[0].isalpha()), key=lambda sign: (-len(sign), sign))
    yield _match("keyword.operator", "|".join(map(re.escape, signs)))


def _match(scope: str, expression: str) -> dict[str, object]:
    return {"name": f"{scope}.mig", "match": expression}


def _any(words: Iterable[str]) -> str:
    return _EDGES.format(f"(?:{'|'.join(sorted(words, key=lambda word: (-len(word), word)))})")


def _text() -> dict[str, object]:
    escapes = [_match("constant.character.escape", r"\\[\"\\]"), _match("invalid.illegal.escape", r"\\.")]
    return {"name": "string.quoted.double.mig", "begin": '"', "end": '"|$', "patterns": escapes}


def _raw() -> dict[str, object]:
    captures = {"1": {"name": "keyword.control.mig"}, "2": {"name": "keyword.other.mig"}}
    return {
        "begin": r"(?<![A-Za-z0-9_-])(raw)\s+(istio)\s*\{[ \t]*$",
        "beginCaptures": captures,
        "end": r"^\}",
        "contentName": "meta.embedded.block.yaml",
        "patterns": [{"include": "source.yaml"}],
    }


def _definition() -> dict[str, object]:
    name = _expressions()["NAME"]
    return {
        "match": f"{_any(DEFINING)}\\s+({name})",
        "captures": {"0": {"name": "keyword.control.mig"}, "1": {"name": "entity.name.type.mig"}},
    }


def _expressions() -> dict[str, str]:
    lark = Lark(grammar_text(), parser="lalr")
    return {terminal.name: terminal.pattern.value for terminal in lark.terminals if terminal.pattern.type == "re"}


if __name__ == "__main__":
    FILE.write_text(document())
