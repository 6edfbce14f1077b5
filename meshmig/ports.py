"""The Protocols through which the core meets clusters, metrics, time, storage and observers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from meshmig.diagnostics import MeshmigError
from meshmig.model.intent import Notify, Occasion
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.plan import Plan
from meshmig.model.resources import ResourceType
from meshmig.model.run import Event
from meshmig.model.units import Duration, Instant

FIELD_MANAGER = "meshmig"


class ClusterError(MeshmigError):
    """An API server's refusal; `status` is its HTTP code, `reason` its machine word, the message its text."""

    def __init__(self, status: int, reason: str, message: str, details: Mapping[str, Json] | None = None) -> None:
        self.status, self.reason, self.details = status, reason, details or {}
        super().__init__(message)


class NotFoundError(ClusterError):
    """404: the object, or its kind, is not there."""


class ConflictError(ClusterError):
    """409: another field manager owns a field (`details.causes`), a precondition failed, or the name is taken."""


class GoneError(ClusterError):
    """410: a continue token or a watch's resourceVersion is too old; list again."""


class InvalidError(ClusterError):
    """400 or 422: schema, strict field validation or a webhook refused the object."""


class ForbiddenError(ClusterError):
    """401 or 403: the caller may not do this."""


class UnavailableError(MeshmigError):
    """The API server or Prometheus cannot be reached, after retries; the message names which and why."""


class LockedError(MeshmigError):
    """Another run holds the migration's lock, or this one lost it: nothing may be written."""


class StoppedError(MeshmigError):
    """The process was asked to stop (Ctrl-C, SIGTERM): the write in flight is finished, nothing new begins."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a LIST: its items, the list's resourceVersion, and the token of the next page or empty."""

    items: tuple[Manifest, ...]
    resource_version: str
    next_token: str = ""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """ADDED, MODIFIED or DELETED, with the object as it is then (as it last was)."""

    type: str
    object: Manifest


@dataclass(frozen=True, slots=True)
class Precondition:
    """A write is refused with ConflictError unless the live object has this uid and resourceVersion (empty: any)."""

    uid: str = ""
    resource_version: str = ""


ANY = Precondition()


class Cluster(Protocol):
    """A Kubernetes API server, real or embedded. Every method may raise ClusterError or UnavailableError."""

    @property
    def name(self) -> str:
        """What the cluster calls itself: the context's name, or the folder."""
        ...

    def get(self, ref: ObjectRef) -> Manifest:
        """Return the live object; raises NotFoundError."""
        ...

    def list_page(self, resource: ResourceType, namespace: str = "", *, limit: int = 0, token: str = "") -> Page:
        """Return one page of a kind (every namespace where none is given; limit 0: one page of all).

        Raises GoneError for an expired token, NotFoundError where the kind is not served.
        """
        ...

    def watch(
        self, resource: ResourceType, namespace: str = "", *, resource_version: str, timeout: Duration
    ) -> Iterator[WatchEvent]:
        """Yield what happens after `resource_version`, until the timeout; raises GoneError when that is too old."""
        ...

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object; raises ConflictError where the name is taken."""
        ...

    def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object; a resourceVersion in its metadata must be the live one, else ConflictError."""
        ...

    def apply(self, manifest: Manifest, *, force: bool = False) -> Manifest:
        """Server-side apply as field manager `meshmig`, with strict field validation.

        Raises ConflictError with the causes where another manager owns a field and `force` is not set. A uid or
        resourceVersion in the manifest's metadata is a precondition.
        """
        ...

    def patch(
        self, ref: ObjectRef, body: Mapping[str, Json], *, require: Precondition = ANY, status: bool = False
    ) -> Manifest:
        """JSON merge patch of the object, or of its status subresource; raises NotFoundError, ConflictError."""
        ...

    def delete(self, ref: ObjectRef, *, require: Precondition = ANY) -> None:
        """Ask for deletion (background propagation); finalizers may keep the object. Raises NotFoundError."""
        ...

    def whoami(self) -> str:
        """Return the user name by the API server's own answer; empty where there is none (a folder)."""
        ...

    def ensure_control_plane(self, revision: str) -> None:
        """Make the target's control plane where the cluster can do so itself (the embedded one); else do nothing."""
        ...


@runtime_checkable
class Reviews(Protocol):
    """A cluster that can be asked about itself and about our rights; nothing is stored by asking."""

    def version(self) -> str:
        """Return the API server's version, as `v1.33.2`."""
        ...

    def may(self, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Say whether we may do that, as `kubectl auth can-i` asks; an empty namespace means all of them."""
        ...


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label condition of a series selector; `op` is `=`, `!=`, `=~` or `!~` (whole-string, as Prometheus)."""

    label: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Series:
    """The newest sample of one series: its labels (without the metric's name), value, and own moment."""

    labels: Mapping[str, str]
    value: float
    at: Instant


class MetricsSource(Protocol):
    """Raw counters: nothing is aggregated on the far side, so resets and missing pods stay visible; and own queries."""

    def select(self, metric: str, matchers: Sequence[Matcher], at: Instant) -> tuple[Series, ...]:
        """Return the newest sample of every matching series at that moment.

        Raises UnavailableError where it cannot be reached or answers with an error, a warning, or partial data.
        """
        ...

    def query(self, promql: str, at: Instant) -> tuple[Series, ...]:
        """Return what a PromQL expression says at that moment: one series for a number, NaN where it says so.

        Raises UnavailableError where it cannot be reached or answers with an error, a warning, or partial data. A
        source that does not know the expression returns nothing: nothing, several series and NaN are never healthy.
        """
        ...


class Clock(Protocol):
    """Time."""

    def now(self) -> Instant:
        """Return the present moment."""
        ...

    def wait(self, length: Duration) -> None:
        """Let time pass; raises StoppedError when the process was asked to stop."""
        ...

    def check(self) -> None:
        """Raise StoppedError when the process was asked to stop; asked between writes."""
        ...

    def stop(self) -> None:
        """Ask the process to stop; may be called from a signal handler."""
        ...


class Store(Protocol):
    """Bytes by name, each write whole or not at all."""

    def read(self, name: str) -> bytes | None:
        """Return the bytes, or None where there are none."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Replace the bytes; after a kill either the old or the new are there."""
        ...

    def append(self, name: str, data: bytes) -> None:
        """Add a line; after a kill it is there whole, or a torn tail that the reader drops."""
        ...

    def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What people are told of a stage: which occasion, why, and when."""

    migration: str
    stage: int
    title: str
    occasion: Occasion
    reason: str
    at: Instant

    @property
    def data(self) -> Mapping[str, Json]:
        """The notice as JSON; `at_ms` are milliseconds since 1970-01-01T00:00Z."""
        return {
            "migration": self.migration,
            "stage": self.stage,
            "title": self.title,
            "occasion": self.occasion.value,
            "reason": self.reason,
            "at_ms": self.at.ms,
        }


class Notifier(Protocol):
    """Tells people outside of the run."""

    def tell(self, notify: Notify, notice: Notice) -> None:
        """Send a notice, without waiting for an answer; must not raise."""
        ...

    def failures(self) -> tuple[str, ...]:
        """Return what did not arrive, after waiting a little for what is under way."""
        ...


class Observer(Protocol):
    """Who hears of events as they happen: a terminal, a log, JSON lines. Its methods must not raise."""

    def begin(self, plan: Plan, before: Sequence[Event], back: int | None = None) -> None:
        """Hear which plan a run carries out, what its journal held already, and which stage is to be taken `back`."""
        ...

    def event(self, event: Event) -> None:
        """Take one event."""
        ...
