"""The door to Kubernetes: what it sends, what it makes of answers, and when it tries again."""

import json
import socket

import pytest

from meshmig.adapters.kube_errors import KIND_NOT_SERVED
from meshmig.adapters.reading import list_all, read_snapshot
from meshmig.diagnostics import RejectedError
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.resources import RESOURCES
from meshmig.model.units import Duration
from meshmig.ports import (
    ClusterError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
    Precondition,
    UnavailableError,
)
from tests.adapters_kube.doors import Waits, cluster_at
from tests.adapters_kube.server import DROP, Answer, Script, refusal, serving

CONFIG_MAPS = next(each for each in RESOURCES if each.kind == "ConfigMap")
REF = ObjectRef("v1", "ConfigMap", "shop", "app")
BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "shop"}}
OBJECT = Answer(body=BODY)
EVENT = {"type": "ADDED", "object": BODY | {"metadata": {"name": "app", "namespace": "shop", "resourceVersion": "7"}}}


@pytest.mark.parametrize(
    ("status", "reason", "error"),
    [
        (400, "BadRequest", InvalidError),
        (401, "Unauthorized", ForbiddenError),
        (403, "Forbidden", ForbiddenError),
        (404, "NotFound", NotFoundError),
        (409, "AlreadyExists", ConflictError),
        (410, "Expired", GoneError),
        (413, "RequestEntityTooLarge", InvalidError),
        (422, "Invalid", InvalidError),
        (500, "InternalError", ClusterError),
    ],
)
def test_a_refusal_is_raised_as_what_it_is(status: int, reason: str, error: type[ClusterError]) -> None:
    """HTTP codes become the port's errors, with the machine word and the details kept."""
    with serving(refusal(status, reason, name="app", causes=[{"field": "a"}])) as script, pytest.raises(error) as found:
        cluster_at(script).create(Manifest(BODY))

    assert (type(found.value), found.value.status, found.value.reason) == (error, status, reason)
    assert found.value.details["causes"] == [{"field": "a"}]


def test_a_kind_that_is_not_served_is_told_from_a_missing_object() -> None:
    """Without its API group a server answers plain text."""
    with serving(Answer(status=404, body=b"404 page not found\n")) as script, pytest.raises(NotFoundError) as found:
        cluster_at(script).get(REF)

    assert found.value.reason == KIND_NOT_SERVED


def test_an_object_that_does_not_fit_its_schema_is_not_a_servers_fault() -> None:
    """Server-side apply answers an unknown field with 500."""
    text = "failed to create typed patch object (shop/app; v1, Kind=ConfigMap): .dota: field not declared in schema"
    with serving(refusal(500, "", text)) as script, pytest.raises(InvalidError):
        cluster_at(script).apply(Manifest(BODY))


def test_a_read_is_repeated_until_it_succeeds() -> None:
    """Busy servers, failing ones and dropped connections pass; Retry-After is honoured."""
    waits = Waits()
    busy = Answer(status=429, headers={"Retry-After": "3"})
    with serving(Answer(status=503), busy, DROP, OBJECT) as script:
        found = cluster_at(script, waits).get(REF)

    assert found.body == BODY
    assert waits.seconds == [0.25, 3.0, 1.0]


def test_a_read_that_fails_every_time_names_the_server() -> None:
    """After five tries the API server counts as out of reach."""
    with serving(Answer(status=503)) as script, pytest.raises(UnavailableError) as found:
        cluster_at(script).get(REF)

    assert script.url in str(found.value)
    assert "`test`" in str(found.value)
    assert len(script.asked) == 5


@pytest.mark.parametrize("answer", [Answer(status=500), DROP])
def test_a_write_that_may_have_been_made_is_not_repeated(answer: Answer) -> None:
    """Who sent it must look first."""
    with serving(answer) as script, pytest.raises((ClusterError, UnavailableError)):
        cluster_at(script).create(Manifest(BODY))

    assert len(script.asked) == 1


def test_a_write_that_was_turned_away_is_repeated() -> None:
    """429 means that nothing was done."""
    with serving(Answer(status=429), OBJECT) as script:
        cluster_at(script).create(Manifest(BODY))

    assert len(script.asked) == 2


def test_a_server_that_is_not_there_is_named() -> None:
    """Connection refused, with the address and what to look at."""
    script = Script([OBJECT])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        script.url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(UnavailableError, match=r"cannot be reached: .*refused.*kubectl --context test"):
        cluster_at(script).get(REF)


def test_credentials_are_read_again_when_they_end() -> None:
    """A token that expired during a run is renewed once."""
    with serving(refusal(401, "Unauthorized"), OBJECT) as script:
        cluster_at(script, tokens=["old", "new"]).get(REF)

    assert [asked.headers["authorization"] for asked in script.asked] == ["Bearer old", "Bearer new"]


def test_apply_is_strict_and_forces_only_when_told() -> None:
    """Server-side apply as field manager `meshmig`."""
    with serving(OBJECT) as script:
        cluster = cluster_at(script)
        cluster.apply(Manifest(BODY))
        cluster.apply(Manifest(BODY), force=True)

    first, second = script.asked
    assert (first.method, first.path) == ("PATCH", "/api/v1/namespaces/shop/configmaps/app")
    assert first.headers["content-type"] == "application/apply-patch+yaml"
    assert first.query == {"fieldManager": ["meshmig"], "fieldValidation": ["Strict"]}
    assert second.query["force"] == ["true"]


