"""The grammar as the parser needs it: tables, reserved words, and one expression that splits a text into tokens."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from meshmig.language.grammar_text import grammar_text

Row = Mapping[str, tuple[Any, Any]]
"""What a state does with each terminal: shift to a state (an int), or reduce by a rule."""

BAD_ESCAPE, BAD_TEXT, BAD_SIGN, BAD_MANIFESTS = "BAD_ESCAPE", "BAD_TEXT", "BAD_SIGN", "BAD_MANIFESTS"
"""What the lexer makes of a text with an unknown escape, of one that does not end (it is taken to end at a brace or a
comment), of signs that mean nothing, and of manifests that do not end. No rule accepts them."""


BAD_QUOTES, BAD_COMMENT, BAD_MERGE, BAD_TIME = "BAD_QUOTES", "BAD_COMMENT", "BAD_MERGE", "BAD_TIME"
"""What other languages have: texts in other quotes and addresses without any, comments, the marks of a merge that was
not finished, and moments in another form. No rule accepts them."""

STRAY_SIGNS = frozenset({BAD_SIGN, "LSQB", "RSQB"})
"""Signs that mean nothing where they do not fit: brackets have one place, the choices of a `param`."""


class Automaton(Protocol):
    """The parts of Lark's LALR parser that are used: the stacks of states and values, and its step."""

    state_stack: list[int]
    value_stack: list[Any]

    feed_token: Callable[..., Any]
    """Takes one more token, and returns the tree at the end; raises UnexpectedToken where it does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """`words`: each reserved word and sign with its terminal. `spelling`: the reverse. `rows`: the LALR table.

    `boundaries`: the states in which a block, or the file, waits for its next statement. `named`: those behind a name
    that can only be that of a `param`.
    """

    words: Mapping[str, str]
    spelling: Mapping[str, str]
    splitter: re.Pattern[str]
    rows: Mapping[int, Row]
    boundaries: frozenset[int]
    named: frozenset[int]
    _lark: Any

    def begin(self) -> Automaton:
        """Return a parser that has read nothing."""
        automaton: Automaton = self._lark.parse_interactive("").parser_state
        return automaton


@cache
def grammar() -> Grammar:
    """Build the tables once a process: about 40 ms, so only commands that read a `.mig` file pay for it."""
    from lark import Lark
    from lark.lexer import Lexer, LexerState

    from meshmig.language.building import Builder

    class NoLexer(Lexer):
        """The parser is fed by `lexer.py`, which also keeps comments and never gives up."""

        def __init__(self, _conf: object) -> None:
            """Nothing to prepare."""

        def lex(self, _state: LexerState, _parser_state: object) -> Any:  # noqa: ANN401 - never called
            return iter(())

    lark = Lark(
        grammar_text(),
        parser="lalr",
        lexer=NoLexer,
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    return _tables(lark)


def _tables(lark: Any) -> Grammar:  # noqa: ANN401 - lark is imported lazily
    words = {t.pattern.value: t.name for t in lark.terminals if t.pattern.type == "str"}
    classes = {t.name: t.pattern.value for t in lark.terminals if t.pattern.type != "str"}
    rows: Mapping[int, Row] = lark.parse_interactive("").parser_state.parse_conf.states
    return Grammar(
        words=words,
        spelling={name: text for text, name in words.items()},
        splitter=_splitter(words, classes),
        rows=rows,
        boundaries=frozenset(state for state, row in rows.items() if _is_boundary(row)),
        named=frozenset(state for state, row in rows.items() if _is_param(row)),
        _lark=lark,
    )


def _is_param(row: Row) -> bool:
    """Say whether a name becomes that of a param, which stands for a literal."""
    return any(not isinstance(step[1], int) and step[1].origin.name.startswith("named_") for step in row.values())


def _is_boundary(row: Row) -> bool:
    return any(name in row and isinstance(row[name][1], int) for name in ("RBRACE", "STAGE"))


def _raw(manifests: str) -> tuple[str, str]:
    """Manifests are YAML: they are taken whole, or where their `}` is missing up to the next line at the left edge."""
    head = r"raw\s+istio\s*"
    return (
        f"(?P<RAW>{head}(?P<RAW_TEXT>{manifests}))",
        rf"(?P<{BAD_MANIFESTS}>{head}(?P<{BAD_MANIFESTS}_TEXT>\{{[^\n]*(?:\n(?:[ \t][^\n]*)?)*))",
    )


def _splitter(words: Mapping[str, str], classes: Mapping[str, str]) -> re.Pattern[str]:
    """Longest forms first: a path before a name, a name before a number, signs last, then what means nothing."""
    signs = sorted((text for text in words if not text[0].isalpha()), key=lambda text: (-len(text), text))
    order = ("RATE", "PATH", "DOTTED", "NAME", "TEXT", "TIME", "CLOCK", "QUANTITY", "COMMENT")
    groups = [f"(?P<SPACE>{classes['SPACE']})", *_raw(classes["MANIFESTS"])]
    groups.append(rf"(?P<{BAD_MERGE}>^(?:<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)(?![<=>|])[^\n]*)")
    groups.append(
        rf'(?P<{BAD_QUOTES}>https?://[^\s"{{}}]+|\'[^\'\n]*\'|`[^`\n]*`|[“”„][^“”\n]*[“”]|\u2018[^\u2019\n]*\u2019)'
    )
    groups.append(rf"(?P<{BAD_COMMENT}>(?<![^\s{{}}])(?://[^\n]*|/\*[^\n]*?\*/))")
    day, clock = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
    groups.append(rf"(?P<{BAD_TIME}>(?!{classes['TIME']}){day}(?:{clock})?)")
    groups += [f"(?P<{name}>{classes[name]})" for name in order]
    groups.append("(?P<SIGN>" + "|".join(map(re.escape, signs)) + ")")
    groups.append(rf'(?P<{BAD_ESCAPE}>"(?:[^"\\\n]|\\[^\n])*")')
    groups.append(rf'(?P<{BAD_TEXT}>"[^"\n{{}}#]*)')
    groups.append(rf"(?P<{BAD_SIGN}>.)")
    return re.compile("|".join(groups), re.DOTALL | re.MULTILINE)
