"""Reading a cluster once: every kind that a plan needs, page by page, and no Secret."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Protocol, runtime_checkable

from meshmig.diagnostics import RejectedError, reject
from meshmig.model.objects import Manifest, Snapshot
from meshmig.model.resources import PLAN_RESOURCES, ResourceType
from meshmig.ports import Cluster, ForbiddenError, GoneError, NotFoundError, UnavailableError

CODES: dict[str, str] = {"MIG620": "the right to list a kind is missing"}

_PAGE = 500
_TRIES = 4
_FORBIDDEN = 403


@runtime_checkable
class ReadsInParallel(Protocol):
    """A cluster behind a network, where lists are better asked for at once."""

    @property
    def parallel_reads(self) -> int:
        """How many requests may be on their way."""
        ...


def read_snapshot(
    cluster: Cluster, resources: Sequence[ResourceType] = PLAN_RESOURCES, namespaces: Sequence[str] = ()
) -> Snapshot:
    """List every kind; one that the cluster does not serve is empty.

    With `namespaces`, namespaced kinds are listed in those alone. The result does not depend on the order of answers.

    Raises:
        RejectedError: rights to list are missing; it names all of them.
        UnavailableError: the cluster cannot be reached, or changes faster than it can be listed.
    """
    wanted = [
        (resource, namespace)
        for resource in resources
        for namespace in (sorted(set(namespaces)) if namespaces and resource.namespaced else ("",))
    ]
    found = chain.from_iterable(_lists(cluster, wanted))
    return Snapshot.of(found, cluster.name)


def list_all(cluster: Cluster, resource: ResourceType, namespace: str = "") -> tuple[Manifest, ...]:
    """Return every object of a kind; a list whose token expires on the way is begun anew.

    Raises:
        RejectedError: the right to list is missing.
        ForbiddenError: the credentials are not accepted.
        UnavailableError: the token expired every time.
    """
    for _ in range(_TRIES):
        try:
            return _pages(cluster, resource, namespace)
        except GoneError:
            continue
        except NotFoundError:
            return ()
        except ForbiddenError as error:
            if error.status != _FORBIDDEN:
                raise
            raise _forbidden(resource, namespace, error) from error
    raise UnavailableError(f"{_plural(resource)} cannot be listed: its continue token expired {_TRIES} times in a row")


def _lists(cluster: Cluster, wanted: Sequence[tuple[ResourceType, str]]) -> list[tuple[Manifest, ...]]:
    match cluster:
        case ReadsInParallel():
            with ThreadPoolExecutor(cluster.parallel_reads) as pool:
                answers = list(pool.map(lambda item: _listed_or_refused(cluster, *item), wanted))
        case _:
            answers = [_listed_or_refused(cluster, *item) for item in wanted]
    missing = [finding for answer in answers if isinstance(answer, RejectedError) for finding in answer.findings]
    if missing:
        raise RejectedError(missing)
    return [answer for answer in answers if not isinstance(answer, RejectedError)]


def _listed_or_refused(
    cluster: Cluster, resource: ResourceType, namespace: str
) -> tuple[Manifest, ...] | RejectedError:
    try:
        return list_all(cluster, resource, namespace)
    except RejectedError as error:
        return error


def _pages(cluster: Cluster, resource: ResourceType, namespace: str) -> tuple[Manifest, ...]:
    page = cluster.list_page(resource, namespace, limit=_PAGE)
    items = list(page.items)
    while page.next_token:
        page = cluster.list_page(resource, namespace, limit=_PAGE, token=page.next_token)
        items += page.items
    return tuple(items)


def _plural(resource: ResourceType) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _forbidden(resource: ResourceType, namespace: str, error: ForbiddenError) -> RejectedError:
    what, where = _plural(resource), f"namespace {namespace}" if namespace else "every namespace"
    place = where if resource.namespaced else "the whole cluster"
    return reject(
        "MIG620",
        f"the right to list {what} in {place} is missing: {error}",
        f"ask for `get` and `list` on {what} in {place}",
    )
