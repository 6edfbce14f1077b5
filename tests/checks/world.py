"""Facts for checks: a small healthy shop, what a case adds to it, and what the outside would say."""

from collections.abc import Iterable, Sequence

from meshmig.checks import QUERIES, Facts, Measured, Server, read_dumps
from meshmig.model.intent import (
    Allow,
    Answer,
    ClusterChoice,
    ClusterKind,
    ControlPlane,
    IstioChoice,
    MetricsChoice,
    Migration,
    Move,
    Pattern,
    Profile,
    Selection,
    StageIntent,
    Strategy,
)
from meshmig.model.plan import World
from meshmig.model.units import Instant
from meshmig.planning import call_order
from meshmig.planning.copies import relabelling
from meshmig.ports import Series
from meshmig.sources.appmesh import lift
from meshmig.sources.appmesh.questions import WORDINGS
from tests.sources import builders as make

Body = dict
SOUND_CONTAINER: Body = {
    "name": "app",
    "image": "registry.example/app:1",
    "ports": [{"containerPort": 8080, "name": "web"}],
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
}
HTTP_PORT: Body = {"port": 8080, "name": "http"}


def container(**more) -> Body:
    """A container with nothing wrong, but for what is said."""
    return SOUND_CONTAINER | more


def workload(name: str = "front", *, pod: Body | None = None, **more) -> Body:
    """A Deployment with nothing wrong, but for what is said; `pod` adds to its pod's spec."""
    spec = {"containers": [container()], "serviceAccountName": name} | (pod or {})
    return make.deployment(name, pod=spec, **({"replicas": 2} | more))


def budget(name: str = "front", **spec) -> Body:
    """A PodDisruptionBudget that selects one workload."""
    body = {"selector": {"matchLabels": {"app": name}}, "maxUnavailable": 0} | spec
    return make.obj("PodDisruptionBudget", name, body, api="policy/v1")


def front(*, listener: Body | None = None, port: Body | None = None, **node) -> list[Body]:
    """The shop's one application: a VirtualNode, its workload, Service and VirtualService, all sound."""
    return [
        make.node("front", listeners=[listener or make.listener()], **node),
        workload(),
        make.service("front", port or HTTP_PORT),
        make.virtual_service("front", make.by_node("front"), awsName="front.shop.svc.cluster.local"),
        budget(),
    ]


def pod(name: str = "front-5b9-abcde", *, ready: bool = True, meta: Body | None = None, **more) -> Body:
    """A live pod with App Mesh's proxy, made by a ReplicaSet."""
    proxy = {"name": "envoy", "env": [{"name": "APPMESH_RESOURCE_ARN", "value": "mesh/shop/virtualNode/front_shop"}]}
    extra = more.pop("containers", [])
    owners = more.pop("owners", [{"kind": "ReplicaSet", "name": "front-5b9", "controller": True}])
    status = {"containerStatuses": [{"name": "envoy", "ready": ready}], "phase": "Running", **more.pop("status", {})}
    spec = {"containers": [container(), proxy, *extra], "nodeName": "node-1", **more}
    labels = {"app": "front"} | (meta or {}).pop("labels", {}) if meta else {"app": "front"}
    return make.obj("Pod", name, spec, api="v1", labels=labels, ownerReferences=owners, **(meta or {})) | {
        "status": status
    }


def node(name: str = "node-1", *, version: str = "v1.34.1", labels: Body | None = None, **more) -> Body:
    """A node with much room."""
    status = {"nodeInfo": {"kubeletVersion": version}, "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "110"}}
    body = make.obj("Node", name, more.pop("spec", {}), namespace="", api="v1", labels=labels or {})
    return body | {"status": status | more}


def replica_set(name: str = "front-5b9", owner: str = "Deployment") -> Body:
    """The ReplicaSet between a workload and its pods."""
    owners = [{"kind": owner, "name": "front", "controller": True}]
    return make.obj("ReplicaSet", name, {}, api="apps/v1", ownerReferences=owners)


def hook(kind: str, name: str, service: str, *, labels: Body | None = None, **more) -> Body:
    """A webhook configuration with one hook."""
    space, _, service_name = service.partition("/")
    entry = {
        "name": more.pop("hook", "hook.example"),
        "clientConfig": {"service": {"namespace": space, "name": service_name}},
    }
    body = make.obj(kind, name, namespace="", api="admissionregistration.k8s.io/v1", labels=labels or {})
    return body | {"webhooks": [{**entry, "failurePolicy": "Fail", **more}]}


def migration(**more) -> Migration:
    """A file that moves everything by copy, gated by nothing."""
    strategy = more.pop("strategy", Strategy.CANARY)
    profile = Profile(name="gentle", strategy=strategy, gate=more.pop("gate", ""))
    move = Move(selection=Selection(patterns=(Pattern(text="shop/*"),)), profile=profile)
    defaults = {
        "name": "shop",
        "file": "shop.mig",
        "cluster": ClusterChoice(kind=ClusterKind.CONTEXT, value="prod"),
        "mesh": "",
        "target": IstioChoice(egress_declared=True),
        "metrics": MetricsChoice(url="http://prometheus:9090"),
        "gates": (),
        "profiles": (profile,),
        "stages": (StageIntent(number=1, title="all", actions=(move,)),),
        "answers": tuple(Answer(id=name, choice=wording.choices[0]) for name, wording in WORDINGS.items()),
        "allows": tuple(Allow(code=code, because=why) for code, why in more.pop("allows", ())),
    }
    return Migration(**(defaults | more))


def accepted(bodies: Iterable[Body]) -> list[Body]:
    """The same, with the status that App Mesh's controller writes to its own objects."""
    return [
        body | {"status": {"observedGeneration": 1}} if body["apiVersion"] == make.APPMESH else body for body in bodies
    ]


def measured(**questions: Sequence[tuple[Body, float]]) -> Measured:
    """Prometheus' answers: label sets with their values, by question (spaces as underscores)."""
    empty: dict[str, tuple[Series, ...]] = dict.fromkeys(QUERIES, ())
    said = {
        name.replace("_", " "): tuple(Series(labels=labels, value=value, at=Instant(0)) for labels, value in rows)
        for name, rows in questions.items()
    }
    return Measured(series=empty | said)


def facts(bodies: Iterable[Body] = (), **more) -> Facts:
    """Facts of the shop `bodies` in its namespace; `dumps` are files, `world` is gone unless said."""
    shop = [*make.shop(*bodies)] if more.pop("framed", True) else [*bodies]
    snapshot = make.snapshot(shop)
    plan = more.pop("migration", None) or migration()
    lifted = lift(snapshot, plan.mesh, {answer.id: answer.choice for answer in plan.answers})
    mesh = lifted.mesh
    assert mesh is not None, lifted.findings
    units = call_order(mesh)
    dumps, wrong = read_dumps(more.pop("dumps", ()))
    assert not wrong, wrong
    world = World(control_plane=more.pop("world", ControlPlane.GONE), evidence=("a test says so",))
    defaults = {
        "snapshot": snapshot,
        "mesh": mesh,
        "ledger": lifted.ledger,
        "world": world,
        "migration": plan,
        "live": True,
        "findings": lifted.findings,
        "units": units,
        "renamed": {name: relabelling(mesh, [mesh.workload[n] for n in unit]).keys for unit in units for name in unit},
        "server": Server(version="v1.34.1"),
        "measured": measured(),
        "dumps": dumps,
    }
    return Facts(**(defaults | more))
