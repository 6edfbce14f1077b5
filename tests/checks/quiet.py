"""For every check a world without its fault, close to one that has it."""

from collections.abc import Callable
from dataclasses import dataclass

from meshmig.checks import Facts, Server
from tests.checks import firing as bad
from tests.checks.world import accepted, facts, front, hook, measured, migration, node, pod, replica_set, workload
from tests.sources import builders as make

SEEN = {"namespace": "shop", "pod": "front-5b9-abcde"}


@dataclass(frozen=True)
class Quiet:
    """A world in which the check looks, and finds nothing."""

    code: str
    what: str
    world: Callable[[], Facts]


def served_webhook(kind: str, name: str, hook_name: str) -> list[dict]:
    """A webhook with a Service and a ready endpoint behind it."""
    service = make.service("webhook", space="appmesh-system", selector={"app": "webhook"})
    slice_ = make.obj(
        "EndpointSlice",
        "webhook-1",
        namespace="appmesh-system",
        api="discovery.k8s.io/v1",
        labels={"kubernetes.io/service-name": "webhook"},
    ) | {"endpoints": [{"conditions": {"ready": True}}]}
    return [hook(kind, name, "appmesh-system/webhook", hook=hook_name), service, slice_]


def dumped(content: str, name: str = "front-5b9-abcde.json") -> Facts:
    return facts([*front(), pod()], dumps=[(name, content)])


def held_pod() -> dict:
    return pod(meta={"annotations": {"karpenter.sh/do-not-disrupt": "true"}})


