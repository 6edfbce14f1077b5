"""How a mesh fits an alternative: feature by feature, what it keeps, what differs, what is asked, what is lost."""

from dataclasses import dataclass
from enum import StrEnum

from meshmig.model.objects import ObjectRef


class Verdict(StrEnum):
    """What becomes of a feature, from best to worst."""

    KEEPS = "keeps"
    DIFFERS = "differs"
    ASKS = "asks"
    LOSES = "loses"


@dataclass(frozen=True, slots=True)
class Fit:
    """What one alternative makes of one feature; `source` is the address of the page that says so."""

    verdict: Verdict
    note: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Something that App Mesh can be left for: what it is, and what it asks before any feature is looked at."""

    id: str
    name: str
    asks: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A feature that a mesh uses: the objects that do, how many fields say so, and its fit for each alternative."""

    feature: str
    title: str
    objects: tuple[ObjectRef, ...]
    fields: int
    fits: tuple[Fit, ...]
    """One an alternative, in the order of the alternatives."""
