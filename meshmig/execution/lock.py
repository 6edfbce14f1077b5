"""The lock: one Lease a migration, with expiry, renewal and a fencing token."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from meshmig.execution.journal import NAMESPACE
from meshmig.model.objects import Json, Manifest, ObjectRef
from meshmig.model.units import Duration, Instant
from meshmig.ports import Clock, Cluster, ConflictError, LockedError, NotFoundError

LEASE_SECONDS = 60
RENEW_AFTER = Duration(15_000)


def _unknown(_holder: str) -> bool:
    return False


class Lock:
    """The Lease of one migration, as one holder sees it."""

    def __init__(
        self, cluster: Cluster, name: str, holder: str, clock: Clock, is_gone: Callable[[str], bool] = _unknown
    ) -> None:
        """Take nothing yet; `is_gone` says of a holder that it ended without giving the lock back (killed)."""
        self._cluster = cluster
        self._ref = ObjectRef("coordination.k8s.io/v1", "Lease", NAMESPACE, f"meshmig-{name.replace('_', '-')}")
        self._holder = holder
        self._clock = clock
        self._is_gone = is_gone
        self._lease: Manifest | None = None
        self._renewed = Instant(0)

    def show(self) -> dict[str, Json]:
        """Return holder, token and age; empty where the lock is free."""
        lease = self._get()
        holder = lease.spec.get("holderIdentity") if lease else None
        if lease is None or not holder:
            return {}
        return {
            "holder": holder,
            "token": lease.spec.get("leaseTransitions", 0),
            "age_seconds": int(self._age(lease).seconds),
        }

    def acquire(self) -> int:
        """Take the lock and return its token.

        Raises:
            LockedError: another run holds it, renewed it within its duration, and is not known to have ended.
        """
        lease = self._get()
        if lease is None:
            self._lease = self._first()
        else:
            holder = lease.spec.get("holderIdentity") or ""
            token = int(lease.spec.get("leaseTransitions", 0))
            fresh = self._age(lease).seconds < LEASE_SECONDS and not self._is_gone(holder)
            if holder and holder != self._holder and fresh:
                raise self._locked(lease)
            self._lease = self._swap(lease, self._body(token + 1, lease.metadata))
        self._renewed = self._clock.now()
        return self.token

    def _first(self) -> Manifest:
        try:
            return self._cluster.create(Manifest(self._body(1, {})))
        except ConflictError as error:
            raise LockedError("another run took the lock in this very moment") from error

    @property
    def token(self) -> int:
        """The fencing token of this holding: it grows with every holder."""
        return int(self._lease.spec.get("leaseTransitions", 0)) if self._lease else 0

    def check(self) -> None:
        """Renew the lock if it is due; called before every write.

        Raises:
            LockedError: the lock was lost: nothing may be written any more.
        """
        if self._lease is None or self._clock.now().since(self._renewed) < RENEW_AFTER:
            return
        self._lease = self._swap(self._lease, self._body(self.token, self._lease.metadata))
        self._renewed = self._clock.now()

    def release(self) -> None:
        """Give the lock back; a lost one is left alone."""
        if self._lease is None:
            return
        body = self._body(self.token, self._lease.metadata)
        body["spec"]["holderIdentity"] = ""
        try:
            self._cluster.replace(Manifest(body))
        except (ConflictError, NotFoundError):
            return
        finally:
            self._lease = None

    def break_(self) -> None:
        """Take the lock from whoever holds it; their next write is refused."""
        lease = self._get()
        if lease is not None:
            body = self._body(int(lease.spec.get("leaseTransitions", 0)) + 1, lease.metadata)
            body["spec"]["holderIdentity"] = ""
            self._cluster.replace(Manifest(body))

    def _swap(self, lease: Manifest, body: Mapping[str, Json]) -> Manifest:
        try:
            return self._cluster.replace(Manifest(body))
        except (ConflictError, NotFoundError) as error:
            raise self._locked(self._get() or lease) from error

    def _locked(self, lease: Manifest) -> LockedError:
        holder, token = lease.spec.get("holderIdentity") or "nobody", lease.spec.get("leaseTransitions", 0)
        return LockedError(f"another run holds the lock: {holder}, token {token}, renewed {self._age(lease)} ago")

    def _get(self) -> Manifest | None:
        try:
            return self._cluster.get(self._ref)
        except NotFoundError:
            return None

    def _age(self, lease: Manifest) -> Duration:
        text = str(lease.spec.get("renewTime") or "1970-01-01T00:00:00.000000Z")
        renewed = datetime.fromisoformat(text)
        return self._clock.now().since(Instant(int(renewed.timestamp() * 1000)))

    def _body(self, token: int, metadata: Mapping[str, Json]) -> dict[str, Json]:
        now = datetime.fromtimestamp(self._clock.now().ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        kept = {"name": self._ref.name, "namespace": NAMESPACE}
        if metadata.get("resourceVersion"):
            kept["resourceVersion"] = metadata["resourceVersion"]
        spec = {
            "holderIdentity": self._holder,
            "leaseDurationSeconds": LEASE_SECONDS,
            "leaseTransitions": token,
            "renewTime": now,
        }
        return {"apiVersion": self._ref.api_version, "kind": "Lease", "metadata": kept, "spec": spec}