QUIET = (
    Quiet("P01", "new enough", lambda: facts([*front(), node()], server=Server(version="v1.32.0-eks-1"))),
    Quiet("P02", "all rights", lambda: facts(front())),
    Quiet("P03", "all rights", lambda: facts(front())),
    Quiet("P04", "served in v1", lambda: facts([*front(), bad.crd("Gateway", "v1", "v1alpha2")])),
    Quiet("P05", "the revision that the file names", lambda: facts([*front(), bad.istiod("default")])),
    Quiet(
        "P05", "two revisions", lambda: facts([*front(), bad.injector("istio-a", "a"), bad.injector("istio-b", "b")])
    ),
    Quiet(
        "P06",
        "an application called like a mesh",
        lambda: facts([*front(), workload("linkerd-docs", labels={"app": "x"})]),
    ),
    Quiet(
        "P08",
        "a controller that answers",
        lambda: facts([*front(), *served_webhook(bad.MUTATING, "appmesh", "mpod.appmesh.k8s.aws")]),
    ),
    Quiet(
        "P08",
        "a webhook that lets through",
        lambda: facts(
            [*front(), hook(bad.MUTATING, "appmesh", "a/b", hook="mpod.appmesh.k8s.aws", failurePolicy="Ignore")]
        ),
    ),
    Quiet("P09", "images of its own", lambda: facts([*front(), pod()])),
    Quiet("P10", "a ready proxy", lambda: facts([*front(), pod()], measured=measured(live=[(SEEN, 1.0)]))),
    Quiet("P11", "an account with hidden retries", lambda: dumped(bad.config_dump(retry_on="connect-failure,reset"))),
    Quiet(
        "P11",
        "the file says none",
        lambda: facts(
            [*front(), pod()],
            dumps=[("front-5b9-abcde.json", bad.config_dump())],
            migration=migration(answers=(none_of("default_retries"),)),
        ),
    ),
    Quiet(
        "P12",
        "all accepted",
        lambda: facts(
            [
                make.namespace(),
                *accepted([make.mesh(), *front()]),
                bad.stale(
                    make.virtual_service("x", make.by_node("front")),
                    conditions=[{"type": "VirtualServiceActive", "status": "True"}],
                ),
            ],
            framed=False,
        ),
    ),
    Quiet("P13", "one workload a node", lambda: facts(front())),
    Quiet("P14", "one node a workload", lambda: facts(front())),
    Quiet("P15", "an address that is there", lambda: facts(front())),
    Quiet("P16", "DNS", lambda: facts(front())),
    Quiet("P17", "TLS disabled", lambda: facts(front(listener=bad.tls_listener("DISABLED")))),
    Quiet("P18", "all inside", lambda: facts(front())),
    Quiet("P19", "declared by name", lambda: facts(front())),
    Quiet(
        "P19",
        "declared by appProtocol",
        lambda: facts(
            front(listener=make.listener(protocol="grpc"), port={"port": 8080, "name": "web", "appProtocol": "grpc"})
        ),
    ),
    Quiet("P20", "a ClusterIP", lambda: facts(front())),
    Quiet(
        "P21",
        "Redis",
        lambda: facts(front(listener=make.listener(6379, "tcp"), port={"port": 6379, "name": "tcp-redis"})),
    ),
    Quiet("P22", "the pod's own network", lambda: facts(front())),
    Quiet("P23", "a node of its own", lambda: facts([*front(), pod()])),
    Quiet(
        "P24",
        "istio-cni is there",
        lambda: bad.in_namespace(*front(), cni(), **{"pod-security.kubernetes.io/enforce": "restricted"}),
    ),
    Quiet("P25", "another user", lambda: facts(bad.front_with(workload(pod={"securityContext": {"runAsUser": 1000}})))),
    Quiet("P25", "a gateway is called envoy", lambda: facts([*front(), *bad.envoy_workload()])),
    Quiet(
        "P26",
        "every address",
        lambda: facts(
            bad.front_with(bad.contained(args=["--bind=0.0.0.0:8080"], env=[{"name": "DB_HOST", "value": "127.0.0.1"}]))
        ),
    ),
    Quiet("P27", "the move's own labels", lambda: facts([*front(), enrolled()])),
    Quiet("P28", "two pods, a budget and a probe", lambda: facts(front())),
    Quiet("P28", "recreated, by copy", lambda: facts(bad.front_with(workload(strategy={"type": "Recreate"})))),
    Quiet(
        "P29",
        "an HPA that stands still",
        lambda: facts([*front(), bad.scaler(maxReplicas=2, metrics=[{"type": "ContainerResource"}])]),
    ),
    Quiet("P29", "a VPA that only advises", lambda: facts([*front(), bad.vpa("Off")])),
    Quiet(
        "P29",
        "an HPA of somebody else",
        lambda: facts([*front(), bad.scaler(scaleTargetRef={"kind": "Deployment", "name": "other"})]),
    ),
    Quiet("P30", "a Job that opted out", lambda: facts([*front(), opted_out_job()])),
    Quiet("P31", "a preStop and time", lambda: facts(front())),
    Quiet("P32", "nobody", lambda: facts([*front(), pod(), replica_set()])),
    Quiet("P33", "an Ingress to something else", lambda: facts([*front(), bad.ingress("other")])),
    Quiet("P34", "no cycle", lambda: facts(front())),
    Quiet("P35", "a plain prefix", lambda: facts(bad.routed({"prefix": "/"}))),
    Quiet("P36", "one route", lambda: facts(bad.edge())),
    Quiet("P37", "a gateway behind a ClusterIP", lambda: facts(inner_edge())),
    Quiet("P38", "no health check written", lambda: facts(bad.edge())),
    Quiet("P39", "egress declared as it was", lambda: facts(front())),
    Quiet("P40", "a Service of that name with pods", lambda: facts(front())),
    Quiet("P41", "no role, no volume", lambda: facts(front())),
    Quiet(
        "P41",
        "a group of its own",
        lambda: facts([*bad.front_with(workload(pod={"securityContext": {"fsGroup": 2000}})), bad.account()]),
    ),
    Quiet(
        "P42",
        "all of istiod's ports",
        lambda: facts([*front(), bad.policy(policyTypes=["Egress"], egress=[to_istiod()])]),
    ),
    Quiet(
        "P42",
        "a range of ports, any peer",
        lambda: facts([*front(), bad.policy(ingress=[{"ports": [{"port": 15000, "endPort": 15100}]}])]),
    ),
    Quiet(
        "P42", "a peer's label that the copy keeps", lambda: facts([*two_labels(), bad.policy(ingress=[kept_peer()])])
    ),
    Quiet("P42", "another namespace's peers", lambda: facts([*front(), foreign_policy()])),
    Quiet(
        "P43",
        "room",
        lambda: facts(
            [
                *front(),
                pod(),
                node(),
                bad.quota({"pods": "30", "limits.cpu": "40"}, {"pods": "2", "limits.cpu": "1"}),
                bad.limit_range("4"),
            ]
        ),
    ),
    Quiet(
        "P44",
        "a scraped pod",
        lambda: facts(
            [*front(), pod()], migration=migration(gate="healthy"), measured=measured(old_requests=[(SEEN, 9.0)])
        ),
    ),
    Quiet(
        "P45",
        "no sinks",
        lambda: facts(
            [
                *front(logging={"accessLog": {"file": {"path": "/dev/stdout"}}}),
                bad.controller("--region=eu-west-1"),
            ]
        ),
    ),
    Quiet("P46", "no groups", lambda: facts(front())),
    Quiet(
        "P47",
        "another host, and meshmig's own",
        lambda: facts([*front(), bad.istio("VirtualService", hosts=["elsewhere.example"]), ours()]),
    ),
    Quiet("P48", "no finalizers", lambda: facts(front())),
    Quiet(
        "P49",
        "a year to go",
        lambda: facts(
            [*front(listener=bad.tls_listener()), pod()], dumps=[("front-5b9-abcde.certs.json", bad.certs(365))]
        ),
    ),
    Quiet("P49", "no TLS", lambda: facts(front())),
    Quiet(
        "P50",
        "a validator that is served",
        lambda: facts([*front(), *served_webhook(bad.VALIDATING, "istio-validator", "v.istio.io")]),
    ),
    Quiet(
        "P51",
        "a node that stays",
        lambda: facts(
            [*front(), pod(), node(), make.obj("Deployment", "web", {}, namespace="kube-system", api="apps/v1")]
        ),
    ),
    Quiet(
        "P51",
        "pods that are held",
        lambda: facts([*front(), held_pod(), node(labels={"karpenter.sh/capacity-type": "spot"})]),
    ),
    Quiet(
        "P52",
        "one family",
        lambda: facts(
            bad.front_with(service=make.service("front", {"port": 8080, "name": "http"}, ipFamilies=["IPv4"]))
        ),
    ),
    Quiet("P53", "its own list of addresses is the gateway's", lambda: facts(make.gateway("edge"))),
)


