"""The editor grammar keeps step with the Lark grammar: what the language reserves is coloured, and nothing else is."""

import json
import re
from collections.abc import Iterator

import pytest

from meshmig.language.grammar import grammar
from meshmig.language.lexer import split
from meshmig.language.tree import Token
from tests.language.reading import GOOD, PLANS
from tests.language.snippets import blocks, whole
from tests.language.test_reference import PAGE
from tests.language.textmate import FILE, document, statement_words

PATTERNS = json.loads(FILE.read_text())["patterns"]
TEXTS = [path.read_text() for path in (*GOOD, *PLANS)] + [whole(block.text) for block in blocks(PAGE)]
SCOPES = {
    "TEXT": "string.",
    "QUANTITY": "constant.numeric.",
    "RATE": "constant.numeric.",
    "TIME": "constant.other.time.",
    "CLOCK": "constant.other.time.",
    "PATH": "variable.other.workload.",
    "COMMENT": "comment.",
    "MANIFESTS": "meta.embedded.",
}
WORDS = ("keyword.control.", "keyword.other.", "constant.language.")


def _scopes(text: str) -> list[str]:
    """Colour a text as an editor does: line by line the first match, of equals the first pattern; one scope a sign."""
    found, open_ = [], None
    for line in text.split("\n"):
        scopes = [""] * (len(line) + 1)
        place = 0
        while place <= len(line):
            if open_ is not None:
                end = _end(line, place, open_)
                stop = end.end() if end else len(line)
                inner = open_.get("name") or open_.get("contentName")
                scopes[place:stop] = [inner] * (stop - place)
                if end is None:
                    break
                open_, place = None, max(stop, place)
                continue
            chosen = _next(line, place)
            if chosen is None:
                break
            match, pattern = chosen
            _paint(scopes, match, pattern)
            open_ = pattern if "begin" in pattern else None
            place = match.end() if match.end() > place or open_ else place + 1
            if open_ is not None and place == len(line) and "name" in open_:
                open_ = None
        found += scopes
    return found


def _end(line: str, place: int, pattern: dict) -> re.Match[str] | None:
    """Find where a pattern ends: what its inner patterns match first, an escaped quote, is no end."""
    inner = "|".join(each["match"] for each in pattern["patterns"] if "match" in each)
    either = re.compile(f"(?P<inner>{inner or '(?!)'})|(?P<end>{pattern['end']})")
    return next((match for match in either.finditer(line, place) if match["inner"] is None), None)


def _next(line: str, place: int) -> tuple[re.Match[str], dict] | None:
    matches = ((re.compile(p.get("match") or p["begin"]).search(line, place), p) for p in PATTERNS)
    return min(((m, p) for m, p in matches if m), key=lambda each: each[0].start(), default=None)


def _paint(scopes: list[str], match: re.Match[str], pattern: dict) -> None:
    name = pattern.get("name", "")
    scopes[match.start() : match.end()] = [name] * (match.end() - match.start())
    for number, capture in (pattern.get("captures") or pattern.get("beginCaptures") or {}).items():
        start, end = match.span(int(number))
        scopes[start:end] = [capture["name"]] * (end - start)


def _pieces(text: str) -> Iterator[Token]:
    found = split(text)
    yield from sorted((*found.tokens, *found.comments), key=lambda token: token.start)


def test_the_file_is_made_from_the_grammar() -> None:
    """Write it anew with `python -m tests.language.textmate`."""
    assert FILE.read_text() == document()


@pytest.mark.parametrize("word", sorted(word for word in grammar().words if word[0].isalpha()))
def test_every_word_of_the_grammar_is_coloured(word: str) -> None:
    """By itself, behind a word, and not within another one."""
    length = len(word)

    assert _scopes(word)[0].startswith(WORDS)
    assert _scopes(word)[0].startswith("keyword.control.") == (word in statement_words())
    assert set(_scopes(f"x {word} y")[2 : 2 + length]) == {_scopes(word)[0]}
    for inside in (f"a{word}", f"{word}s", f"a-{word}", f"{word}-b", f"x/{word}", f"{word}.x", f"x.{word}"):
        assert not any(scope.startswith(WORDS) for scope in _scopes(inside)), inside


def test_nothing_else_is_a_word() -> None:
    """The expressions name the grammar's words and no other."""
    lists = [p["match"] for p in PATTERNS if p.get("name", "").startswith(WORDS) and "operator" not in p["name"]]
    named = {word for text in lists for word in re.search(r"\(\?:([a-z_|-]+)\)", text)[1].split("|")}

    assert named == {word for word in grammar().words if word[0].isalpha()}


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_is_coloured_as_it_is_read(text: str) -> None:
    """Every token of every good file and of the reference page has the colour of what the parser takes it for."""
    scopes = _scopes(text)
    words = grammar().words
    for token in _pieces(text):
        at = slice(token.start, token.start + len(token.text.split("\n")[0]))
        seen = set(scopes[at])
        if token.type in SCOPES and token.type != "MANIFESTS":
            assert {scope.startswith(SCOPES[token.type]) for scope in seen} == {True}, (token, seen)
        elif token.text in words and token.text[0].isalpha():
            assert all(scope.startswith((*WORDS, "entity.name.")) for scope in seen), (token, seen)
        elif token.type == "NAME":
            assert not any(scope.startswith(WORDS) for scope in seen), (token, seen)
        elif token.text in words:
            assert all(scope.startswith("keyword.operator.") for scope in seen), (token, seen)


def test_manifests_are_coloured_as_yaml() -> None:
    """From the brace to the one at the left edge."""
    text = "raw istio {\n  kind: x\n}\nstage"
    scopes = _scopes(text)

    assert scopes[text.index("kind")] == "meta.embedded.block.yaml"
    assert scopes[text.index("stage")] == "keyword.control.mig"
