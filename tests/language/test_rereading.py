"""Reading again after a change gives what reading from the beginning gives, to the last token and mistake."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshmig.language.lexer import split
from meshmig.language.loading import Loaded, load
from meshmig.language.parser import Parsed, parse
from meshmig.language.remembering import Memory
from meshmig.language.rereading import Rereader
from meshmig.language.source import Source
from tests.language.reading import GOOD, HERE, WRONG

WHOLE = (HERE / "good" / "whole.mig").read_text()
ODD = (HERE / "good" / "odd.mig").read_text()
PIECES = [
    *(
        "{",
        "}",
        '"',
        "#",
        "\n",
        "\n\n",
        " ",
        "\r\n",
        ",",
        "x",
        "5",
        "%",
        "@",
        "\u202e",
        "\t",
        "mig 1\n",
        "\ngate",
        "\ngate a {",
    ),
    *(
        '\nuse "x.mig"',
        '\nstage 9 "x" { protect }',
        "\nraw istio {\n",
        "\n  a: b\n}\n",
        "}}",
        "{{",
        "\nwindow",
        "  check a\n",
    ),
    *(
        "\nallow MIG401 because",
        "answer a = b",
        "\nprofile p { bake 5 }",
        "\nsteps 1%, 5",
        "\nparam a in [",
        "nonsense\n",
    ),
    *("\nparam pace in [1m, 2m] = 1m\n", "bake pace", "param steady", " pace "),
    *("\ngate gate { }", "\n## doc\n", "\nmigration m {", "gate x { require errors <= 1% over 5m }\n"),
]


def _same(left: Parsed, right: Parsed) -> bool:
    parts = ("file", "tokens", "comments", "starts", "lost", "docs")
    return left.report.findings == right.report.findings and all(
        getattr(left, part) == getattr(right, part) for part in parts
    )


def _check(rereader: Rereader, text: str) -> None:
    whole, again = parse(Source("a.mig", text)), rereader.parse(Source("a.mig", text))

    assert whole.report.findings == again.report.findings, text
    assert _same(whole, again), text


EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 60), st.sampled_from(PIECES) | st.text(max_size=3)),
    min_size=1,
    max_size=8,
)


@pytest.mark.law
@settings(max_examples=60, deadline=None)
@given(st.sampled_from([WHOLE, ODD, WHOLE + ODD.removeprefix("mig 1")]), EDITS)
def test_random_edits(text: str, edits: list[tuple[float, int, str]]) -> None:
    """Pieces of the language and nonsense are put in and taken out anywhere, one after the other."""
    rereader = Rereader()
    rereader.parse(Source("a.mig", text))
    for place, removed, piece in edits:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + removed :]

        _check(rereader, text)


@pytest.mark.parametrize("file", [*GOOD, *WRONG], ids=lambda path: path.stem)
def test_every_test_file(file) -> None:
    """Right and wrong files, read whole, then again with a line more at the top, then with one less."""
    text = file.read_bytes().decode("utf-8", "replace")
    rereader = Rereader()

    for state in (text, f"# above\n{text}", text.partition("\n")[2], text + WHOLE):
        _check(rereader, state)


@pytest.mark.parametrize("step", [1, 5])
def test_typing_a_file_letter_by_letter(step: int) -> None:
    """Each state of a file being written from the beginning."""
    rereader = Rereader()

    for end in range(0, len(ODD if step == 1 else WHOLE), step):
        _check(rereader, (ODD if step == 1 else WHOLE)[:end])


def test_too_many_mistakes_are_told_alike() -> None:
    """Reading ends at the same place, wherever blocks without mistakes stand between."""
    wrong = "\n".join(f"gate g{n} {{ nonsense }}\nprofile p{n} {{ bake 5m }}" for n in range(80))

    _check(Rereader(), f"mig 1\n{wrong}\n")


def test_what_a_file_means_is_the_same() -> None:
    """The whole load, resolution included, on a reader that has read other states before."""
    rereader = Rereader()
    for state in (WHOLE[:300], WHOLE.replace("10m", "10"), WHOLE):
        whole, again = _load(state), _load(state, rereader)

        assert whole.findings == again.findings
        assert whole.migration == again.migration


NAMES = [
    "steady",
    "gentle",
    "read_path",
    "shop/catalog",
    "canary",
    "in_place",
    "10m",
    "20m",
    "5%",
    "healthy",
    "rest",
    "x",
    "",
]


@pytest.mark.law
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(NAMES + PIECES)), min_size=1, max_size=8))
def test_findings_with_a_memory_are_those_without(edits: list[tuple[float, str]]) -> None:
    """Words are replaced by others, again and again: names become unknown, known, doubled; units right and wrong."""
    rereader, memory, text = Rereader(), Memory(), WHOLE
    _load(text, rereader, memory)
    for place, piece in edits:
        token = split(text).tokens[int(place * 0.999 * len(split(text).tokens))] if split(text).tokens else None
        text = text[: token.start] + piece + text[token.end :] if token else WHOLE

        assert _load(text, rereader, memory).findings == _load(text).findings, text


HEAD = 'mig 1\nmigration m { cluster files "x" from appmesh "y" to istio }\ngate g { require errors <= 1% over 5m }\n'
PARAM = "param a in [10m, 20m] = 10m\n"
PROFILE = "profile p { strategy canary\n check g }\n"
STAGE = 'stage 1 "x" { move a/b using p with { steps 5%, 100% } }\n'


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (HEAD + PROFILE + STAGE, (HEAD + PROFILE + STAGE).replace("gate g", "gate h"), "MIG201"),
        (HEAD + PROFILE + STAGE, (HEAD + PROFILE + STAGE).replace("canary", "in_place"), "MIG218"),
        (
            HEAD + PARAM + PROFILE.replace("check g", "bake a") + STAGE,
            HEAD + PARAM.replace("10m", "5%").replace("20m", "6%") + PROFILE.replace("check g", "bake a") + STAGE,
            "MIG204",
        ),
        (
            HEAD + 'stage 1 "x" { move a/b using q }\nstage 2 "y" { move a/c using q }\n',
            HEAD + 'stage 1 "x" { protect }\nstage 2 "y" { move a/c using q }\n',
            "MIG201",
        ),
        (HEAD + PROFILE + STAGE, HEAD + PROFILE.replace("profile p", "profile q") + STAGE, "MIG201"),
        (HEAD + STAGE + "gate { check p }\nstage p\n", HEAD + STAGE, "MIG201"),
    ],
    ids=[
        "gate renamed",
        "strategy changed",
        "param changed",
        "mistake told elsewhere",
        "profile renamed",
        "excuse gone",
    ],
)
def test_a_memory_does_not_outlive_what_it_depends_on(before: str, after: str, code: str) -> None:
    """What stands in a block is the same, and what it means is not: it is judged anew."""
    rereader, memory = Rereader(), Memory()
    _load(before, rereader, memory)
    again = _load(after, rereader, memory)

    assert again.findings == _load(after).findings
    assert code in [finding.code for finding in again.findings]


def test_a_memory_is_used() -> None:
    """The point of it: what told nothing is not looked at again."""
    memory, asked = Memory(), []
    for _ in range(2):
        memory.begin()
        memory.once("key", (), lambda: asked.append(1))

    assert asked == [1]


def _load(text: str, rereader: Rereader | None = None, memory: Memory | None = None) -> Loaded:
    used = (HERE / "used" / "steady.mig").read_bytes()
    how = rereader.parse if rereader else parse
    return load("site.mig", lambda path: text.encode() if path == "site.mig" else used, how, memory=memory)


def test_unchanged_blocks_are_kept() -> None:
    """The point of it: what did not change and did not move is the very same value."""
    rereader = Rereader()
    before = rereader.parse(Source("a.mig", WHOLE))
    after = rereader.parse(Source("a.mig", WHOLE + '\nstage 9 "more" { protect }\n'))

    assert before.file
    assert after.file
    kept = [old is new for old, new in zip(before.file.items, after.file.items, strict=False)]
    assert all(kept[:-1])
    assert len(kept) > 5