def none_of(question: str):
    from meshmig.model.intent import Answer

    return Answer(id=question, choice="none")


def cni() -> dict:
    labels = {"k8s-app": "istio-cni-node"}
    return make.obj("DaemonSet", "istio-cni-node", {}, namespace="istio-system", api="apps/v1", labels=labels)


def enrolled() -> dict:
    off = {bad.INJECT: "disabled"}
    return workload("front-istio", labels={"app": "front-istio", "sidecar.istio.io/inject": "true"}, annotations=off)


def opted_out_job() -> dict:
    body = bad.job()
    body["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"] = {bad.INJECT: "disabled"}
    return body


def inner_edge() -> list[dict]:
    parts = bad.edge()
    return [part | {"spec": part["spec"] | {"type": "ClusterIP"}} if _is_front(part) else part for part in parts]


def _is_front(body: dict) -> bool:
    return (body["kind"], body["metadata"]["name"]) == ("Service", "edge")


def to_istiod() -> dict:
    names = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}}}
    return {"to": [names], "ports": [{"port": 15012, "protocol": "TCP"}]}


def foreign_policy() -> dict:
    spec = {"podSelector": {}, "ingress": [bad.peer(app="front"), {"ports": [{"port": 15020}, {"port": 15090}]}]}
    return make.obj("NetworkPolicy", "guard", spec, namespace="elsewhere", api="networking.k8s.io/v1")


def ours() -> dict:
    labels = {"app.kubernetes.io/managed-by": "meshmig"}
    spec = {"hosts": ["front.shop.svc.cluster.local"]}
    return make.obj("VirtualService", "front", spec, api=bad.NETWORKING, labels=labels)


def two_labels() -> list[dict]:
    """Front behind a Service that selects by two labels: a copy changes the first of them."""
    labels = {"app": "front", "tier": "web"}
    return bad.front_with(
        workload(labels=labels), service=make.service("front", {"port": 8080, "name": "http"}, selector=labels)
    )


def kept_peer() -> dict:
    return bad.peer(tier="web") | {"ports": [{"port": 15020}, {"port": 15090}, {"port": 8080}]}
