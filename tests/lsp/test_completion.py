"""Completion offers what is valid at the place: every word offered fits, and what a right file says is offered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshmig.language.lexer import split
from meshmig.lsp.completion import Sort, complete
from meshmig.lsp.index import occurrences
from tests.language.reading import GOOD, HERE
from tests.lsp.reading import CODES, candidates, known, offered
from tests.lsp.shop import shop_mesh

WHOLE = (HERE / "good" / "whole.mig").read_text()
DEFINED = """mig 1
param pace in [10m, 1h] = 10m
param team in ["a", "b"] = "a"
gate healthy { require errors <= 1% over 5m }
gate strictly { require errors <= 1% over 5m }
profile gentle { check healthy }
group front { workloads shop/front }
"""


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_what_a_right_file_says_is_offered_where_it_stands(file) -> None:
    """At the beginning of every word of the language, that word is among the candidates."""
    text = file.read_text()
    parsed, knowledge = known(text)
    names = {found.at.start for found in occurrences(parsed)}
    missed = []
    for token in parsed.tokens[2:]:
        if token.type == token.text.upper().replace("-", "_") and token.start not in names:
            found = complete(parsed, knowledge, token.start, CODES)
            missed += [] if token.text in [each.label for each in found.candidates] else [token]

    assert not missed


@given(st.integers(min_value=0, max_value=len(WHOLE)))
def test_every_word_offered_fits(offset: int) -> None:
    """Written at the place, with what follows it away, a word is not what the parser stops at."""
    parsed, knowledge = known(WHOLE[:offset])
    completion = complete(parsed, knowledge, offset, CODES)
    words = [each.label for each in completion.candidates if each.sort is Sort.WORD]
    wrong = []
    for word in words:
        text = f"{WHOLE[: completion.at.start]}{' ' if completion.at.start == offset else ''}{word}"
        after, _ = known(text)
        start = len(text) - len(word)
        wrong += [word for finding in after.report.findings if finding.span and _starts(after, finding, start)]

    assert not wrong


def _starts(parsed, finding, offset: int) -> bool:
    span = finding.span
    return parsed.source.starts[span.line - 1] + span.column - 1 == offset and finding.code in ("MIG108", "MIG113")


@pytest.mark.parametrize(
    ("text", "some", "never"),
    [
        ("|", ["mig 1"], []),
        ("mig |", ["1"], ["gate"]),
        ("mig 1\n|", ["gate", "stage", "use", "allow"], ["bake", "healthy"]),
        ("mig 1\ngate a {\n  |\n}", ["require", "advance", "no_data"], ["bake", "stage"]),
        ('mig 1\ngate a {\n  re|\n}\nstage 1 "x" { protect }', ["require"], ["stage"]),
        ("mig 1\ngate a { require |", ["errors", "slower_than", "success_rate", "query"], ["gate"]),
        ("mig 1\ngate a { require errors |", ["<=", ">="], ["old"]),
        ("mig 1\ngate a { require errors <= |", ["old", "1%"], []),
        ("mig 1\ngate a { require errors <= 5|", ["5%"], ["5m"]),
        ("mig 1\ngate a { no_data wait 20|", ["20m", "20h", "20s"], ["20%"]),
        ("mig 1\nprofile p { strategy |", ["canary", "in_place"], ["bake"]),
        ("mig 1\nprofile p { steps 5|", ["5%"], ["5m"]),
        ("mig 1\nprofile p { bake |", ["10m"], ["5%"]),
        (DEFINED + "profile p { check |", ["healthy", "strictly"], ["gentle", "front"]),
        (DEFINED + "profile p { check st|", ["healthy", "strictly"], ["gentle"]),
        (DEFINED + "profile p { bake |", ["pace"], ["team", "healthy"]),
        (DEFINED + "profile p { approve before 50% by |", ["team"], ["pace"]),
        (DEFINED + 'stage 1 "x" { move |', ["front", "rest"], ["gentle", "healthy"]),
        (DEFINED + 'stage 1 "x" { move front using |', ["gentle"], ["front", "healthy"]),
        (DEFINED + 'stage 1 "x" { move front using gentle |', ["with", "wait", "check"], ["gate"]),
        (DEFINED + 'stage 1 "x" { waves rest by calls, |', ["at"], ["using"]),
        ("mig 1\nallow |", ["MIG401"], []),
        ("mig 1\nanswer |", ["default_retries"], []),
        ("mig 1\nanswer default_retries = |", ["carry", "none"], ["omit"]),
        ('mig 1\nprofile a { approve before 5% by "team-x" }\nprofile p { approve before 50% by "|"', ["team-x"], []),
        ("mig 1\n# gate |", [], ["gate", "stage"]),
        ('mig 1\nuse "|"', [], ["gate", "stage"]),
        ("mig 1\ngate a { nonsense x y\n  |\n}", ["require"], []),
        ("mig 1\r\ngate a {\r\n  |\r\n}", ["require"], []),
    ],
)
def test_places(text: str, some: list[str], never: list[str]) -> None:
    """What is offered at a place, and what is not."""
    found = offered(text)

    assert set(some) <= set(found)
    assert not set(never) & set(found)


def test_names_of_used_files_are_offered() -> None:
    """A gate that another file defines."""
    assert "healthy" in offered('mig 1\nuse "gates.mig"\nprofile p { check |', used="mig 1\ngate healthy { }\n")


def test_workloads_of_the_mesh_are_offered() -> None:
    """With the manifests at hand, patterns need no looking up; what is begun is replaced whole."""
    mesh = shop_mesh()
    text = "mig 1\ngroup g { workloads shop/fr"
    completion = complete(*known(text, mesh), len(text), CODES)

    assert {"shop/*", "shop/front"} <= {each.label for each in completion.candidates}
    assert text[completion.at.start : completion.at.end] == "shop/fr"


def test_a_word_says_what_it_means() -> None:
    """The detail is the sentence of the table, for the statement that the word stands in."""
    details = {each.label: each.detail for each in candidates("mig 1\nprofile p { |")}

    assert details["bake"] == "How long every step of a move is watched before the next one."


# A file with a zero byte is refused whole (MIG102): it has no place to ask about.
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=80), st.integers(0, 80))
def test_any_text_at_any_place(text: str, offset: int) -> None:
    """Nothing that is typed is too odd to be asked about."""
    parsed, knowledge = known("mig 1\n" + text)

    asked = min(offset, len(parsed.source.text))
    completion = complete(parsed, knowledge, asked, CODES)

    assert 0 <= completion.at.start <= asked <= completion.at.end <= len(parsed.source.text)


@pytest.mark.parametrize("cut", range(0, len(WHOLE), 7))
def test_every_prefix_of_a_right_file(cut: int) -> None:
    """A file is asked about in every state of being typed."""
    parsed, knowledge = known(WHOLE[:cut])

    assert split(WHOLE[:cut]).tokens == parsed.tokens
    complete(parsed, knowledge, cut, CODES)
