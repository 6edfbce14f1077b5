"""Calls on their way: the worked plans are safe, and every order that breaks a call is found with its reason."""

from dataclasses import replace

import pytest

from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.plan import ApplyObject, Change, ChangeAction, PatchObject, Plan, Stage, Step, Write, WriteStep
from meshmig.proof.appmesh_objects import members_of
from meshmig.proof.calls import CallsProved, prove_calls
from meshmig.proof.course import TooManyPlacesError, course_of
from meshmig.proof.generations import Proxy
from meshmig.proof.handshakes import ServerTls, refusal
from meshmig.proof.registry import Registry
from tests.worlds import plan_of, world_of

STRICT = Manifest(
    {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "early", "namespace": "shop"},
        "spec": {"mtls": {"mode": "STRICT"}},
    }
)


@pytest.fixture(scope="module")
def shop():
    world = world_of("shop")
    return world.embedded.snapshot(), plan_of(world, "shop")


@pytest.fixture(scope="module")
def vault():
    world = world_of("vault")
    return world.embedded.snapshot(), plan_of(world, "vault")


def _proved(source, plan: Plan) -> CallsProved:
    members = members_of(source, Registry(source.manifests), "", {})
    assert members is not None
    return prove_calls(members, source, plan)


def _with_first(plan: Plan, *writes: Write) -> Plan:
    """The plan with a stage of its own before all others."""
    steps = tuple(
        Step(
            id=f"0.{n}",
            stage=0,
            title=f"planted {n}",
            action=WriteStep(write=w, change=Change(action=ChangeAction.UPDATE)),
        )
        for n, w in enumerate(writes, start=1)
    )
    return replace(plan, stages=(Stage(number=0, title="planted", steps=steps), *plan.stages))


def _reordered(plan: Plan, moved, before) -> Plan:
    """The plan with the first step that `moved` takes put before the first that `before` takes, waiting for nothing."""
    steps = [step for stage in plan.stages for step in stage.steps]
    chosen = next(step for step in steps if moved(step))
    goal = next(step for step in steps if before(step))
    early = replace(chosen, stage=goal.stage, after=goal.after)
    rest = [step for step in steps if step is not chosen]
    place = rest.index(goal)
    listed = [*rest[:place], early, *rest[place:]]
    numbers = sorted({step.stage for step in listed})
    stages = tuple(Stage(number=n, title="", steps=tuple(s for s in listed if s.stage == n)) for n in numbers)
    return replace(plan, stages=stages)


@pytest.mark.parametrize("name", ["shop", "vault", "stranded"])
def test_the_worked_plans_are_safe(name: str) -> None:
    """Every caller reaches its callees in every place of the plan."""
    world = world_of(name)
    source, plan = world.embedded.snapshot(), plan_of(world, name)

    proved = _proved(source, plan)

    assert proved.unsafe == ()
    assert proved.unwalked == ()
    assert proved.states > proved.pairs > 0


def test_strict_before_the_callers_have_moved_is_found(tmp_path) -> None:
    """App Mesh's proxies speak plain text to copies that already refuse it."""
    world = world_of("shop")
    callee_first = ("move shop/ingress using gentle with { bake 20m }", "move shop/stock using gentle")
    source, plan = world.embedded.snapshot(), plan_of(world, "shop", callee_first, tmp_path)
    assert _proved(source, plan).unsafe == ()

    proved = _proved(source, _with_first(plan, ApplyObject(manifest=STRICT)))

    assert any("STRICT" in call.reason for call in proved.unsafe)
    assert all(call.state for call in proved.unsafe)


def test_old_pods_scaled_away_early_are_found(shop) -> None:
    """Nobody is left behind a name that callers still use."""
    source, plan = shop
    gone = PatchObject(ref=ObjectRef("apps/v1", "Deployment", "shop", "cart"), body={"spec": {"replicas": 0}})

    proved = _proved(source, _with_first(plan, gone))

    broken = {(call.callee, call.reason.partition(" behind")[0]) for call in proved.unsafe}
    assert ("shop/cart", "no pod is ready") in broken


