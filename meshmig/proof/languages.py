"""Conditions on a text as regular languages, and the exact partition that several of them make."""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from meshmig.proof.digits import range_pattern
from meshmig.proof.patterns import NotDecidableError, machine_of


@dataclass(frozen=True, slots=True)
class Anything:
    """Every text."""


@dataclass(frozen=True, slots=True)
class Exact:
    """One text."""

    text: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """Every text that begins so, by characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Suffix:
    """Every text that ends so."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Every text that an RE2 expression matches as a whole."""

    text: str


@dataclass(frozen=True, slots=True)
class Range:
    """Every text that Envoy reads as an integer from `start` to below `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Folded:
    """A language that does not tell capitals from small letters; `inner` is written small."""

    inner: "Language"


@dataclass(frozen=True, slots=True)
class Through:
    """Every path whose rewritten form lies in `inner`; the first piece whose prefix fits rewrites it."""

    inner: "Language"
    pieces: tuple[tuple[str, str], ...]


Language = Anything | Exact | Prefix | Suffix | Pattern | Range | Folded | Through

PATH = Pattern(r"/(?:(?:[^/.?#]|\.[^/.?#]|\.\.[^/?#])[^/?#]*(?:/(?:[^/.?#]|\.[^/.?#]|\.\.[^/?#])[^/?#]*)*/?)?")
"""Paths in normal form, without query: no empty segment, no `.` or `..`; every other one is normalised to these."""
VALUE = Pattern(r"(?:[!-~](?:[ -~]*[!-~])?)?")
"""Header values as they arrive: printable, no blanks at the ends, perhaps empty."""
TOKEN = Pattern(r"[A-Za-z0-9._~-]*")
"""Values of query parameters that need no escaping."""
HOSTNAME = Pattern(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
METHOD = Pattern(r"[A-Z]+")
SCHEME = Pattern(r"https?")

State = Hashable
LARGEST = 200_000
"""Joint states beyond which a partition counts as not decided."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_/ABCDEFGHIJKLMNOPQRSTUVWXYZ.~" + " !\"#$%&'()*+,:;<=>?@[\\]^`{|}"
"""Every printable letter, the plainest first: witnesses are made of the first that will do."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """A deterministic automaton by functions; letters of one `kind` act alike everywhere, None is the dead state."""

    start: State
    step: Callable[[State, str], State]
    accepts: Callable[[State], bool]
    kind: Callable[[str], Hashable]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a partition: which languages it lies in, its shortest text, whether it is that text alone."""

    inside: frozenset[int]
    witness: str
    single: bool


@lru_cache(maxsize=8192)
def automaton_of(language: Language) -> Automaton:
    """Build a language's automaton.

    Raises:
        NotDecidableError: an expression outside the regular languages.
    """
    match language:
        case Anything():
            return Automaton(0, lambda state, _: state, lambda _: True, lambda _: "")
        case Exact(text=text):
            return _literal(text, open_end=False)
        case Prefix(text=text):
            return _literal(text, open_end=True)
        case Suffix(text=text):
            return _suffix(text)
        case Pattern(text=text):
            return _pattern(text)
        case Range(start=start, end=end):
            return _pattern(range_pattern(start, end))
        case Folded(inner=inner):
            return _folded(automaton_of(inner))
        case Through(inner=inner, pieces=pieces):
            return _through(automaton_of(inner), pieces)


@lru_cache(maxsize=8192)
def partition(domain: Language, languages: tuple[Language, ...]) -> tuple[Part, ...]:
    """Cut a domain into the parts that the languages tell apart, by walking all their automata at once.

    Every part is not empty and the parts cover the domain: nothing is sampled. In the order of their witnesses' length.

    Raises:
        NotDecidableError: an expression outside the regular languages, or more than LARGEST joint states.
    """
    machines = [automaton_of(domain), *(automaton_of(language) for language in languages)]
    alphabet = _alphabet(machines)
    start = tuple(machine.start for machine in machines)
    seen, found = {start}, dict[frozenset[int], str]()
    waiting = deque([(start, "")])
    while waiting:
        states, text = waiting.popleft()
        if machines[0].accepts(states[0]):
            inside = frozenset(n for n, m in enumerate(machines[1:]) if m.accepts(states[n + 1]))
            found.setdefault(inside, text)
        for letter in alphabet:
            following = tuple(machine.step(state, letter) for machine, state in zip(machines, states, strict=True))
            if following[0] is not None and following not in seen:
                seen.add(following)
                waiting.append((following, text + letter))
        if len(seen) > LARGEST:
            raise NotDecidableError(f"{len(languages)} conditions on one text make more than {LARGEST} joint states")
    return tuple(Part(inside, text, _is_single(languages, inside)) for inside, text in found.items())


