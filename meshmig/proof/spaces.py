"""The space of an entry's requests, cut into boxes: for each attribute a set of parts, as the bits of a number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from meshmig.proof.languages import HOSTNAME as HOSTNAMES
from meshmig.proof.languages import METHOD as METHODS
from meshmig.proof.languages import PATH as PATHS
from meshmig.proof.languages import SCHEME as SCHEMES
from meshmig.proof.languages import TOKEN as TOKENS
from meshmig.proof.languages import VALUE as VALUES
from meshmig.proof.languages import Exact, Language, Part, Prefix, automaton_of, partition
from meshmig.proof.model import AUTHORITY, HEADER, METHOD, PATH, QUERY, SCHEME, Condition, Forward, Rule
from meshmig.proof.patterns import NotDecidableError

Box = tuple[int, ...]
"""One bit mask per attribute of a space; a request lies in a box where it meets every mask."""

_DOMAINS: Mapping[str, Language] = {PATH: PATHS, METHOD: METHODS, SCHEME: SCHEMES, AUTHORITY: HOSTNAMES}


@dataclass(frozen=True, slots=True)
class Piece:
    """A smallest set of values of one attribute: the absent one (witness None), or a part of its domain.

    `base` numbers the part that it was split from by expressions that no automaton decides; `opaque` are those of
    them that it is said to match.
    """

    witness: str | None
    inside: frozenset[Language]
    base: int
    single: bool = False


@dataclass(frozen=True, slots=True)
class Space:
    """Every request of an entry, as far as some rule tells requests apart."""

    attributes: tuple[str, ...]
    pieces: tuple[tuple[Piece, ...], ...]

    @property
    def whole(self) -> Box:
        """The box of all requests."""
        return tuple((1 << len(pieces)) - 1 for pieces in self.pieces)

    def box(self, conditions: Sequence[Condition]) -> Box:
        """Return the box of the requests that meet all conditions; a mask of zero means that there are none."""
        masks = list(self.whole)
        for condition in conditions:
            number = self.attributes.index(condition.attribute)
            masks[number] &= _mask(self.pieces[number], condition)
        return tuple(masks)

    def witness(self, box: Box) -> Mapping[str, str | None] | None:
        """Return one request of a box, attribute by attribute; None where an opaque expression leaves it open."""
        found: dict[str, str | None] = {}
        for attribute, pieces, mask in zip(self.attributes, self.pieces, box, strict=True):
            chosen = _certain(pieces, mask)
            if chosen is None:
                return None
            found[attribute] = chosen.witness
        return found


def space_of(rules: Sequence[Rule]) -> Space:
    """Cut the requests by everything that these rules ask.

    Raises:
        NotDecidableError: conditions on one attribute make too many joint states.
    """
    asked: dict[str, dict[Language, None]] = {PATH: {}}
    for rule in rules:
        for condition in rule.conditions:
            asked.setdefault(condition.attribute, dict(_plain(condition.attribute)))[condition.language] = None
        if isinstance(rule.outcome, Forward):
            asked[PATH] |= {Prefix(prefix): None for prefix, _ in rule.outcome.path.pieces}
    attributes = tuple(sorted(asked))
    return Space(attributes, tuple(_pieces(name, tuple(asked[name])) for name in attributes))


def first_matches(rules: Sequence[tuple[Box, Rule]], start: Box) -> Iterator[tuple[Box, Rule | None]]:
    """Cut a box by the first rule that takes each request; None where none does. The boxes are disjoint."""
    left = [start]
    for wanted, rule in rules:
        following: list[Box] = []
        for box in left:
            common = tuple(a & b for a, b in zip(box, wanted, strict=True))
            if not all(common):
                following.append(box)
                continue
            yield common, rule
            following += without(box, common)
        left = following
        if not left:
            return
    for box in left:
        yield box, None


def without(box: Box, taken: Box) -> Iterator[Box]:
    """Return what is left of a box, as disjoint boxes, when a box inside it is taken away."""
    for number, (mask, gone) in enumerate(zip(box, taken, strict=True)):
        rest = mask & ~gone
        if rest:
            yield (*taken[:number], rest, *box[number + 1 :])


def _plain(attribute: str) -> Mapping[Language, None]:
    """What is told apart only so that witnesses are requests that people would send."""
    if attribute == METHOD:
        return {Exact("GET"): None, Exact("POST"): None}
    return {Exact(""): None} if attribute.startswith((HEADER, QUERY)) else {}


def _mask(pieces: Sequence[Piece], condition: Condition) -> int:
    mask = 0
    for number, piece in enumerate(pieces):
        met = condition.absent if piece.witness is None else (condition.language in piece.inside) != condition.negated
        mask |= met << number
    return mask


def _pieces(attribute: str, languages: tuple[Language, ...]) -> tuple[Piece, ...]:
    domain = _DOMAINS.get(attribute, TOKENS if attribute.startswith(QUERY) else VALUES)
    opaque = tuple(language for language in languages if not _is_decidable(language))
    known = tuple(language for language in languages if language not in opaque)
    parts = partition(domain, known)
    found = [_piece(number, part, known) for number, part in enumerate(parts)]
    if attribute not in _DOMAINS:
        found.append(Piece(None, frozenset(), len(parts)))
    found.sort(key=_preference)
    for language in opaque:
        found += [replace(piece, inside=piece.inside | {language}) for piece in found if piece.witness is not None]
    return tuple(found)


def _piece(number: int, part: Part, known: Sequence[Language]) -> Piece:
    inside = frozenset(known[index] for index in part.inside)
    return Piece(part.witness, inside, number, single=any(isinstance(language, Exact) for language in inside))


def _preference(piece: Piece) -> int:
    """Witnesses are taken from the first piece that fits: absent before present, usual before odd."""
    return {None: 0, "GET": 0, "POST": 1, "": 3}.get(piece.witness, 2)


def _is_decidable(language: Language) -> bool:
    try:
        automaton_of(language)
    except NotDecidableError:
        return False
    return True


def _certain(pieces: Sequence[Piece], mask: int) -> Piece | None:
    """A part all of whose splits lie in the mask: a value of it surely does."""
    left_out = {piece.base for number, piece in enumerate(pieces) if not mask >> number & 1}
    return next(
        (piece for number, piece in enumerate(pieces) if mask >> number & 1 and piece.base not in left_out), None
    )
