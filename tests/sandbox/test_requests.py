"""Requests to the embedded API server are answered as a real one answers them."""

import pytest

from meshmig.model.objects import Manifest
from meshmig.model.resources import ResourceType
from meshmig.model.units import Duration
from meshmig.ports import ConflictError, GoneError, NotFoundError, Precondition
from tests.sandbox.small import SPACE, deployment, manifest, plain_world, ref, refusal, service, settle

CONFIG_MAPS = ResourceType("v1", "ConfigMap", "configmaps")
WEB = ref("apps/v1", "Deployment", "web")


def _with(body: Manifest, path: str, value: object) -> Manifest:
    """Return the object with one field changed; None takes it out."""

    def changed(inner: dict, keys: list[str]) -> dict:
        first, *rest = keys
        if rest:
            return {**inner, first: changed(inner[first], rest)}
        return {key: one for key, one in {**inner, first: value}.items() if key != first or value is not None}

    return Manifest(changed(dict(body.body), path.split("/")))


REFUSED = {
    "unknown field": ("spec/foo", 1, (400, "BadRequest"), (500, "")),
    "unknown deep field": ("spec/template/spec/bar", {}, (400, "BadRequest"), (500, "")),
    "wrong type": ("spec/replicas", "two", (400, "BadRequest"), (500, "")),
    "no selector": ("spec/selector", None, (422, "Invalid"), (422, "Invalid")),
    "bad name": ("metadata/name", "Bad_N", (422, "Invalid"), (422, "Invalid")),
    "labels that do not match": ("spec/template/metadata/labels", {"app": "z"}, (422, "Invalid"), (422, "Invalid")),
    "no containers": ("spec/template/spec/containers", [], (422, "Invalid"), (422, "Invalid")),
    "bad label": ("metadata/labels", {"a b": "c"}, (422, "Invalid"), (422, "Invalid")),
    "negative replicas": ("spec/replicas", -1, (422, "Invalid"), (422, "Invalid")),
    "missing namespace": ("metadata/namespace", "nope", (404, "NotFound"), (404, "NotFound")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_deployment_is_refused_with_the_real_code(case: str) -> None:
    """Create and apply refuse the same things, each with the code of a real API server."""
    path, value, on_create, on_apply = REFUSED[case]
    cluster, body = plain_world(), _with(deployment("web"), path, value)

    assert refusal(lambda: cluster.create(body)) == on_create
    assert refusal(lambda: cluster.apply(body)) == on_apply


def test_a_created_deployment_has_the_servers_defaults() -> None:
    """What the file leaves out is filled in, and generation, uid and version are the server's."""
    made = plain_world().create(deployment("web"))

    assert made.spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert made.spec["progressDeadlineSeconds"] == 600
    assert made.spec["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 8080, "protocol": "TCP"}]
    assert made.metadata["generation"] == 1
    assert made.metadata["uid"]
    assert int(made.metadata["resourceVersion"]) > 0


def test_generation_counts_changes_of_the_spec_only() -> None:
    """Labels do not move it; an equal write moves nothing at all."""
    cluster = plain_world()
    made = cluster.create(deployment("web"))

    same = cluster.patch(WEB, {"spec": {"replicas": 2}})
    labelled = cluster.patch(WEB, {"metadata": {"labels": {"a": "b"}}})
    scaled = cluster.patch(WEB, {"spec": {"replicas": 3}})

    assert same.metadata["resourceVersion"] == made.metadata["resourceVersion"]
    assert [one.metadata["generation"] for one in (made, labelled, scaled)] == [1, 1, 2]


def test_a_merge_patch_deletes_by_null_and_replaces_lists() -> None:
    """RFC 7386, and defaults come back for what was deleted."""
    cluster = plain_world()
    cluster.create(deployment("web"))

    patched = cluster.patch(WEB, {"spec": {"replicas": None}, "metadata": {"annotations": {"a": "b"}}})
    again = cluster.patch(WEB, {"metadata": {"annotations": {"a": None}}})

    assert patched.spec["replicas"] == 1
    assert "annotations" not in again.metadata


def test_the_status_subresource_changes_the_status_alone() -> None:
    """A patch of the object leaves the status, a patch of the status leaves the rest."""
    cluster = plain_world()
    cluster.create(manifest("networking.istio.io/v1", "VirtualService", "v", spec={"hosts": ["a"]}))
    name = ref("networking.istio.io/v1", "VirtualService", "v")

    both = {"spec": {"hosts": ["b"]}, "status": {"x": 1}}
    by_status = cluster.patch(name, both, status=True)
    by_object = cluster.patch(name, {"status": {"x": 2}})

    assert by_status.spec == {"hosts": ["a"]}
    assert by_object.status == {"x": 1}


PRECONDITIONS = {
    "uid": Precondition(uid="other"),
    "version": Precondition(resource_version="1"),
}


@pytest.mark.parametrize("which", PRECONDITIONS)
def test_a_failed_precondition_is_a_conflict(which: str) -> None:
    """Whoever means another object, or an older one, writes nothing."""
    cluster, require = plain_world(), PRECONDITIONS[which]
    before = cluster.create(service("web"))
    name = ref("v1", "Service", "web")

    with pytest.raises(ConflictError):
        cluster.patch(name, {"metadata": {"labels": {"a": "b"}}}, require=require)
    with pytest.raises(ConflictError):
        cluster.delete(name, require=require)

    assert cluster.get(name) == before


def test_an_apply_with_a_uid_makes_nothing_new() -> None:
    """Where the object is gone, an apply that means it is refused."""
    cluster = plain_world()

    assert refusal(lambda: cluster.apply(_with(service("web"), "metadata/uid", "1")))[0] == 409


def test_a_replacement_of_a_lease_must_name_its_version() -> None:
    """Leases and custom resources know no unconditional update."""
    cluster = plain_world()
    lease = manifest("coordination.k8s.io/v1", "Lease", "l", spec={"holderIdentity": "a"})
    made = cluster.create(lease)

    assert refusal(lambda: cluster.replace(lease)) == (422, "Invalid")
    assert cluster.replace(_with(made, "spec/holderIdentity", "b")).spec["holderIdentity"] == "b"
    assert refusal(lambda: cluster.replace(made)) == (409, "Conflict")


def test_generated_names_differ() -> None:
    """`generateName` gives a fresh name each time."""
    cluster = plain_world()
    body = Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-", "namespace": SPACE}})

    first, second = cluster.create(body), cluster.create(body)

    assert first.ref.name != second.ref.name
    assert first.ref.name.startswith("c-")


def test_services_get_addresses_of_their_own() -> None:
    """A cluster address is allocated once and may not be changed; headless ones have none."""
    cluster = plain_world()
    listed = [cluster.create(service(f"s{number}")).spec["clusterIP"] for number in range(20)]
    headless = cluster.create(service("h", clusterIP="None"))

    assert len(set(listed)) == 20
    assert headless.spec["clusterIPs"] == ["None"]
    assert refusal(lambda: cluster.patch(ref("v1", "Service", "s0"), {"spec": {"clusterIP": "10.96.9.9"}}))[0] == 422


def test_finalizers_hold_a_deleted_object() -> None:
    """It stays, marked, until the last one is stripped."""
    cluster = plain_world()
    name = ref("v1", "ConfigMap", "c")
    cluster.create(manifest("v1", "ConfigMap", "c", metadata={"finalizers": ["a.b/c"]}))

    cluster.delete(name)
    held = cluster.get(name)
    cluster.patch(name, {"metadata": {"finalizers": None}})

    assert held.metadata["deletionTimestamp"]
    with pytest.raises(NotFoundError):
        cluster.get(name)


def test_a_list_in_pages_is_the_list_of_one_moment() -> None:
    """What is deleted between two pages is still on the second."""
    cluster = plain_world()
    for number in range(5):
        cluster.create(manifest("v1", "ConfigMap", f"m{number}"))

    first = cluster.list_page(CONFIG_MAPS, SPACE, limit=3)
    cluster.delete(ref("v1", "ConfigMap", "m4"))
    second = cluster.list_page(CONFIG_MAPS, SPACE, limit=3, token=first.next_token)

    assert [one.ref.name for one in (*first.items, *second.items)] == ["kube-root-ca.crt", "m0", "m1", "m2", "m3", "m4"]
    assert second.resource_version == first.resource_version
    assert not second.next_token


def test_a_token_expires() -> None:
    """After five minutes the rest of a list is gone."""
    cluster = plain_world()
    for number in range(3):
        cluster.create(manifest("v1", "ConfigMap", f"m{number}"))
    page = cluster.list_page(CONFIG_MAPS, SPACE, limit=1)
    settle(cluster, 301)

    with pytest.raises(GoneError):
        cluster.list_page(CONFIG_MAPS, SPACE, limit=1, token=page.next_token)


def test_a_watch_tells_what_happened_since() -> None:
    """Every change after the version, in order; virtual time passes meanwhile."""
    cluster = plain_world()
    version = cluster.list_page(CONFIG_MAPS, SPACE).resource_version
    cluster.create(manifest("v1", "ConfigMap", "m", data={"a": "1"}))
    cluster.patch(ref("v1", "ConfigMap", "m"), {"data": {"a": "2"}})
    cluster.delete(ref("v1", "ConfigMap", "m"))
    before = cluster.clock.now()

    events = list(cluster.watch(CONFIG_MAPS, SPACE, resource_version=version, timeout=Duration.of(seconds=5)))

    assert [(one.type, one.object.body["data"]["a"]) for one in events] == [
        ("ADDED", "1"),
        ("MODIFIED", "2"),
        ("DELETED", "2"),
    ]
    assert cluster.clock.now().since(before) == Duration.of(seconds=5)


def test_a_watch_from_too_far_back_is_gone() -> None:
    """Versions before the cluster's first state are compacted away."""
    cluster = plain_world()

    with pytest.raises(GoneError):
        list(cluster.watch(CONFIG_MAPS, SPACE, resource_version="1", timeout=Duration(0)))


def test_an_unknown_kind_is_not_served() -> None:
    """A kind without a definition is a 404 of its own sort."""
    cluster = plain_world()

    assert refusal(lambda: cluster.get(ref("foo.io/v1", "Foo", "x"))) == (404, "KindNotServed")
