"""For every check a world in which it fires: what it must see there, and how much that weighs."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from meshmig.checks import Facts, Right, Server
from meshmig.diagnostics import Severity
from meshmig.model.intent import ClusterChoice, ClusterKind, ControlPlane, IstioChoice, Strategy
from tests.checks.world import (
    budget,
    container,
    facts,
    front,
    hook,
    measured,
    migration,
    node,
    pod,
    replica_set,
    workload,
)
from tests.sources import builders as make

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
INJECT = "appmesh.k8s.aws/sidecarInjectorWebhook"
NETWORKING = "networking.istio.io/v1"
MUTATING, VALIDATING = "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"


@dataclass(frozen=True)
class Case:
    """`seen` must stand in the evidence or message of one finding of that weight."""

    code: str
    what: str
    world: Callable[[], Facts]
    seen: str
    severity: Severity


def policy(**spec) -> dict:
    return make.obj("NetworkPolicy", "guard", {"podSelector": {}} | spec, api="networking.k8s.io/v1")


def istiod(revision: str = "default") -> dict:
    labels = {"app": "istiod", "istio.io/rev": revision}
    return make.obj("Deployment", "istiod", {}, namespace="istio-system", api="apps/v1", labels=labels)


def scaler(**spec) -> dict:
    body = {"scaleTargetRef": {"kind": "Deployment", "name": "front"}, "minReplicas": 2, "maxReplicas": 9} | spec
    return make.obj("HorizontalPodAutoscaler", "front", body, api="autoscaling/v2")


def tls_listener(mode: str = "STRICT") -> dict:
    certificate = {"file": {"certificateChain": "/c.pem", "privateKey": "/k.pem"}}
    return make.listener(tls={"mode": mode, "certificate": certificate})


def routed(match: dict, **more) -> list[dict]:
    route = make.http_route("one", make.target("front"), match=match, **more)
    return [*front()[:3], budget(), make.router("front", route), make.virtual_service("front", make.by_router("front"))]


def certs(days: int) -> str:
    shown = {"path": "/c.pem", "days_until_expiration": str(days), "expiration_time": "2026-12-04T00:00:00Z"}
    return json.dumps({"certificates": [{"ca_cert": [], "cert_chain": [shown]}]})


def config_dump(*, listeners: int = 1, retry_on: str = "") -> str:
    policy_ = {"retry_policy": {"retry_on": retry_on}} if retry_on else {}
    table = {"name": "egress", "virtual_hosts": [{"routes": [{"route": {"cluster": "x"} | policy_}]}]}
    sections = [
        {"bootstrap": {"node": {"id": "mesh/shop/virtualNode/front_shop"}}},
        {"dynamic_listeners": [{}] * listeners},
        {"dynamic_route_configs": [{"route_config": table}]},
    ]
    return json.dumps({"configs": sections})


def fargate_pod() -> dict:
    return pod(meta={"labels": {"eks.amazonaws.com/fargate-profile": "default"}})


def certificate() -> dict:
    body = make.obj("Certificate", "front", {}, api="cert-manager.io/v1")
    return body | {"status": {"renewalTime": "2026-12-01T00:00:00Z"}}


def crd(kind: str, *versions: str) -> dict:
    served = [{"name": version, "served": True} for version in versions]
    spec = {"group": "gateway.networking.k8s.io", "names": {"kind": kind}, "versions": served}
    name = f"{kind.lower()}s.gateway.networking.k8s.io"
    return make.obj("CustomResourceDefinition", name, spec, namespace="", api="apiextensions.k8s.io/v1")


def edge(**annotations: str) -> list[dict]:
    parts = make.gateway("edge")
    parts[2]["metadata"]["annotations"] = annotations
    parts[1]["spec"]["replicas"] = 2
    return [*front(), *parts, budget("edge"), make.gateway_route("all", "front")]


def injector(name: str, revision: str) -> dict:
    labels = {"app": "sidecar-injector", "istio.io/rev": revision}
    return hook(MUTATING, name, "istio-system/istiod", labels=labels)


def pod_webhook() -> dict:
    return hook(MUTATING, "appmesh", "appmesh-system/webhook", hook="mpod.appmesh.k8s.aws")


def stale(body: dict, **status) -> dict:
    return body | {"metadata": body["metadata"] | {"generation": 3}, "status": {"observedGeneration": 3} | status}


def job(kind: str = "CronJob") -> dict:
    template = {"metadata": {"labels": {"app": "report"}}, "spec": {"containers": [container()]}}
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    return make.obj(kind, "report", spec, api="batch/v1")


def peer(**match: str) -> dict:
    return {"from": [{"podSelector": {"matchLabels": match}}]}


BLUE_GREEN = migration(strategy=Strategy.BLUE_GREEN)
IN_PLACE = migration(strategy=Strategy.IN_PLACE)
LABELS = {"mesh": "shop", INJECT: "enabled"}


def in_namespace(*bodies: dict, **labels: str) -> Facts:
    named = make.namespace("shop", **(LABELS | labels))
    return facts([named, make.mesh(), *bodies], framed=False)


FIRING = (
    Case("P01", "an old server", lambda: facts(front(), server=Server(version="v1.30.4")), "v1.30.4", ERROR),
    Case("P01", "an old kubelet", lambda: facts([*front(), node(version="v1.29.0")]), "v1.29.0", ERROR),
    Case("P01", "no native sidecars", lambda: facts([*front(), node(version="v1.32.1")]), "1.33", INFO),
    Case(
        "P02",
        "no right to make webhooks",
        lambda: facts(
            front(),
            server=Server(
                version="v1.34.1",
                missing=(Right("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"),),
            ),
        ),
        "create mutatingwebhookconfigurations",
        ERROR,
    ),
    Case(
        "P03",
        "no right to patch Deployments",
        lambda: facts(front(), server=Server(version="v1.34.1", missing=(Right("patch", "apps", "deployments"),))),
        "patch deployments.apps",
        ERROR,
    ),
    Case("P04", "alpha only", lambda: facts([*front(), crd("Gateway", "v1alpha2")]), "v1alpha2", WARNING),
    Case("P05", "another revision", lambda: facts([*front(), istiod("old")]), "old", WARNING),
    Case(
        "P05",
        "two injectors of one revision",
        lambda: facts([*front(), injector("istio-a", "r"), injector("istio-b", "r")]),
        "istio-a injects for `r` too",
        ERROR,
    ),
    Case(
        "P06",
        "Linkerd injects",
        lambda: in_namespace_marked("linkerd.io/inject", "enabled"),
        "linkerd.io/inject",
        ERROR,
    ),
    Case(
        "P06",
        "Cilium",
        lambda: facts([*front(), make.obj("DaemonSet", "cilium", {}, namespace="kube-system", api="apps/v1")]),
        "cni.exclusive",
        WARNING,
    ),
    Case("P07", "always said", lambda: facts(front()), "taken to be gone", INFO),
    Case(
        "P07",
        "said alive, and nobody is connected",
        lambda: facts(front(), world=ControlPlane.ALIVE, measured=measured(connected=[({"pod": "p"}, 0.0)])),
        "0 of 1",
        ERROR,
    ),
    Case("P08", "no controller", lambda: facts([*front(), pod_webhook()]), "appmesh-system/webhook", ERROR),
    Case("P09", "a gateway's image", lambda: facts([*front(), pod(), *envoy_workload()]), "public.ecr.aws", WARNING),
    Case("P10", "a proxy that is not ready", lambda: facts([*front(), pod(ready=False)]), "front-5b9-abcde", ERROR),
    Case(
        "P10",
        "a dump without listeners",
        lambda: facts([*front(), pod()], dumps=[("front-5b9-abcde.json", config_dump(listeners=0))]),
        "no listeners",
        ERROR,
    ),
    Case(
        "P10",
        "Prometheus sees it down",
        lambda: facts(front(), measured=measured(live=[({"namespace": "shop", "pod": "front-1"}, 0.0)])),
        "envoy_server_live of shop/front-1",
        ERROR,
    ),
    Case(
        "P11",
        "an account without hidden retries",
        lambda: facts([*front(), pod()], dumps=[("front-5b9-abcde.json", config_dump())]),
        "default_retries = none",
        WARNING,
    ),
    Case("P12", "never accepted", lambda: facts([*front(), inactive()]), "NotAccepted", WARNING),
    Case("P12", "never seen", lambda: facts([*front(), inactive()]), "VirtualNode shop/front status none", WARNING),
    Case("P12", "edited later", lambda: facts([*front(), edited()]), "2, metadata.generation 3", WARNING),
    Case(
        "P13",
        "a node without pods",
        lambda: facts([*front(), make.node("ghost"), make.service("ghost")]),
        "ghost",
        WARNING,
    ),
    Case("P13", "chosen by expressions", lambda: facts(by_expressions()), "matchExpressions", ERROR),
    Case("P13", "two workloads", lambda: facts([*front(), second_workload()]), "shop/front, shop/front2", WARNING),
    Case("P14", "two nodes, one pod", lambda: facts([*front(), twin_node()]), "Deployment shop/front", ERROR),
    Case(
        "P15",
        "no such Service",
        lambda: facts([*front(), make.node("b", host="gone.shop.svc.cluster.local")]),
        "gone.shop",
        WARNING,
    ),
    Case("P15", "a Service with other pods", lambda: facts(crossed()), "tier=old", ERROR),
    Case("P16", "pods behind Cloud Map", lambda: facts(cloud_map()), "front.example.local", WARNING),
    Case("P16", "nobody behind Cloud Map", lambda: facts([*front(), lonely_cloud_map()]), "elsewhere", ERROR),
    Case("P17", "a strict listener", lambda: facts(front(listener=tls_listener())), "STRICT", WARNING),
    Case("P18", "an ARN", lambda: facts([*front(), by_arn()]), "virtualNodeARN", ERROR),
    Case("P18", "a shared mesh", lambda: facts(shared_mesh(), framed=False), "meshOwner", ERROR),
    Case(
        "P19",
        "gRPC undeclared",
        lambda: facts(front(listener=make.listener(protocol="grpc"), port={"port": 8080})),
        "grpc",
        WARNING,
    ),
    Case("P19", "http undeclared", lambda: facts(front(port={"port": 8080})), "Istio guesses", INFO),
    Case(
        "P19", "declared wrong", lambda: facts(front(port={"port": 8080, "name": "grpc-web"})), "declared grpc", ERROR
    ),
    Case(
        "P20",
        "headless",
        lambda: facts([*front(), make.service("all", selector={"app": "front"}, clusterIP="None")]),
        "None",
        WARNING,
    ),
    Case("P21", "MySQL", lambda: facts(database()), "MySQL", WARNING),
    Case("P22", "host network", lambda: facts(front_with(workload(pod={"hostNetwork": True}))), "hostNetwork", ERROR),
    Case("P23", "a Fargate pod", lambda: facts([*front(), fargate_pod()]), "fargate", ERROR),
    Case(
        "P24",
        "a restricted namespace",
        lambda: in_namespace(*front(), **{"pod-security.kubernetes.io/enforce": "restricted"}),
        "restricted",
        ERROR,
    ),
    Case("P24", "Kyverno", lambda: facts([*front(), hook(VALIDATING, "kyverno-pods", "k/k")]), "kyverno", WARNING),
    Case(
        "P25",
        "the proxy's user",
        lambda: facts(front_with(workload(pod={"securityContext": {"runAsUser": 1337}}))),
        "1337",
        ERROR,
    ),
    Case(
        "P25",
        "the proxy's port",
        lambda: facts(front_with(contained(ports=[{"containerPort": 15020}]))),
        "15020",
        ERROR,
    ),
    Case("P25", "the proxy's name", lambda: facts(front_with(contained(name="istio-proxy"))), "istio-proxy", ERROR),
    Case(
        "P26",
        "bound to loopback",
        lambda: facts(front_with(contained(args=["--bind=127.0.0.1:8080"]))),
        "--bind=127.0.0.1",
        WARNING,
    ),
    Case(
        "P27",
        "both labels",
        lambda: in_namespace(*front(), **{"istio-injection": "enabled", "istio.io/rev": "x"}),
        "istio.io/rev=x",
        ERROR,
    ),
    Case("P27", "says disabled", lambda: in_namespace(*front(), **{"istio-injection": "disabled"}), "disabled", ERROR),
    Case("P27", "ambient", lambda: in_namespace(*front(), **{"istio.io/dataplane-mode": "ambient"}), "ztunnel", ERROR),
    Case(
        "P27",
        "a template asks for both",
        lambda: facts(front_with(workload(labels={"app": "front", "sidecar.istio.io/inject": "true"}))),
        "gets both",
        ERROR,
    ),
    Case(
        "P27",
        "a pod with both",
        lambda: facts([*front(), pod(containers=[{"name": "istio-proxy"}])]),
        "both sidecars",
        ERROR,
    ),
    Case("P28", "one replica", lambda: facts(front_with(workload(replicas=1))), "spec.replicas", WARNING),
    Case(
        "P28",
        "no readiness probe",
        lambda: facts(front_with(contained(readinessProbe=None))),
        "readinessProbe",
        WARNING,
    ),
    Case("P28", "no budget", lambda: facts(front()[:-1]), "no PodDisruptionBudget", WARNING),
    Case(
        "P28",
        "in place, recreated",
        lambda: facts(front_with(workload(strategy={"type": "Recreate"})), migration=IN_PLACE),
        "Recreate",
        WARNING,
    ),
    Case(
        "P28", "a budget of nothing, alive", lambda: facts(front(), world=ControlPlane.ALIVE), "maxUnavailable 0", INFO
    ),
    Case("P29", "an HPA that scales", lambda: facts([*front(), scaler()]), "9, minReplicas 2", WARNING),
    Case(
        "P29",
        "an HPA on the pod's CPU",
        lambda: facts([*front(), scaler(metrics=[{"type": "Resource", "resource": {"name": "cpu"}}])]),
        "cpu",
        WARNING,
    ),
    Case("P29", "KEDA", lambda: facts([*front(), keda()]), "KEDA", WARNING),
    Case("P29", "a VPA that evicts", lambda: facts([*front(), vpa("Auto")]), "updateMode", ERROR),
    Case("P30", "a CronJob", lambda: facts([*front(), job()]), "0 3 * * *", WARNING),
    Case(
        "P31",
        "in place without preStop",
        lambda: facts(front_with(contained(lifecycle=None)), migration=IN_PLACE),
        "2 in 1,000",
        WARNING,
    ),
    Case("P31", "by copy without preStop", lambda: facts(front_with(contained(lifecycle=None))), "preStop", INFO),
    Case(
        "P31",
        "a short grace period",
        lambda: facts(front_with(workload(pod={"terminationGracePeriodSeconds": 5}))),
        "terminationGracePeriodSeconds 5",
        WARNING,
    ),
    Case(
        "P31",
        "init containers",
        lambda: facts(front_with(workload(pod={"initContainers": [{"name": "migrate"}]}))),
        "migrate",
        INFO,
    ),
    Case(
        "P32",
        "Helm owns it",
        lambda: facts(front_with(workload(meta={"labels": {"app.kubernetes.io/managed-by": "Helm"}}))),
        "Helm",
        WARNING,
    ),
    Case(
        "P32",
        "Flagger drives it",
        lambda: facts(
            [*front(), make.obj("Canary", "front", {"provider": "appmesh:v1beta2"}, api="flagger.app/v1beta1")]
        ),
        "appmesh:v1beta2",
        WARNING,
    ),
    Case(
        "P32",
        "an Argo Rollout owns pods",
        lambda: facts([*front(), pod(), replica_set(owner="Rollout")]),
        "Rollout",
        ERROR,
    ),
    Case(
        "P33",
        "a load balancer Service",
        lambda: facts([*front(), make.service("way-in", selector={"app": "front"}, type="LoadBalancer")]),
        "LoadBalancer",
        WARNING,
    ),
    Case("P33", "an Ingress", lambda: facts([*front(), ingress("front")]), "Ingress shop/web", WARNING),
    Case(
        "P33",
        "plaintext callers",
        lambda: facts(front(), measured=measured(callers_without_identity=[({"source_workload": "cron"}, 3.0)])),
        "cron",
        WARNING,
    ),
    Case("P34", "a cycle", lambda: facts(cycle()), "shop/a, shop/b", INFO),
    Case(
        "P35",
        "a header range",
        lambda: facts(routed({"prefix": "/", "headers": [{"name": "v", "match": {"range": {"start": 1, "end": 9}}}]})),
        "range",
        INFO,
    ),
    Case(
        "P35", "an open question", lambda: facts(front(), migration=migration(answers=())), "default_retries", WARNING
    ),
    Case(
        "P35",
        "a regex too long",
        lambda: facts(routed({"path": {"regex": "/" + "a" * 1100}})),
        "1101 characters",
        ERROR,
    ),
    Case("P36", "two routes alike", lambda: facts([*edge(), twin_route()]), "GatewayRoute shop/all", WARNING),
    Case("P37", "an NLB", lambda: facts(edge()), "LoadBalancer", INFO),
    Case(
        "P37",
        "a simple DNS record",
        lambda: facts(edge(**{"external-dns.alpha.kubernetes.io/hostname": "shop.example"})),
        "shop.example",
        WARNING,
    ),
    Case(
        "P38",
        "a health check",
        lambda: facts(edge(**{"service.beta.kubernetes.io/aws-load-balancer-healthcheck-port": "9901"})),
        "9901",
        WARNING,
    ),
    Case("P39", "egress opens", lambda: facts(front(), migration=migration(target=IstioChoice())), "DROP_ALL", WARNING),
    Case("P39", "egress closes", lambda: facts(open_mesh(), framed=False), "ALLOW", WARNING),
    Case(
        "P39",
        "undeclared calls",
        lambda: facts(front(), measured=measured(undeclared_egress=[({"namespace": "shop", "pod": "p"}, 7.0)])),
        "shop/p",
        WARNING,
    ),
    Case(
        "P39",
        "undeclared calls in a dump",
        lambda: facts(
            [*front(), pod()],
            dumps=[("front-5b9-abcde.stats.txt", "cluster.cds_egress_shop_mesh-allow-all.upstream_cx_total: 12\n")],
        ),
        "12",
        WARNING,
    ),
    Case(
        "P40",
        "an invented name",
        lambda: facts([*front(), make.virtual_service("x", make.by_node("front"), awsName="x.example.local")]),
        "x.example.local",
        WARNING,
    ),
    Case(
        "P40",
        "a name alone",
        lambda: facts(
            [
                *front(),
                make.service("x", selector={}),
                make.virtual_service("x", make.by_node("front"), awsName="x.shop.svc.cluster.local"),
            ]
        ),
        "Service shop/x",
        INFO,
    ),
    Case(
        "P41",
        "a role and another namespace",
        lambda: facts([*front(), account()], migration=BLUE_GREEN),
        "role/shop",
        ERROR,
    ),
    Case("P41", "a role without fsGroup", lambda: facts([*front(), account()]), "fsGroup", WARNING),
    Case(
        "P42",
        "no way to istiod",
        lambda: facts(
            [*front(), policy(policyTypes=["Egress"], egress=[{"ports": [{"port": 53, "protocol": "UDP"}]}])]
        ),
        "15012",
        ERROR,
    ),
    Case(
        "P42", "no scraping", lambda: facts([*front(), policy(ingress=[{"ports": [{"port": 8080}]}])]), "15020", WARNING
    ),
    Case(
        "P42",
        "a peer that the copy is not",
        lambda: facts([*front(), policy(podSelector={"matchLabels": {"app": "x"}}, ingress=[peer(app="front")])]),
        "app=front",
        ERROR,
    ),
    Case("P42", "istiod guarded", lambda: facts([*front(), guarded_istiod()]), "15017", ERROR),
    Case("P43", "no room on nodes", lambda: facts([*front(), pod(), full_node()]), "free", ERROR),
    Case(
        "P43",
        "a quota of pods",
        lambda: facts([*front(), quota({"pods": "3"}, {"pods": "2"})]),
        "spec.hard[pods]",
        ERROR,
    ),
    Case("P43", "a limit range", lambda: facts([*front(), limit_range("500m")]), "max.cpu", ERROR),
    Case(
        "P44",
        "no Prometheus",
        lambda: facts(front(), migration=migration(metrics=None, gate="healthy"), measured=None),
        "healthy",
        ERROR,
    ),
    Case(
        "P44", "a pod unseen", lambda: facts([*front(), pod()], migration=migration(gate="healthy")), "no series", ERROR
    ),
    Case(
        "P44",
        "series without a pod",
        lambda: facts(front(), measured=measured(live=[({"instance": "x"}, 1.0)])),
        "neither",
        ERROR,
    ),
    Case("P45", "X-Ray", lambda: facts([*front(), controller("--enable-xray-tracing=true")]), "traces", INFO),
    Case(
        "P45",
        "a log file",
        lambda: facts(front(logging={"accessLog": {"file": {"path": "/var/log/a"}}})),
        "/var/log/a",
        INFO,
    ),
    Case(
        "P46",
        "a group",
        lambda: facts([*front(), make.obj("BackendGroup", "all", {"virtualservices": [{"name": "*"}]})]),
        "*",
        INFO,
    ),
    Case(
        "P47",
        "the same host",
        lambda: facts([*front(), istio("VirtualService", hosts=["front.shop.svc.cluster.local"])]),
        "Istio takes only one",
        ERROR,
    ),
    Case(
        "P47",
        "mutual TLS for a host",
        lambda: facts(
            [*front(), istio("DestinationRule", host="*.local", trafficPolicy={"tls": {"mode": "ISTIO_MUTUAL"}})]
        ),
        "ISTIO_MUTUAL",
        ERROR,
    ),
    Case(
        "P47",
        "STRICT at once",
        lambda: facts([*front(), istio("PeerAuthentication", api="security.istio.io/v1", mtls={"mode": "STRICT"})]),
        "STRICT",
        ERROR,
    ),
    Case("P48", "finalizers", lambda: facts([*front(), held()]), "on 1 App Mesh objects", INFO),
    Case(
        "P49",
        "a dump with ten days",
        lambda: facts([*front(listener=tls_listener()), pod()], dumps=[("front-5b9-abcde.certs.json", certs(10))]),
        "10 days left",
        WARNING,
    ),
    Case(
        "P49",
        "expired",
        lambda: facts([*front(listener=tls_listener()), pod()], dumps=[("shop/front-5b9-abcde/certs.json", certs(0))]),
        "0 days left",
        ERROR,
    ),
    Case(
        "P49",
        "Prometheus counts",
        lambda: facts(front(), measured=measured(certificate_days=[({"pod": "p"}, 3.0)])),
        "expiring of /p 3",
        WARNING,
    ),
    Case("P49", "cert-manager renews", lambda: facts([*front(), certificate()]), "2026-12-01", INFO),
    Case(
        "P50",
        "a validator that lets through",
        lambda: facts([*front(), hook(VALIDATING, "istio-validator", "i/i", failurePolicy="Ignore")]),
        "Ignore",
        WARNING,
    ),
    Case(
        "P50",
        "nobody behind the webhook",
        lambda: facts([*front(), hook(VALIDATING, "istio-validator", "istio-system/istiod")]),
        "istio-system/istiod",
        ERROR,
    ),
    Case(
        "P51",
        "a spot node",
        lambda: facts([*front(), pod(), node(labels={"karpenter.sh/capacity-type": "spot"})]),
        "spot",
        WARNING,
    ),
    Case(
        "P51",
        "a cordoned node",
        lambda: facts([*front(), pod(), node(spec={"unschedulable": True})]),
        "cordoned",
        ERROR,
    ),
    Case("P51", "Karpenter's pool", lambda: facts([*front(), node_pool()]), "expireAfter 720h", WARNING),
    Case(
        "P51",
        "a cluster autoscaler",
        lambda: facts(
            [
                *front(),
                pod(),
                node(),
                make.obj("Deployment", "cluster-autoscaler", {}, namespace="kube-system", api="apps/v1"),
            ]
        ),
        "cluster-autoscaler",
        WARNING,
    ),
    Case(
        "P52",
        "dual stack",
        lambda: facts(
            front_with(service=make.service("front", {"port": 8080, "name": "http"}, ipFamilies=["IPv4", "IPv6"]))
        ),
        "IPv6",
        INFO,
    ),
    Case(
        "P53",
        "a list of ports",
        lambda: facts(front_with(workload(annotations={"appmesh.k8s.aws/egressIgnoredPorts": "22,5432"}))),
        "5432",
        INFO,
    ),
    Case("P53", "the defaults", lambda: facts(front()), "169.254.169.254", INFO),
)


def front_with(replaced: dict | None = None, *, service: dict | None = None) -> list[dict]:
    parts = front()
    parts[1] = replaced or parts[1]
    parts[2] = service or parts[2]
    return parts


def contained(**more) -> dict:
    one = {key: value for key, value in container(**more).items() if value is not None}
    return workload(pod={"containers": [one]})


def in_namespace_marked(key: str, value: str) -> Facts:
    named = make.namespace("shop", **LABELS)
    named["metadata"]["annotations"] = {key: value}
    return facts([named, make.mesh(), *front()], framed=False)


def envoy_workload() -> list[dict]:
    parts = make.gateway("edge")
    image = {"name": "envoy", "image": "public.ecr.aws/appmesh/aws-appmesh-envoy:v1"}
    parts[1]["spec"]["template"]["spec"]["containers"] = [image]
    live = pod("edge-1-abcde", owners=[{"kind": "ReplicaSet", "name": "edge-1", "controller": True}])
    live["spec"]["containers"][1]["image"] = image["image"]
    return [*parts, live]


def inactive() -> dict:
    body = make.virtual_service("other", make.by_node("front"))
    condition = {"type": "VirtualServiceActive", "status": "False", "reason": "NotAccepted"}
    return stale(body, conditions=[condition])


def edited() -> dict:
    return stale(make.virtual_service("other", make.by_node("front")), observedGeneration=2)


def by_expressions() -> list[dict]:
    parts = front()
    expression = {"key": "app", "operator": "In", "values": ["front", "other"]}
    parts[0]["spec"]["podSelector"] = {"matchExpressions": [expression]}
    return parts


def second_workload() -> dict:
    return workload("front2", labels={"app": "front"})


def twin_node() -> dict:
    return make.node("twin", podSelector={"matchLabels": {"app": "front"}}, host="front.shop.svc.cluster.local")


def crossed() -> list[dict]:
    parts = front()
    parts[0]["spec"]["podSelector"] = {"matchLabels": {"app": "front", "tier": "new"}}
    parts[1] = workload(labels={"app": "front", "tier": "new"})
    parts[2] = make.service("front", {"port": 8080, "name": "http"}, selector={"app": "front", "tier": "old"})
    return parts


def cloud_map() -> list[dict]:
    parts = front()
    parts[0]["spec"]["serviceDiscovery"] = {"awsCloudMap": {"namespaceName": "example.local", "serviceName": "front"}}
    return parts


def lonely_cloud_map() -> dict:
    found = {"awsCloudMap": {"namespaceName": "example.local", "serviceName": "ecs"}}
    return make.node("ecs", serviceDiscovery=found)


def by_arn() -> dict:
    return make.virtual_service("far", {"virtualNode": {"virtualNodeARN": "arn:aws:appmesh:x:1:mesh/m/virtualNode/n"}})


def shared_mesh() -> list[dict]:
    return [make.namespace(), make.mesh(meshOwner="123456789012"), *front()]


def open_mesh() -> list[dict]:
    return [make.namespace(), make.mesh(egressFilter={"type": "ALLOW_ALL"}), *front()]


def database() -> list[dict]:
    return front(listener=make.listener(3306, "tcp"), port={"port": 3306, "name": "tcp-db"})


def keda() -> dict:
    return make.obj("ScaledObject", "front", {"scaleTargetRef": {"name": "front"}}, api="keda.sh/v1alpha1")


def vpa(mode: str) -> dict:
    spec = {"targetRef": {"name": "front"}, "updatePolicy": {"updateMode": mode}}
    return make.obj("VerticalPodAutoscaler", "front", spec, api="autoscaling.k8s.io/v1")


def ingress(service: str) -> dict:
    path = {"path": "/", "backend": {"service": {"name": service, "port": {"number": 8080}}}}
    return make.obj("Ingress", "web", {"rules": [{"http": {"paths": [path]}}]}, api="networking.k8s.io/v1")


def cycle() -> list[dict]:
    calls = {"a": "b", "b": "a"}
    found = []
    for name, callee in calls.items():
        found += [make.node(name, backends=[make.backend(callee)]), workload(name), make.service(name), budget(name)]
        found.append(make.virtual_service(name, make.by_node(name)))
    return found


def twin_route() -> dict:
    return make.gateway_route("all2", "other")


def account() -> dict:
    marks = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"}
    return make.obj("ServiceAccount", "front", api="v1", annotations=marks)


def guarded_istiod() -> dict:
    spec = {"podSelector": {"matchLabels": {"app": "istiod"}}, "ingress": [{"ports": [{"port": 15012}]}]}
    return make.obj("NetworkPolicy", "istiod", spec, namespace="istio-system", api="networking.k8s.io/v1")


def full_node() -> dict:
    return node(allocatable={"cpu": "100m", "memory": "256Gi", "pods": "110"})


def quota(hard: dict, used: dict) -> dict:
    return make.obj("ResourceQuota", "q", {"hard": hard}, api="v1") | {"status": {"used": used}}


def limit_range(cpu: str) -> dict:
    return make.obj("LimitRange", "l", {"limits": [{"type": "Container", "max": {"cpu": cpu}}]}, api="v1")


def controller(*args: str) -> dict:
    template = {"spec": {"containers": [{"name": "controller", "args": list(args)}]}}
    return make.obj(
        "Deployment", "appmesh-controller", {"template": template}, namespace="appmesh-system", api="apps/v1"
    )


def istio(kind: str, *, api: str = NETWORKING, **spec) -> dict:
    return make.obj(kind, "theirs", spec, api=api)


def held() -> dict:
    names = ["finalizers.appmesh.k8s.aws/aws-appmesh-resources"]
    return make.obj("VirtualService", "x", {"provider": make.by_node("front")}, finalizers=names)


def node_pool() -> dict:
    spec = {"template": {"spec": {"expireAfter": "720h"}}, "disruption": {"consolidationPolicy": "WhenEmpty"}}
    return make.obj("NodePool", "default", spec, namespace="", api="karpenter.sh/v1")


ON_FILES = ClusterChoice(kind=ClusterKind.FILES, value="shop")
