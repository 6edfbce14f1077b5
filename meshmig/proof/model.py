"""The proof's own words for routing: conditions on a request, rules tried in order, what becomes of the request.

Both sides are compiled to these from raw manifests; nothing here is read from the neutral mesh or written by targets.
"""

from dataclasses import dataclass
from fractions import Fraction

from meshmig.model.objects import ObjectRef
from meshmig.proof.languages import Anything, Language

PATH, METHOD, SCHEME, AUTHORITY = "path", "method", "scheme", "authority"
HEADER, QUERY = "header ", "query "
"""Attributes of a request: the four above, and `header NAME` (small letters), `query NAME`."""


ANY = Anything()


@dataclass(frozen=True, slots=True)
class Condition:
    """What one attribute must be: a value in `language` (or outside it); `absent` takes a request without it."""

    attribute: str
    language: Language = ANY
    negated: bool = False
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """The object, and the place in it, that a rule was read from."""

    ref: ObjectRef
    path: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Who gets a request: the workloads behind one address and their container port.

    `workloads` are `namespace/name`; a copy counts as the workload that it was copied from. None of them and no
    `outside` name means that nobody is there.
    """

    workloads: tuple[str, ...] = ()
    port: int = 0
    outside: str = ""

    def __str__(self) -> str:
        if self.outside:
            return f"{self.outside}:{self.port}"
        return f"{' + '.join(self.workloads)}:{self.port}" if self.workloads else "nobody"


NOBODY = Target()


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is tried again, how long one try may take (0: no limit), and upon what."""

    attempts: int = 0
    per_try_ms: int = 0
    conditions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Share:
    """One destination: its part of the requests, and the time limit there in milliseconds (0: none)."""

    target: Target
    part: Fraction
    timeout_ms: int = 0


@dataclass(frozen=True, slots=True)
class PathChange:
    """What becomes of the path: pieces (first fitting prefix), or `whole`; `unknown` is a rewrite not understood."""

    pieces: tuple[tuple[str, str], ...] = ()
    whole: str | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Forward:
    """The request goes on; `extras` are effects that only one side knows (mirrors, faults, header changes)."""

    shares: tuple[Share, ...]
    path: PathChange = PathChange()
    authority: str = ""
    retries: Retries = Retries()
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody gets the request."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Unrouted:
    """No rule of the mesh is asked: the request goes to whatever address was dialled."""


Outcome = Forward | Refused | Unrouted


@dataclass(frozen=True, slots=True)
class Rule:
    """A request that meets every condition meets this outcome, if no rule before took it."""

    conditions: tuple[Condition, ...]
    outcome: Outcome
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Where requests enter: callers of a host on a port, or a gateway's port.

    `client` says who sends (a namespace, or a gateway's `namespace/name`); `host` is the authority as it is spelled,
    empty at a gateway, where it is a condition like others. `protocol` is http, http2, grpc or tcp.
    """

    client: str
    host: str
    port: int
    protocol: str
    gateway: bool = False

    @property
    def is_http(self) -> bool:
        """Whether requests can be told apart."""
        return self.protocol != "tcp"


@dataclass(frozen=True, slots=True)
class Table:
    """The rules that requests of an entry meet, in order; a request that meets none is refused."""

    rules: tuple[Rule, ...]
    causes: tuple[Cause, ...] = ()


def merged(shares: "list[Share]") -> tuple[Share, ...]:
    """Add up the parts of equal destinations, and scale all to one."""
    total = sum((share.part for share in shares), Fraction(0))
    found: dict[tuple[Target, int], Fraction] = {}
    for share in shares:
        if share.part:
            key = (share.target, share.timeout_ms)
            found[key] = found.get(key, Fraction(0)) + share.part / total
    return tuple(Share(target, part, limit) for (target, limit), part in sorted(found.items()))
