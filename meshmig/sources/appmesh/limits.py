"""The time limit of a request: the least along its way, with App Mesh's hidden 15 seconds written out."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshmig.model.mesh import Listener, Split, Timeouts, Upstream
from meshmig.model.units import Duration

HIDDEN_TIMEOUT = Duration.of(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit of requests; None is none. `hidden` says that nobody wrote the binding one."""

    length: Duration | None
    hidden: bool

    def cut_by(self, other: "Limit") -> "Limit":
        """Return the tighter of two limits that both hold; of equal ones the written."""
        return min(self, other, key=lambda limit: (limit.order, limit.hidden))

    @property
    def order(self) -> tuple[bool, Duration]:
        """A key that sorts tighter limits first."""
        return self.length is None, self.length or Duration(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """A route's limit, and what was seen on the way to it."""

    limit: Limit
    differing: bool
    """Whether its targets' limits differ, so that one value cannot be true for all."""
    cut: bool
    """Whether a target's hidden limit cuts what the route says."""


NO_LIMIT = Limit(length=None, hidden=False)


def limit_of(written: Duration | None) -> Limit:
    """Read one place's limit: unset is 15 seconds, zero is none."""
    if written is None:
        return Limit(length=HIDDEN_TIMEOUT, hidden=True)
    return Limit(length=written, hidden=False) if written.ms else NO_LIMIT


def effective_limit(route: Timeouts, targets: Iterable[tuple[Upstream, Split]]) -> Effective:
    """Combine a route's limit with those of its targets' listeners.

    Each target is held to the tighter of both; of several targets the most generous one is taken, so that no request
    fails that App Mesh let pass.
    """
    own = limit_of(route.per_request)
    alive = [(upstream, split) for upstream, split in targets if split.weight and upstream.address is not None]
    each = [own.cut_by(_listener_limit(upstream, split.port)) for upstream, split in alive] or [own]
    most = max(each, key=lambda limit: (limit.order, not limit.hidden))
    return Effective(
        limit=most,
        differing=len({limit.length for limit in each}) > 1,
        cut=not own.hidden and any(limit.hidden and limit != own for limit in each),
    )


def idle_limit(route: Timeouts, targets: Iterable[tuple[Upstream, Split]]) -> Duration | None:
    """Return the least idle limit that the route or a target's listener writes; zero where they switch it off."""
    listeners = [listener for upstream, split in targets if (listener := upstream.listener(split.port))]
    written = [limit for limit in (route.idle, *(item.timeouts.idle for item in listeners)) if limit is not None]
    return min((limit for limit in written if limit.ms), default=min(written, default=None))


def _listener_limit(upstream: Upstream, port: int | None) -> Limit:
    """A target without meshed pods has no server proxy, so nothing hidden cuts there."""
    listener: Listener | None = upstream.listener(port)
    written = listener.timeouts.per_request if listener else None
    return NO_LIMIT if written is None and not upstream.workloads else limit_of(written)