def test_a_copy_deleted_while_it_has_weight_is_found(shop) -> None:
    """A route that sends requests to a Service without pods is no safe place."""
    source, plan = shop
    last = plan.stages[-1]
    ref = ObjectRef("apps/v1", "Deployment", "shop", "cart-istio")
    write = WriteStep(
        write=PatchObject(ref=ref, body={"spec": {"replicas": 0}}), change=Change(action=ChangeAction.UPDATE)
    )
    step = Step(id=f"{last.number}.9999", stage=last.number, title="planted", action=write)
    worse = replace(plan, stages=(*plan.stages[:-1], replace(last, steps=(*last.steps, step))))

    proved = _proved(source, worse)

    assert any(call.callee == "shop/cart" and "no pod is ready" in call.reason for call in proved.unsafe)


def test_a_service_that_selects_the_copy_before_it_is_ready_is_found(shop) -> None:
    """The flip waits for the copy; put first, callers without a proxy find nobody."""
    source, plan = shop
    service = ObjectRef("v1", "Service", "shop", "stock")

    worse = _reordered(
        plan,
        moved=lambda s: (
            isinstance(s.write, ApplyObject) and s.write.ref == service and "selector" in s.write.manifest.spec
        ),
        before=lambda s: (
            s.write is not None and s.write.ref == ObjectRef("apps/v1", "Deployment", "shop", "stock-istio")
        ),
    )

    assert any(call.callee == "shop/stock" for call in _proved(source, worse).unsafe)


def test_in_place_under_tls_is_found(vault) -> None:
    """A callee that ends TLS turns to Istio in place while a caller's App Mesh proxy starts App Mesh's TLS."""
    source, plan = vault
    name = next(
        m.ref for m in source.of_kind("apps", "Deployment") if m.ref.namespace == "vault" and _ends_tls(source, m)
    )
    template = {"metadata": {"labels": {"sidecar.istio.io/inject": "true"}}}

    proved = _proved(source, _with_first(plan, PatchObject(ref=name, body={"spec": {"template": template}})))

    assert any("starts TLS" in c.reason or "start TLS" in c.reason for c in proved.unsafe if c.callee == name.id)


def _ends_tls(source, deployment: Manifest) -> bool:
    labels = deployment.spec["template"]["metadata"]["labels"]
    nodes = source.of_kind("appmesh.k8s.aws", "VirtualNode")
    return any(
        node.spec.get("podSelector", {}).get("matchLabels", {}).items() <= labels.items()
        and any("tls" in listener for listener in node.spec.get("listeners", ()))
        for node in nodes
        if node.ref.namespace == deployment.ref.namespace
    )


def test_a_rule_of_istios_own_tls_towards_old_pods_is_found(shop) -> None:
    """A host-level ISTIO_MUTUAL switches off what makes mixed Services work."""
    source, plan = shop
    spec = {"host": "stock.shop.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
    steps = [step for stage in plan.stages for step in stage.steps]
    rule = next(s for s in steps if s.write and s.write.ref.kind == "DestinationRule" and s.write.ref.name == "stock")
    body = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "spec": spec}
    body["metadata"] = {"name": "stock", "namespace": "shop"}
    worse = replace(rule, action=replace(rule.action, write=ApplyObject(manifest=Manifest(body))))
    stages = tuple(replace(g, steps=tuple(worse if s is rule else s for s in g.steps)) for g in plan.stages)

    proved = _proved(source, replace(plan, stages=stages))

    assert any("ISTIO_MUTUAL" in call.reason and call.callee == "shop/stock" for call in proved.unsafe)