def test_preconditions_travel_with_the_write() -> None:
    """In a patch's metadata, and in a deletion's options."""
    require = Precondition(uid="u", resource_version="5")
    with serving(OBJECT) as script:
        cluster = cluster_at(script)
        cluster.patch(REF, {"metadata": {"labels": {"a": "b"}}}, require=require, status=True)
        cluster.delete(REF, require=require)

    patched, deleted = (json.loads(asked.body) for asked in script.asked)
    assert script.asked[0].path.endswith("/configmaps/app/status")
    assert patched["metadata"] == {"labels": {"a": "b"}, "uid": "u", "resourceVersion": "5"}
    assert deleted["preconditions"] == {"uid": "u", "resourceVersion": "5"}
    assert deleted["propagationPolicy"] == "Background"


def test_the_user_is_who_the_server_says() -> None:
    """A SelfSubjectReview, not the kubeconfig's word."""
    with serving(Answer(body={"status": {"userInfo": {"username": "alice@example.com"}}})) as script:
        name = cluster_at(script).whoami()

    assert name == "alice@example.com"


def test_a_kind_that_meshmig_does_not_know_is_asked_for() -> None:
    """By the API group's own list; once."""
    ref = ObjectRef("rbac.authorization.k8s.io/v1", "Role", "shop", "reader")
    listed = {"resources": [{"name": "roles", "kind": "Role", "namespaced": True}]}
    with serving(Answer(body=listed), OBJECT) as script:
        cluster = cluster_at(script)
        cluster.get(ref)
        cluster.get(ref)

    assert [asked.path.rpartition("/")[2] for asked in script.asked] == ["v1", "reader", "reader"]


def test_a_list_is_read_page_by_page() -> None:
    """Items are given the apiVersion and kind that a list leaves out."""
    pages = [
        Answer(body={"metadata": {"resourceVersion": "9", "continue": "more"}, "items": [{"metadata": {"name": "a"}}]}),
        Answer(body={"metadata": {"resourceVersion": "9"}, "items": [{"metadata": {"name": "b"}}]}),
    ]
    with serving(*pages) as script:
        found = list_all(cluster_at(script), CONFIG_MAPS)

    assert [str(manifest.ref) for manifest in found] == ["ConfigMap a", "ConfigMap b"]
    assert [asked.query for asked in script.asked] == [{"limit": ["500"]}, {"limit": ["500"], "continue": ["more"]}]


def test_a_list_whose_token_expired_is_begun_anew() -> None:
    """What was read of it before is dropped."""
    first = Answer(body={"metadata": {"continue": "more"}, "items": [{"metadata": {"name": "a"}}]})
    whole = Answer(body={"metadata": {}, "items": [{"metadata": {"name": "b"}}]})
    with serving(first, refusal(410, "Expired"), whole) as script:
        found = list_all(cluster_at(script), CONFIG_MAPS)

    assert [manifest.ref.name for manifest in found] == ["b"]


def test_a_missing_right_is_named() -> None:
    """Which right, on what, where."""
    with serving(refusal(403, "Forbidden", "not allowed")) as script, pytest.raises(RejectedError) as found:
        read_snapshot(cluster_at(script), [CONFIG_MAPS], ["shop"])

    assert found.value.findings[0].code == "MIG620"
    assert "configmaps in namespace shop" in found.value.findings[0].message


def test_a_reading_does_not_depend_on_the_order_of_answers() -> None:
    """Lists are asked for at once; kinds that are not served are empty."""
    with serving(Answer(status=404, body=b"404 page not found\n")) as script:
        snapshot = read_snapshot(cluster_at(script))

    assert snapshot.manifests == ()
    assert snapshot.cluster == "test"


def test_a_watch_goes_on_where_the_connection_dropped() -> None:
    """From the last version seen; the server's own end is the end."""
    with serving(Answer(lines=[EVENT], drop=True), Answer(lines=[EVENT | {"type": "DELETED"}])) as script:
        events = list(
            cluster_at(script).watch(CONFIG_MAPS, "shop", resource_version="5", timeout=Duration.of(seconds=5))
        )

    assert [event.type for event in events] == ["ADDED", "DELETED"]
    assert [asked.query["resourceVersion"] for asked in script.asked] == [["5"], ["7"]]


def test_a_watch_from_too_long_ago_is_gone() -> None:
    """The server says so with an event of its own."""
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
    with serving(Answer(lines=[gone])) as script, pytest.raises(GoneError):
        list(cluster_at(script).watch(CONFIG_MAPS, resource_version="1", timeout=Duration.of(seconds=5)))


def test_rights_are_asked_of_the_server() -> None:
    """A SelfSubjectAccessReview: answered, not stored; anything but a plain yes is a no."""
    with serving(Answer(body={"status": {"allowed": True}}), Answer(body={"status": {}})) as script:
        cluster = cluster_at(script)
        answers = [cluster.may("patch", "apps", "deployments", "shop") for _ in range(2)]

    wanted = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "shop"}
    assert answers == [True, False]
    assert json.loads(script.asked[0].body)["spec"] == {"resourceAttributes": wanted}


def test_the_version_is_the_servers_own() -> None:
    """As `/version` says it."""
    with serving(Answer(body={"gitVersion": "v1.34.2-eks-1"})) as script:
        version = cluster_at(script).version()

    assert (version, script.asked[0].path) == ("v1.34.2-eks-1", "/version")
