"""The door to interegular: RE2 expressions, as both meshes read them, to deterministic automata."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import interegular
from interegular.fsm import anything_else

LARGEST = 5_000
"""States beyond which an expression counts as not decidable here."""

_NOT_REGULAR = re.compile(r"\(\?[=!<]|\(\?P=|\\[1-9bBAzZpPCkGK]|\(\?[a-zA-Z]*-?[a-zA-Z]*[iUs]")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_NAMED = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_CLASSES: Mapping[str, str] = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = re.compile(r"\[:(\w+):\]")


class NotDecidableError(Exception):
    """An expression that no finite automaton here describes: the reason is the message."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A deterministic automaton over kinds of letters; a missing step leads nowhere."""

    start: int
    finals: frozenset[int]
    steps: Mapping[int, Mapping[int, int]]
    kinds: Mapping[str, int]
    other: int

    def kind(self, letter: str) -> int:
        """Letters of one kind act alike in every state."""
        return self.kinds.get(letter, self.other)

    def step(self, state: int | None, letter: str) -> int | None:
        """Return the state after a letter; None is the dead one."""
        return None if state is None else self.steps[state].get(self.kind(letter))


@lru_cache(maxsize=4096)
def machine_of(pattern: str) -> Machine:
    """Compile an expression that must match the whole text.

    Raises:
        NotDecidableError: it is no regular expression in RE2's sense, or too large.
    """
    try:
        automaton = interegular.parse_pattern(_plain(pattern)).to_fsm()
    except NotDecidableError:
        raise
    except Exception as error:
        raise NotDecidableError(f"`{pattern}`: {str(error) or type(error).__name__}") from error
    if len(automaton.states) > LARGEST:
        raise NotDecidableError(f"`{pattern}` needs {len(automaton.states)} states")
    return _machine(automaton)


def _machine(automaton: interegular.FSM) -> Machine:
    """Copy the library's automaton, without the steps from which no final state can be reached."""
    alphabet = automaton.alphabet
    number = {state: index for index, state in enumerate(sorted(automaton.states, key=str))}
    moves = {
        number[state]: {int(key): number[to] for key, to in automaton.map.get(state, {}).items()}
        for state in automaton.states
    }
    finals = frozenset(number[state] for state in automaton.finals)
    alive = _alive(moves, finals)
    return Machine(
        start=number[automaton.initial],
        finals=finals,
        steps={state: {key: to for key, to in there.items() if to in alive} for state, there in moves.items()},
        kinds={letter: int(key) for letter, key in alphabet.items() if isinstance(letter, str)},
        other=int(alphabet[anything_else]),
    )


def _alive(moves: Mapping[int, Mapping[int, int]], finals: frozenset[int]) -> frozenset[int]:
    """The states from which a final one can be reached."""
    before: dict[int, set[int]] = {}
    for state, there in moves.items():
        for following in there.values():
            before.setdefault(following, set()).add(state)
    alive, waiting = set(finals), list(finals)
    while waiting:
        fresh = before.get(waiting.pop(), set()) - alive
        alive |= fresh
        waiting += fresh
    return frozenset(alive)


def _plain(pattern: str) -> str:
    """Rewrite what RE2 knows and the library does not, or refuse it."""
    text = _QUOTED.sub(lambda found: re.escape(found.group(1)), pattern)
    text = _CLASS.sub(lambda found: _class(found.group(1), pattern), text)
    text = _NAMED.sub("(", text)
    if _NOT_REGULAR.search(text.replace("\\\\", "")):
        raise NotDecidableError(f"`{pattern}` looks around, back, or at classes of Unicode")
    return _without_anchors(text)


def _class(name: str, pattern: str) -> str:
    if name not in _CLASSES:
        raise NotDecidableError(f"`{pattern}` names the class {name}")
    return _CLASSES[name]


def _without_anchors(text: str) -> str:
    """A whole-text match makes `^` at the start and `$` at the end of every outer alternative redundant."""
    branches, depth, current, escaped, inside = [], 0, "", False, False
    for letter in text:
        outer = depth == 0 and not escaped and not inside
        if outer and letter == "|":
            branches.append(current)
            current = ""
            continue
        if not escaped and letter in "[]":
            inside = letter == "["
        elif not escaped and not inside and letter in "()":
            depth += 1 if letter == "(" else -1
        escaped = letter == "\\" and not escaped
        current += letter
    return "|".join(_unanchored(branch) for branch in (*branches, current))


def _unanchored(branch: str) -> str:
    branch = branch.removeprefix("^")
    return branch[:-1] if branch.endswith("$") and not branch.endswith("\\$") else branch