def test_every_order_is_walked_once(shop) -> None:
    """Two steps that nothing orders make four places; ordered ones make three."""
    source, _ = shop
    free = [Step(id=f"1.{n}", stage=1, title="", action=_noop()) for n in (1, 2)]
    tied = [free[0], replace(free[1], after=("1.1",))]

    assert len(list(course_of(_plan(shop[1], free), source).places([0, 1]))) == 4
    assert len(list(course_of(_plan(shop[1], tied), source).places([0, 1]))) == 3


def test_a_lattice_too_large_is_said(shop) -> None:
    """What cannot be walked is not called safe."""
    source, plan = shop
    free = [Step(id=f"1.{n}", stage=1, title="", action=_noop()) for n in range(1, 20)]
    course = course_of(_plan(plan, free), source)

    with pytest.raises(TooManyPlacesError):
        list(course.places(list(range(19))))


def _noop() -> WriteStep:
    write = PatchObject(ref=ObjectRef("v1", "Service", "shop", "cart"), body={})
    return WriteStep(write=write, change=Change(action=ChangeAction.NONE))


def _plan(plan: Plan, steps: list[Step]) -> Plan:
    return replace(plan, stages=(Stage(number=1, title="", steps=tuple(steps)),))


_AM, _IS, _NO = Proxy.APPMESH, Proxy.ISTIO, Proxy.NONE
_OFF, _TLS, _PERMISSIVE = ServerTls(), ServerTls(mode="STRICT"), ServerTls(mode="PERMISSIVE")


@pytest.mark.parametrize(
    "row",
    [
        (_AM, _AM, _TLS, "PERMISSIVE", "", True),
        (_AM, _IS, _OFF, "PERMISSIVE", "", True),
        (_AM, _IS, _OFF, "STRICT", "", False),
        (_AM, _IS, _PERMISSIVE, "PERMISSIVE", "", False),
        (_AM, _IS, _TLS, "PERMISSIVE", "", False),
        (_AM, _NO, _OFF, "PERMISSIVE", "", True),
        (_AM, _NO, _TLS, "PERMISSIVE", "", False),
        (_IS, _AM, _OFF, "PERMISSIVE", "", True),
        (_IS, _AM, _PERMISSIVE, "PERMISSIVE", "", True),
        (_IS, _AM, _TLS, "PERMISSIVE", "", False),
        (_IS, _AM, _TLS, "PERMISSIVE", "SIMPLE", True),
        (_IS, _AM, ServerTls(mode="STRICT", asks_client=True), "PERMISSIVE", "SIMPLE", False),
        (_IS, _AM, ServerTls(mode="STRICT", asks_client=True), "PERMISSIVE", "MUTUAL", True),
        (_IS, _AM, _OFF, "PERMISSIVE", "SIMPLE", False),
        (_IS, _AM, _OFF, "PERMISSIVE", "ISTIO_MUTUAL", False),
        (_IS, _IS, _OFF, "STRICT", "", True),
        (_IS, _IS, _OFF, "PERMISSIVE", "ISTIO_MUTUAL", True),
        (_IS, _IS, _OFF, "STRICT", "DISABLE", False),
        (_IS, _IS, _OFF, "DISABLE", "ISTIO_MUTUAL", False),
        (_IS, _IS, _TLS, "PERMISSIVE", "SIMPLE", False),
        (_IS, _NO, _OFF, "PERMISSIVE", "", True),
        (_IS, _NO, _OFF, "PERMISSIVE", "ISTIO_MUTUAL", False),
        (_NO, _AM, _TLS, "PERMISSIVE", "", False),
        (_NO, _AM, _PERMISSIVE, "PERMISSIVE", "", True),
        (_NO, _IS, _OFF, "PERMISSIVE", "", True),
        (_NO, _IS, _OFF, "STRICT", "", False),
        (_NO, _NO, _OFF, "PERMISSIVE", "", True),
    ],
)
def test_the_tls_matrix(row) -> None:
    """Both meshes side by side, row by row: caller, callee, its node's TLS, PeerAuthentication, DestinationRule."""
    caller, callee, node, mode, client, works = row

    assert (refusal(caller, callee, node, mode, client) == "") is works