def takes(language: Language, text: str) -> bool:
    """Say whether one text lies in a language."""
    machine = automaton_of(language)
    state = machine.start
    for letter in text:
        state = machine.step(state, letter)
    return machine.accepts(state)


def _is_single(languages: Sequence[Language], inside: frozenset[int]) -> bool:
    return any(isinstance(languages[number], Exact) for number in inside)


def _alphabet(machines: Sequence[Automaton]) -> tuple[str, ...]:
    """The plainest letter of each kind: letters that every automaton treats alike need one example."""
    kinds: dict[Hashable, str] = {}
    for letter in _LETTERS:
        kinds.setdefault(tuple(machine.kind(letter) for machine in machines), letter)
    return tuple(kinds.values())


def _literal(text: str, *, open_end: bool) -> Automaton:
    """States are how many letters were met; a prefix stays at its end."""
    letters, length = frozenset(text), len(text)

    def step(state: State, letter: str) -> State:
        if not isinstance(state, int):
            return None
        if state == length:
            return state if open_end else None
        return state + 1 if text[state] == letter else None

    return Automaton(0, step, lambda state: state == length, lambda letter: letter if letter in letters else "")


def _suffix(text: str) -> Automaton:
    """States are the longest beginning of the text that the letters so far end with."""
    letters, length = frozenset(text), len(text)

    def step(state: State, letter: str) -> State:
        met = (text[:state] if isinstance(state, int) else "") + letter
        return next(size for size in range(min(len(met), length), -1, -1) if met.endswith(text[:size]))

    return Automaton(0, step, lambda state: state == length, lambda letter: letter if letter in letters else "")


def _pattern(text: str) -> Automaton:
    machine = machine_of(text)

    def step(state: State, letter: str) -> State:
        return machine.step(state, letter) if isinstance(state, int) else None

    return Automaton(machine.start, step, lambda state: state in machine.finals, machine.kind)


def _folded(inner: Automaton) -> Automaton:
    return Automaton(
        inner.start,
        lambda state, letter: inner.step(state, letter.lower()),
        inner.accepts,
        lambda letter: inner.kind(letter.lower()),
    )


def _through(inner: Automaton, pieces: tuple[tuple[str, str], ...]) -> Automaton:
    """Read until it is clear which piece rewrites the path, then go on in the inner automaton.

    States: the text read so far (a string) while undecided, else the inner state in a tuple of one.
    """
    letters = frozenset("".join(prefix for prefix, _ in pieces))

    def settle(text: str) -> State:
        state = inner.start
        for letter in rewritten(text, pieces):
            state = inner.step(state, letter)
        return state

    def step(state: State, letter: str) -> State:
        if isinstance(state, tuple):
            return (inner.step(state[0], letter),)
        text = f"{state}{letter}"
        if any(prefix != text and prefix.startswith(text) for prefix, _ in pieces):
            return text
        return (settle(text),)

    def accepts(state: State) -> bool:
        return inner.accepts(state[0] if isinstance(state, tuple) else settle(str(state)))

    return Automaton("", step, accepts, lambda letter: (letter if letter in letters else "", inner.kind(letter)))


def rewritten(text: str, pieces: tuple[tuple[str, str], ...]) -> str:
    """Rewrite a path by the first piece whose prefix it has."""
    for prefix, target in pieces:
        if text.startswith(prefix):
            return target + text[len(prefix) :]
    return text
